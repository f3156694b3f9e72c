"""Distances between pieces in a feature, and the similarity of two distributions of distances.

A distance is the Euclidean norm of the difference of two pieces' features. `thesis` repeats the
original program: distances of all ordered pairs, undefined ones replaced by means, kernel densities
with Scott's bandwidth, KL divergence on two grids (one over each set's own range), overlap area by
adaptive quadrature over the data's range. `corrected` drops pieces whose feature is undefined,
counts each pair once, treats values that differ only by rounding as equal, and compares both
densities on one grid that extends `TAILS` bandwidths beyond the data; its KL divergence has a floor
of `FLOOR`.
"""

import warnings

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.sparse
import scipy.special

from symmusic.measures.densities import Density, fit_density, on_one_grid

GRID_STEPS = 1000  # grid points of the KL divergence of `thesis`
ROUNDING = 1e-12  # of a feature's largest value
FLOOR = 1e-12  # of a probability of one grid cell


def pairwise(one_NF: np.ndarray, other_MF: np.ndarray) -> np.ndarray:
    """The distances [N, M] between the features of every two pieces, NaN where one is undefined;
    features are flattened to [N, F].
    """
    one_NF, other_MF = (
        features.reshape(len(features), int(np.prod(features.shape[1:])))
        for features in (one_NF, other_MF)
    )
    squares_NM = np.zeros((len(one_NF), len(other_MF)))
    # most entries of a matrix are 0
    for column in np.flatnonzero((one_NF != 0).any(axis=0) | (other_MF != 0).any(axis=0)):
        squares_NM += (one_NF[:, column, None] - other_MF[:, column]) ** 2
    return np.sqrt(squares_NM)


def intra_distances(features_NF: np.ndarray, protocol: str) -> np.ndarray:
    """The distances within a set of N pieces: with `thesis` those of the N (N - 1) ordered pairs,
    undefined ones imputed; else each pair of defined pieces once.
    """
    if protocol == 'thesis':
        distances_NN = pairwise(features_NF, features_NF)
        apart = ~np.eye(len(distances_NN), dtype=bool)
        return _imputed([row[mask] for row, mask in zip(distances_NN, apart, strict=True)])
    return intra_pairs(features_NF)[0]


def intra_pairs(features_NF: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distance of each pair of pieces for which a feature is defined, and the indices of the
    two pieces.
    """
    first, second = np.triu_indices(len(features_NF), 1)
    distances = _settled(pairwise(features_NF, features_NF)[first, second], features_NF)
    known = ~np.isnan(distances)
    return distances[known], first[known], second[known]


def inter_distances(one_NF: np.ndarray, other_MF: np.ndarray, protocol: str) -> np.ndarray:
    """The distances between every piece of one set and every piece of the other; undefined ones are
    handled as in `intra_distances`.
    """
    distances_NM = pairwise(one_NF, other_MF)
    if protocol == 'thesis':
        return _imputed(list(distances_NM))
    return _settled(distances_NM[~np.isnan(distances_NM)], one_NF, other_MF)


def _settled(distances: np.ndarray, *features: np.ndarray) -> np.ndarray:
    """The distances, with those set to 0 that are mere rounding errors for features of this
    size.
    """
    size = max(np.nanmax(np.abs(each), initial=0) for each in features)
    return np.where(distances <= ROUNDING * size, 0, distances)


def _imputed(rows: list[np.ndarray]) -> np.ndarray:
    """Imputes undefined distances as the original program does: by the mean of the defined
    distances in the row or, if the row has none, by the mean of all.
    """
    with warnings.catch_warnings():
        # the mean of an empty row is NaN, which the second step fills
        warnings.simplefilter('ignore', RuntimeWarning)
        values = np.concatenate(
            [np.zeros(0), *(np.where(np.isnan(row), np.nanmean(row), row) for row in rows)]
        )
        return np.where(np.isnan(values), np.nanmean(values), values)


def kl_divergence(one: np.ndarray, other: np.ndarray, protocol: str) -> float | None:
    """The KL divergence in nats of the density of `one` distances from that of `other`; None if one
    of them has no density.

    With `thesis` each density has its own grid, so that a shift has no effect; infinite where the
    other density vanishes.
    """
    densities = fit_density(one), fit_density(other)
    if None in densities:
        return None
    if protocol != 'thesis':
        return compare_densities(*densities)[0]
    p, q = (each.at(np.linspace(each.values[0], each.values[-1], GRID_STEPS)) for each in densities)
    return divergence_of(p, q, floor=0.0)


def overlap_area(one: np.ndarray, other: np.ndarray, protocol: str) -> float | None:
    """The overlap area: the area under the pointwise minimum of the two densities of distances, 0
    to 1; None if one of them has no density.

    `thesis` integrates over the data's range only, and so loses the tails of the kernels.
    """
    densities = fit_density(one), fit_density(other)
    if None in densities:
        return None
    if protocol == 'thesis':
        low, high = (pick(pick(each.values) for each in densities) for pick in (min, max))
        with warnings.catch_warnings():
            # densities with many peaks warn; the value is correct to 5 digits
            warnings.simplefilter('ignore', scipy.integrate.IntegrationWarning)
            return scipy.integrate.quad(
                lambda x: min(each.near(x) for each in densities), low, high
            )[0]
    return compare_densities(*densities)[1]


def compare_densities(one: Density, other: Density) -> tuple[float, float]:
    """The KL divergence of `one` from the other and their overlap area, as `corrected` defines
    them, from one grid.
    """
    points, curves = on_one_grid(one, other)
    return divergence_of(*curves), area_of(points, *curves)


def divergence_of(p: np.ndarray, q: np.ndarray, floor: float = FLOOR) -> float:
    """The KL divergence in nats of two curves on the same points, scaled to sum to 1 and raised to
    at least `floor`.
    """
    p, q = (np.maximum(curve / curve.sum(), floor) for curve in (p, q))
    return float(scipy.special.rel_entr(p / p.sum(), q / q.sum()).sum())


def area_of(points: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    """The area under the pointwise minimum of two curves."""
    return float(np.clip(np.trapezoid(np.minimum(p, q), points), 0, 1))
