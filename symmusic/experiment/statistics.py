"""How sure a difference between replicas is. Numbers in, numbers out; what cannot be told is None.

Intervals are of 95 %. They hold for other seeds of the same training on the same tunes and the same
split of them.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import scipy.stats

from symmusic.measures.bounds import ANY, Bounds
from symmusic.streams import Stream, generator

CONFIDENCE = 0.95
MOST_SPLITS = 20_000  # of the pooled values: beyond as many, so many are drawn
VERDICTS = ('confirmed', 'not confirmed', 'undecided')


def mean_interval(values: Sequence[float], bounds: Bounds = ANY) -> dict:
    """`mean`, `low` and `high` (Student's t) of independent values; no interval of fewer than two.

    The interval lies inside of `bounds`, on their scale (see `bounds`). Values that are all alike
    have an interval without a width.
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
    """Welch's test (1947): `difference` of the means, one less other, its interval `low` and
    `high`, and two-sided `p`.

    This is the one definition of a difference: wherever arms are named, it is the first less the
    second. `bounds` are those of the values; an interval is cut off at what their difference can
    be. The last three are None where a sample has fewer than two values. Two samples without any
    spread differ for certain, or not at all.
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


def permutation(one: Sequence[float], other: Sequence[float], seed: int = 0) -> float | None:
    """Two-sided p of the difference of means over all ways to split the pooled values, or over
    `MOST_SPLITS` drawn ones; the split seen is counted in. None where a sample is empty.
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
    small samples; None without spread.
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


def verdict(contrast: dict, p: float | None, direction: str, smallest: float) -> str:
    """What a contrast says about a claim, one of `VERDICTS`.

    'not confirmed' where the interval excludes a difference of `smallest` in the direction claimed,
    so also where there is a smaller one; else 'confirmed' where the difference goes in that
    direction and `p` is below 0.05; else 'undecided'.

    Args:
      contrast: of `welch`.
      p: corrected for the number of claims.
      direction: 'higher' or 'lower', what is claimed of the first sample's mean.
      smallest: the least difference of interest, above 0.
    """
    if p is None or contrast['low'] is None:
        return 'undecided'
    sign = 1 if direction == 'higher' else -1
    most = max(sign * contrast['low'], sign * contrast['high'])
    if most < smallest:
        return 'not confirmed'
    return 'confirmed' if sign * contrast['difference'] > 0 and p < 1 - CONFIDENCE else 'undecided'
