"""`--mode=studio`: the page of the shipped model is the one in docs/, and what it refuses."""

import dataclasses
import pathlib

import pytest

import launch
from symmusic.api.load import read_shipped_model
from symmusic.errors import UserError
from symmusic.model.ensemble import Ensemble
from symmusic.modes import studio

PAGE = pathlib.Path(launch.__file__).parent / 'docs' / 'studio.html'


def test_the_page_in_docs_is_a_fresh_build(folk, tmp_path, capsys):
    """To renew it: `python launch.py --mode=studio --workdir=DIR`, and copy `studio/index.html`."""
    assert launch.main(['--mode=studio', f'--workdir={tmp_path}']) == 0
    path = tmp_path / 'studio' / 'index.html'
    assert str(path) in capsys.readouterr().out
    assert path.read_bytes() == PAGE.read_bytes()


def test_fields_that_the_page_asks_for_itself_are_named(folk, tmp_path, capsys):
    flags = ['--config.sample.num_bars=8', '--config.sample.temperature=1.0']
    assert launch.main(['--mode=studio', f'--workdir={tmp_path}', *flags]) == 0
    printed = capsys.readouterr().out
    assert 'sample.num_bars' in printed
    assert 'sample.temperature' not in printed
    page = (tmp_path / 'studio' / 'index.html').read_text()
    assert '"temperature":1.0' in page
    entropy = read_shipped_model()[0].calibration.entropy
    assert f'"usual_nats":{entropy:.3f}' in page


def test_what_the_page_cannot_hold_is_refused(tmp_path, monkeypatch):
    model = read_shipped_model()[0]
    path, settings = tmp_path / 'studio' / 'index.html', model.config().sample
    both = dataclasses.replace(model, params=Ensemble(model.params))
    with pytest.raises(UserError, match='replica'):
        studio.write_page(path, both, settings)
    monkeypatch.setattr(studio, 'MAX_BYTES', 1_000_000)
    with pytest.raises(UserError, match='num_cells'):
        studio.write_page(path, model, settings)
    assert not path.exists()
    monkeypatch.undo()
    path.parent.write_text('a file')
    with pytest.raises(UserError, match='cannot write'):
        studio.write_page(path, model, settings)
