"""Means over pieces with intervals that resample whole tune families (Efron, 1979), because
settings of one tune are not independent.
"""

import numpy as np

from symmusic.measures.estimate import Estimate

NUM_RESAMPLES = 2000


def mean_by_family(
    values_NA: np.ndarray, families_N: np.ndarray, rng: np.random.Generator
) -> list[Estimate]:
    """The mean of each of A columns over N pieces, and the 2.5th and 97.5th percentiles over
    resamples of the families, which are the same for all columns. NaN values are ignored. The mean
    is None if all values are NaN; a single family has no interval.
    """
    _, members_N = np.unique(families_N, return_inverse=True)
    num_families = members_N.max(initial=-1) + 1
    known_NA = np.isfinite(values_NA)
    member_FN = (np.arange(num_families)[:, None] == members_N).astype(float)
    sums_FA, nums_FA = member_FN @ np.where(known_NA, values_NA, 0.0), member_FN @ known_NA
    counts_BF = rng.multinomial(
        num_families, np.full(num_families, 1 / max(num_families, 1)), NUM_RESAMPLES
    ).astype(float)
    found = []
    for sums_F, nums_F in zip(sums_FA.T, nums_FA.T, strict=True):
        if not nums_F.any():
            found.append(Estimate())
            continue
        value = float(sums_F.sum() / nums_F.sum())
        nums_B = counts_BF @ nums_F
        means_B = (counts_BF @ sums_F)[nums_B > 0] / nums_B[nums_B > 0]
        ends = np.percentile(means_B, [2.5, 97.5]).tolist() if num_families > 1 else (None, None)
        found.append(Estimate(value, *ends))
    return found
