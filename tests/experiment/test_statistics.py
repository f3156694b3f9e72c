"""Intervals and tests, compared with scipy and closed forms, and verdicts on claims."""

import fractions
import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from symmusic.experiment import statistics
from symmusic.measures.bounds import AMOUNT

numbers = st.floats(-100, 100).map(lambda value: round(value, 3))
samples = st.lists(numbers, min_size=2, max_size=9)


def varied(values):
    return np.std(values) > 1e-6


@given(samples.filter(varied))
def test_mean_interval_is_student_s(values):
    found = statistics.mean_interval(values)
    low, high = scipy.stats.t.interval(
        0.95, len(values) - 1, np.mean(values), scipy.stats.sem(values)
    )
    assert (found['mean'], found['low'], found['high']) == pytest.approx(
        (np.mean(values), low, high), abs=1e-9
    )


def test_mean_interval_by_hand():
    """Of 1 and 3: mean 2, standard error 1, and 12.706 is the 97.5 % quantile of t with one degree
    of freedom.
    """
    assert statistics.mean_interval([1, 3]) == pytest.approx(
        {'mean': 2, 'low': 2 - 12.7062, 'high': 2 + 12.7062}, abs=1e-4
    )


@pytest.mark.parametrize(('values', 'mean'), [([], None), ([0.5], 0.5)])
def test_too_few_for_an_interval(values, mean):
    assert statistics.mean_interval(values) == {'mean': mean, 'low': None, 'high': None}


@given(samples.filter(varied), samples.filter(varied))
def test_welch_is_scipy_s(one, other):
    found, oracle = statistics.welch(one, other), scipy.stats.ttest_ind(one, other, equal_var=False)
    interval = oracle.confidence_interval(0.95)
    assert found['difference'] == pytest.approx(np.mean(one) - np.mean(other), abs=1e-9)
    assert (found['p'], found['low'], found['high']) == pytest.approx(
        (oracle.pvalue, interval.low, interval.high), rel=1e-6, abs=1e-9
    )


@given(samples, samples)
def test_welch_the_other_way_round(one, other):
    there, back = statistics.welch(one, other), statistics.welch(other, one)
    assert (there['difference'], there['low'], there['high']) == pytest.approx(
        (-back['difference'], -back['high'], -back['low']), abs=1e-9
    )
    assert there['p'] == pytest.approx(back['p'])


@pytest.mark.parametrize(
    ('one', 'other', 'expected'),
    [
        ([1, 1], [1, 1], {'difference': 0, 'low': 0, 'high': 0, 'p': 1}),
        ([2, 2], [1, 1], {'difference': 1, 'low': 1, 'high': 1, 'p': 0}),
        ([2], [1, 1], {'difference': 1, 'low': None, 'high': None, 'p': None}),
        ([], [1, 1], {'difference': None, 'low': None, 'high': None, 'p': None}),
    ],
)
def test_welch_without_spread(one, other, expected):
    assert statistics.welch(one, other) == expected


eighths = st.lists(st.integers(-800, 800).map(lambda number: number / 8), min_size=1, max_size=5)


@given(eighths, eighths)
def test_permutation_is_that_of_exact_numbers(one, other):
    """Ties count as ties in spite of rounding."""
    pooled, size = list(map(fractions.Fraction, [*one, *other])), len(one)
    sums = [sum(chosen) for chosen in itertools.combinations(pooled, size)]
    differences = [abs(each / size - (sum(pooled) - each) / len(other)) for each in sums]
    assert statistics.permutation(one, other) == np.mean(
        [each >= differences[0] for each in differences]
    )


@pytest.mark.parametrize(('seed', 'sizes'), [(0, (2, 2)), (1, (5, 5)), (2, (3, 6)), (3, (8, 4))])
def test_permutation_is_scipy_s(seed, sizes):
    def difference(left, right, axis):
        return np.abs(np.mean(left, axis=axis) - np.mean(right, axis=axis))

    rng = np.random.default_rng(seed)
    one, other = rng.normal(0, 1, sizes[0]), rng.normal(1, 1, sizes[1])
    oracle = scipy.stats.permutation_test(
        (one, other), difference, n_resamples=np.inf, alternative='greater', vectorized=True
    )
    assert statistics.permutation(one, other) == pytest.approx(oracle.pvalue)


def test_permutation_by_hand():
    """Of the 20 ways to split 1 ... 6 into threes, the observed one and its mirror image have this
    difference.
    """
    assert statistics.permutation([1, 2, 3], [4, 5, 6]) == 2 / 20
    assert statistics.permutation([], [1]) is None


def test_permutation_of_many_is_drawn():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=20), rng.normal(size=20)
    drawn = statistics.permutation(one, other)
    assert drawn == statistics.permutation(one, other)
    assert drawn == pytest.approx(scipy.stats.ttest_ind(one, other).pvalue, abs=0.03)


def test_effect_size_by_hand():
    """Means 1 apart, both standard deviations 1; the correction for 4 degrees of freedom is 1 -
    3/(4 * 4 - 1) to three decimals.
    """
    assert statistics.effect_size([1, 2, 3], [0, 1, 2]) == pytest.approx(1 - 3 / 15, abs=5e-3)
    exact = math.gamma(2) / (math.sqrt(2) * math.gamma(1.5))
    assert statistics.effect_size([1, 2, 3], [0, 1, 2]) == pytest.approx(exact)
    assert statistics.effect_size([1, 1], [1, 1]) is None
    assert statistics.effect_size([1], [1, 2]) is None


