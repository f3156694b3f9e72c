"""Sampling with agreement, the last notes, recall and the scores that go by them: each form reads
what the whole sequence, or window, gives.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Rule, sample
from symmusic.model.model import apply_all, apply_last
from tests.generate.test_sample import ATTENTIVE, random_params, softmax

ONE_WAY = dataclasses.replace(
    ATTENTIVE,
    bars=(4, 3),
    num_positions=4,
    lookback=(1, 2),
    agreement=True,
    last_notes=(2, 60),
    recall_steps=16,
    copying=True,
    relative=True,
)
GAPS = dataclasses.replace(ONE_WAY, attention='none', bidirectional=True, infilling=True)
BOTH_WAYS = dataclasses.replace(ONE_WAY, bidirectional=True)
NUM_NEW = 6
# bars of 4 and of 3 steps; the first prompt starts with a bar of padding
PROMPT = np.array([[0, 0, 0, 0, 2, 0, 3, 0, 2, 0], [1, 0, 4, 1, 0, 4, 1, 0, 5, 1]])
PLACES = np.array([[0, 1, 2, 3] * 4, [4, 5, 6] * 5 + [4]])
read = jax.jit(apply_all, static_argnames='architecture')
read_last = jax.jit(apply_last, static_argnames='architecture')


def draw(architecture, **how):
    """The tokens with their prompts, and the distribution of each."""
    params = random_params(architecture)
    reader = make_reader(params, architecture, NUM_NEW, memory_steps=16, **how)
    keys_B = jax.random.split(jax.random.key(5), 2)
    places = jnp.asarray(PLACES[:, : PROMPT.shape[1]])
    inputs = jnp.asarray(PROMPT), places, keys_B, Rule()
    drawn = sample(reader, *inputs, num_steps=NUM_NEW, keep=True)
    tokens = np.concatenate([PROMPT, np.array(drawn.tokens_BN)], axis=1)
    return params, tokens, np.array(drawn.probabilities_BNV)


@pytest.mark.parametrize('architecture', [ONE_WAY, GAPS], ids=['one way', 'gaps'])
def test_carrying_the_state(architecture):
    known_BN = np.array([[7, 7, 7, 7, 2, 3], [7, 7, 7, 7, 4, 0]])
    how, future, num_free = {}, {}, NUM_NEW
    if architecture.infilling:
        how, num_free = {'future_BN': jnp.asarray(known_BN)}, 4
        future = {'future_BT': np.concatenate([np.full((2, 9), 7), known_BN], axis=1)}
    params, tokens, shares_BNV = draw(architecture, **how)
    logits, _ = read(params, tokens[:, :-1], PLACES[:, :-1], architecture=architecture, **future)
    expected = softmax(np.array(logits))[:, 9:][:, :num_free]
    assert_allclose(shares_BNV[:, :num_free], expected, atol=2e-6)


@pytest.mark.parametrize(
    'architecture',
    [pytest.param(ONE_WAY, marks=pytest.mark.slow), BOTH_WAYS],
    ids=['one way', 'both ways'],
)
def test_reading_windows(architecture):
    """Each window counts from its own first event on."""
    params, tokens, shares_BNV = draw(architecture, window_steps=8)
    for step in range(NUM_NEW):
        window = np.s_[:, 2 + step : 10 + step]
        logits, _ = read_last(params, tokens[window], PLACES[window], architecture=architecture)
        assert_allclose(shares_BNV[:, step], softmax(np.array(logits)), atol=2e-6)
