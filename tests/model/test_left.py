"""Bars left as further inputs: in every form of the network, and none where they are not known."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.ahead import look_ahead
from symmusic.model.model import apply_all, apply_last
from symmusic.model.size import count_parameters
from symmusic.model.sliding import init_windows, slide
from symmusic.model.steps import apply_step, init_carry
from tests.model.test_ahead import WHOLE
from tests.model.test_model import (
    ATTENTIVE,
    BOTH_WAYS_ATTENTIVE,
    OF_METERS,
    PLAIN,
    random_problem,
)

SIZES, NUM_STEPS = (3, 4), 7
ALL = [ATTENTIVE, OF_METERS, BOTH_WAYS_ATTENTIVE, WHOLE]
STEPWISE = [OF_METERS, WHOLE]


def told(architecture):
    """The architecture with bars left as inputs."""
    return dataclasses.replace(architecture, left_sizes=SIZES)


def problem(architecture, seed=0):
    """Parameters, tokens, positions, and counts [B, T, 2], some of them not known."""
    params, tokens_BT, positions_BT = random_problem(architecture, seed, NUM_STEPS)
    rng = np.random.default_rng(seed)
    left_BT2 = rng.integers(np.array(SIZES) + 1, size=(*tokens_BT.shape, 2)).astype(np.uint8)
    left_BT2[left_BT2 == SIZES] = 255
    return params, tokens_BT, positions_BT, jnp.asarray(left_BT2)


def future(architecture, tokens_BT):
    """The argument of the known end, for an infilling model."""
    if not architecture.infilling:
        return {}
    future_BT = jnp.where(jnp.arange(NUM_STEPS) >= 4, jnp.minimum(tokens_BT, 6), 7)
    return {'future_BT': future_BT}


@functools.partial(jax.jit, static_argnums=0)
def read(architecture, params, tokens_BT, positions_BT, left_BT2):
    """The logits at every step or, of both directions, after the last one."""
    if architecture.bidirectional and not architecture.infilling:
        return apply_last(params, tokens_BT, positions_BT, architecture, left_BT2=left_BT2)[0]
    end = future(architecture, tokens_BT)
    return apply_all(params, tokens_BT, positions_BT, architecture, left_BT2=left_BT2, **end)[0]


@pytest.mark.parametrize('architecture', ALL)
def test_what_is_not_known_is_no_input(architecture):
    """Without the rows of the counts the parameters are those of the network without them, and so
    are the logits where nothing is known.
    """
    own = told(architecture)
    params, tokens_BT, positions_BT, left_BT2 = problem(own)
    begin = own.own_blocks[-2].begin
    rows = np.r_[begin : begin + sum(SIZES)]
    first = {
        name: layer if name == 'bridge' else {**layer, 'input': np.delete(layer['input'], rows, 0)}
        for name, layer in params['layers'][0].items()
    }
    without = {**params, 'layers': [first, *params['layers'][1:]]}
    assert len(first['forward']['input']) == architecture.blocks[-1].end
    expected = read(architecture, without, tokens_BT, positions_BT, None)
    for nothing in (None, jnp.full_like(left_BT2, 255)):
        found = read(own, params, tokens_BT, positions_BT, nothing)
        assert_allclose(found, expected, atol=1e-6)
    assert (read(own, params, tokens_BT, positions_BT, left_BT2) != expected).any()
    assert count_parameters(own) - count_parameters(architecture) == sum(SIZES) * 16 * len(
        params['layers'][0].keys() & {'forward', 'backward'}
    )


@pytest.mark.parametrize('architecture', STEPWISE)
def test_step_by_step_is_all_at_once(architecture):
    own = told(architecture)
    params, tokens_BT, positions_BT, left_BT2 = problem(own)
    end, ahead = future(own, tokens_BT), None
    if end:
        ahead = look_ahead(params, *end.values(), positions_BT, own, left_BT2=left_BT2)
    logits_BTV = read(own, params, tokens_BT, positions_BT, left_BT2)
    carry = init_carry(own, len(tokens_BT), NUM_STEPS)
    step = jax.jit(apply_step, static_argnames='architecture')
    for t in range(NUM_STEPS):
        carry, logits_BV, _ = step(
            params,
            carry,
            tokens_BT[:, t],
            positions_BT[:, t],
            own,
            ahead=jax.tree.map(lambda leaf, t=t: leaf[t], ahead),
            left_B2=left_BT2[:, t],
        )
        assert_allclose(logits_BV, logits_BTV[:, t], atol=1e-5)


@pytest.mark.parametrize('architecture', STEPWISE)
def test_a_later_count_changes_no_earlier_logit(architecture):
    """Each count has its effect from its own step on; that of an infilling model also on earlier
    steps, through the known end.
    """
    own = told(architecture)
    params, tokens_BT, positions_BT, left_BT2 = problem(own)
    logits_BTV = read(own, params, tokens_BT, positions_BT, left_BT2)
    for index in range(2):
        other_BT2 = left_BT2.at[:, 5, index].set((left_BT2[:, 5, index] + 1) % SIZES[index])
        other_BTV = read(own, params, tokens_BT, positions_BT, other_BT2)
        assert (other_BTV[:, 5] != logits_BTV[:, 5]).any(axis=-1).all()
        is_same = (other_BTV[:, :5] == logits_BTV[:, :5]).all()
        assert is_same == (not architecture.infilling)


def test_sliding_windows():
    own = told(dataclasses.replace(PLAIN, num_positions=16))
    params, tokens_BT, positions_BT, left_BT2 = problem(own)
    windows, window_steps = init_windows(own, len(tokens_BT), 3), 3
    advance = jax.jit(slide, static_argnums=(4, 5, 6))
    last = jax.jit(apply_last, static_argnames='architecture')
    for t in range(NUM_STEPS):
        windows, logits_BV = advance(
            params,
            windows,
            tokens_BT[:, t],
            positions_BT[:, t],
            own,
            window_steps,
            NUM_STEPS,
            left_BT2[:, t],
        )
        if t >= window_steps - 1:
            of = np.s_[:, t + 1 - window_steps : t + 1]
            expected_BV, _ = last(
                params, tokens_BT[of], positions_BT[of], architecture=own, left_BT2=left_BT2[of]
            )
            assert_allclose(logits_BV, expected_BV, atol=1e-5)


def test_only_rows_that_are_read_have_a_gradient():
    own = told(OF_METERS)
    params, tokens_BT, positions_BT, left_BT2 = problem(own)
    gradients = jax.grad(lambda params: read(own, params, tokens_BT, positions_BT, left_BT2).sum())(
        params
    )
    begin = own.own_blocks[-2].begin
    expected = np.full(sum(SIZES), False)
    expected[np.unique(left_BT2[..., 0][left_BT2[..., 0] < 255])] = True
    expected[SIZES[0] + np.unique(left_BT2[..., 1][left_BT2[..., 1] < 255])] = True
    table = gradients['layers'][0]['forward']['input']
    assert_array_equal((table[begin : begin + sum(SIZES)] != 0).any(axis=1), expected)
