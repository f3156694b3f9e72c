# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""All replicas of a run together, as a user draws from them and measures them."""

import json
import pathlib

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

import launch
import symmusic
from symmusic.api.load import calibrated
from symmusic.model.ensemble import Ensemble
from tests.modes.test_infilling import EVALUATE, GAP
from tests.test_launch import (
    arguments,
    corpus,  # noqa: F401 - a fixture
    refused,  # noqa: F401 - a fixture
    settled,
)

pytestmark = pytest.mark.usefixtures('undrawn')

ALL = '--config.sample.replica=all'
TUNE = 'X:1\nT:Mine\nM:4/4\nL:1/4\nK:C\nGABc|dcBA|cdcB|AGFE|\n'


@pytest.fixture(scope='module')
def workdir(tmp_path_factory, corpus):
    """Of a run of two replicas that fills gaps and closes with pieces of both."""
    workdir = tmp_path_factory.mktemp('ensemble') / 'run'
    fields = {**GAP, 'replicas': 2, 'sample.replica': 'all'}
    with settled(tmp_path_factory.mktemp('cache')):
        assert launch.main(arguments(workdir, corpus, **fields)) == 0
    return workdir


def folder_of(capsys):
    return pathlib.Path(capsys.readouterr().out.splitlines()[-1])


def test_training_calibrates_and_draws_from_all(workdir):
    summary = json.loads((workdir / 'summary.json').read_text())
    temperature = calibrated(summary, 'all').temperature
    both = summary['ensemble']['calibration']
    alone = [each['calibration'] for each in summary['replicas']]
    assert both['num_steps'] == alone[0]['num_steps'] > 0
    # the logarithm is concave: the mean costs no more than the replicas on average
    assert both['at_one'] < np.mean([each['at_one'] for each in alone])
    assert temperature == both['temperature']
    for path in (workdir / 'samples').glob('*/samples.json'):
        rows = json.loads(path.read_text())
        assert {row['temperature'] for row in rows} == {temperature}
        assert all(row['model'].startswith('run, all 2 replicas, epoch') for row in rows)
        assert 'all 2 replicas' in (path.parent / 'index.html').read_text()


@pytest.mark.parametrize(
    'fields',
    [
        ['regenerate=2-3', 'scale=prompt', 'num_candidates=2'],
        ['structure=AB', 'bars_per_section=4', 'max_copied_from_prompt=4'],
    ],
    ids=str,
)
def test_all_draw_within_wishes(workdir, tmp_path, capsys, fields):
    """Bars between others and whole tunes: all constraints read the mean's logits."""
    prompt = tmp_path / 'mine.abc'
    prompt.write_text(TUNE)
    fields = (f'prompt={prompt}', 'num_samples=2', *fields)
    stated = [f'--config.sample.{field}' for field in fields]
    assert launch.main([f'--workdir={workdir}', '--mode=sample', ALL, *stated]) == 0
    rows = json.loads((folder_of(capsys) / 'samples.json').read_text())
    assert len(rows) == 2
    assert all('all 2 replicas' in row['model'] for row in rows)
    assert all(np.isfinite(row['log_probability']) for row in rows)


def test_a_library_loads_all(workdir):
    model = symmusic.load(workdir, replica='all')
    assert isinstance(model.params, Ensemble)
    assert (model.made_with['replica'], len(model.made_with['epoch'])) == ('all', 2)
    for index in range(2):
        one = symmusic.load(workdir, replica=index).params
        jax.tree.map(lambda a, b, i=index: assert_allclose(a, b[i]), one, model.params.params_R)
    assert len(model.continue_tune(TUNE, num_bars=1, num_samples=2)) == 2
    for wrong in ('every', 2, -2, 1.5, True):
        with pytest.raises(symmusic.UserError, match='replica') as raised:
            symmusic.load(workdir, replica=wrong)
        assert '\n' not in str(raised.value)
    with pytest.raises(symmusic.UserError, match="'all': there is one replica"):
        symmusic.load(replica='all')


@pytest.mark.slow
def test_all_are_measured_together(workdir, capsys):
    found = {}
    for which in ('0', '1', 'all'):
        argv = [f'--workdir={workdir}', *EVALUATE, f'--config.sample.replica={which}']
        assert launch.main(argv) == 0
        folder = folder_of(capsys)
        found[which] = json.loads((folder / 'comparison.json').read_text())
    assert (found['all']['replica'], len(found['all']['epoch'])) == ('all', 2)
    nats = {which: each['nats_per_step']['model'] for which, each in found.items()}
    assert nats['all'] < (nats['0'] + nats['1']) / 2
    assert 'all 2 replicas' in (folder / 'index.html').read_text()


def test_an_experiment_measures_each_by_itself(refused, tmp_path):
    error = refused('--mode=experiment', '--config=configs/exp1.py', ALL)
    assert "config.sample.replica = 'all': an experiment measures each replica" in error
