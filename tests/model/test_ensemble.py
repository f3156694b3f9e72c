"""Ensembles: the mean of the networks' probabilities, in every form in which a model reads."""

import dataclasses
import functools
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from symmusic.model import sliding
from symmusic.model.ahead import look_ahead
from symmusic.model.ensemble import Ensemble, mean_logits
from symmusic.model.model import apply_all, apply_last
from symmusic.model.steps import apply_step, init_carry
from tests.model.test_ahead import WHOLE
from tests.model.test_model import (
    ATTENTIVE,
    BLANKS,
    BOTH_WAYS_ATTENTIVE,
    OF_METERS,
    PLAIN,
    random_problem,
)

NUM = 3
COUNTING = dataclasses.replace(
    BLANKS, agreement=True, last_notes=(2, 60), recall_steps=9, copying=True, relative=True
)
TRANSFORMER, HYBRID = (
    dataclasses.replace(COUNTING, kind=kind, num_heads=2) for kind in ('transformer', 'hybrid')
)
ONE_WAY = [ATTENTIVE, OF_METERS, COUNTING, TRANSFORMER, HYBRID]

jitted_all = jax.jit(apply_all, static_argnames=('architecture', 'memory_steps', 'with_weights'))
jitted_last = jax.jit(apply_last, static_argnames='architecture')
jitted_step = jax.jit(apply_step, static_argnames='architecture')
jitted_ahead = jax.jit(look_ahead, static_argnames='architecture')


def networks(architecture, num=NUM, **how):
    """The parameters of several networks, and the tokens and places that they read."""
    problems = [random_problem(architecture, seed, **how) for seed in range(num)]
    return [params for params, *_ in problems], problems[0][1:]


def together(several):
    return Ensemble(jax.tree.map(lambda *leaves: jnp.stack(leaves), *several))


def mean_by_hand(logits_R):
    """The logarithms of the mean probabilities, token by token in 64 bits."""
    total = 0.0
    for logits in np.asarray(logits_R, np.float64):
        powers = np.exp(logits)
        total = total + powers / powers.sum(axis=-1, keepdims=True)
    return np.log(total / len(logits_R))


@pytest.mark.parametrize('architecture', [PLAIN, *ONE_WAY])
def test_every_step_is_the_mean_of_the_networks(architecture):
    several, inputs = networks(architecture)
    how = {'architecture': architecture, 'with_weights': True}
    alone = [jitted_all(params, *inputs, **how) for params in several]
    logits_BTV, weights_BTT = jitted_all(together(several), *inputs, **how)
    expected_BTV = mean_by_hand([logits for logits, _ in alone])
    assert_allclose(logits_BTV, expected_BTV, atol=1e-5)
    assert np.abs(expected_BTV - np.mean([each for each, _ in alone], axis=0)).max() > 0.1
    if architecture.attention_kind or architecture.has_heads:
        assert_allclose(weights_BTT, np.mean([weights for _, weights in alone], axis=0), atol=1e-6)
    else:
        assert weights_BTT is None


@pytest.mark.parametrize('architecture', [BOTH_WAYS_ATTENTIVE, COUNTING])
def test_the_step_after_a_window_is_the_mean_of_the_networks(architecture):
    several, inputs = networks(architecture)
    alone = [jitted_last(params, *inputs, architecture)[0] for params in several]
    logits_BV, _ = jitted_last(together(several), *inputs, architecture)
    assert_allclose(logits_BV, mean_by_hand(alone), atol=1e-5)


@pytest.mark.parametrize('architecture', [PLAIN, ATTENTIVE, WHOLE])
def test_networks_that_are_alike_are_one(architecture):
    several, inputs = networks(architecture, num=1)
    expected_BTV, _ = jitted_all(*several, *inputs, architecture)
    logits_BTV, _ = jitted_all(together(several * 4), *inputs, architecture)
    assert_allclose(logits_BTV, jax.nn.log_softmax(expected_BTV), atol=1e-5)


@pytest.mark.parametrize('architecture', [PLAIN, *ONE_WAY, WHOLE])
def test_step_by_step_is_all_at_once(architecture):
    """Also with a memory that is shorter than what was read; each network goes on with a state of
    its own, and what follows from the tokens is kept once. For infilling the last steps are known.
    """
    several, (tokens_BT, positions_BT) = networks(architecture, num_steps=7)
    ensemble, memory_steps, known, told = together(several), 3, {}, None
    if architecture.infilling:
        known = {'future_BT': jnp.where(jnp.arange(7) < 4, 7, tokens_BT)}
        told = jitted_ahead(ensemble, *known.values(), positions_BT, architecture)
    logits_BTV, _ = jitted_all(
        ensemble, tokens_BT, positions_BT, architecture, memory_steps=memory_steps, **known
    )
    if known:
        unknown_BTV, _ = jitted_all(ensemble, tokens_BT, positions_BT, architecture)
        assert np.abs(logits_BTV - unknown_BTV).max() > 0.1
    carry = init_carry(architecture, len(tokens_BT), memory_steps, num_networks=NUM)
    for step in range(7):
        carry, logits_BV, _ = jitted_step(
            ensemble,
            carry,
            tokens_BT[:, step],
            positions_BT[:, step],
            architecture,
            ahead=jax.tree.map(operator.itemgetter(step), told),
        )
        assert_allclose(logits_BV, logits_BTV[:, step], atol=1e-5)
    alone = init_carry(architecture, len(tokens_BT), memory_steps)
    sizes = lambda tree: sum(leaf.size for leaf in jax.tree.leaves(tree))
    assert sizes(carry.body) == NUM * sizes(alone.body)
    assert sizes(carry.past) == sizes(alone.past)


def test_sliding_windows_are_windows_read_again(monkeypatch):
    """In blocks of two windows."""
    monkeypatch.setattr(sliding, 'ROWS', 4)
    several, (tokens_BT, _) = networks(PLAIN, num_steps=9)
    ensemble = together(several)
    windows = sliding.init_windows(PLAIN, len(tokens_BT), 5, NUM)
    how = {'architecture': PLAIN, 'window_steps': 5, 'num_windows': 5}
    slide = jax.jit(functools.partial(sliding.slide, position_B=None, **how))
    for end in range(1, 10):
        windows, logits_BV = slide(ensemble, windows, tokens_BT[:, end - 1])
        if end >= 5:
            expected_BV, _ = jitted_last(ensemble, tokens_BT[:, end - 5 : end], None, PLAIN)
            assert_allclose(logits_BV, expected_BV, atol=1e-5)


def test_probabilities_far_apart():
    """Of which one is too small for a float."""
    logits_RV = np.array([[0.0, -300.0, 0.0], [0.0, 0.0, -300.0]], np.float32)
    assert_allclose(np.exp(mean_logits(logits_RV)), [0.5, 0.25, 0.25], rtol=1e-6)
