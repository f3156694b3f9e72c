"""The uncertainty of differences between replicas. Takes and returns numbers; undefined results are
None.

Intervals are 95 % intervals. Those of `mean_interval` and `welch` hold for other seeds of the same
training, measured on the same tunes; the crossed ones also for other tunes: where a measure is a
mean over pieces or steps of tunes, seeds and tune families are resampled. Both hold for the same
training tunes.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import scipy.stats

from symmusic.measures.bounds import ANY, Bounds
from symmusic.measures.families import (
    Families,
    Parts,
    crossed,
    crossed_difference,
    resample_families,
)
from symmusic.streams import Stream, generator

CONFIDENCE = 0.95
# splits of the pooled values; if there are more, this many are drawn at random
MOST_SPLITS = 20_000
VERDICTS = ('confirmed', 'not confirmed', 'undecided')


def mean_interval(values: Sequence[float], bounds: Bounds = ANY) -> dict:
    """`mean`, `low` and `high` (Student's t) of independent values; no interval for fewer than two.

    The interval lies inside `bounds` and is computed on their scale (see `bounds`). Values that are
    all equal have an interval of width 0.
    """
    values = np.asarray(values, float)
    if not len(values):
        return {'mean': None, 'low': None, 'high': None}
    mean = float(values.mean())
    if len(values) < 2:
        return {'mean': mean, 'low': None, 'high': None}
    half = float(
        scipy.stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
        * values.std(ddof=1)
        / math.sqrt(len(values))
    )
    low, high = bounds.around(mean, half)
    return {'mean': mean, 'low': low, 'high': high}


def welch(one: Sequence[float], other: Sequence[float], bounds: Bounds = ANY) -> dict:
    """Welch's test (1947): `difference` of the means, one minus other, its interval `low` and
    `high`, and two-sided `p`.

    Wherever arms are compared, a difference is the first minus the second. `bounds` are those of
    the values; the interval is clipped to the range of their difference. `low`, `high` and `p` are
    None where a sample has fewer than two values. For two samples without spread p is 0 or 1.
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    if not (len(one) and len(other)):
        return {'difference': None, 'low': None, 'high': None, 'p': None}
    difference = float(one.mean() - other.mean())
    if min(len(one), len(other)) < 2:
        return {'difference': difference, 'low': None, 'high': None, 'p': None}
    shares = [values.var(ddof=1) / len(values) for values in (one, other)]
    error = math.sqrt(sum(shares))
    if error <= 1e-12 * max(np.abs(one).max(), np.abs(other).max()):
        return {
            'difference': difference,
            'low': difference,
            'high': difference,
            'p': 0.0 if abs(difference) > error else 1.0,
        }
    total = sum(shares)
    freedom = 1 / sum(
        (share / total) ** 2 / (len(values) - 1)
        for share, values in zip(shares, (one, other), strict=True)
    )
    half = float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error)
    p = float(2 * scipy.stats.t.sf(abs(difference) / error, freedom))
    low, high = bounds.difference.around(difference, half)
    return {'difference': difference, 'low': low, 'high': high, 'p': p}


def crossed_interval(parts: Parts, bounds: Bounds = ANY, seed: int = 0) -> dict:
    """`mean`, `low` and `high` of the mean over seeds of a ratio, for other seeds and other tunes
    (`families.crossed`).

    Args:
      parts: numerators and denominators [R, F] of each seed and tune family.
      bounds: of the measure.
      seed: of the resamples.
    """
    parts = _defined(parts)
    if not len(parts[0]):
        return {'mean': None, 'low': None, 'high': None}
    found = crossed(*parts, *_resamples(parts, seed), bounds)
    return {'mean': found.value, 'low': found.low, 'high': found.high}


def crossed_contrast(one: Parts, other: Parts, bounds: Bounds = ANY, seed: int = 0) -> dict:
    """As `welch`, for other seeds and other tunes: `difference` of the means over seeds, its
    interval and two-sided `p` (`families.crossed_difference`). Both arms are measured on the same
    tune families, so that what a tune does to both cancels; each has seeds of its own.

    Args:
      one: numerators and denominators [R, F] of each seed and tune family.
      other: of the second arm.
      bounds: of the measure.
      seed: of the resamples.
    """
    one, other = _defined(one), _defined(other)
    if not (len(one[0]) and len(other[0])):
        return {'difference': None, 'low': None, 'high': None, 'p': None}
    found = crossed_difference(one, other, *_resamples(one, seed))
    if found.low is None:
        return {'difference': found.value, 'low': None, 'high': None, 'p': None}
    half = (found.high - found.low) / 2
    freedom = min(len(one[0]), len(other[0]), one[0].shape[1]) - 1
    error = half / scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
    if error > 0:
        p = float(2 * scipy.stats.t.sf(abs(found.value) / error, freedom))
    else:
        p = 0.0 if found.value else 1.0
    low, high = bounds.difference.around(found.value, half)
    return {'difference': found.value, 'low': low, 'high': high, 'p': p}


