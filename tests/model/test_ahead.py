"""Infilling: what is known in advance affects every step before it, and what is to be drawn affects
none.
"""

import dataclasses
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.ahead import look_ahead
from symmusic.model.model import (
    Architecture,
    apply_all,
    apply_last,
)
from symmusic.model.size import count_parameters
from symmusic.model.steps import apply_step, init_carry
from tests.model.test_model import random_problem

PLAIN = Architecture(num_classes=7, num_layers=2, num_cells=4, bidirectional=True, infilling=True)
WHOLE = dataclasses.replace(
    PLAIN, num_positions=16, lookback=(1, 3), attention='bahdanau', attention_size=3
)
BLANKS = dataclasses.replace(PLAIN, padding=7, num_positions=16, lookback=(2,))
HYBRID = dataclasses.replace(BLANKS, kind='hybrid', num_heads=2)
SMALL = dataclasses.replace(  # one backward layer, of fewer cells
    WHOLE, backward_layers=1, backward_cells=3, agreement=True, agreement_ahead=True, copying=True
)
ALL = [PLAIN, WHOLE, BLANKS, HYBRID, SMALL]
NUM_STEPS, BLANK = 8, 7

jitted_all = jax.jit(apply_all, static_argnames=('architecture', 'with_weights', 'memory_steps'))
jitted_step = jax.jit(apply_step, static_argnames='architecture')
jitted_ahead = jax.jit(look_ahead, static_argnames='architecture')


def logits_of_steps(params, tokens_BT, positions_BT, architecture):
    """Checks that steps one after another give what all at once give: that, and the future that was
    told of a network for infilling, whose first eight steps are a gap.
    """
    num_steps, future, told = tokens_BT.shape[1], {}, None
    if architecture.infilling:
        future = {'future_BT': jnp.where(jnp.arange(num_steps) < 8, 7, tokens_BT)}
        told = jitted_ahead(params, *future.values(), positions_BT, architecture)
    expected_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture, **future)
    carry = init_carry(architecture, len(tokens_BT), num_steps)
    for t in range(num_steps):
        known = jax.tree.map(operator.itemgetter(t), told)
        inputs = tokens_BT[:, t], positions_BT[:, t]
        carry, logits_BV, _ = jitted_step(params, carry, *inputs, architecture, ahead=known)
        assert_allclose(logits_BV, expected_BTV[:, t], atol=1e-5)
    return expected_BTV, future


def problem(architecture, end, seed=0):
    """Parameters, tokens [B, T], positions, and what follows each step where it is at `end` or
    later (1 to T).
    """
    params, tokens_BS, positions_BS = random_problem(architecture, seed, NUM_STEPS + 1)
    tokens_BS = jnp.minimum(tokens_BS, 6)
    future_BT = jnp.where(jnp.arange(1, NUM_STEPS + 1) >= end, tokens_BS[:, 1:], BLANK)
    return params, tokens_BS[:, :-1], positions_BS[:, :-1], future_BT


@pytest.mark.parametrize('architecture', ALL)
@settings(max_examples=5)
@given(end=st.integers(2, NUM_STEPS), seed=st.integers(0, 2**31 - 1))
def test_a_density_left_to_right_given_the_right(architecture, end, seed):
    """A token of the gap changes no logit before it, one after the gap every logit of the gap: so
    the product of the steps' probabilities is a distribution over what fills the gap, given both
    sides.
    """
    params, tokens_BT, positions_BT, future_BT = problem(architecture, end, seed)
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture, future_BT=future_BT)
    in_gap = end - 1
    other_BT = tokens_BT.at[:, in_gap].set((tokens_BT[:, in_gap] + 1) % 7)
    other_BTV, _ = jitted_all(params, other_BT, positions_BT, architecture, future_BT=future_BT)
    assert_array_equal(other_BTV[:, :in_gap], logits_BTV[:, :in_gap])
    assert (other_BTV[:, in_gap] != logits_BTV[:, in_gap]).any()
    for known in range(end - 1, NUM_STEPS):
        other_BT = future_BT.at[:, known].set((future_BT[:, known] + 1) % 7)
        other_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture, future_BT=other_BT)
        assert (other_BTV[:, :end] != logits_BTV[:, :end]).any(axis=(0, 2)).all()


