"""How far pieces are from one another in a feature, and how alike the distributions of such
distances are.

A distance is the Euclidean norm of the difference of two pieces' features. `thesis` repeats the
original program: distances of all ordered pairs, undefined ones replaced by means, kernel densities
with Scott's bandwidth, KL divergence on two grids (each set's own range), overlap area by adaptive
quadrature over the data's range. `corrected` drops pieces whose feature is undefined, takes each
pair once and what rounding alone sets apart as equal, and compares both densities on one grid that
reaches `TAILS` bandwidths beyond the data, KL divergence with a floor of `FLOOR`.
"""

import dataclasses
import warnings

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.sparse
import scipy.special

GRID_STEPS = 1000  # of the original's KL divergence
FINE_STEPS = 2048  # of `corrected`'s grid, at least
MOST_STEPS = 65536  # and at most
STEPS_PER_BANDWIDTH = 10  # of the narrower density, between those two
CHUNK = 2**16  # kernels at a time: what a processor's own memory holds
TAILS = 5.0  # bandwidths
REACH = 9.0  # bandwidths beyond which a kernel adds nothing to an integral: exp(-40) of its height
ROUNDING = 1e-12  # of a feature's largest value
ALIKE = 1e-9  # of the largest distance
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

    def near(self, point: float) -> float:
        """The density at a point, of the kernels within `REACH`."""
        low, high = self.values.searchsorted(
            (point - REACH * self.bandwidth, point + REACH * self.bandwidth)
        )
        return float(self._kernels(self.values[low:high] - point) @ self.weights[low:high])

    def at(self, points: np.ndarray) -> np.ndarray:
        """The density at some points."""
        parts = np.array_split(points, -(-len(points) * len(self.values) // CHUNK))
        return np.concatenate(
            [self._kernels(part[:, None] - self.values) @ self.weights for part in parts]
        )

    def _kernels(self, differences: np.ndarray) -> np.ndarray:
        differences *= differences  # in place: half the time
        differences *= -0.5 / self.bandwidth**2
        np.exp(differences, out=differences)
        differences /= self.bandwidth * np.sqrt(2 * np.pi)
        return differences


def fit_density(values: np.ndarray, weights: np.ndarray | None = None) -> Density | None:
    """The density of values, each `weights` times; None where all are alike (rounding apart),
    undefined or fewer than two.
    """
    weights = np.ones(len(values)) if weights is None else weights
    num = weights.sum()
    # not: of NaN, too
    if num < 2 or not np.ptp(values[weights > 0]) > ALIKE * np.abs(values).max():
        return None
    mean = values @ weights / num
    variance = ((values - mean) ** 2) @ weights / (num - 1)
    different, places = np.unique(values, return_inverse=True)
    shares = np.bincount(places, weights, len(different)) / num
    return Density(different, shares, float(np.sqrt(variance) * num ** (-1 / 5)))


def pairwise(one_NF: np.ndarray, other_MF: np.ndarray) -> np.ndarray:
    """The distances [N, M] of every piece's feature to every other's, NaN where one is undefined;
    features are flattened to [N, F].
    """
    one_NF, other_MF = (
        features.reshape(len(features), int(np.prod(features.shape[1:])))
        for features in (one_NF, other_MF)
    )
    squares_NM = np.zeros((len(one_NF), len(other_MF)))
    # most of a matrix is empty
    for column in np.flatnonzero((one_NF != 0).any(axis=0) | (other_MF != 0).any(axis=0)):
        squares_NM += (one_NF[:, column, None] - other_MF[:, column]) ** 2
    return np.sqrt(squares_NM)


def intra_distances(features_NF: np.ndarray, protocol: str) -> np.ndarray:
    """The distances within a set: `thesis` N (N - 1) of ordered pairs, undefined ones imputed; else
    each pair of defined pieces once.
    """
    if protocol == 'thesis':
        distances_NN = pairwise(features_NF, features_NF)
        apart = ~np.eye(len(distances_NN), dtype=bool)
        return _imputed([row[mask] for row, mask in zip(distances_NN, apart, strict=True)])
    return intra_pairs(features_NF)[0]


def intra_pairs(features_NF: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distance of each pair of pieces for which a feature is defined, and the two pieces'
    places.
    """
    first, second = np.triu_indices(len(features_NF), 1)
    distances = _settled(pairwise(features_NF, features_NF)[first, second], features_NF)
    known = ~np.isnan(distances)
    return distances[known], first[known], second[known]


def inter_distances(one_NF: np.ndarray, other_MF: np.ndarray, protocol: str) -> np.ndarray:
    """The distances of every piece of one set to every piece of the other; undefined ones as in
    `intra_distances`.
    """
    distances_NM = pairwise(one_NF, other_MF)
    if protocol == 'thesis':
        return _imputed(list(distances_NM))
    return _settled(distances_NM[~np.isnan(distances_NM)], one_NF, other_MF)


def _settled(distances: np.ndarray, *features: np.ndarray) -> np.ndarray:
    """Distances, those that beside the features' own size are rounding alone as 0."""
    size = max(np.nanmax(np.abs(each), initial=0) for each in features)
    return np.where(distances <= ROUNDING * size, 0, distances)


def _imputed(rows: list[np.ndarray]) -> np.ndarray:
    """The original's rule: within a row the mean of what is defined there, then that of all for
    rows where nothing is.
    """
    with warnings.catch_warnings():
        # the mean of nothing is the NaN that the second step fills
        warnings.simplefilter('ignore', RuntimeWarning)
        values = np.concatenate(
            [np.zeros(0), *(np.where(np.isnan(row), np.nanmean(row), row) for row in rows)]
        )
        return np.where(np.isnan(values), np.nanmean(values), values)


def kl_divergence(one: np.ndarray, other: np.ndarray, protocol: str) -> float | None:
    """KL divergence in nats of the density of `one` distances from that of `other`; None where one
    of them has no width.

    `thesis`: each density on a grid of its own, so that it does not see a shift; infinite where the
    other vanishes.
    """
    densities = fit_density(one), fit_density(other)
    if None in densities:
        return None
    if protocol == 'thesis':
        p, q = (
            each.at(np.linspace(each.values[0], each.values[-1], GRID_STEPS)) for each in densities
        )
    else:
        p, q = on_one_grid(*densities)[1]
    return divergence_of(p, q, floor=0.0 if protocol == 'thesis' else FLOOR)


def overlap_area(one: np.ndarray, other: np.ndarray, protocol: str) -> float | None:
    """The area under the smaller of the two distances' densities, 0 to 1; None where one of them
    has no width.

    `thesis` integrates over the data's range alone, and so loses what the kernels have beyond it.
    """
    densities = fit_density(one), fit_density(other)
    if None in densities:
        return None
    if protocol == 'thesis':
        low, high = (pick(pick(each.values) for each in densities) for pick in (min, max))
        with warnings.catch_warnings():
            # rippled densities; the value is right to 5 digits
            warnings.simplefilter('ignore', scipy.integrate.IntegrationWarning)
            return scipy.integrate.quad(
                lambda x: min(each.near(x) for each in densities), low, high
            )[0]
    points, curves = on_one_grid(*densities)
    return area_of(points, *curves)


def on_one_grid(one: Density, other: Density) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Points that reach `TAILS` bandwidths beyond both, and the two densities there."""
    points = grid(one, other)
    return points, (binned(one, points), binned(other, points))


def grid(*densities: Density) -> np.ndarray:
    """Equally spaced points that reach `TAILS` bandwidths beyond all values, close enough for the
    narrowest kernel up to `MOST_STEPS`.
    """
    tail = TAILS * max(each.bandwidth for each in densities)
    low, high = (
        min(each.values[0] for each in densities) - tail,
        max(each.values[-1] for each in densities) + tail,
    )
    wanted = STEPS_PER_BANDWIDTH * (high - low) / min(each.bandwidth for each in densities)
    num = scipy.fft.next_fast_len(int(np.clip(wanted, FINE_STEPS, MOST_STEPS)), real=True)
    return np.linspace(low, high, num)


def binned(density: Density, points: np.ndarray) -> np.ndarray:
    """The density at the points of a `grid`; within 2e-3 of its height where points are
    `STEPS_PER_BANDWIDTH` to the bandwidth.
    """
    return smooth(
        density.weights[None] @ bins(density.values, points), np.array([density.bandwidth]), points
    )[0]


def bins(values: np.ndarray, points: np.ndarray) -> scipy.sparse.csr_array:
    """The matrix [N, G] that puts the weights of values on the two points next to each (linear
    binning); all lie between the points.
    """
    places = (values - points[0]) / (points[1] - points[0])
    left = np.minimum(places.astype(int), len(points) - 2)
    right = places - left
    columns, shares = np.stack([left, left + 1], axis=1), np.stack([1 - right, right], axis=1)
    return scipy.sparse.csr_array(
        (shares.ravel(), columns.ravel(), np.arange(0, 2 * len(values) + 1, 2)),
        (len(values), len(points)),
    )


def smooth(masses_BG: np.ndarray, bandwidths_B: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Masses on points as densities [B, G]: convolved with Gaussians, no narrower than a step, by
    their Fourier transforms.

    The convolution is circular: the 3e-7 of a kernel beyond a grid's tail come in at the other end.
    """
    step = points[1] - points[0]
    widths = np.maximum(bandwidths_B, step)[:, None] / step
    decay_BF = np.exp(
        -0.5 * (2 * np.pi * np.arange(len(points) // 2 + 1) / len(points) * widths) ** 2
    )
    return (
        np.maximum(
            scipy.fft.irfft(scipy.fft.rfft(masses_BG, axis=1) * decay_BF, len(points), axis=1), 0
        )
        / step
    )


def divergence_of(p: np.ndarray, q: np.ndarray, floor: float = FLOOR) -> float:
    """KL divergence of two curves on the same points, scaled to sum to 1 and at least `floor`."""
    p, q = (np.maximum(curve / curve.sum(), floor) for curve in (p, q))
    return float(scipy.special.rel_entr(p / p.sum(), q / q.sum()).sum())


def area_of(points: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    """The area under the smaller of two curves."""
    return float(np.clip(np.trapezoid(np.minimum(p, q), points), 0, 1))
