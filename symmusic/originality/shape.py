"""Plagiarism as the thesis measured it: MelodyShape's algorithm 2015-shapeh (Urbano 2013, 2015),
exact and for large collections.

A melody is represented by its n-grams: of every three consecutive notes the intervals from the
first to the second and to the third. Rhythm does not count. A score is that of the best alignment
from both starts, divided by the smaller number of n-grams: below 1, often below 0, not clamped. The
original caches costs in an order that depends on its input; ours are computed without that (a
difference of up to 0.02).

All costs are multiplied by 2 N, with N the number of n-grams of the index, which makes them
integers, so that no score depends on the order of sums. Letters: U distinct n-grams of the query, I
its n-grams, K distinct n-grams of the index, D tunes, J n-grams of a tune.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from symmusic.originality.align import NEVER, align_prefixes, exact
from symmusic.originality.shape_index import ShapeIndex
from symmusic.originality.shape_query import Query, prepare

BATCH_TUNES = 256  # aligned at once
# tunes between two checks of the best score so far; the last size is repeated
CHUNKS = (256, 512, 1024, 2048, 4096, 8192)


@dataclasses.dataclass(frozen=True)
class Nearest:
    """The tune that a piece is most similar to: its position in the index (None if the piece or
    every tune has fewer than 3 notes) and the score.

    `num_cells` is the number of cells computed, without padding, of the `num_all_cells` between the
    piece and all tunes.
    """

    tune: int | None
    score: float
    num_cells: int = 0
    num_all_cells: int = 0


def _align(
    query: Query,
    index: ShapeIndex,
    tunes_D: np.ndarray,
    reach_D: np.ndarray,
    least: float,
    *,
    whole: bool = False,
) -> tuple[np.ndarray, int]:
    """Scores [D] of a query with tunes that have n-grams, and the number of cells computed; exact
    where a score is at least `least`.

    Cells are pruned so far along a tune that no path through them can recover the cost of skipping
    everything before: their scores are below that of the first two n-grams and below `least`. With
    `whole` they are computed nevertheless. `reach_D` is as in `_reaches`, for these tunes.
    """
    lengths_D = index.lengths[tunes_D]
    places_DJ = np.arange(lengths_D.max())
    at_DJ = index.starts[tunes_D][:, None] + np.minimum(places_DJ, lengths_D[:, None] - 1)
    ids_DJ = index.ids[at_DJ]
    skips_DJ = np.cumsum(query.gaps_K[ids_DJ], axis=1)
    smaller_D = np.minimum(len(query.rows_I), lengths_D)
    needed_D = query.first_costs_K[ids_DJ[:, 0]]
    if least > -np.inf:  # one unit lower, to allow for the rounding of `least`
        needed_D = np.maximum(
            needed_D, np.floor(least * (2 * index.total * smaller_D)).astype(np.int64) - 1
        )
    is_used_DJ = places_DJ < lengths_D[:, None]
    if not whole:
        is_used_DJ &= reach_D[:, None] + skips_DJ >= needed_D[:, None]
    num_used = max(int(is_used_DJ.any(axis=0).sum()), 1)
    skips_DJ = np.where(is_used_DJ, skips_DJ, NEVER)[:, :num_used]
    cells_D = align_prefixes(
        query.gains_UK,
        query.rows_I,
        query.skips_I,
        ids_DJ[:, :num_used].T.astype(np.int32),
        skips_DJ.T,
    )
    num_cells = len(query.rows_I) * int(np.minimum(num_used, lengths_D).sum())
    return (
        np.where(cells_D > NEVER // 2, cells_D / (2 * index.total * smaller_D), -np.inf),
        num_cells,
    )


def score_all(pitches: Sequence[int], index: ShapeIndex, *, whole: bool = False) -> np.ndarray:
    """The scores [D] of one melody with every tune; -inf where either has fewer than 3 notes."""
    scores_D = np.full(len(index), -np.inf)
    if len(pitches) < 3:
        return scores_D
    usable = np.flatnonzero(index.lengths)
    usable = usable[np.argsort(index.lengths[usable], kind='stable')]
    with exact():
        query = prepare(pitches, index) if len(usable) else None
        reach_D = _reaches(query, index) if len(usable) else None
        for begin in range(0, len(usable), BATCH_TUNES):
            tunes_D = usable[begin : begin + BATCH_TUNES]
            reach = reach_D[tunes_D]
            scores_D[tunes_D], _ = _align(query, index, tunes_D, reach, -np.inf, whole=whole)
    return scores_D


def bound_scores(pitches: Sequence[int], index: ShapeIndex) -> np.ndarray:
    """Upper bounds [D] on the scores, which assume that every n-gram in common is matched, as often
    as both have it, at no cost.
    """
    return _bounds(prepare(pitches, index), index)


def _bounds(query: Query, index: ShapeIndex) -> np.ndarray:
    smaller_D = np.minimum(len(query.rows_I), index.lengths)
    units_D = 2 * index.total * np.maximum(smaller_D, 1)
    return np.where(smaller_D > 0, _shared(query, index, query.worth_K) / units_D, -np.inf)


def _reaches(query: Query, index: ShapeIndex) -> np.ndarray:
    """Upper bounds [D] on what any path gains over skipping the whole tune. They assume that every
    n-gram in common is matched, as often as both have it, and that the query's other n-grams are
    aligned at the lowest cost. A match gains its worth and saves the cost of skipping the tune's
    n-gram.
    """
    matches_K = np.maximum(2 * query.worth_K - query.beside, 0)
    return len(query.rows_I) * query.beside + _shared(query, index, matches_K)


def _shared(query: Query, index: ShapeIndex, gains_K: np.ndarray) -> np.ndarray:
    """The sums [D] of the gains of the n-grams that a query and each tune share, each as often as
    both have it.
    """
    sums_D = np.zeros(len(index), np.int64)
    usable = np.flatnonzero(index.lengths)
    for begin in range(0, len(usable), CHUNKS[-1]):
        tunes = usable[begin : begin + CHUNKS[-1]]
        first, last = index.bag_starts[tunes[0]], index.bag_starts[tunes[-1] + 1]
        ids = index.bag_ids[first:last]
        shared = np.minimum(query.has_K[ids], index.bag_counts[first:last]) * gains_K[ids]
        sums_D[tunes] = np.add.reduceat(shared, index.bag_starts[tunes] - first)
    return sums_D


def find_nearest(pitches: Sequence[int], index: ShapeIndex) -> Nearest:
    """The tune with the highest score; in a tie the nearest in number of notes, then the first in
    the index.

    Tunes are visited in descending order of their bounds, and those whose bound is below the best
    score are skipped, which does not change the result.
    """
    if len(pitches) < 3 or not index.total:
        return Nearest(None, -np.inf)
    query = prepare(pitches, index)
    bounds_D, reach_D = _bounds(query, index), _reaches(query, index)
    order = np.argsort(-bounds_D, kind='stable')[: int((bounds_D > -np.inf).sum())]
    best: _Best = (np.inf, 0, -1)
    num_cells, begin = 0, 0
    sizes = itertools.chain(CHUNKS, itertools.repeat(CHUNKS[-1]))
    with exact():
        while begin < len(order) and bounds_D[order[begin]] >= -best[0]:
            chunk = order[begin : (begin := begin + next(sizes))]
            chunk = chunk[np.argsort(index.lengths[chunk], kind='stable')]
            for first in range(0, len(chunk), BATCH_TUNES):
                tunes_D = chunk[first : first + BATCH_TUNES]
                tunes_D = tunes_D[bounds_D[tunes_D] >= -best[0]]
                if len(tunes_D):
                    scores_D, cells = _align(query, index, tunes_D, reach_D[tunes_D], -best[0])
                    num_cells += cells
                    best = min(best, _best_of(query, index, tunes_D, scores_D))
    return Nearest(best[2], -best[0], num_cells, len(query.rows_I) * index.total)


_Best = tuple[float, int, int]  # minus the score, the difference in notes, the tune


def _best_of(query: Query, index: ShapeIndex, tunes_D: np.ndarray, scores_D: np.ndarray) -> _Best:
    """The best of these tunes: the smallest `_Best`."""
    tied = tunes_D[scores_D == scores_D.max()]
    distances = np.abs(index.num_notes[tied] - query.num_notes)
    return min(
        (-float(scores_D.max()), *each)
        for each in zip(distances.tolist(), tied.tolist(), strict=True)
    )


def mean_and_sd(scores: Sequence[float]) -> tuple[float | None, float | None, int]:
    """The mean, SD (of the population) and number of unusable (-inf) scores, which count as the
    mean of the others, as in the thesis.

    None where all are unusable. This replacement leaves the mean unchanged and makes the SD
    smaller.
    """
    scores = np.asarray(scores, np.float64)
    usable = np.isfinite(scores)
    if not usable.any():
        return None, None, len(scores)
    filled = np.where(usable, scores, scores[usable].mean())
    return float(filled.mean()), float(filled.std()), int((~usable).sum())
