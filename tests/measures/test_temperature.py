"""Calibration: the temperature at which predictions cost least, found on predictions whose best
temperature is known.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symmusic.measures.temperature import GRID, MARGIN, calibrate, cost, entropy, log_softmax

LOGITS = st.lists(st.floats(-20, 20), min_size=3, max_size=3).map(np.array)


@given(st.lists(LOGITS, min_size=1, max_size=4), st.sampled_from(GRID.tolist()))
def test_costs_are_those_of_the_softmax(rows, temperature):
    logits_KV = np.array(rows)
    shares_KV = np.exp(logits_KV / temperature - logits_KV.max() / temperature)
    shares_KV /= shares_KV.sum(axis=1, keepdims=True)
    labels_K = np.arange(len(rows)) % 3
    # a share of 0 has an infinite logarithm, which the logits know exactly
    known = shares_KV[np.arange(len(rows)), labels_K] > 1e-300
    expected_K = -np.log(np.maximum(shares_KV[np.arange(len(rows)), labels_K], 1e-300))
    assert_allclose(
        cost(logits_KV, labels_K, temperature)[known], expected_K[known], rtol=1e-6, atol=1e-9
    )
    assert_allclose(np.exp(log_softmax(logits_KV, temperature)).sum(axis=1), 1)
    logs_KV = np.log(np.maximum(shares_KV, 1e-300))
    assert_allclose(entropy(logits_KV, temperature), -(shares_KV * logs_KV).sum(axis=1), atol=1e-6)


@pytest.mark.parametrize('true', [0.6, 1.0, 1.4])
def test_the_temperature_of_the_data_is_found(true):
    """Labels drawn at a temperature are predicted best at it, and there as sure as right."""
    rng = np.random.default_rng(0)
    logits_KV = 2 * rng.standard_normal((40_000, 5))
    noise_KV = rng.gumbel(size=logits_KV.shape)
    labels_K = np.argmax(logits_KV / true + noise_KV, axis=1)
    found = calibrate(logits_KV, labels_K)
    assert found.temperature == pytest.approx(true, abs=0.05)
    assert found.at_best <= found.at_one
    assert found.num_steps == 40_000
    assert found.at_best == pytest.approx(entropy(logits_KV, true).mean(), abs=0.02)
    if true > 1:  # too sure at 1
        assert found.entropy < found.at_one - 0.05


@given(st.lists(st.tuples(LOGITS, st.integers(0, 2)), min_size=1, max_size=5))
def test_no_temperature_that_is_nearer_to_1_costs_as_little(rows):
    logits_KV, labels_K = np.array([row for row, _ in rows]), np.array([label for _, label in rows])
    found = calibrate(logits_KV, labels_K)
    costs = [cost(logits_KV, labels_K, temperature).mean() for temperature in GRID]
    least = min(costs)
    assert found.at_best == pytest.approx(costs[GRID.tolist().index(found.temperature)])
    assert found.at_best <= least + MARGIN + 1e-9
    nearer = np.abs(GRID - 1) < abs(found.temperature - 1) - 1e-9
    assert all(cost > least + MARGIN - 1e-9 for cost in np.array(costs)[nearer])
