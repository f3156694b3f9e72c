"""Kernel densities of distances between pieces, exact or on a grid."""

import dataclasses

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.sparse
import scipy.special

FINE_STEPS = 2048  # minimum number of grid points of `corrected`
MOST_STEPS = 65536  # and maximum
STEPS_PER_BANDWIDTH = 10  # of the narrower density, between those two
CHUNK = 2**16  # kernels at a time: fits a processor's cache
TAILS = 5.0  # bandwidths
REACH = 9.0  # bandwidths beyond which a kernel is negligible: exp(-40) of its height
ALIKE = 1e-9  # of the largest distance


@dataclasses.dataclass(frozen=True)
class Density:
    """A Gaussian kernel density estimate with Scott's bandwidth over weighted values.

    Attributes:
      values: the distinct values, ascending.
      weights: the share of each, summing to 1.
      bandwidth: standard deviation of the kernels; above 0.
    """

    values: np.ndarray
    weights: np.ndarray
    bandwidth: float

    def near(self, point: float) -> float:
        """The density at a point, from the kernels within `REACH`."""
        low, high = self.values.searchsorted(
            (point - REACH * self.bandwidth, point + REACH * self.bandwidth)
        )
        return float(self._kernels(self.values[low:high] - point) @ self.weights[low:high])

    def at(self, points: np.ndarray) -> np.ndarray:
        """The density at several points."""
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
    """The density of values, each counted `weights` times; None if there are fewer than two, any is
    undefined, or all are equal up to rounding.
    """
    weights = np.ones(len(values)) if weights is None else weights
    num = weights.sum()
    # `not`, so that NaN is caught too
    if num < 2 or not np.ptp(values[weights > 0]) > ALIKE * np.abs(values).max():
        return None
    mean = values @ weights / num
    variance = ((values - mean) ** 2) @ weights / (num - 1)
    different, places = np.unique(values, return_inverse=True)
    shares = np.bincount(places, weights, len(different)) / num
    return Density(different, shares, float(np.sqrt(variance) * num ** (-1 / 5)))


def on_one_grid(one: Density, other: Density) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Points that extend `TAILS` bandwidths beyond both sets of values, and the two densities
    there.
    """
    points = grid(one, other)
    return points, (binned(one, points), binned(other, points))


def grid(*densities: Density) -> np.ndarray:
    """Equally spaced points that extend `TAILS` bandwidths beyond all values, close enough for the
    narrowest kernel but at most `MOST_STEPS`.
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
    """The density at the points of a `grid`; the error is within 2e-3 of its height where there are
    `STEPS_PER_BANDWIDTH` points per bandwidth.
    """
    return smooth(
        density.weights[None] @ bins(density.values, points), np.array([density.bandwidth]), points
    )[0]


def bins(values: np.ndarray, points: np.ndarray) -> scipy.sparse.csr_array:
    """The matrix [N, G] that spreads the weight of each value over the two nearest points (linear
    binning); all values lie within the grid.
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
    """Densities [B, G] from masses on grid points: a convolution with Gaussians, no narrower than a
    step, by FFT.

    The convolution is circular: the 3e-7 of a kernel beyond the end of the grid reappear at its
    other end.
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
