"""Intervals stay inside the bounds of a measure, and are Student's t if the bounds are far away."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from symmusic.experiment.measures import MEASURES
from symmusic.experiment.statistics import mean_interval, welch
from symmusic.measures.bounds import AMOUNT, ANY, SHARE, SIMILARITY, Bounds, bounds_of

shares = st.floats(0, 1)
amounts = st.floats(0, 1e6)


@given(st.lists(shares, min_size=2, max_size=6))
def test_an_interval_of_shares_is_one_of_shares(values):
    found = mean_interval(values, SHARE)
    assert 0 <= found['low'] <= found['mean'] + 1e-12
    assert found['mean'] - 1e-12 <= found['high'] <= 1


@given(st.lists(amounts, min_size=2, max_size=6))
def test_an_interval_of_amounts_is_not_negative(values):
    found = mean_interval(values, AMOUNT)
    assert 0 <= found['low'] <= found['mean'] * (1 + 1e-12)
    assert found['mean'] * (1 - 1e-12) <= found['high'] < math.inf


@given(st.lists(shares, min_size=2, max_size=6), st.lists(shares, min_size=2, max_size=6))
def test_a_difference_of_shares_is_at_most_one(one, other):
    found = welch(one, other, SHARE)
    assert -1 <= found['low'] <= found['difference'] + 1e-12
    assert found['difference'] - 1e-12 <= found['high'] <= 1


def test_the_interval_that_was_impossible():
    """Two replicas of an overlap area: Student's t alone has [-0.877, 2.320]."""
    values = [0.7215 - 0.1258, 0.7215 + 0.1258]
    plain = mean_interval(values)
    assert (plain['low'], plain['high']) == pytest.approx((-0.877, 2.320), abs=1e-3)
    found = mean_interval(values, SHARE)
    assert 0 < found['low'] < 0.05
    assert 0.95 < found['high'] < 1


def test_by_hand():
    """Logit: log(0.8 / 0.2) = log 4, and a half width of 0.16 there is 0.16 / (0.8 * 0.2) = 1."""
    low, high = SHARE.around(0.8, 0.16)
    assert (low, high) == pytest.approx((4 / (4 + math.e), 4 * math.e / (1 + 4 * math.e)))
    assert AMOUNT.around(2.0, 2.0) == pytest.approx((2 / math.e, 2 * math.e))
    assert ANY.around(2.0, 3.0) == (-1, 5)
    assert SHARE.difference.around(-0.5, 0.7) == (-1, pytest.approx(0.2))
    assert Bounds(1, 5).around(4.2, 0.64) == pytest.approx(
        (1 + 4 * 4 / (4 + math.e), 1 + 16 * math.e / (1 + 4 * math.e))
    )


@pytest.mark.parametrize('bounds', [SHARE, AMOUNT, Bounds(1, 5)])
def test_all_replicas_at_the_bound(bounds):
    least = bounds.least
    assert mean_interval([least] * 4, bounds) == {'mean': least, 'low': least, 'high': least}
    assert bounds.around(least, 0.5)[0] == least


def test_similarities_may_be_negative():
    found = mean_interval([-0.4, -0.2, -0.3], SIMILARITY)
    assert found['low'] < -0.4 < found['high'] < 0
    assert SIMILARITY.around(0.9, 0.3) == (pytest.approx(0.6), 1)


def test_narrow_intervals_are_student_s():
    values = [0.701, 0.699, 0.702, 0.700]
    oracle = scipy.stats.t.interval(0.95, 3, np.mean(values), scipy.stats.sem(values))
    for bounds in (SHARE, AMOUNT):
        found = mean_interval(values, bounds)
        assert (found['low'], found['high']) == pytest.approx(oracle, abs=1e-5)


def test_coverage_of_a_share():
    """For eight replicas of a share near its bound the interval has about its nominal coverage."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(600):
        found = mean_interval(rng.beta(2, 10, 8), SHARE)
        held.append(found['low'] <= 2 / 12 <= found['high'])
    assert 0.91 < np.mean(held) < 0.985


def test_every_measure_of_an_experiment_has_bounds():
    for measure in MEASURES:
        assert bounds_of(measure) in (SHARE, AMOUNT, SIMILARITY)
    assert bounds_of('oa_PCH') == SHARE
    assert bounds_of('overall_kld') == AMOUNT
    with pytest.raises(KeyError):
        bounds_of('nonsense')
