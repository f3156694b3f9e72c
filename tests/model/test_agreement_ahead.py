"""Agreement with what is known ahead: compared with a plain loop, all at once and step by step."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.model.agreement import agree_step, find_agreements, init_agreement
from symmusic.model.ahead import Ahead
from symmusic.model.architecture import Architecture

NUM_STEPS, NOTHING_COMPARED, NOT_AVAILABLE, BLANK = 60, 8, 9, 3
ONE_METER = Architecture(
    BLANK,
    num_layers=1,
    num_cells=2,
    bidirectional=True,
    infilling=True,
    num_positions=16,
    lookback=(1, 4, 16),
    agreement=True,
    agreement_ahead=True,
)
FAITHFUL = dataclasses.replace(ONE_METER, padding=BLANK)


def ahead_of(tokens_BS, end, architecture):
    """What each step knows at the lags after the one that it predicts."""
    known_BS = np.where(np.arange(NUM_STEPS + 1) >= end, tokens_BS, BLANK)
    padded_BS = np.pad(known_BS, ((0, 0), (0, 16)), constant_values=BLANK)
    lags = [padded_BS[:, lag + 1 :][:, :NUM_STEPS].T for lag in architecture.lookback]
    return Ahead((), jnp.asarray(np.stack(lags, axis=-1)))


def counted(tokens, lag, end, num_padding):
    """The bins of a look ahead: how long token[t] has equalled token[t + lag], known from `end`
    on; the first step has seen nothing ahead yet.
    """
    bins, run = [], 0
    for t in range(NUM_STEPS):
        at = t + lag
        is_known = t >= max(num_padding, 1) and end <= at <= NUM_STEPS
        run = run + 1 if is_known and tokens[t] == tokens[at] else 0
        is_read = end <= at + 1 <= NUM_STEPS
        counted = sum(run >= n for n in (1, 2, 4, 8, 16, 32)) if is_known else NOTHING_COMPARED
        bins.append(counted if is_read else NOT_AVAILABLE)
    return bins


@functools.partial(jax.jit, static_argnums=2)
def steps(tokens_BT, ahead, architecture):
    def step(memory, inputs):
        memory, found = agree_step(memory, inputs[0], None, architecture, inputs[1])
        return memory, jnp.stack(found)

    memory = init_agreement(architecture, len(tokens_BT))
    return jnp.moveaxis(jax.lax.scan(step, memory, (tokens_BT.T, ahead))[1], 0, -1)


at_once = jax.jit(find_agreements, static_argnums=2)


@pytest.mark.parametrize('architecture', [ONE_METER, FAITHFUL], ids=['padded', 'blanks'])
@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**31 - 1),
    end=st.integers(2, NUM_STEPS + 1),
    num_padding=st.integers(0, NUM_STEPS),
)
def test_agreement_ahead_is_that_of_a_plain_loop(architecture, seed, end, num_padding):
    rng = np.random.default_rng(seed)
    tokens_BS = np.tile(rng.integers(BLANK, size=(2, 16)), 4)[:, : NUM_STEPS + 1]  # repeats
    tokens_BS = np.where(rng.random(tokens_BS.shape) < 0.05, 0, tokens_BS)
    tokens_BS[:, :num_padding] = architecture.padding
    tokens_BS[:, num_padding] = 1  # an event
    end = max(end, num_padding + 1)
    ahead = ahead_of(tokens_BS, end, architecture)
    tokens_BT = jnp.asarray(tokens_BS[:, :-1])
    found = at_once(tokens_BT, None, architecture, ahead)
    assert len(found) == 6
    expected = [
        [counted(row, lag, end, num_padding) for row in tokens_BS] for lag in architecture.lookback
    ]
    assert_array_equal(np.stack(found[3:]), expected)
    assert_array_equal(np.stack(found), steps(tokens_BT, ahead, architecture))


def test_nothing_ahead_is_not_available():
    found = at_once(jnp.ones((1, NUM_STEPS), jnp.int32), None, ONE_METER)
    assert (np.stack(found[3:]) == NOT_AVAILABLE).all()
