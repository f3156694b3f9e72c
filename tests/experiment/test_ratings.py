"""Ratings, compared with scipy and closed forms; undefined results are None; the intervals have
their nominal coverage.
"""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.experiment.ratings import (
    LEAST,
    MOST,
    by_experience,
    compare_ratings,
    crossed_intervals,
    paired,
    rate_pieces,
    rate_questions,
)

HALF = np.array([False, True] * 5)


def rated(seed, num_listeners=6, num_pieces=10):
    return np.random.default_rng(seed).integers(1, 6, (num_listeners, num_pieces))


@given(st.integers(0, 10**6), st.integers(2, 8))
@settings(max_examples=20)
def test_means_and_tests_are_scipy_s(seed, num_listeners):
    ratings = rated(seed, num_listeners)
    found = compare_ratings(ratings, HALF, 0)
    made, real = ratings[:, HALF], ratings[:, ~HALF]
    assert found['generated']['mean'] == pytest.approx(made.mean())
    assert found['training']['sd'] == pytest.approx(real.std(ddof=1))
    assert found['training']['count'] == real.size
    pairs = {
        'ratings': scipy.stats.ttest_ind(made.ravel(), real.ravel(), equal_var=False),
        'listeners': scipy.stats.ttest_rel(made.mean(axis=1), real.mean(axis=1)),
        'pieces': scipy.stats.ttest_ind(made.mean(axis=0), real.mean(axis=0), equal_var=False),
    }
    for name, expected in pairs.items():
        if np.isfinite(expected.pvalue):
            assert found['tests'][name]['p'] == pytest.approx(expected.pvalue)
            interval = expected.confidence_interval()
            possible = np.clip((interval.low, interval.high), LEAST - MOST, MOST - LEAST)
            assert (found['tests'][name]['low'], found['tests'][name]['high']) == pytest.approx(
                tuple(possible)
            )
    assert found['difference']['mean'] == pytest.approx(made.mean() - real.mean())


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_listeners_and_pieces_does_not_matter(seed, random):
    ratings = rated(seed)
    rows, columns = random.sample(range(6), 6), random.sample(range(10), 10)
    one = compare_ratings(ratings, HALF, 0)
    other = compare_ratings(ratings[rows][:, columns], HALF[columns], 0)
    assert one['tests']['pieces']['p'] == pytest.approx(other['tests']['pieces']['p'])
    assert one['generated']['mean'] == pytest.approx(other['generated']['mean'])
    # other resamples
    assert one['difference']['low'] == pytest.approx(other['difference']['low'], abs=0.15)


def test_the_interval_s_width_is_the_closed_form_s():
    """For ratings that are sums of a listener's and a piece's effect, a resampled mean has the
    variance of both means.
    """
    rng = np.random.default_rng(3)
    listeners, real, made = rng.normal(3, 1, 40), rng.normal(0, 0.5, 30), rng.normal(0, 0.8, 30)
    found = crossed_intervals(listeners[:, None] + real, listeners[:, None] + made, 0)
    of_listeners, of_real, of_made = listeners.var() / 40, real.var() / 30, made.var() / 30
    variances = {
        'training': (of_listeners + of_real, 29),
        'generated': (of_listeners + of_made, 29),
        'difference': (of_real + of_made, 39),
    }
    for name, (variance, freedom) in variances.items():
        width = found[name]['high'] - found[name]['low']
        assert width == pytest.approx(
            2 * scipy.stats.t.ppf(0.975, freedom) * math.sqrt(variance), rel=0.05
        )


@pytest.mark.parametrize(('num_listeners', 'noise'), [(8, 0.3), (3, 0.9)])
def test_the_interval_holds_for_other_listeners_and_pieces(num_listeners, noise):
    """It contains the difference at least as often as stated; an interval for independent ratings
    would not.
    """
    rng, held, naive, num = np.random.default_rng(0), 0, 0, 80
    made = np.repeat([False, True], 10)
    for _ in range(num):
        ratings = (
            3
            + rng.normal(0, 0.7, (num_listeners, 1))
            + rng.normal(0, 0.4, 20)
            + rng.normal(0, noise, (num_listeners, 20))
        )
        ratings += (rng.normal(0, 0.5, (num_listeners, 1)) - 0.5) * made
        found = compare_ratings(ratings, made, 1)
        held += found['difference']['low'] <= -0.5 <= found['difference']['high']
        naive += found['tests']['ratings']['low'] <= -0.5 <= found['tests']['ratings']['high']
    assert held >= 0.93 * num
    assert naive < 0.9 * num


def test_few_listeners_and_few_pieces():
    one = compare_ratings([[3, 4, 2, 5]], np.array([False, True, False, True]), 0)
    assert one['difference']['mean'] == 2
    assert {one[name]['low'] for name in ('training', 'generated', 'difference')} == {None}
    assert one['tests']['listeners'] == {'difference': 2, 'low': None, 'high': None, 'p': None}
    two = compare_ratings([[3, 4, 2, 5], [3, 5, 2, 5]], np.array([False, True, False, True]), 0)
    assert two['difference']['low'] < 2.25 < two['difference']['high'] <= 4
    assert 1 <= two['training']['low'] < two['training']['high'] <= 5
    one_piece = compare_ratings([[3, 4], [2, 5]], np.array([False, True]), 0)
    assert one_piece['training']['low'] is None
    assert one_piece['tests']['pieces']['p'] is None
    alike = compare_ratings(np.full((3, 4), 4), np.array([False, True, False, True]), 0)
    assert alike['difference'] == {'mean': 0, 'effect': None, 'low': 0, 'high': 0}
    assert alike['tests']['listeners']['p'] == 1
    single = compare_ratings([[3, 4]], np.array([False, True]), 0)
    assert single['training']['sd'] is None


def test_a_constant_difference_is_certain():
    assert paired([0.5, 0.5, 0.5])['p'] == 0
    assert paired([])['difference'] is None


def test_groups_and_pieces():
    ratings, experience = rated(1), np.array([1, 5, 1, 3, 5, 5])
    groups = by_experience(ratings, HALF, experience, 0)
    assert {level: group['num_listeners'] for level, group in groups.items()} == {
        '1': 2,
        '3': 1,
        '5': 3,
    }
    assert groups['3']['difference']['low'] is None
    assert groups['5']['training']['mean'] == pytest.approx(
        ratings[experience == 5][:, ~HALF].mean()
    )
    found = rate_questions({'rhythm': ratings}, HALF, experience, 0)['rhythm']
    assert sum(found['counts']['generated']) == 30
    assert found['counts']['training'][0] == int((ratings[:, ~HALF] == 1).sum())
    assert found['published']['training'] == 4.227
    assert rate_pieces({'rhythm': ratings})[3]['rhythm']['mean'] == pytest.approx(
        ratings[:, 3].mean()
    )
