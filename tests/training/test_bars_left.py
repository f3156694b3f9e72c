"""Bars left in training: told at random, not told to held-out losses, and carried into runs that
are fine-tuned.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.config.protocol import base_config
from symmusic.errors import Interrupted, UserError
from symmusic.melody.form import LEFT_SIZES
from symmusic.model.model import apply_all, init_params
from symmusic.training import build
from symmusic.training.batch import gather, tell_form
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.data import put
from symmusic.training.finetune import Network, transfer
from symmusic.training.replicas import init_replicas, initial_keys
from symmusic.training.state import init_state
from symmusic.training.step import held_out_nats, update
from tests.training.toy import (
    ARCHITECTURE,
    RECIPE,
    VOCABULARY,
    assert_same_bits,
    make_windows,
    stop,
)

TOLD = dataclasses.replace(ARCHITECTURE, left_sizes=LEFT_SIZES, dropout_rate=0.0)
WINDOWS = make_windows(10, 0)
SECTIONS = np.arange(len(WINDOWS.left)) % 5  # the toy tunes state none
WINDOWS = dataclasses.replace(
    WINDOWS, left=np.stack([SECTIONS, WINDOWS.left[:, 1]], axis=1).astype(np.uint8)
)
DATA = put(WINDOWS)
ROWS = np.array([3, 0, -1, 5], np.int32)


def test_the_config_turns_them_on():
    config = base_config().unlock()
    assert build.architecture(config, VOCABULARY, ('4/4',)).left_sizes == ()
    config.model.bars_left = True
    assert build.architecture(config, VOCABULARY, ('4/4',)).left_sizes == LEFT_SIZES


def test_each_count_is_told_for_half_of_the_windows():
    """All of a window's steps or none, and one count whether or not the other is told."""
    rows_B = jnp.arange(4000) % 10
    keys_B = jax.random.split(jax.random.key(0), 4000)
    found = np.asarray(tell_form(gather(DATA, rows_B), DATA, rows_B, keys_B).left_BS2)
    whole = np.asarray(tell_form(gather(DATA, rows_B), DATA, rows_B).left_BS2)
    steps_BS = WINDOWS.starts[rows_B][:, None] + np.arange(WINDOWS.num_steps)
    assert_array_equal(whole, WINDOWS.left[steps_BS])
    last_B2 = whole[:, -1]
    assert (last_B2 < 255).all()
    is_told_B2 = found[:, -1] < 255
    assert_array_equal(found, np.where(is_told_B2[:, None], whole, 255))
    counts = np.bincount(2 * is_told_B2[:, 0] + is_told_B2[:, 1])
    assert scipy.stats.chisquare(counts, np.full(4, 1000)).pvalue > 1e-3


def test_updates_are_told_and_held_out_losses_are_not():
    """A model that does not read them is not changed by them."""
    silent = DATA.replace(left_L2=None)
    other = DATA.replace(left_L2=jnp.where(DATA.left_L2 < 255, DATA.left_L2 + 1, 255))
    state = jax.jit(init_state, static_argnums=(1, 2))(initial_keys(0)[0], TOLD, RECIPE)
    losses = [
        held_out_nats(state.params, data, ROWS, architecture=TOLD, targets='all')
        for data in (DATA, silent)
    ]
    assert_array_equal(*losses)

    def updated(data, architecture):
        begun = jax.jit(init_state, static_argnums=(1, 2))(initial_keys(0)[0], architecture, RECIPE)
        return update(begun, data, ROWS, architecture=architecture, recipe=RECIPE)

    assert updated(DATA, TOLD)[1] != updated(other, TOLD)[1]
    plain = dataclasses.replace(TOLD, left_sizes=())
    assert_same_bits(updated(DATA, plain)[0], updated(other, plain)[0])


def test_a_stopped_run_goes_on_with_the_same_draws(runs, tmp_path):
    """Without dropout, so that what is told is all that is drawn at random."""
    runs.train = WINDOWS
    whole, _ = runs.fit(*runs.begin(architecture=TOLD), tmp_path / 'whole', 2)
    with pytest.raises(Interrupted):
        runs.fit(*runs.begin(architecture=TOLD), tmp_path / 'cut', 2, after=2, do=stop)
    state, card = Checkpoints(tmp_path / 'cut').restore()
    assert card.architecture == TOLD
    assert_same_bits(runs.fit(state, card, tmp_path / 'cut', 2)[0], whole)


@pytest.mark.parametrize('with_left', [False, True])
def test_fine_tuning(with_left):
    """From a run without them a run with them starts with rows of zeros; the other way round they
    are left out. From a run with them they are kept.
    """
    plain = dataclasses.replace(TOLD, left_sizes=())
    old, new = (TOLD, plain) if with_left else (plain, TOLD)
    read, start = jax.jit(apply_all, static_argnums=3), jax.jit(init_params, static_argnums=1)
    networks = [
        Network(start(jax.random.key(seed), net), net, VOCABULARY.class_names)
        for seed, net in enumerate((new, old))
    ]
    moved, params = transfer(*networks), networks[1].params
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(0, 7, (2, 9)))
    positions_BT = jnp.broadcast_to(jnp.arange(9), (2, 9))
    left_BT2 = jnp.full((2, 9, 2), 3)
    before, _ = read(params, tokens_BT, positions_BT, old)
    after, _ = read(moved, tokens_BT, positions_BT, new, left_BT2=None if with_left else left_BT2)
    assert_allclose(after, before, atol=1e-6)
    same = transfer(dataclasses.replace(networks[0], architecture=old, params=params), networks[1])
    jax.tree.map(assert_array_equal, same, params)


def test_other_counts_are_refused():
    (state,) = (init_replicas([jax.random.key(0)], TOLD, RECIPE).params,)
    other = dataclasses.replace(TOLD, left_sizes=(3, 4))
    with pytest.raises(UserError, match=r'left_sizes is \(3, 4\) in that run and \(17, 33\) now'):
        transfer(Network(state, TOLD, 'abcdefg'), Network(state, other, 'abcdefg'))
