"""What is counted while the pieces of a task are drawn."""

import pathlib
import types
import urllib.parse

import numpy as np

from symmusic.api import copying, sampling
from symmusic.api.gallery import find_studio
from symmusic.api.task import prepare
from symmusic.config.protocol import base_config
from symmusic.generate.manner import settle
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, params_for

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'studio.html'


def test_all_candidates_that_are_drawn_again_are_counted(monkeypatch):
    """Duplicates among them: of a model that almost always plays the same, most are."""
    monkeypatch.setattr(copying, 'find_originals', lambda config, model: None)
    recipe = types.SimpleNamespace(targets='all')
    card = types.SimpleNamespace(
        vocabulary=VOCABULARY, architecture=ARCHITECTURE, meters=('4/4',), recipe=recipe
    )
    model = types.SimpleNamespace(card=card, params=params_for({0: 0.99, 2: 0.01}))
    config = base_config().unlock()
    fields = {'num_samples': 2, 'num_candidates': 8, 'num_bars': 1, 'max_redraws': 2}
    config.sample.update(fields)
    config = settle(config, 1.0)
    task = prepare(config, VOCABULARY, ('4/4',), make_prompt())
    drawing = sampling.draw(config, model, task)
    assert len(drawing.pieces) == 2
    kept = sum(piece.num_redraws for piece in drawing.pieces)
    assert 0 < drawing.num_alike <= drawing.num_redraws
    assert kept < drawing.num_redraws <= 2 * 16
    assert np.isfinite([piece.log_probability for piece in drawing.pieces]).all()


def test_a_page_links_the_studio_of_its_model(tmp_path):
    workdir, folder = tmp_path / 'my run', tmp_path / 'my run' / 'samples' / 'a'
    own, shipped = (types.SimpleNamespace(workdir=each) for each in (workdir, None))
    folder.mkdir(parents=True)
    assert find_studio(folder, workdir, own) == ''
    assert (folder / urllib.parse.unquote(find_studio(folder, workdir, shipped))).resolve() == PAGE
    page = workdir / 'studio' / 'index.html'
    page.parent.mkdir()
    page.touch()
    assert find_studio(folder, workdir, own) == '../../studio/index.html'
    assert find_studio(tmp_path, workdir, own) == 'my%20run/studio/index.html'