@pytest.mark.parametrize('architecture', ALL)
@pytest.mark.parametrize('end', [1, 5, NUM_STEPS, NUM_STEPS + 1])
def test_step_by_step_is_all_at_once(architecture, end):
    params, tokens_BT, positions_BT, future_BT = problem(architecture, end)
    logits_BTV, weights_BTT = jitted_all(
        params, tokens_BT, positions_BT, architecture, future_BT=future_BT, with_weights=True
    )
    carry, ahead = (
        init_carry(architecture, len(tokens_BT), NUM_STEPS),
        jitted_ahead(params, future_BT, positions_BT, architecture),
    )
    for t in range(NUM_STEPS):
        told = jax.tree.map(lambda leaf, t=t: leaf[t], ahead)
        carry, logits_BV, weights_BM = jitted_step(
            params, carry, tokens_BT[:, t], positions_BT[:, t], architecture, ahead=told
        )
        assert_allclose(logits_BV, logits_BTV[:, t], atol=1e-5)
        if weights_BTT is not None:
            assert_allclose(
                weights_BM[:, NUM_STEPS - 1 - t :], weights_BTT[:, t, : t + 1], atol=1e-6
            )


@pytest.mark.parametrize('architecture', ALL)
def test_nothing_known_is_the_model_left_to_right(architecture):
    """A future of blanks equals no future, bit for bit, also step by step."""
    params, tokens_BT, positions_BT, future_BT = problem(architecture, NUM_STEPS + 1)
    assert (future_BT == BLANK).all()
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture, future_BT=future_BT)
    assert_allclose(
        logits_BTV, jitted_all(params, tokens_BT, positions_BT, architecture)[0], atol=1e-6
    )
    carry = init_carry(architecture, len(tokens_BT), NUM_STEPS)
    for t in range(NUM_STEPS):
        carry, logits_BV, _ = jitted_step(
            params, carry, tokens_BT[:, t], positions_BT[:, t], architecture
        )
        assert_allclose(logits_BV, logits_BTV[:, t], atol=1e-5)


@pytest.mark.parametrize('architecture', [WHOLE, SMALL], ids=['as many', 'fewer'])
def test_nothing_known_is_the_network_without_backward_layers(architecture):
    """Its forward layers and head, without the rows of looks ahead, give the same logits."""
    params, tokens_BT, positions_BT, _ = problem(architecture, NUM_STEPS + 1)
    one_way = dataclasses.replace(
        architecture,
        bidirectional=False,
        infilling=False,
        agreement_ahead=False,
        backward_layers=0,
        backward_cells=0,
    )
    own, num_lags = len(architecture.own_blocks), len(architecture.lookback)
    ahead = {own + num_lags + index for index in range(num_lags)} | {
        index for index, block in enumerate(architecture.blocks) if 'ahead' in block.name
    }
    kept = [
        row
        for index, block in enumerate(architecture.blocks)
        if index not in ahead
        for row in range(block.begin, block.end)
    ]
    layers = [{'forward': dict(layer['forward'])} for layer in params['layers']]
    layers[0]['forward']['input'] = layers[0]['forward']['input'][np.array(kept)]
    stripped = {**params, 'layers': layers}
    if 'copies' in params:
        copies = params['copies']
        stripped['copies'] = {
            'kernel': copies['kernel'][:, :num_lags],
            'bias': copies['bias'][:num_lags],
        }
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture)
    assert_array_equal(logits_BTV, jitted_all(stripped, tokens_BT, positions_BT, one_way)[0])


