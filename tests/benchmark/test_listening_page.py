"""docs/listening.md is written from stored figures."""

import importlib.util
import json
import pathlib

from symmusic.experiment.answers import check_files, read_files
from symmusic.experiment.study import write_key
from tests.experiment.studies import make_study

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load():
    spec = importlib.util.spec_from_file_location('listening', ROOT / 'benchmarks' / 'listening.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_written_from_what_is_stored():
    module = load()
    found = json.loads((module.DOCS / 'results' / 'listening.json').read_text())
    assert (module.DOCS / 'listening.md').read_text() == module.page(found)
    assert [list(map(int, cells)) for cells in found['smallest'].values()] == [
        list(module.LISTENERS)
    ] * len(module.PIECES)
    for cells in found['smallest'].values():
        known = [10 if each is None else each for each in cells.values()]
        assert known == sorted(known, reverse=True)


def test_simulated_listeners_answer_a_study(tmp_path):
    module, study = load(), make_study(num=3)
    (tmp_path / 'study').mkdir()
    write_key(tmp_path / 'study', study)
    module.main(['--rehearse', str(tmp_path / 'study'), str(tmp_path / 'answers')])
    usable, left_out = check_files(read_files(tmp_path / 'answers'), study)
    assert (len(usable), left_out) == (module.NUM_REHEARSED, {})
