"""How well scores separate two classes of pieces: the out-of-fold area under the ROC curve (AUC),
with an interval that resamples whole tune families.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.stats

from symmusic.measures.bounds import bounds_of
from symmusic.measures.estimate import Estimate
from symmusic.streams import Stream, generator

NUM_FOLDS = 5
# gives every fold three families in each half; a bootstrap over fewer is meaningless
LEAST_FAMILIES = 6 * NUM_FOLDS
NUM_RESAMPLES = 2000  # of the families
WIDENING = 2**0.5  # factor on interval widths: folds are not independent; see `estimate`


@dataclasses.dataclass(frozen=True)
class LabelledPieces:
    """N pieces of two classes that a critic is to distinguish.

    Attributes:
      rows: [N] index of each piece in the pool shared by all sets.
      is_first: [N] whether it is of the first class, the real one, which should get the higher
        scores.
      families: [N] the family of its tune.
      folds: [N] the fold in which it is scored; a family is in one fold only.
    """

    rows: np.ndarray
    is_first: np.ndarray
    families: np.ndarray
    folds: np.ndarray


def auc(first_N: np.ndarray, second_M: np.ndarray) -> float:
    """The share of pairs in which the score of the first class is higher, ties counted half (Mann
    and Whitney, 1947); NaN where a class is empty.
    """
    num_first, num_second = len(first_N), len(second_M)
    if not num_first or not num_second:
        return float('nan')
    ranks = scipy.stats.rankdata(np.concatenate([first_N, second_M]))
    return float(
        (ranks[:num_first].sum() - num_first * (num_first + 1) / 2) / (num_first * num_second)
    )


def assign_families(
    families_N: Sequence[int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Assigns families to folds and halves: `(folds_N, in_first_half_N)`.

    Families go to the folds in snake order, the largest first. Of every two consecutive families in
    a fold, a random one goes to the first half. Halves are drawn independently in each fold, so no
    critic can predict them better than by chance.
    """
    families_F, members_N, sizes_F = np.unique(
        np.asarray(families_N), return_inverse=True, return_counts=True
    )
    shuffled_F = rng.permutation(len(families_F))
    order_F = shuffled_F[np.argsort(-sizes_F[shuffled_F], kind='stable')]
    rounds, seats = np.divmod(np.arange(len(families_F)), NUM_FOLDS)
    folds_F, in_first_half_F = np.zeros(len(families_F), int), np.zeros(len(families_F), bool)
    folds_F[order_F] = np.where(rounds % 2, NUM_FOLDS - 1 - seats, seats)
    coins = rng.integers(2, size=(len(families_F), NUM_FOLDS))  # for each pair of rounds and fold
    in_first_half_F[order_F] = (coins[rounds // 2, folds_F[order_F]] + rounds) % 2
    return folds_F[members_N], in_first_half_F[members_N]


def mean_auc(scores_N: np.ndarray, labelled: LabelledPieces) -> float | None:
    """The mean of the AUCs within the folds; None where no fold has both classes."""
    found = []
    for fold in np.unique(labelled.folds):
        inside = labelled.folds == fold
        scores, is_first = scores_N[inside], labelled.is_first[inside]
        found.append(auc(scores[is_first], scores[~is_first]))
    defined = np.array(found)[~np.isnan(found)]
    return float(defined.mean()) if len(defined) else None


def mean_over_halvings(aucs: Sequence[float | None]) -> Estimate:
    """The mean AUC of a critic over independent halvings of the same pieces, with an interval by
    Student's t. The expected AUC of a critic that learns nothing from the pieces that it scores is
    0.5. Without value for fewer than 2 halvings.
    """
    known = np.array([value for value in aucs if value is not None])
    if len(known) < 2:
        return Estimate(float(known[0]) if len(known) else None)
    mean = float(known.mean())
    half = scipy.stats.t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / len(known) ** 0.5
    return Estimate(mean, *bounds_of('auc').cut(mean - half, mean + half))


def estimate(
    scores_N: np.ndarray, labelled: LabelledPieces, seed: int = 0, widening: float = WIDENING
) -> Estimate:
    """The AUC of out-of-fold scores with its 95 % interval; None if no fold has both classes. It is
    the mean of the AUCs within the folds, because each fold has its own critic and scores of
    different critics are not comparable.

    The interval is from a bootstrap over families within their folds (Efron, 1979), as pieces of
    one tune are not independent. Folds are not independent either: what two families have in common
    counts twice, since each family is in the training data of the critic that scores the other. If
    the classes cannot be distinguished, this doubles the variance, so intervals are `widening`
    times as wide as the spread of the resamples; if they can, the interval is wider than necessary.
    Scores that were not learnt from these pieces need no widening (1.0).
    """
    rng, whole, draws = generator(seed, Stream.CRITIC_RESAMPLES), [], []
    for fold in np.unique(labelled.folds):
        inside = labelled.folds == fold
        families, members = np.unique(labelled.families[inside], return_inverse=True)
        scores, is_first = scores_N[inside], labelled.is_first[inside]
        wins_FF, pairs_FF = _count_wins(scores, is_first, members, len(families))
        counts_BF = rng.multinomial(
            len(families), np.full(len(families), 1 / len(families)), NUM_RESAMPLES
        ).astype(float)
        pairs_B = ((counts_BF @ pairs_FF) * counts_BF).sum(axis=1)
        wins_B = ((counts_BF @ wins_FF) * counts_BF).sum(axis=1)
        whole.append(auc(scores[is_first], scores[~is_first]))
        draws.append(np.where(pairs_B > 0, wins_B / np.maximum(pairs_B, 1), np.nan))
    defined = ~np.isnan(whole) if whole else np.zeros(0, bool)
    if not defined.any():
        return Estimate()
    draws_BK = np.array(draws).T[:, defined]
    draws_BK = draws_BK[~np.isnan(draws_BK).all(axis=1)]
    middle = float(np.mean(np.array(whole)[defined]))
    low, high = middle + widening * (
        np.percentile(np.nanmean(draws_BK, axis=1), [2.5, 97.5]) - middle
    )
    low, high = bounds_of('auc').cut(min(low, middle), max(high, middle))
    return Estimate(middle, low, high)


def _count_wins(
    scores: np.ndarray, is_first: np.ndarray, members: np.ndarray, num_families: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each pair of families, the first class of the one (rows) against the second class of the
    other (columns): the number of pairs of pieces won, ties counted half, and the number of pairs.
    """
    member_NF = (members[:, None] == np.arange(num_families)).astype(float)
    first, second = scores[is_first, None], scores[None, ~is_first]
    wins = (first > second) + 0.5 * (first == second)
    firsts_NF, seconds_MF = member_NF[is_first], member_NF[~is_first]
    return firsts_NF.T @ wins @ seconds_MF, np.outer(firsts_NF.sum(axis=0), seconds_MF.sum(axis=0))
