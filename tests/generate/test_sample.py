"""Drawing tokens: greedy, cut-offs, frequencies, keys, and the stateful form, compared with reading
the whole history again.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Rule, restrict, sample
from symmusic.model.model import Architecture, apply_all, apply_last, init_params

PLAIN = Architecture(7, num_layers=1, num_cells=4, num_positions=16)
ATTENTIVE = dataclasses.replace(PLAIN, attention='bahdanau', attention_size=3)
BOTH_WAYS = dataclasses.replace(ATTENTIVE, bidirectional=True)
BLANKS = dataclasses.replace(PLAIN, lookback=(1, 8), padding=7)
TRANSFORMER = dataclasses.replace(BLANKS, num_layers=2, kind='transformer', num_heads=2)
HYBRID = dataclasses.replace(PLAIN, kind='hybrid', num_heads=1)
# a model that ignores its input has these probabilities
BIAS = np.log([0.05, 0.3, 0.1, 0.2, 0.02, 0.25, 0.08])
PROMPT = np.array([[2, 0, 3, 0, 5, 1], [4, 0, 0, 6, 0, 2]])
POSITIONS = np.array([[0, 1, 2, 3, 4, 5], [13, 14, 15, 0, 1, 2]])


def known_params(bias=BIAS):
    """Parameters of PLAIN whose logits are `bias` for any input."""
    zeros = jax.tree.map(jnp.zeros_like, random_params(PLAIN))
    return {**zeros, 'head': {**zeros['head'], 'bias': jnp.asarray(bias, jnp.float32)}}


@functools.cache
def random_params(architecture, seed=0):
    """Parameters large enough for the history to matter."""
    return jax.tree.map(
        lambda leaf: 4 * leaf,
        jax.jit(init_params, static_argnums=1)(jax.random.key(seed), architecture),
    )


def draw(
    params,
    keys_B,
    architecture=PLAIN,
    prompt=PROMPT,
    positions=POSITIONS,
    num_steps=9,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    keep=False,
    memory_steps=8,
    window_steps=None,
):
    prompt, positions = (
        jnp.broadcast_to(jnp.asarray(rows)[: len(keys_B)], (len(keys_B), len(rows[0])))
        for rows in (prompt, positions)
    )
    reader = make_reader(
        params, architecture, num_steps, memory_steps=memory_steps, window_steps=window_steps
    )
    rule = Rule(temperature, top_k, top_p)
    drawn = sample(reader, prompt, positions, keys_B, rule, num_steps=num_steps, keep=keep)
    return jax.tree.map(np.array, drawn)


def keys(num, seed=0):
    return jax.random.split(jax.random.key(seed), num)


def softmax(logits):
    return np.exp(logits - logits.max(-1, keepdims=True)) / np.exp(
        logits - logits.max(-1, keepdims=True)
    ).sum(-1, keepdims=True)


jitted_restrict = jax.jit(restrict)
jitted_all = jax.jit(apply_all, static_argnames=('architecture', 'memory_steps', 'with_weights'))
jitted_last = jax.jit(apply_last, static_argnames='architecture')


def restricted(logits, temperature=1.0, top_k=0, top_p=1.0):
    return np.array(
        jitted_restrict(jnp.asarray(logits, jnp.float32)[None], temperature, top_k, top_p)[0]
    )


def test_restrict_by_hand():
    """Classes by likelihood: 1 (0.3), 5 (0.25), 3 (0.2), 2 (0.1), 6 (0.08), 0 (0.05), 4 (0.02)."""

    def kept(**how):
        return np.flatnonzero(np.isfinite(restricted(BIAS, **how))).tolist()

    assert kept() == [0, 1, 2, 3, 4, 5, 6]
    assert kept(top_k=1) == [1]
    assert kept(top_k=3) == [1, 3, 5]
    assert kept(top_k=100) == [0, 1, 2, 3, 4, 5, 6]
    assert kept(top_p=0.29) == [1]
    assert kept(top_p=0.31) == [1, 5]
    assert kept(top_p=0.7) == [1, 3, 5]  # 0.3 + 0.25 = 0.55 is too little
    assert kept(top_p=1e-6) == [1]
    # top_p counts within what top_k left: 0.3 / 0.75 = 0.4 of the three.
    assert kept(top_k=3, top_p=0.39) == [1]
    assert kept(top_k=3, top_p=0.45) == [1, 5]
    # And after the temperature: at 0.5 the probabilities are as 0.09 : 0.0625 : 0.04 ..., so class
    # 1 alone holds 0.42.
    assert kept(temperature=0.5, top_p=0.4) == [1]
    assert kept(top_p=0.4) == [1, 5]
    assert kept(temperature=0.0) == [1]
    assert kept(temperature=0.0, top_k=3, top_p=0.9) == [1]


def test_restrict_takes_the_first_in_a_tie():
    assert np.flatnonzero(
        np.isfinite(restricted([0.0, 1.0, 1.0, 0.5], temperature=0.0))
    ).tolist() == [1]
    assert np.flatnonzero(np.isfinite(restricted([1.0, 0.0, 1.0, 1.0], top_k=2))).tolist() == [0, 2]


LOGITS = st.lists(st.integers(-40, 40).map(lambda n: n / 8), min_size=7, max_size=7, unique=True)


@settings(deadline=None, max_examples=100)
@given(
    logits=LOGITS, temperature=st.floats(0.1, 5), top_k=st.integers(0, 9), top_p=st.floats(0.01, 1)
)
def test_restrict_keeps_the_fewest_likeliest_that_hold_enough(logits, temperature, top_k, top_p):
    kept = np.isfinite(restricted(logits, temperature, top_k, top_p))
    logits = np.array(logits)
    assert_allclose(
        restricted(logits, temperature, top_k, top_p)[kept], logits[kept] / temperature, rtol=1e-5
    )
    candidates = logits >= np.sort(logits)[-top_k if 0 < top_k < 7 else 0]
    assert not (kept & ~candidates).any()
    probabilities = softmax(np.where(candidates, logits / temperature, -np.inf))
    assert kept.any()
    assert not candidates[~kept].any() or logits[kept].min() > logits[~kept & candidates].max()
    assert probabilities[kept].sum() >= top_p - 1e-5
    # without the least likely one they hold too little
    fewer = kept & (logits > logits[kept].min())
    assert not fewer.any() or probabilities[fewer].sum() < top_p + 1e-5


@settings(deadline=None, max_examples=30)
@given(logits=LOGITS)
def test_temperature_to_zero_approaches_greedy(logits):
    """The share of the likeliest class grows to one as the temperature falls; at 0 it is one."""
    likeliest = int(np.argmax(logits))
    shares = [
        softmax(restricted(logits, temperature))[likeliest]
        for temperature in (4.0, 1.0, 0.25, 0.05, 0.005, 0.0)
    ]
    assert (np.diff(shares) >= -1e-6).all()
    assert shares[-2] > 1 - 1e-6
    assert shares[-1] == 1


@pytest.mark.parametrize('window_steps', [None, 4])
def test_greedy_is_argmax_of_each_step(window_steps):
    params = random_params(PLAIN)
    drawn = draw(params, keys(2), temperature=0.0, window_steps=window_steps, keep=True)
    other = draw(params, keys(2, seed=9), temperature=0.0, window_steps=window_steps, keep=True)
    assert_array_equal(drawn.tokens_BN, other.tokens_BN)  # no key matters
    tokens = np.concatenate([PROMPT, drawn.tokens_BN], axis=1)
    positions = (POSITIONS[:, :1] + np.arange(15)) % 16
    if window_steps is None:
        likeliest = np.argmax(jitted_all(params, tokens, positions, PLAIN)[0], axis=2)[:, 5:-1]
    else:
        windows = [(tokens[:, end - 4 : end], positions[:, end - 4 : end]) for end in range(6, 15)]
        likeliest = np.stack(
            [np.argmax(jitted_last(params, *window, PLAIN)[0], axis=1) for window in windows],
            axis=1,
        )
    assert_array_equal(drawn.tokens_BN, likeliest)
    assert len(np.unique(drawn.tokens_BN)) > 1  # otherwise a constant would pass
    assert_array_equal(
        draw(params, keys(2), temperature=1e-4, window_steps=window_steps, keep=True).tokens_BN,
        drawn.tokens_BN,
    )


@pytest.mark.parametrize(
    ('temperature', 'top_k', 'top_p'), [(1.0, 0, 1.0), (0.5, 0, 1.0), (2.0, 4, 1.0), (1.0, 0, 0.8)]
)
def test_frequencies_are_the_softmax(temperature, top_k, top_p):
    """Chi-square over 8,000 draws of one seed; classes that are cut off are never drawn."""
    drawn = draw(
        known_params(),
        keys(200, seed=1),
        num_steps=40,
        prompt=PROMPT[:1],
        positions=POSITIONS[:1],
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
    )
    probabilities = np.exp(BIAS / temperature)
    order = np.argsort(-BIAS)
    if top_k:
        probabilities[order[top_k:]] = 0
    if top_p < 1:
        probabilities[order[4:]] = 0  # 0.3 + 0.25 + 0.2 = 0.75, with 0.1 more it is enough
    probabilities /= probabilities.sum()
    counts = np.bincount(drawn.tokens_BN.ravel(), minlength=7)
    assert counts[probabilities == 0].sum() == 0
    likely = probabilities > 0
    assert scipy.stats.chisquare(counts[likely], 8000 * probabilities[likely]).pvalue > 0.01
    # The draws of a piece are independent of one another: pairs in a row are as frequent as their
    # product.
    pairs = np.zeros((7, 7))
    np.add.at(pairs, (drawn.tokens_BN[:, :-1].ravel(), drawn.tokens_BN[:, 1:].ravel()), 1)
    assert scipy.stats.chi2_contingency(pairs[likely][:, likely]).pvalue > 0.01
    # The model's own log-probability, whatever was cut off.
    assert_allclose(drawn.log_probabilities_BN, BIAS[drawn.tokens_BN], rtol=1e-4)


@pytest.mark.parametrize('window_steps', [None, 4])
def test_a_piece_depends_on_its_own_key_alone(window_steps):
    params = random_params(PLAIN)
    same_prompt = {
        'prompt': np.repeat(PROMPT[:1], 3, axis=0),
        'positions': np.repeat(POSITIONS[:1], 3, axis=0),
    }
    three = draw(params, keys(8)[:3], **same_prompt, window_steps=window_steps)
    other = draw(params, keys(8)[jnp.array([2, 5, 0])], **same_prompt, window_steps=window_steps)
    assert_array_equal(three.tokens_BN[[0, 2]], other.tokens_BN[[2, 0]])
    assert len(np.unique(np.concatenate([three.tokens_BN, other.tokens_BN]), axis=0)) == 4
    again = draw(params, keys(8)[:3], **same_prompt, window_steps=window_steps)
    assert_array_equal(three.log_probabilities_BN, again.log_probabilities_BN)


@pytest.mark.parametrize(
    ('architecture', 'memory_steps'),
    [
        (PLAIN, 1),
        (ATTENTIVE, 50),
        (ATTENTIVE, 4),
        (BLANKS, 1),
        (TRANSFORMER, 50),
        (TRANSFORMER, 4),
        (HYBRID, 4),
    ],
    ids=['none', 'long', 'short', 'blanks', 'transformer', 'short transformer', 'hybrid'],
)
def test_stateful_form_equals_reading_the_history_again(architecture, memory_steps):
    """The probabilities of every step, with histories shorter and longer than the memory, and
    starting anywhere in the bar.
    """
    params = random_params(architecture)
    drawn = draw(params, keys(2, seed=3), architecture, memory_steps=memory_steps, keep=True)
    tokens = np.concatenate([PROMPT, drawn.tokens_BN], axis=1)
    positions = (POSITIONS[:, :1] + np.arange(tokens.shape[1])) % 16
    logits, weights = jitted_all(
        params, tokens, positions, architecture, memory_steps=memory_steps, with_weights=True
    )
    assert_allclose(drawn.probabilities_BNV, softmax(np.array(logits))[:, 5:-1], atol=2e-6)
    expected = np.take_along_axis(
        np.log(softmax(np.array(logits)))[:, :-1], tokens[:, 1:, None], axis=2
    )[:, 5:, 0]
    assert_allclose(drawn.log_probabilities_BN, expected, atol=2e-5)
    if architecture in (ATTENTIVE, TRANSFORMER, HYBRID):
        for step in range(9):
            seen = np.array(weights)[:, step + 5, : step + 6][:, -memory_steps:]
            assert_allclose(drawn.weights_BNT[:, step, -seen.shape[1] :], seen, atol=2e-6)
    else:
        assert drawn.weights_BNT is None
    if memory_steps > 2:
        short, _ = jitted_all(params, tokens, positions, architecture, memory_steps=2)
        # the memory's length matters here
        assert np.abs(softmax(np.array(short))[:, 5:-1] - drawn.probabilities_BNV).max() > 1e-3


@pytest.mark.parametrize(
    'architecture',
    [PLAIN, BOTH_WAYS, BLANKS, TRANSFORMER],
    ids=['lstm', 'bidirectional', 'blanks', 'transformer'],
)
@pytest.mark.parametrize('window_steps', [4, 9])
def test_window_form_is_a_loop_over_apply_last(architecture, window_steps):
    """A prompt shorter than the window is padded on the left with class 0 or the blank, and bars go
    on counting into the padding.

    window 9, prompt a b c d e f at 13 14 15 0 1 2:   0 0 0 a b c d e f   at 10 11 12 13 14 15 0 1 2
    """
    params = random_params(architecture)
    drawn = draw(params, keys(2, seed=4), architecture, window_steps=window_steps, keep=True)
    tokens = np.concatenate(
        [np.full((2, 3), architecture.padding), PROMPT, drawn.tokens_BN], axis=1
    )
    for step in range(9):
        end = 9 + step
        positions = (POSITIONS[:, :1] + np.arange(end - window_steps, end) - 3) % 16
        logits, weights = jitted_last(
            params, tokens[:, end - window_steps : end], positions, architecture
        )
        assert_allclose(drawn.probabilities_BNV[:, step], softmax(np.array(logits)), atol=2e-6)
        if weights is not None:
            assert_allclose(drawn.weights_BNT[:, step], weights, atol=2e-6)


def test_distributions_are_kept_on_request_alone():
    drawn = draw(random_params(ATTENTIVE), keys(2), ATTENTIVE, memory_steps=4)
    assert drawn.probabilities_BNV is None
    assert drawn.weights_BNT is None
    kept = draw(
        random_params(ATTENTIVE),
        keys(2),
        ATTENTIVE,
        memory_steps=4,
        keep=True,
        temperature=0.7,
        top_k=3,
    )
    plain = draw(
        random_params(ATTENTIVE), keys(2), ATTENTIVE, memory_steps=4, temperature=0.7, top_k=3
    )
    assert_array_equal(kept.tokens_BN, plain.tokens_BN)
    assert_array_equal((kept.probabilities_BNV > 0).sum(-1), np.full((2, 9), 3))
    assert_allclose(kept.probabilities_BNV.sum(-1), 1, rtol=1e-5)
    assert (np.take_along_axis(kept.probabilities_BNV, kept.tokens_BN[..., None], axis=2) > 0).all()


def test_top_p_of_1_cuts_nothing_off():
    """Also where the sum of the likelier ones rounds to 1 in float32."""
    logits_BV = jnp.array([[0.0, -1.0, -17.5, -18.0, -18.5]])
    assert_array_equal(restrict(logits_BV, 1.0, 0, 1.0), logits_BV)
