"""Maximum mean discrepancy of two sets of pieces that continue the same prompts (Gretton et al.,
2012): 0 where they have the same distribution. The kernel is Gaussian; its width is the median
distance. Pairs of one tune family do not count, in any of the three terms, so that the estimate is
unbiased although pieces of one tune are not independent.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.measures.features import FEATURES

NUM_PERMUTATIONS = 999


@dataclasses.dataclass(frozen=True)
class Discrepancy:
    """The squared MMD, which can be below 0, and the p value of its permutation test."""

    squared_mmd: float
    p: float


def feature_distances(pieces: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """Squared distances [M, M] in the nine features with equal weight: those of each feature are
    divided by their mean. An undefined value counts as the mean of the others.
    """
    total_MM = np.zeros((len(pieces), len(pieces)))
    for name in FEATURES:
        values_MF = np.array([np.ravel(each[name]) for each in pieces], np.float64)
        known_MF = np.isfinite(values_MF)
        sums_F = np.where(known_MF, values_MF, 0).sum(axis=0)
        means_F = sums_F / np.maximum(known_MF.sum(axis=0), 1)
        squared_MM = squared_distances(np.where(known_MF, values_MF, means_F))
        total_MM += squared_MM / (squared_MM.mean() or 1)
    return total_MM


def squared_distances(values_MF: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances [M, M] between rows."""
    values_MF = values_MF - values_MF.mean(axis=0)
    squares_M = (values_MF**2).sum(axis=1)
    return np.maximum(squares_M[:, None] + squares_M - 2 * values_MF @ values_MF.T, 0)


def discrepancy(
    squared_MM: np.ndarray,
    families_N: np.ndarray,
    rng: np.random.Generator,
    groups_N: np.ndarray | None = None,
) -> Discrepancy:
    """The MMD of N real pieces and the N generated ones after the same prompts. In the test the two
    classes are swapped or not for all prompts of a family together.

    Args:
      squared_MM: squared distances of the real pieces and then the generated ones, in the same
        order.
      families_N: the family of each prompt.
      rng: of the permutations.
      groups_N: prompts of different groups are not compared, as their distances are not comparable.
    """
    num = len(families_N)
    groups_N = np.zeros(num, int) if groups_N is None else groups_N
    families, members_N = np.unique(families_N, return_inverse=True)
    differs_NN = (members_N[:, None] != members_N) & (groups_N[:, None] == groups_N)
    excess_NN = np.zeros((num, num))
    for group in np.unique(groups_N):
        rows = np.flatnonzero(groups_N == group)
        both = np.concatenate([rows, rows + num])
        own_MM = squared_MM[np.ix_(both, both)]
        width = np.median(own_MM[np.triu_indices(len(both), 1)]) or 1.0
        kernel_MM = np.exp(-own_MM / (2 * width))
        half = len(rows)
        excess_NN[np.ix_(rows, rows)] = (
            kernel_MM[:half, :half]
            + kernel_MM[half:, half:]
            - kernel_MM[:half, half:]
            - kernel_MM[half:, :half]
        )
    member_NF = (members_N[:, None] == np.arange(len(families))).astype(float)
    excess_FF = member_NF.T @ (excess_NN * differs_NN) @ member_NF / max(differs_NN.sum(), 1)
    value = float(excess_FF.sum())
    signs_PF = rng.choice([-1.0, 1.0], (NUM_PERMUTATIONS, len(families)))
    others_P = ((signs_PF @ excess_FF) * signs_PF).sum(axis=1)
    num_beyond = int((others_P >= value - 1e-12).sum())
    return Discrepancy(value, (1 + num_beyond) / (1 + NUM_PERMUTATIONS))