CASES = [  # difference, low, high, p; of a claim of at least 0.1 more
    ((0.3, 0.2, 0.4, 0.001), 'confirmed'),
    ((0.3, 0.05, 0.55, 0.02), 'confirmed'),
    ((0.3, 0.05, 0.55, 0.07), 'undecided'),  # after correction
    ((0.1, -0.1, 0.3, 0.4), 'undecided'),
    ((0.08, 0.01, 0.15, 0.01), 'undecided'),  # present, but not shown to be of interest
    ((0.12, -0.01, 0.25, 0.04), 'undecided'),  # an interval that 0 lies in
    ((0.0, -0.05, 0.05, 0.9), 'not confirmed'),
    ((0.05, 0.01, 0.09, 0.001), 'not confirmed'),  # present, but too small to be of interest
    ((-0.3, -0.4, -0.2, 0.001), 'not confirmed'),
    ((-0.3, -0.9, 0.3, 0.3), 'undecided'),
    ((0.3, None, None, None), 'undecided'),
]


@pytest.mark.parametrize(('cells', 'expected'), CASES)
def test_verdict(cells, expected):
    difference, low, high, p = cells
    assert (
        statistics.verdict({'difference': difference, 'low': low, 'high': high}, p, 'higher', 0.1)
        == expected
    )
    mirrored = {
        'difference': -difference,
        'low': None if high is None else -high,
        'high': None if low is None else -low,
    }
    assert statistics.verdict(mirrored, p, 'lower', 0.1) == expected


def test_few_experiments_without_an_effect_confirm_one():
    """Two-sided at 5 %, so at most 2.5 % in the direction claimed."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(1000):
        contrast = statistics.welch(*rng.normal(size=(2, 8)))
        found.append(statistics.verdict(contrast, contrast['p'], 'higher', 0.1))
    assert found.count('confirmed') <= 40
    assert found.count('undecided') > 500


def arms_of_tunes(rng, *, effect, num_seeds=6, num_families=24):
    """Two arms on the same tunes: a tune's level is common to both, and each arm fares better with
    some tunes than with others, whatever its seed.
    """
    levels_F = rng.standard_normal(num_families)
    arms = []
    for level in (effect, 0.0):
        tunes_F = levels_F + 0.3 * rng.standard_normal(num_families)
        seeds_R1 = 0.1 * rng.standard_normal((num_seeds, 1))
        noise_RF = 0.1 * rng.standard_normal((num_seeds, num_families))
        sizes_RF = rng.integers(1, 4, (num_seeds, num_families)).astype(float)
        arms.append(((level + tunes_F + seeds_R1 + noise_RF) * sizes_RF, sizes_RF))
    return arms


def test_crossed_intervals_hold_for_other_tunes_and_seeds():
    """Welch's interval, over seeds alone, holds the effect on all tunes too rarely."""
    held, effect = {'crossed': 0, 'welch': 0}, 0.2
    for trial in range(200):
        arms = arms_of_tunes(np.random.default_rng(trial), effect=effect)
        means = [tops_RF.sum(axis=1) / sizes_RF.sum(axis=1) for tops_RF, sizes_RF in arms]
        for name, found in {
            'crossed': statistics.crossed_contrast(*arms, seed=trial),
            'welch': statistics.welch(*means),
        }.items():
            held[name] += found['low'] <= effect <= found['high']
    assert held['crossed'] / 200 >= 0.93
    assert held['welch'] / 200 < 0.85


def test_a_crossed_contrast_agrees_with_its_p():
    """Below 0.05 just where the interval excludes 0; the other way round it is the same."""
    significant = []
    for trial in range(20):
        one, other = arms_of_tunes(np.random.default_rng(trial), effect=0.25)
        found, back = (
            statistics.crossed_contrast(one, other),
            statistics.crossed_contrast(other, one),
        )
        assert (found['p'] < 0.05) == (found['low'] > 0 or found['high'] < 0)
        assert back['difference'] == pytest.approx(-found['difference'])
        significant.append(found['p'] < 0.05)
    assert len(set(significant)) == 2


def test_a_crossed_interval_is_of_the_mean_over_seeds():
    (tops_RF, sizes_RF), _ = arms_of_tunes(np.random.default_rng(0), effect=0.2)
    tops_RF, sizes_RF = (
        np.concatenate([each, np.zeros((1, each.shape[1]))]) for each in (tops_RF, sizes_RF)
    )  # the last seed has no value
    found = statistics.crossed_interval((tops_RF, sizes_RF))
    expected = np.mean(tops_RF[:-1].sum(axis=1) / sizes_RF[:-1].sum(axis=1))
    assert found['mean'] == pytest.approx(expected)
    assert found['low'] < found['mean'] < found['high']
    cut = statistics.crossed_interval((np.abs(tops_RF), sizes_RF), AMOUNT)
    assert cut['low'] > 0


def test_a_crossed_interval_needs_seeds_and_tunes():
    empty = np.zeros((0, 3)), np.zeros((0, 3))
    assert statistics.crossed_interval(empty) == {'mean': None, 'low': None, 'high': None}
    nothing = {'difference': None, 'low': None, 'high': None, 'p': None}
    ones = np.ones((2, 3)), np.ones((2, 3))
    assert statistics.crossed_contrast(empty, ones) == nothing
    one_tune = np.array([[1.0], [3.0]]), np.ones((2, 1))
    assert statistics.crossed_interval(one_tune) == {'mean': 2, 'low': None, 'high': None}
    assert statistics.crossed_contrast(ones, ones)['p'] == 1