def test_each_step_depends_on_what_follows_it():
    """Without blanks the backward layer's states are those of a forward one over the mirrored
    tokens, and the looks ahead reach as far after the step to be predicted as the lookbacks before
    it.
    """
    architecture = dataclasses.replace(PLAIN, num_layers=1, lookback=(1, 3))
    params, tokens_BT, _, future_BT = problem(architecture, 1)
    ahead = look_ahead(params, future_BT, None, architecture)
    one_way = dataclasses.replace(architecture, bidirectional=False, infilling=False, lookback=())
    identity = {'kernel': jnp.eye(4, 7), 'bias': jnp.zeros(7)}
    mirrored = {'layers': [{'forward': params['layers'][0]['backward']}], 'head': identity}
    states_BTV, _ = apply_all(mirrored, future_BT[:, ::-1], None, one_way)
    assert_allclose(ahead.states[0].swapaxes(0, 1), states_BTV[:, ::-1, :4], atol=1e-6)
    whole_BS = np.concatenate([tokens_BT, future_BT[:, -1:]], axis=1)
    for t in range(NUM_STEPS):
        for index, steps in enumerate(architecture.lookback):
            at = t + 1 + steps
            expected = whole_BS[:, at] if at <= NUM_STEPS else [BLANK, BLANK]
            assert_array_equal(ahead.tokens[t, :, index], expected)


def test_gradients_reach_both_stacks_and_are_finite():
    params, tokens_BT, positions_BT, future_BT = problem(WHOLE, 5)
    keys_B = jax.random.split(jax.random.key(0), len(tokens_BT))

    def loss(params):
        return (
            apply_all(params, tokens_BT, positions_BT, WHOLE, keys_B, future_BT=future_BT)[0][:, :4]
            ** 2
        ).sum()

    gradients = jax.jit(jax.grad(loss))(params)
    for layer in gradients['layers']:
        assert set(layer) == {'forward', 'backward', 'bridge'}
    assert all(np.isfinite(leaf).all() and (leaf != 0).any() for leaf in jax.tree.leaves(gradients))


@pytest.mark.parametrize('architecture', ALL)
def test_number_of_parameters(architecture):
    cells, classes, positions, lookbacks = (
        4,
        7,
        architecture.num_positions,
        len(architecture.lookback),
    )
    agreements = lookbacks * (10 + 9) if architecture is SMALL else 0
    forward = 4 * cells * (
        classes * (1 + 2 * lookbacks) + positions + agreements + cells + 1
    ) + 4 * cells * (2 * cells + 1)
    if architecture is SMALL:
        backward = 4 * 3 * (classes + positions + 3 + 1)
        bridges = 3 * 4 * cells
    else:
        backward = 4 * cells * (classes + positions + cells + 1) + 4 * cells * (2 * cells + 1)
        bridges = 2 * cells * 4 * cells
    is_additive = architecture.attention == 'bahdanau'
    attention = (2 * cells + 1) * 3 if is_additive else 0
    attention += 4 * cells**2 + cells if architecture is HYBRID else 0
    head = (cells * (2 if is_additive else 1) + 1) * classes
    copies = 2 * lookbacks * (2 * cells + 10) if architecture is SMALL else 0
    assert (
        count_parameters(architecture) == forward + backward + bridges + attention + head + copies
    )


def test_unsupported_calls():
    params, tokens_BT, positions_BT, future_BT = problem(PLAIN, 4)
    with pytest.raises(ValueError, match='both sides'):
        dataclasses.replace(PLAIN, bidirectional=False)
    with pytest.raises(ValueError, match='backward layers of another size'):
        dataclasses.replace(PLAIN, infilling=False, backward_cells=2)
    with pytest.raises(ValueError, match='3 backward layers, but 2 forward ones'):
        dataclasses.replace(PLAIN, backward_layers=3)
    with pytest.raises(ValueError, match='agreement ahead goes with agreement'):
        dataclasses.replace(WHOLE, agreement_ahead=True)
    with pytest.raises(ValueError, match='step by step'):
        apply_last(params, tokens_BT, positions_BT, PLAIN)
    with pytest.raises(ValueError, match='knows nothing in advance'):
        apply_all(
            params,
            tokens_BT,
            positions_BT,
            dataclasses.replace(PLAIN, infilling=False, bidirectional=False),
            future_BT=future_BT,
        )
