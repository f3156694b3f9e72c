"""How far pieces are from one another in a feature, and how alike the distributions of such distances are.

A distance is the Euclidean norm of the difference of two pieces' features. `thesis` repeats the original program: distances of all ordered
pairs, undefined ones replaced by means, kernel densities with Scott's bandwidth, KL divergence on two grids (each set's own range), overlap
area by adaptive quadrature over the data's range. `corrected` drops pieces whose feature is undefined, takes each pair once, and compares
both densities on one grid that reaches `TAILS` bandwidths beyond the data, KL divergence with a floor of `FLOOR`.
"""

import dataclasses
import warnings

import numpy as np
import scipy.integrate
import scipy.signal
import scipy.special

GRID_STEPS = 1000  # of the original's KL divergence
FINE_STEPS = 2048  # of `corrected`'s grid
TAILS = 5.0  # bandwidths
FLOOR = 1e-12  # of a probability of one grid cell


@dataclasses.dataclass(frozen=True)
class Density:
    """A Gaussian kernel density with Scott's bandwidth over values with multiplicities.

    Attributes:
      values: the different values, ascending.
      weights: the share of each, summing to 1.
      bandwidth: of the kernels; above 0.
    """

    values: np.ndarray
    weights: np.ndarray
    bandwidth: float

    def at(self, points: np.ndarray) -> np.ndarray:
        """The density at some points."""
        points = np.atleast_1d(points)
        kernels = np.exp(-0.5 * ((points[:, None] - self.values) / self.bandwidth) ** 2)
        return kernels @ self.weights / (self.bandwidth * np.sqrt(2 * np.pi))


def fit_density(values: np.ndarray, weights: np.ndarray | None = None) -> Density | None:
    """The density of values, each `weights` times; None where all are alike or there are fewer than two: it has no width then."""
    weights = np.ones(len(values)) if weights is None else weights
    num = weights.sum()
    if num < 2 or len(values) == 0 or np.ptp(values[weights > 0]) == 0:
        return None
    mean = values @ weights / num
    variance = ((values - mean) ** 2) @ weights / (num - 1)
    different, places = np.unique(values, return_inverse=True)
    shares = np.bincount(places, weights, len(different)) / num
    return Density(different, shares, float(np.sqrt(variance) * num ** (-1 / 5)))


def pairwise(one_NF: np.ndarray, other_MF: np.ndarray) -> np.ndarray:
    """The distances [N, M] of every piece's feature to every other's, NaN where one is undefined; features are flattened to [N, F]."""
    one_NF, other_MF = (features.reshape(len(features), int(np.prod(features.shape[1:]))) for features in (one_NF, other_MF))
    squares_NM = np.zeros((len(one_NF), len(other_MF)))
    for column in np.flatnonzero((one_NF != 0).any(axis=0) | (other_MF != 0).any(axis=0)):  # most of a matrix is empty
        squares_NM += (one_NF[:, column, None] - other_MF[:, column]) ** 2
    return np.sqrt(squares_NM)


def intra_distances(features_NF: np.ndarray, protocol: str) -> np.ndarray:
    """The distances within a set: `thesis` N (N - 1) of ordered pairs, undefined ones imputed; else each pair of defined pieces once."""
    distances_NN = pairwise(features_NF, features_NF)
    if protocol == 'thesis':
        apart = ~np.eye(len(distances_NN), dtype=bool)
        return _imputed([row[mask] for row, mask in zip(distances_NN, apart, strict=True)])
    distances = distances_NN[np.triu_indices(len(distances_NN), 1)]
    return distances[~np.isnan(distances)]


def inter_distances(one_NF: np.ndarray, other_MF: np.ndarray, protocol: str) -> np.ndarray:
    """The distances of every piece of one set to every piece of the other; undefined ones as in `intra_distances`."""
    distances_NM = pairwise(one_NF, other_MF)
    if protocol == 'thesis':
        return _imputed(list(distances_NM))
    return distances_NM[~np.isnan(distances_NM)]


def _imputed(rows: list[np.ndarray]) -> np.ndarray:
    """The original's rule: within a row the mean of what is defined there, then that of all for rows where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # the mean of nothing is the NaN that the second step fills
        values = np.concatenate([np.where(np.isnan(row), np.nanmean(row), row) for row in rows])
        return np.where(np.isnan(values), np.nanmean(values), values)


def kl_divergence(one: np.ndarray, other: np.ndarray, protocol: str) -> float | None:
    """KL divergence in nats of the density of `one` distances from that of `other`; None where one of them has no width.

    `thesis`: each density on a grid of its own, so that it does not see a shift; infinite where the other vanishes.
    """
    densities = fit_density(one), fit_density(other)
    if None in densities:
        return None
    if protocol == 'thesis':
        p, q = (each.at(np.linspace(each.values[0], each.values[-1], GRID_STEPS)) for each in densities)
    else:
        p, q = on_one_grid(*densities)[1]
    return divergence_of(p, q, floor=0.0 if protocol == 'thesis' else FLOOR)


def overlap_area(one: np.ndarray, other: np.ndarray, protocol: str) -> float | None:
    """The area under the smaller of the two distances' densities, 0 to 1; None where one of them has no width.

    `thesis` integrates over the data's range alone, and so loses what the kernels have beyond it.
    """
    densities = fit_density(one), fit_density(other)
    if None in densities:
        return None
    if protocol == 'thesis':
        low, high = (pick(pick(each.values) for each in densities) for pick in (min, max))
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', scipy.integrate.IntegrationWarning)  # rippled densities; the value is right to 5 digits
            return scipy.integrate.quad(lambda x: float(min(each.at(x)[0] for each in densities)), low, high)[0]
    points, curves = on_one_grid(*densities)
    return area_of(points, *curves)


def on_one_grid(one: Density, other: Density) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Points that reach `TAILS` bandwidths beyond both, and the two densities there."""
    tail = TAILS * max(one.bandwidth, other.bandwidth)
    points = np.linspace(min(one.values[0], other.values[0]) - tail, max(one.values[-1], other.values[-1]) + tail, FINE_STEPS)
    return points, (binned(one, points), binned(other, points))


def binned(density: Density, points: np.ndarray) -> np.ndarray:
    """The density at equally spaced points around all its values, by putting the values on the points next to them (linear binning) and
    one convolution; points are far closer than a bandwidth, so that the difference is below 1e-3 of the density's height.
    """
    step = points[1] - points[0]
    places = (density.values - points[0]) / step
    left = np.minimum(places.astype(int), len(points) - 2)
    share = places - left
    masses = np.bincount(left, density.weights * (1 - share), len(points)) + np.bincount(left + 1, density.weights * share, len(points))
    reach = np.arange(1 - len(points), len(points)) * step / density.bandwidth
    kernel = np.exp(-0.5 * reach**2) / (density.bandwidth * np.sqrt(2 * np.pi))
    return np.maximum(scipy.signal.fftconvolve(masses, kernel, mode='full')[len(points) - 1 : 2 * len(points) - 1], 0)


def divergence_of(p: np.ndarray, q: np.ndarray, floor: float = FLOOR) -> float:
    """KL divergence of two curves on as many points, each made to sum to 1, neither below `floor`."""
    p, q = (np.maximum(curve / curve.sum(), floor) for curve in (p, q))
    return float(scipy.special.rel_entr(p / p.sum(), q / q.sum()).sum())


def area_of(points: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    """The area under the smaller of two curves."""
    return float(np.clip(np.trapezoid(np.minimum(p, q), points), 0, 1))
