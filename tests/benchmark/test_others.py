"""The melodies of other sets as a network of a set reads them."""

import jax
import numpy as np
import pytest

from symmusic.benchmark import plans, stages
from symmusic.benchmark.fitting import NUM_PITCHES, Reader, Recipe, TransformerRecipe, fit
from symmusic.benchmark.folds import Job
from symmusic.benchmark.given import GIVEN_SET
from symmusic.benchmark.melodies import make_set
from symmusic.benchmark.others import lowest_pitch, other_melodies
from tests.benchmark.melodies import random_tunes

OWN = make_set('1 nova', random_tunes(20))  # pitches 60 to 64
RECIPE = Recipe(num_epochs=1, num_rows=1, num_cells=4)
TRANSFORMER = TransformerRecipe(num_epochs=1, num_rows=1, num_cells=8)


def test_they_are_moved_by_octaves_to_the_own_ones():
    other = make_set('2 chor', random_tunes(5, seed=1, low=85))
    found = other_melodies(OWN, [OWN, other], 5)
    assert len(found) == 5
    for (name, number), moved in found.items():
        assert name == other.name
        melody = other.melodies[number]
        distance = moved - other.pitches[melody]
        assert np.unique(distance).tolist() == [-24]


def test_those_that_do_not_fit_are_left_out():
    """Because of their range, or their length; the bounds themselves fit."""
    lowest = lowest_pitch(OWN, 5)
    assert abs((lowest + lowest + 53) / 2 - 62) <= 0.5
    middle = np.full(5, 62)
    tunes = [
        np.array([lowest, lowest + 53]),
        np.array([lowest - 1, *middle, lowest + 52]),
        np.full(193, 62),
        np.full(192, 62),
    ]
    found = other_melodies(OWN, [make_set('2 chor', tunes)], 5)
    assert [len(each) for each in found.values()] == [2, 192]
    assert [number for _, number in found] == [0, 3]


def test_a_pitch_has_one_place_in_all_readers_of_a_set():
    other = make_set('2 chor', random_tunes(20, seed=1, low=50, pitches=24))
    _, tuned, _ = plans.make_plans(OWN, [OWN, other], None, RECIPE, TRANSFORMER)
    made = make_set('others', [*other_melodies(OWN, [other], RECIPE.most_shift).values()])
    places = dict(zip(made.pitches.tolist(), tuned.before.places.tolist(), strict=True))
    for pitch, place in zip(OWN.pitches.tolist(), tuned.reader.places.tolist(), strict=True):
        assert places.get(pitch, place) == place
    assert {*OWN.pitches.tolist()} & {*places}
    assert tuned.before.places.min() >= RECIPE.most_shift
    assert tuned.before.places.max() < NUM_PITCHES - RECIPE.most_shift


def test_without_other_sets_none_is_trained_on_them():
    found = plans.make_plans(OWN, [OWN], None, RECIPE, TRANSFORMER)
    assert [plan.name for plan in found] == ['network', 'transformer']
    assert all(plan.before is None for plan in found)


@pytest.mark.slow
def test_training_goes_on_from_the_others(tmp_path, monkeypatch):
    """At a rate of 0 the tuned network is that of the others, which is stored once."""
    other = make_set(GIVEN_SET, random_tunes(20, seed=1))
    _, plan, _ = plans.make_plans(OWN, [OWN, other], None, RECIPE, TRANSFORMER)
    still = Recipe(num_epochs=1, num_rows=1, num_cells=4, learning_rate=0.0)
    job = Job('1 nova', 0, 0, 0, 0)
    before = stages.network_of_others(plan.before, job, RECIPE, tmp_path / 'others-1-nova.npz')
    monkeypatch.setattr(stages, 'fit', None)
    again = stages.network_of_others(plan.before, job, RECIPE, tmp_path / 'others-1-nova.npz')
    jax.tree.map(np.testing.assert_array_equal, before.params, again.params)
    rng = np.random.default_rng(0)
    found = fit(plan.reader, range(18), [18, 19], still, rng, jax.random.key(0), before.params)
    jax.tree.map(
        lambda one, two: np.testing.assert_allclose(one, two, rtol=1e-5),
        found.params,
        before.params,
    )
    assert isinstance(plan.reader, Reader)
