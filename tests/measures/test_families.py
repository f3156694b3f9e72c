"""Intervals over tune families: their coverage in simulations, and exact cases."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.measures.bounds import AMOUNT, ANY, SHARE
from symmusic.measures.estimate import Estimate
from symmusic.measures.families import (
    Beside,
    crossed,
    crossed_difference,
    defined,
    put_beside,
    resample_families,
)

NUM = 300  # simulated studies: the error of a coverage of 0.95 is 0.013
RESAMPLES = 200


def coverage(simulate, truth, seed=0):
    """The share of simulated studies whose interval holds the truth."""
    rng = np.random.default_rng(seed)
    found = [simulate(rng) for _ in range(NUM)]
    return np.mean([each.low <= truth <= each.high for each in found])


def draw_pieces(rng, num_families, mean_size=6.0, spread=1.0):
    """Families of unequal sizes; a number of each piece, about its family's, which are about 0."""
    families_N = np.repeat(np.arange(num_families), 1 + rng.poisson(mean_size, num_families))
    levels_N = spread * rng.standard_normal(num_families)[families_N]
    return families_N, levels_N + 0.3 * rng.standard_normal(len(families_N))


@pytest.mark.parametrize('num_families', [5, 30])
def test_coverage_of_a_mean(num_families):
    def simulate(rng):
        families_N, values_N = draw_pieces(rng, num_families)
        return resample_families(families_N, rng, RESAMPLES).mean(values_N)

    assert 0.91 <= coverage(simulate, 0) <= 0.985


@pytest.mark.parametrize('num_families', [8, 40])
def test_coverage_of_a_share(num_families):
    """Bars that repeat, more in some families than in others."""

    def simulate(rng):
        families_N, _ = draw_pieces(rng, num_families)
        levels_N = rng.beta(1.2, 3, num_families)[families_N]
        bars_N = rng.integers(1, 5, len(families_N))
        families = resample_families(families_N, rng, RESAMPLES)
        return families.ratio((rng.binomial(bars_N, levels_N), bars_N), SHARE)

    assert 0.91 <= coverage(simulate, 1.2 / 4.2) <= 0.985


def test_coverage_of_a_paired_difference():
    """Both sets continue the same prompts, and follow their tunes."""
    widths = []

    def simulate(rng):
        families_N, one_N = draw_pieces(rng, 30)
        other_N = one_N - 0.2 + 0.3 * rng.standard_normal(len(one_N))
        families = resample_families(families_N, rng, RESAMPLES)
        found = families.difference(defined(one_N), defined(other_N))
        own = families.mean(one_N)
        widths.append((found.high - found.low, own.high - own.low))
        return found

    assert 0.91 <= coverage(simulate, 0.2) <= 0.985
    paired, alone = np.mean(widths, axis=0)
    assert paired < 0.5 * alone


@pytest.mark.parametrize(('num_seeds', 'spread'), [(4, 1.0), (8, 3.0)])
def test_coverage_of_seeds_crossed_with_families(num_seeds, spread):
    """Seeds of level about 0 on tunes of level about 0."""

    def simulate(rng):
        families_N, values_N = draw_pieces(rng, 25)
        seeds_R = spread * rng.standard_normal(num_seeds)
        tops_RN = values_N + seeds_R[:, None] + 0.2 * rng.standard_normal((num_seeds, 1))
        families = resample_families(families_N, rng, RESAMPLES)
        return crossed(tops_RN, np.ones_like(tops_RN), families, rng)

    assert 0.93 <= coverage(simulate, 0) <= 1


def test_coverage_of_a_crossed_difference():
    def simulate(rng):
        families_N, values_N = draw_pieces(rng, 25)
        families = resample_families(families_N, rng, RESAMPLES)
        arms = []
        for level in (0.5, 0.0):
            own_R = level + 0.4 * rng.standard_normal((6, 1))
            tops_RN = values_N + own_R + 0.2 * rng.standard_normal((6, len(values_N)))
            arms.append((tops_RN, np.ones_like(tops_RN)))
        return crossed_difference(*arms, families, rng)

    assert 0.93 <= coverage(simulate, 0.5) <= 1


