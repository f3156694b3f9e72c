"""The mixture by its formula, and its weights compared with those that generated the data."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from symmusic.measures.counting import fitting
from symmusic.measures.counting.fitting import SUM, Chunk, Problem, fit_mixture
from symmusic.measures.counting.mixture import NUM_COUNTS, Mixture, Predictions, count_class


def random_predictions(num_steps=300, num_models=3, num_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(num_classes), (num_steps, num_models))
    return Predictions(
        np.log(shares).astype(np.float32),
        rng.integers(0, NUM_COUNTS, (num_steps, num_models)).astype(np.uint8),
        rng.integers(0, 8, (num_steps, 4)),
    )


def random_mixture(num_models=3, seed=1):
    rng = np.random.default_rng(seed)
    return Mixture(
        rng.normal(0.4, 0.3, (NUM_COUNTS, num_models)), rng.normal(0, 0.2, (4, 8, num_models))
    )


def draw(logs_LV, seed=2):
    noise = np.random.default_rng(seed).gumbel(size=logs_LV.shape)
    return (logs_LV + noise).argmax(axis=1)


def test_one_step_by_hand():
    """Weights 2 + 0.5 and 1 + 0: p(w) ~ p1(w)^2.5 p2(w)."""
    shares = np.array([[[0.2, 0.8], [0.6, 0.4]]])
    by_count, by_agreement = np.zeros((NUM_COUNTS, 2)), np.zeros((4, 8, 2))
    by_count[3, 0], by_count[0, 1], by_agreement[2, 5, 0] = 2, 1, 0.5
    predictions = Predictions(
        np.log(shares).astype(np.float32), np.array([[3, 0]]), np.array([[1, 1, 5, 1]])
    )
    mixture = Mixture(by_count, by_agreement)
    assert_allclose(mixture.weights(predictions), [[2.5, 1]])
    raw = np.array([0.2**2.5 * 0.6, 0.8**2.5 * 0.4])
    assert_allclose(np.exp(mixture.mix(predictions)), [raw / raw.sum()], rtol=1e-5)


def test_probabilities_sum_to_one():
    found = np.exp(random_mixture().mix(random_predictions()))
    assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_classes_of_counts():
    assert count_class(np.array([0, 1, 2, 3, 4, 15, 16, 63, 64, 9999])).tolist() == [
        *(0, 1, 2, 2, 3, 3, 4, 4, 5, 5)
    ]


def test_slopes_are_the_differences_of_the_loss():
    predictions, mixture = random_predictions(40), random_mixture()
    labels = draw(mixture.mix(predictions))
    chunk = Chunk.of(predictions, labels)
    whole, slopes = chunk.slopes(mixture)
    expected = -mixture.mix(predictions)[np.arange(len(labels)), labels].sum()
    assert whole == pytest.approx(expected, rel=1e-5)

    def loss(**parts):
        return chunk.slopes(dataclasses.replace(mixture, **parts))[0]

    step = 0.01
    for place in ((0, 0), (5, 2)):
        move = np.zeros_like(mixture.by_count)
        move[place] = step
        rise = loss(by_count=mixture.by_count + move) - loss(by_count=mixture.by_count - move)
        assert rise / (2 * step) == pytest.approx(slopes[:NUM_COUNTS][place], abs=5e-3)
    by_agreement = slopes[NUM_COUNTS:].reshape(mixture.by_agreement.shape)
    for place in ((0, 0, 0), (3, 7, 2)):
        move = np.zeros_like(mixture.by_agreement)
        move[place] = step
        rise = loss(by_agreement=mixture.by_agreement + move) - loss(
            by_agreement=mixture.by_agreement - move
        )
        assert rise / (2 * step) == pytest.approx(by_agreement[place], abs=5e-3)


def test_curvature_is_the_differences_of_the_slopes():
    """In random directions, over several chunks of steps that each count for three."""
    predictions, mixture = random_predictions(1100), random_mixture()
    labels = draw(mixture.mix(predictions))
    parts = np.concatenate([mixture.by_count.ravel(), mixture.by_agreement.ravel()])
    problem = Problem.of(predictions, labels, np.zeros(len(parts)), share=3)
    curvature = problem.curvature(parts)
    assert_allclose(curvature, curvature.T, rtol=1e-4, atol=1e-3)
    for seed in range(3):
        move = 0.01 * np.random.default_rng(seed).normal(size=len(parts))
        rise = problem.slopes(parts + move)[1] - problem.slopes(parts - move)[1]
        assert_allclose(rise / 2, curvature @ move, atol=0.005 * np.abs(rise).max())


def test_the_first_solution_does_not_matter(monkeypatch):
    """Whether a quarter of the steps or all of them give it, the weights are the same."""
    predictions = random_predictions(20_000)
    labels = draw(predictions.logs_LKV[:, 0])
    found = []
    for least in (4000, 20_000):
        monkeypatch.setattr(fitting, 'LEAST', least)
        found.append(fit_mixture(predictions, labels).weights(predictions))
    assert_allclose(*found, atol=0.002)


def test_the_weights_that_generated_the_labels_are_found():
    """One model is right, two are noise: from 20,000 labels the fit finds which, with the same loss
    as the truth.
    """
    predictions = random_predictions(20_000)
    labels = draw(predictions.logs_LKV[:, 0])
    fitted = fit_mixture(predictions, labels)
    weights = fitted.weights(predictions).mean(axis=0)
    assert_allclose(weights, [1, 0, 0], atol=0.05)
    steps = np.arange(len(labels))
    own = -predictions.logs_LKV[steps, 0, labels].mean()
    assert -fitted.mix(predictions)[steps, labels].mean() == pytest.approx(own, abs=0.005)


def test_little_data_leaves_the_weights_at_their_start():
    predictions = random_predictions(1)
    weights = fit_mixture(predictions, np.array([0])).weights(predictions)
    assert_allclose(weights, SUM / 3, atol=0.3)
    equal = dataclasses.replace(predictions, logs_LKV=np.full((1, 3, 4), np.log(0.25), np.float32))
    assert_allclose(fit_mixture(equal, np.array([0])).weights(equal), SUM / 3, atol=1e-6)


def test_another_model_s_predictions_join():
    predictions = random_predictions(5, num_models=2)
    other = random_predictions(5, num_models=1, seed=9).logs_LKV[:, 0]
    joined = predictions.beside(other)
    assert_allclose(joined.logs_LKV[:, 2], other)
    assert joined.counted_LK[:, 2].tolist() == [0] * 5
    assert len(joined) == len(predictions) == 5
