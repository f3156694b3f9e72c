"""A fold from melodies to stored predictions, and the command that runs the benchmark."""

import json

import jax
import numpy as np
import pytest

import launch
from symmusic.benchmark import given, melodies, plans, stages
from symmusic.benchmark.adapting import Adaptation, adapt
from symmusic.benchmark.fitting import (
    NUM_PITCHES,
    Reader,
    Recipe,
    TransformerRecipe,
    predict,
)
from symmusic.benchmark.folds import Job, draw_fold
from symmusic.benchmark.given import GIVEN_SET
from symmusic.benchmark.melodies import make_set
from symmusic.benchmark.network import Shape
from symmusic.benchmark.results import MODELS
from symmusic.config.flags import parse
from symmusic.errors import UserError
from symmusic.modes import benchmark
from tests.benchmark.melodies import random_tunes, write_package

RECIPE = Recipe(num_epochs=2, num_rows=1, num_cells=4)
JOB = Job('4 jugos', 3, 0, 0, 0)


@pytest.mark.slow
def test_a_fold_is_computed_once(tmp_path):
    tunes = make_set('4 jugos', random_tunes(20))
    path = tmp_path / 'network.npz'
    reader = Reader(tunes.pitches, tunes.melodies, RECIPE.most_shift)
    fitted = stages.network(reader, JOB, RECIPE, path)
    again = stages.network(reader, JOB, RECIPE, path)
    jax.tree.map(np.testing.assert_array_equal, fitted.params, again.params)
    assert (fitted.num_epochs, fitted.validation_bits) == (again.num_epochs, again.validation_bits)
    fold, shape = draw_fold(20, JOB), Shape(NUM_PITCHES, 4)
    fixed = predict(fitted.params, reader, fold.test, shape)
    for index, logs in zip(fold.test, fixed, strict=True):
        assert logs.shape == (len(tunes.melodies[index]) - 1, 5)
        np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-5)
    # at a rate of 0 nothing is adapted; else only what comes after the first segment
    for rate, is_equal in ((0.0, True), (0.01, False)):
        how = Adaptation(segment_notes=4, learning_rate=rate)
        found = adapt(fitted, reader, fold.test, shape, how)
        np.testing.assert_allclose(found[0][:4], fixed[0][:4], rtol=1e-5)
        close = np.allclose(np.concatenate(found), np.concatenate(fixed), rtol=1e-5)
        assert close == is_equal


def test_an_ensemble_averages_probabilities():
    one, two = np.array([[0.5, 0.25, 0.25]]), np.array([[0.1, 0.8, 0.1]])
    predicted = [{'fixed': np.log(each), 'adaptive': np.log(each[:, ::-1])} for each in (one, two)]
    found = stages.join_members(predicted)
    np.testing.assert_allclose(np.exp(found['fixed']), [[0.3, 0.525, 0.175]])
    np.testing.assert_allclose(np.exp(found['adaptive']), [[0.175, 0.525, 0.3]])


@pytest.mark.slow
def test_the_command(tmp_path, monkeypatch, capsys):
    """Of the chorales. The slow networks are added to a finished run, whose other figures stay the
    same; a further run computes nothing, and other settings are refused.
    """
    write_package(tmp_path, monkeypatch, num=20)
    for name in {*melodies.SETS} - {'1 nova', GIVEN_SET}:
        monkeypatch.delitem(melodies.SETS, name)
    monkeypatch.setattr(given, 'music21_corpus', lambda: tmp_path)
    monkeypatch.setattr(given, 'NUM_KNOWN', 0)
    monkeypatch.setattr(benchmark, 'find_folder', lambda: tmp_path)
    monkeypatch.setattr(benchmark, 'Recipe', lambda num_epochs: Recipe(num_epochs, num_cells=4))
    small = {'num_layers': 1, 'num_cells': 8}
    monkeypatch.setattr(
        benchmark, 'TransformerRecipe', lambda num_epochs: TransformerRecipe(num_epochs, **small)
    )
    monkeypatch.setattr(plans, 'NUM_MEMBERS', 2)
    words = ['--mode=experiment', '--config=configs/pearce.py', f'--workdir={tmp_path / "run"}']
    fields = ['--config.partitions=1', '--config.folds=0,1', '--config.num_epochs=1']
    fields.append('--config.sets=2')

    def run(*fields):
        benchmark.run_benchmark(parse([*words, *fields], root=launch.ROOT, modes=launch.MODES))

    folder = tmp_path / 'run' / 'experiment'

    def results():
        return json.loads((folder / 'results.json').read_text())

    run(*fields, '--config.slow_partitions=0')
    before = results()
    slow = {name for name in MODELS if name.startswith(('transformer', 'network_given_ensemble'))}
    assert set(before['sets'][GIVEN_SET]) == set(MODELS) - slow
    run(*fields)
    found = results()
    assert set(found['sets'][GIVEN_SET]) == set(MODELS)
    for group in ('sets', 'over_notes', 'intervals'):
        of_set = before[group][GIVEN_SET]
        assert {name: found[group][GIVEN_SET][name] for name in of_set} == of_set
    report = (folder / 'report.md').read_text()
    assert 'given onsets' in report
    assert 'only 2 folds of 10' in report
    assert 'the count models on all 10 folds' in report
    assert set(found['count_models_on_all_folds']) < set(found['mean'])
    assert 'for non-commercial use only' in capsys.readouterr().out
    monkeypatch.setattr(stages, 'fit', None)
    run(*fields)
    assert results() == found
    run(*fields, '--config.slow_partitions=0')
    assert results() == before
    names = r'network\.num_epochs, transformer\.num_epochs'
    with pytest.raises(UserError, match=rf'other settings \({names}\); choose another'):
        run(*fields[:2], '--config.num_epochs=2', '--config.sets=2')


def test_the_fields_of_a_benchmark():
    words = ['--mode=experiment', '--config=configs/pearce.py']

    def read(*fields):
        words_now = [*words, *fields]
        return parse(words_now, root=launch.ROOT, modes=launch.MODES).benchmark

    assert (read().partitions, read().folds, read().sets) == (5, (), ())
    assert read('--config.sets=2,4').sets == (2, 4)
    quick = read('--config.quick=True', '--config.folds=3,4')
    assert (quick.partitions, quick.folds, quick.num_epochs) == (1, (3, 4), 5)
    with pytest.raises(UserError, match=r'config\.folds = \(10,\): must be a tuple'):
        read('--config.folds=10')
    with pytest.raises(UserError, match=r'config\.sets = \(9,\): must be a tuple'):
        read('--config.sets=9')
    with pytest.raises(UserError, match=r'--config\.fold: no such field; did you mean folds'):
        read('--config.fold=1')
    with pytest.raises(UserError, match='an experiment, which --mode=experiment runs'):
        parse(words[1:], root=launch.ROOT, modes=launch.MODES)
