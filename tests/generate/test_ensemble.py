"""What an ensemble draws: the mean of the probabilities of its networks, and from it all else."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from symmusic.generate.given import continuation_logits
from symmusic.model.ensemble import Ensemble
from symmusic.model.model import apply_all, apply_last
from tests.generate.test_sample import (
    ATTENTIVE,
    BLANKS,
    BOTH_WAYS,
    PLAIN,
    draw,
    keys,
    known_params,
    random_params,
)
from tests.generate.toy import manner

# probabilities of two networks that ignore their input, so far apart that no mean of their logits
# is the mean of these
ONE = np.array([0.6, 0.2, 0.1, 0.04, 0.03, 0.02, 0.01])
OTHER = np.array([0.02, 0.03, 0.05, 0.1, 0.1, 0.2, 0.5])
NUM = 4000


def together(*several):
    return Ensemble(jax.tree.map(lambda *leaves: jnp.stack(leaves), *several))


def known(*shares):
    return together(*(known_params(np.log(each)) for each in shares))


def frequencies(params, **how):
    drawn = draw(params, keys(NUM, 3), prompt=[[2, 0]], positions=[[0, 1]], num_steps=1, **how)
    return drawn, np.bincount(drawn.tokens_BN[:, 0], minlength=7)


def test_the_mean_of_the_networks_is_drawn_from():
    mean = (ONE + OTHER) / 2
    drawn, counts = frequencies(known(ONE, OTHER))
    assert scipy.stats.chisquare(counts, NUM * mean).pvalue > 0.01
    between = np.sqrt(ONE * OTHER) / np.sqrt(ONE * OTHER).sum()  # the mean of the logits
    for wrong in (ONE, OTHER, between):
        assert scipy.stats.chisquare(counts, NUM * wrong).pvalue < 1e-6
    assert_allclose(
        drawn.log_probabilities_BN[:, 0], np.log(mean)[drawn.tokens_BN[:, 0]], atol=1e-5
    )


def test_the_temperature_applies_to_the_mean():
    mean = (ONE + OTHER) / 2
    cold = mean**2 / (mean**2).sum()
    _, counts = frequencies(known(ONE, OTHER), temperature=0.5)
    assert scipy.stats.chisquare(counts, NUM * cold).pvalue > 0.01
    apart = sum(each**2 / (each**2).sum() for each in (ONE, OTHER)) / 2
    assert scipy.stats.chisquare(counts, NUM * apart).pvalue < 1e-6


def test_the_likeliest_are_those_of_the_mean():
    """Class 0 of the first network, 6 of the second; both of the mean."""
    _, counts = frequencies(known(ONE, OTHER), top_k=2)
    assert np.flatnonzero(counts).tolist() == [0, 6]
    assert scipy.stats.chisquare(counts[[0, 6]], NUM * np.array([31, 25.5]) / 56.5).pvalue > 0.01
    _, counts = frequencies(known(ONE, OTHER), temperature=0.0)
    assert counts[0] == NUM


@pytest.mark.parametrize('architecture', [ATTENTIVE, BLANKS])
def test_the_carried_state_is_that_of_the_whole_read_again(architecture):
    ensemble = together(*(random_params(architecture, seed) for seed in range(3)))
    drawn = draw(ensemble, keys(2), architecture, memory_steps=20, keep=True)
    prompt = np.array([[2, 0, 3, 0, 5, 1], [4, 0, 0, 6, 0, 2]])
    tokens_BT = np.concatenate([prompt, drawn.tokens_BN], axis=1)[:, :-1]
    positions_BT = (np.array([[0], [13]]) + np.arange(tokens_BT.shape[1])) % 16
    logits_BTV, _ = jax.jit(apply_all, static_argnums=3)(
        ensemble, tokens_BT, positions_BT, architecture
    )
    assert_allclose(
        drawn.probabilities_BNV, jax.nn.softmax(logits_BTV[:, prompt.shape[1] - 1 :]), atol=1e-5
    )


@pytest.mark.parametrize('architecture', [PLAIN, BOTH_WAYS])
def test_windows_are_read_as_each_alone(architecture):
    """At once where they slide (`PLAIN`), one after another where not."""
    ensemble = together(*(random_params(architecture, seed) for seed in range(2)))
    tokens = np.random.default_rng(0).integers(0, 7, (3, 24))
    logits = continuation_logits(ensemble, architecture, tokens, 16, manner(window_steps=6))
    read = jax.jit(functools.partial(apply_last, architecture=architecture))
    for step in (16, 23):
        window = jnp.asarray(tokens[:, step - 6 : step], jnp.int32)
        positions = jnp.broadcast_to(jnp.arange(step - 6, step) % 16, window.shape)
        assert_allclose(logits[:, step - 16], read(ensemble, window, positions)[0], atol=1e-4)


def test_a_network_alone_draws_as_copies_of_it():
    params = random_params(ATTENTIVE)
    one = draw(params, keys(2), ATTENTIVE, keep=True)
    copies = draw(together(params, params), keys(2), ATTENTIVE, keep=True)
    assert dataclasses.asdict(one).keys() == dataclasses.asdict(copies).keys()
    assert_allclose(copies.probabilities_BNV, one.probabilities_BNV, atol=1e-5)
    assert_allclose(copies.weights_BNT, one.weights_BNT, atol=1e-5)
