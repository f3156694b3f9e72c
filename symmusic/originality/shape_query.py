"""A piece prepared for the search in an index of n-grams (`shape`)."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from symmusic.originality.shape_index import ShapeIndex, find_ngrams

# The cost of two different n-grams, in halves: rows are the signs of the query's two intervals,
# columns those of the tune's; -- -0 -+ 0- ... ++. The shape of an n-gram is one of four (falls then
# rises, rises then falls, rises, falls); a sign of 0 fits either. The query's shape is the first
# that fits, and the tune's n-gram has the same shape (1), the opposite one (16) or neither (2).
_SIGNS = list(itertools.product((-1, 0, 1), repeat=2))
_SHAPES = [
    lambda u, v: u <= 0 <= v,
    lambda u, v: v <= 0 <= u,
    lambda u, v: u >= 0 and v >= 0,
    lambda u, v: u <= 0 and v <= 0,
]


def _mismatch(query: tuple[int, int], tune: tuple[int, int]) -> int:
    kind = next(kind for kind, holds in enumerate(_SHAPES) if holds(*query))
    return 1 if _SHAPES[kind](*tune) else 16 if _SHAPES[kind ^ 1](*tune) else 2


MISMATCHES = np.array([[_mismatch(query, tune) for tune in _SIGNS] for query in _SIGNS], np.int64)


@dataclasses.dataclass(frozen=True)
class Query:
    """A piece prepared for an index; all costs are multiplied by 2 N.

    `gains_UK` is as in `align_prefixes`. `worth_K` is the gain from matching each n-gram, and
    `has_K` how often it can be matched. `beside` is an upper bound on what aligning an n-gram of
    the piece with a different one gains over skipping that one.
    """

    num_notes: int
    rows_I: np.ndarray
    skips_I: np.ndarray
    gains_UK: np.ndarray
    gaps_K: np.ndarray
    worth_K: np.ndarray
    has_K: np.ndarray
    first_costs_K: np.ndarray
    beside: int


def prepare(pitches: Sequence[int], index: ShapeIndex) -> Query:
    """The query of a piece, MIDI pitches in order, against the tunes of an index."""
    total = index.total
    distinct, rows_I, has_U = np.unique(
        find_ngrams(pitches), return_inverse=True, return_counts=True
    )
    distinct = distinct.astype(np.int64)
    place_U = np.searchsorted(index.ngrams, distinct)
    is_known_U = index.ngrams[np.minimum(place_U, len(index.ngrams) - 1)] == distinct
    worth_K = 2 * (total - index.counts)
    gaps_U = np.full(len(distinct), -2)
    gaps_U[is_known_U] = -worth_K[place_U[is_known_U]]
    costs_UK = -total * MISMATCHES[signs_of(distinct)][:, signs_of(index.ngrams)]
    costs_UK[is_known_U, place_U[is_known_U]] = worth_K[place_U[is_known_U]]
    gains_UK = costs_UK - gaps_U[:, None] + worth_K
    has_K = np.zeros(len(worth_K), np.int64)
    has_K[place_U[is_known_U]] = has_U[is_known_U]
    return Query(
        num_notes=len(pitches),
        rows_I=rows_I,
        skips_I=np.cumsum(gaps_U[rows_I]),
        gains_UK=gains_UK,
        gaps_K=-worth_K,
        worth_K=worth_K,
        has_K=has_K,
        first_costs_K=costs_UK[rows_I[0]],
        beside=max(int(worth_K.max()) - total * int(MISMATCHES.min()), 0),
    )


def signs_of(ngrams: np.ndarray) -> np.ndarray:
    """The rows of `MISMATCHES` for n-grams: the signs of their two intervals."""
    second, third = ngrams // 256 - 128, ngrams % 256 - 128
    return 3 * np.sign(second) + np.sign(third - second) + 4
