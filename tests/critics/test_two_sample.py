"""Maximum mean discrepancy: against its definition, 0 for equal distributions, and a valid test."""

import itertools

import numpy as np
import pytest

from symmusic.critics.two_sample import discrepancy, feature_distances, squared_distances
from symmusic.measures.features import FEATURES
from tests.measures.test_comparison import random_pieces


def rng(seed=0):
    return np.random.default_rng(seed)


def test_distances_by_definition():
    values = rng().normal(size=(6, 3))
    expected = ((values[:, None] - values) ** 2).sum(axis=2)
    assert squared_distances(values) == pytest.approx(expected, abs=1e-9)


def test_features_have_equal_weight_whatever_their_scale_and_size():
    """Each feature alone gives mean squared distance 1; an undefined one is the mean."""
    pieces = random_pieces(12, 0)
    rows = [{name: pieces.features[name][row] for name in FEATURES} for row in range(12)]
    scaled = [row | {'PR': 1000 * row['PR']} for row in rows]
    assert feature_distances(rows) == pytest.approx(feature_distances(scaled))
    assert feature_distances(rows).mean() == pytest.approx(len(FEATURES))
    mean = np.mean([row['PR'] for row in rows[1:]])
    unknown = [rows[0] | {'PR': np.nan}, *rows[1:]]
    assert feature_distances(unknown) == pytest.approx(
        feature_distances([rows[0] | {'PR': mean}, *rows[1:]])
    )


def test_the_estimate_by_its_definition():
    """A double sum over the pairs of different families in the same group."""
    families, groups = np.array([0, 0, 1, 2, 3, 3]), np.array([0, 0, 0, 0, 1, 1])
    groups[3] = 1
    pool = rng().normal(size=(12, 2))
    squared = squared_distances(pool)
    total = num = 0
    for group in (0, 1):
        rows = [row for row in range(6) if groups[row] == group]
        own = [*rows, *(row + 6 for row in rows)]
        width = np.median([squared[a, b] for a, b in itertools.combinations(own, 2)])
        kernel = np.exp(-squared / (2 * width))
        for a, b in itertools.product(rows, rows):
            if families[a] != families[b]:
                total += kernel[a, b] + kernel[a + 6, b + 6] - kernel[a, b + 6] - kernel[a + 6, b]
                num += 1
    found = discrepancy(squared, families, rng(), groups)
    assert found.squared_mmd == pytest.approx(total / num)


def test_sets_that_differ_are_told_and_equal_ones_are_not():
    """Pieces of a family share most of their variance: p is uniform all the same where the sets
    have one distribution, and the estimate is 0 on average.
    """
    families = np.repeat(np.arange(20), 3)
    found = []
    for seed in range(60):
        draw = rng(seed)
        shared = draw.normal(size=(2, 20, 2))[:, families]
        pool = (2 * shared + draw.normal(size=(2, 60, 2))).reshape(120, 2)
        found.append(discrepancy(squared_distances(pool), families, draw))
    values, p = np.array([(each.squared_mmd, each.p) for each in found]).T
    assert abs(values.mean()) < 2.5 * values.std() / len(values) ** 0.5
    assert (p < 0.1).mean() < 0.25
    assert 0.35 < p.mean() < 0.65
    pool[60:] += 3
    told = discrepancy(squared_distances(pool), families, rng())
    assert (told.squared_mmd > 0.1, told.p) == (True, 0.001)


def test_constant_sets_have_none():
    found = discrepancy(np.zeros((8, 8)), np.arange(4), rng())
    assert (found.squared_mmd, found.p) == (0, 1)