def _defined(parts: Parts) -> Parts:
    """Drops the seeds that have no value."""
    is_defined_R = np.asarray(parts[1]).sum(axis=1) > 0
    return np.asarray(parts[0])[is_defined_R], np.asarray(parts[1])[is_defined_R]


def _resamples(parts: Parts, seed: int) -> tuple[Families, np.random.Generator]:
    rng = generator(seed, Stream.ARM_RESAMPLES)
    return resample_families(range(parts[0].shape[1]), rng), rng


def permutation(one: Sequence[float], other: Sequence[float], seed: int = 0) -> float | None:
    """The two-sided p of a permutation test of the difference of means, over all splits of the
    pooled values or `MOST_SPLITS` random ones, the observed one included. None where a sample is
    empty.
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    if not (len(one) and len(other)):
        return None
    pooled, size = np.concatenate([one, other]), len(one)
    if math.comb(len(pooled), size) <= MOST_SPLITS:
        chosen = np.array(list(itertools.combinations(range(len(pooled)), size)))
    else:
        rng = generator(seed, Stream.ARM_PERMUTATIONS)
        drawn = rng.permuted(np.tile(np.arange(len(pooled)), (MOST_SPLITS - 1, 1)), axis=1)[
            :, :size
        ]
        chosen = np.concatenate([np.arange(size)[None], drawn])
    sums = pooled[chosen].sum(axis=1)
    differences = np.abs(sums / size - (pooled.sum() - sums) / len(other))
    seen = abs(one.mean() - other.mean())
    return float((differences >= seen - 1e-12 * np.abs(pooled).max()).mean())


def effect_size(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Hedges' g (1981): the difference of the means in pooled standard deviations, corrected for
    small samples; None if the values have no spread.
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    freedom = len(one) + len(other) - 2
    if min(len(one), len(other)) < 2:
        return None
    pooled = math.sqrt(
        ((len(one) - 1) * one.var(ddof=1) + (len(other) - 1) * other.var(ddof=1)) / freedom
    )
    if pooled <= 1e-12 * max(np.abs(one).max(), np.abs(other).max()):
        return None
    correction = (
        math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)
        if freedom > 1
        else 0.0
    )
    return float((one.mean() - other.mean()) / pooled * correction)


def shared_bound(
    one: Sequence[float], other: Sequence[float], bounds: Bounds, smallest: float
) -> float | None:
    """The floor or ceiling of a measure that both samples are at, that is, every value is closer to
    it than the smallest effect of interest; None if there is no such bound.
    """
    values = np.concatenate([np.asarray(one, float), np.asarray(other, float)])
    for bound in (bounds.least, bounds.most):
        if len(values) and np.abs(values - bound).max() < smallest:
            return float(bound)
    return None


def verdict(
    contrast: dict, p: float | None, direction: str, smallest: float, bound: float | None = None
) -> str:
    """The verdict on a claim, one of `VERDICTS`.

    'confirmed' if the difference is in the claimed direction and at least `smallest`, its interval
    excludes 0, and `p` is below 0.05; 'not confirmed' if the interval excludes a difference of
    `smallest` or more in the claimed direction; else 'undecided'. Two samples at the same floor or
    ceiling show nothing, so they are 'undecided' too.

    Args:
      contrast: a result of `welch` or `crossed_contrast`.
      p: its p-value, corrected for the number of claims.
      direction: 'higher' or 'lower', the claim about the first sample's mean.
      smallest: the smallest effect of interest, above 0.
      bound: the result of `shared_bound`.
    """
    if p is None or contrast['low'] is None or bound is not None:
        return 'undecided'
    sign = 1 if direction == 'higher' else -1
    least, most = sorted((sign * contrast['low'], sign * contrast['high']))
    if most < smallest:
        return 'not confirmed'
    is_large = sign * contrast['difference'] >= smallest
    return 'confirmed' if is_large and least > 0 and p < 1 - CONFIDENCE else 'undecided'
