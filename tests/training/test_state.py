"""The state of a run: its start, the learning rate on a plateau, the best parameters, early
stopping.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs import base
from symmusic.training.state import Recipe, init_state
from symmusic.training.step import end_epoch
from tests.training.toy import ARCHITECTURE, assert_same_bits, make_recipe

RECIPE = make_recipe(targets='all')


def begin(recipe=RECIPE, seed=0):
    return init_state(jax.random.key(seed), ARCHITECTURE, recipe)


def feed(losses, recipe=RECIPE):
    """The states after each epoch's validation loss; before each the parameters are set to the
    epoch's number.
    """
    state, states = begin(recipe), []
    for epoch, loss in enumerate(losses, 1):
        state = state.replace(
            average_params=jax.tree.map(
                lambda leaf, epoch=epoch: jnp.full_like(leaf, epoch), state.params
            )
        )
        state = end_epoch(state, jnp.asarray(loss, jnp.float32), recipe=recipe)
        states.append(jax.device_get(state.replace(key=jax.random.key_data(state.key))))
    return states


def by_hand(losses, factor, patience, threshold):
    """The learning rate's factor after each epoch: an epoch counts as better only if it beats the
    best by more than the threshold.
    """
    scale, best, num_bad, scales = 1.0, np.inf, 0, []
    for loss in np.asarray(losses, np.float32):
        if loss < np.float32(best - np.float32(threshold)):
            best, num_bad = loss, 0
        else:
            num_bad += 1
        if num_bad >= patience:
            scale, num_bad = scale * factor, 0
        scales.append(scale)
    return scales


def test_the_start_of_a_run_depends_only_on_its_key():
    assert_same_bits(begin(seed=3), begin(seed=3))
    one, other = begin(seed=3), begin(seed=4)
    assert not np.array_equal(one.params['head']['kernel'], other.params['head']['kernel'])
    assert not np.array_equal(jax.random.key_data(one.key), jax.random.key_data(other.key))
    assert int(one.step) == int(one.epoch) == int(one.best_epoch) == 0
    assert np.isinf(one.best_loss)
    assert not one.stopped


def test_the_defaults_of_a_recipe_are_those_of_the_config():
    """Both turn something off, so that nothing has two defaults."""
    train = base.get_config().train
    shared = {
        field.name: field.default
        for field in dataclasses.fields(Recipe)
        if field.default is not dataclasses.MISSING and field.name in train
    }
    assert len(shared) > 5
    assert shared == {name: train[name] for name in shared}


def test_every_leaf_is_an_array_and_none_is_held_twice():
    """So that a replica axis can stand before each of them, and all can be donated."""
    state = begin()
    arrays = jax.tree.leaves(state)
    assert all(isinstance(leaf, jax.Array) for leaf in arrays)
    pointers = [
        leaf.unsafe_buffer_pointer()
        for leaf in jax.tree.leaves(state.replace(key=jax.random.key_data(state.key)))
    ]
    assert len(set(pointers)) == len(pointers)


def test_plateau_worked_by_hand():
    """Factor 0.5, patience 3, threshold 0.0005, fed once per epoch."""
    losses = [
        2.0,
        1.0,
        0.9997,
        0.9996,
        0.9995,
        0.998,
        0.9981,
        0.9982,
        0.9983,
        0.9984,
        0.9985,
        0.9986,
        0.5,
    ]
    # first  best  none of these three is better than 1.0 by more than 0.0005: the third makes the
    # plateau
    scales = [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125]
    recipe = make_recipe(plateau_factor=0.5, plateau_patience=3, plateau_threshold=0.0005)
    assert [float(state.plateau_state.scale) for state in feed(losses, recipe)] == scales
    assert by_hand(losses, 0.5, 3, 0.0005) == scales


@settings(deadline=None, max_examples=20)
@given(losses=st.lists(st.integers(0, 8).map(lambda n: 1 + n / 8), min_size=1, max_size=12))
def test_plateau_follows_its_rule(losses):
    recipe = make_recipe(plateau_factor=0.25, plateau_patience=2, plateau_threshold=0.2)
    assert [float(state.plateau_state.scale) for state in feed(losses, recipe)] == by_hand(
        losses, 0.25, 2, 0.2
    )


def test_best_parameters_are_those_of_the_lowest_loss():
    """Also where it is lower by less than the plateau's threshold; of equal losses the first."""
    states = feed([2.0, 1.0, 1.5, 0.9999, 0.9999, 3.0])
    assert [int(state.best_epoch) for state in states] == [1, 2, 2, 4, 4, 4]
    np.testing.assert_allclose(
        [float(state.best_loss) for state in states],
        [2.0, 1.0, 1.0, 0.9999, 0.9999, 0.9999],
        rtol=1e-7,
    )
    for state in states:
        assert all(
            (leaf == int(state.best_epoch)).all() for leaf in jax.tree.leaves(state.best_params)
        )
    assert [int(state.epoch) for state in states] == [1, 2, 3, 4, 5, 6]


def test_the_epoch_s_sums_are_reset():
    state = begin().replace(epoch_nats=jnp.array(5.0), epoch_targets=jnp.array(3.0))
    state = end_epoch(state, jnp.float32(1), recipe=RECIPE)
    assert float(state.epoch_nats) == float(state.epoch_targets) == 0


@pytest.mark.parametrize(
    ('patience', 'stops'),
    [(0, [0, 0, 0, 0, 0, 0]), (1, [0, 0, 0, 1, 1, 1]), (2, [0, 0, 0, 0, 1, 1])],
)
def test_early_stopping_counts_epochs_since_the_best(patience, stops):
    """The fourth and fifth epochs have no lower loss; a run that has stopped stays stopped."""
    states = feed([3.0, 2.0, 1.0, 1.5, 1.0, 0.5], make_recipe(early_stopping_epochs=patience))
    assert [int(state.stopped) for state in states] == stops


def test_schedules_worked_by_hand():
    """Over 4 updates the cosine is 1, 0.8536, 0.5, 0.1464, 0; a warm-up of 2 updates starts at one
    half.
    """
    plateau = begin().plateau_state._replace(scale=jnp.float32(0.25))

    def factors(**settings):
        return [
            float(make_recipe(**settings).rate_factor(jnp.int32(step), plateau))
            for step in range(6)
        ]

    cosine = [1, 0.853553, 0.5, 0.146447, 0, 0]
    assert factors() == [0.25] * 6
    assert factors(cosine_updates=4) == pytest.approx(cosine, abs=1e-6)
    assert factors(warmup_updates=2) == [0.125] + [0.25] * 5
    assert factors(warmup_updates=2, cosine_updates=4) == pytest.approx(
        [0.5, *cosine[1:]], abs=1e-6
    )
