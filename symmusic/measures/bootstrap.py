"""The uncertainty of a comparison: a bootstrap over pieces and a permutation test of two sets.
Takes and returns arrays.
"""

import dataclasses
from collections.abc import Hashable, Mapping

import numpy as np
import scipy.special

from symmusic.measures.densities import bins, fit_density, grid, smooth
from symmusic.measures.distances import FLOOR, intra_pairs, pairwise

MOST_CELLS = 2**19  # maximum number of curve points held in memory at a time


def resample(
    one_NF: np.ndarray, other_MF: np.ndarray, counts_BN: np.ndarray, counts_BM: np.ndarray
) -> dict[str, np.ndarray]:
    """KLD and OA [B] of a feature, as `corrected` defines them, in each of B resamples; NaN if
    undefined. `counts` says how often each piece occurs in each resample; a set with a single row
    of counts is the same in all.

    A piece is never paired with itself, however often it was drawn. Source: Efron (1979).
    """
    num_resamples = max(len(counts_BN), len(counts_BM))
    undefined = np.full(num_resamples, np.nan)
    pairs = [intra_pairs(each) for each in (one_NF, other_MF)]
    whole = [fit_density(distances) for distances, _, _ in pairs]
    if None in whole:
        return {'kld': undefined, 'oa': undefined.copy()}
    values, weights_BV, bandwidths_B = zip(
        *(
            _resampled(*each, counts)
            for each, counts in zip(pairs, (counts_BN, counts_BM), strict=True)
        ),
        strict=True,
    )
    usable = np.flatnonzero(np.minimum(*bandwidths_B) > 0)
    if not len(usable):
        return {'kld': undefined, 'oa': undefined.copy()}
    typical = [  # one grid for all resamples
        dataclasses.replace(
            density, bandwidth=float(np.median(np.broadcast_to(widths, num_resamples)[usable]))
        )
        for density, widths in zip(whole, bandwidths_B, strict=True)
    ]
    points = grid(*typical)
    into = [bins(each, points) for each in values]
    result = {'kld': undefined, 'oa': undefined.copy()}
    for rows in np.array_split(usable, -(-len(usable) * len(points) // MOST_CELLS)):
        p_BG, q_BG = (
            smooth(weights[own] @ each, widths[own], points)
            for weights, each, widths in zip(weights_BV, into, bandwidths_B, strict=True)
            for own in [rows if len(weights) > 1 else [0]]
        )
        result['oa'][rows] = np.clip(np.trapezoid(np.minimum(p_BG, q_BG), points, axis=1), 0, 1)
        p_BG, q_BG = (_as_shares(np.maximum(_as_shares(curves), FLOOR)) for curves in (p_BG, q_BG))
        result['kld'][rows] = scipy.special.rel_entr(p_BG, q_BG).sum(axis=1)
    return result


def _resampled(
    distances: np.ndarray, first: np.ndarray, second: np.ndarray, counts_BN: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct distances [V], the share of each in every resample [B, V], and Scott's
    bandwidths [B], 0 where all distances are equal.
    """
    weights_BP = (counts_BN[:, first] * counts_BN[:, second]).astype(float)
    num_B = np.maximum(weights_BP.sum(axis=1), 1)
    values, places = np.unique(distances, return_inverse=True)
    if len(values) < len(distances) / 2:  # integer features: each distinct value is computed once
        weights_BP = np.array([np.bincount(places, weights, len(values)) for weights in weights_BP])
    else:
        values = distances
    shares_BV = weights_BP / num_B[:, None]
    centred = values - values.mean()
    variances_B = (
        np.maximum(shares_BV @ centred**2 - (shares_BV @ centred) ** 2, 0)
        * num_B
        / np.maximum(num_B - 1, 1)
    )
    # below this the difference of two squares is rounding error
    alike = variances_B <= (1e-7 * np.abs(values).max()) ** 2
    return values, shares_BV, np.where(alike, 0, np.sqrt(variances_B) * num_B ** (-1 / 5))


def _as_shares(curves_BG: np.ndarray) -> np.ndarray:
    return curves_BG / curves_BG.sum(axis=1, keepdims=True)


def permutation_test(
    one_NF: np.ndarray, other_MF: np.ndarray, num_permutations: int, rng: np.random.Generator
) -> float | None:
    """The p-value of a permutation test: the share of permutations of the pieces whose energy
    distance is at least the observed one; the observed one is included. None if the feature is
    undefined for all pieces of a set.

    The energy distance (Szekely and Rizzo, 2004) is 0 only for equal distributions.
    """
    one, other = (each.reshape(len(each), -1) for each in (one_NF, other_MF))
    one, other = (each[~np.isnan(each).any(axis=1)] for each in (one, other))
    if not (len(one) and len(other)):
        return None
    pooled = np.concatenate([one, other])
    distances = pairwise(pooled, pooled)
    belongs = np.arange(len(pooled)) < len(one)
    permuted = rng.permuted(np.tile(belongs, (num_permutations, 1)), axis=1)
    labels = np.concatenate([belongs[None], permuted]).astype(float)
    shares, rest = labels / len(one), (1 - labels) / len(other)
    to_one, to_rest = shares @ distances, rest @ distances
    energies = (
        2 * (to_one * rest).sum(axis=1)
        - (to_one * shares).sum(axis=1)
        - (to_rest * rest).sum(axis=1)
    )
    return float((energies >= energies[0] - 1e-12 * np.abs(distances).max(initial=0)).mean())


def holm(tests: Mapping[Hashable, float | None]) -> dict[Hashable, float | None]:
    """Holm's correction (1979) over all named tests: each p-value is multiplied by the number of
    p-values that are not smaller, and the results are made monotone.

    A test without a p-value (None) belongs to the planned family of tests: it counts as one of the
    larger p-values, so that a missing test does not weaken the correction.
    """
    known = sorted((p, name) for name, p in tests.items() if p is not None)
    corrected: dict[Hashable, float | None] = dict.fromkeys(tests)
    largest = 0.0
    for rank, (p, name) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(tests) - rank)))
        corrected[name] = largest
    return corrected