def test_more_pieces_of_the_same_tunes_do_not_narrow_without_end():
    """An interval over pieces would be ten times narrower."""
    rng = np.random.default_rng(0)
    levels_F = rng.standard_normal(12)
    widths = []
    for num in (10, 1000):
        families_N = np.repeat(np.arange(12), num)
        values_N = levels_F[families_N] + rng.standard_normal(len(families_N))
        found = resample_families(families_N, np.random.default_rng(1)).mean(values_N)
        widths.append(found.high - found.low)
    assert widths[1] > 0.5 * widths[0]


@hypothesis.given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), min_size=1, max_size=30))
def test_a_ratio_inside_its_bounds(drawn):
    families_N, values_N = (np.array(column) for column in zip(*drawn, strict=True))
    families = resample_families(families_N.tolist(), np.random.default_rng(0), 50)
    found = families.mean(values_N, SHARE)
    assert families.num == len(set(families_N.tolist()))
    assert found.value == pytest.approx(values_N.mean())
    if families.num == 1:
        assert (found.low, found.high) == (None, None)
    else:
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1
    same = families.difference(defined(values_N), defined(values_N), SHARE)
    assert same.value == 0
    assert families.num == 1 or same.low == same.high == 0


def test_pieces_without_a_value_do_not_count():
    families = resample_families(['a', 'b', 'b', 'c'], np.random.default_rng(0))
    found = families.mean(np.array([1, np.nan, 3, np.nan]), AMOUNT)
    assert found.value == 2
    assert 0 < found.low < 2 < found.high
    assert families.mean(np.full(4, np.nan)) == Estimate()
    assert families.difference(defined(np.full(4, np.nan)), defined(np.ones(4)), ANY) == Estimate()
    assert families.counts_of_pieces().shape == (2000, 4)
    assert (families.counts_of_pieces()[:, 1] == families.counts_of_pieces()[:, 2]).all()


def test_the_error_is_that_of_independent_families():
    """One piece each: Student's interval of a mean."""
    values_N = np.random.default_rng(3).standard_normal(40)
    found = resample_families(range(40), np.random.default_rng(0), 20_000).mean(values_N)
    half = 2.0227 * values_N.std(ddof=1) / np.sqrt(40)  # t of 39 degrees of freedom
    assert found.high - found.value == pytest.approx(half, rel=0.02)
    assert found.value - found.low == pytest.approx(half, rel=0.02)


def test_pieces_beside_real_ones():
    families = resample_families([0, 0, 1, 2], np.random.default_rng(0))
    own, real = [4, 6, None, 8], [1, 2, 3, 6]
    paired = put_beside(own, real, families, AMOUNT, is_paired=True)
    assert (paired.own.value, paired.real.value, paired.more.value) == (6, 3, 3)
    assert paired.more.low < 3 < paired.more.high
    apart = put_beside(own, real[:2], families, AMOUNT, is_paired=False)
    assert (apart.own, apart.real, apart.more) == (paired.own, Estimate(1.5), None)
    assert put_beside(own, [], families, AMOUNT, is_paired=True) == Beside(paired.own)


def test_mean_distance_of_ratios():
    """Of those that are defined, whichever is larger."""
    families = resample_families(range(6), np.random.default_rng(0))
    ones, zeros = np.ones(6), np.zeros(6)
    found = families.distance(
        [(ones, ones), (zeros, ones), (zeros, zeros)],
        [(zeros, ones), (ones / 2, ones), (ones, ones)],
        SHARE,
    )
    assert (found.value, found.low, found.high) == (0.75, 0.75, 0.75)
    assert families.distance([(zeros, zeros)], [(ones, ones)]) == Estimate()
