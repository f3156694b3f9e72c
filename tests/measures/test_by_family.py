"""Means with intervals over families: by hand, and simulated coverage."""

import numpy as np
import pytest

from symmusic.measures.by_family import mean_by_family
from symmusic.measures.estimate import Estimate


def test_by_hand():
    """Two families: a resample is either one, or both."""
    values = np.array([[1.0, np.nan], [1.0, np.nan], [0.0, np.nan], [np.nan, np.nan]])
    found = mean_by_family(values, np.array([4, 4, 7, 7]), np.random.default_rng(0))
    assert found == [Estimate(pytest.approx(2 / 3), 0, 1), Estimate()]
    alone = mean_by_family(values[:2], np.array([4, 4]), np.random.default_rng(0))
    assert alone[0] == Estimate(1, None, None)


def test_copies_of_a_piece_are_no_further_evidence():
    values = np.random.default_rng(0).normal(size=(40, 1))
    one, many = (
        mean_by_family(
            np.repeat(values, num, axis=0),
            np.repeat(np.arange(40), num),
            np.random.default_rng(1),
        )[0]
        for num in (1, 9)
    )
    assert (many.value, many.low, many.high) == pytest.approx((one.value, one.low, one.high))


def test_intervals_hold_the_truth():
    """Families of 1 to 5 pieces that share half of their variance: of 200 intervals at least 90 %
    hold the mean.
    """
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        families = np.repeat(np.arange(60), rng.integers(1, 6, 60))
        values = rng.normal(size=60)[families] + rng.normal(size=len(families))
        found = mean_by_family(values[:, None], families, rng)[0]
        held += found.low <= 0 <= found.high
    assert held >= 180
