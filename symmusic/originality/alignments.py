"""Finds copies with changes by local alignment (Smith & Waterman 1981): a pair of symbols with
equal interval and steps scores 1, with equal interval only 0, any other pair and any gap -1. These
scores are our own choice.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from symmusic.originality.align import align_locally
from symmusic.originality.copies import (
    MOST_STEPS,
    Melody,
    Passage,
    find_all_symbols,
    find_symbols,
    make_passage,
)
from symmusic.progress import track

BATCH_TUNES = 256  # aligned at once


MOST_KEPT = 128  # symbols whose scores are kept


PADDING = -1  # not a symbol or interval of any melody


def find_alignments(
    pieces: Sequence[Melody],
    tunes: Sequence[Melody],
) -> list[Passage]:
    """The best local alignment of each piece with any of the tunes; in a tie, the first tune."""
    return [
        _trace(piece, tunes[tune], tune) if score else Passage()
        for piece, (score, tune) in zip(pieces, best_alignments(pieces, tunes), strict=True)
    ]


def best_alignments(pieces: Sequence[Melody], tunes: Sequence[Melody]) -> list[tuple[int, int]]:
    """The score of the alignment that `find_alignments` finds for each piece, and the tune."""
    symbols = find_all_symbols(tunes)
    numbers = [number for number, own in enumerate(symbols) if len(own)]
    order = sorted(numbers, key=lambda number: len(symbols[number]))
    queries = [find_symbols(piece).tolist() for piece in pieces]
    longest = max(map(len, queries), default=0)
    best = [(0, 0)] * len(pieces)  # (-score, tune)
    batches = [order[begin : begin + BATCH_TUNES] for begin in range(0, len(order), BATCH_TUNES)]
    for batch in track(batches, 'batch'):
        num_steps = max(len(symbols[number]) for number in batch)
        tunes_JD = np.full((num_steps, len(batch)), PADDING)
        for place, number in enumerate(batch):
            tunes_JD[: len(symbols[number]), place] = symbols[number]
        kind = np.min_scalar_type(-2 * (longest + num_steps + 2))
        scores_of = _remembered_scores(tunes_JD, kind)
        for place, query_I in enumerate(queries):
            if query_I:
                scores_D = align_locally(query_I, scores_of, gap=1)
                top = int(scores_D.max())
                first = min(batch[tune] for tune in np.flatnonzero(scores_D == top))
                best[place] = min(best[place], (-top, first))
    return [(-score, tune) for score, tune in best]


def _remembered_scores(tunes_JD: np.ndarray, kind: np.dtype) -> Callable[[int], np.ndarray]:
    """The scores [J, D] of a symbol with those of tunes; cached for common symbols."""
    intervals_JD = tunes_JD // MOST_STEPS

    @functools.lru_cache(MOST_KEPT)
    def scores_of(symbol: int) -> np.ndarray:
        return _scores(tunes_JD, intervals_JD, symbol, kind)

    return scores_of


def _scores(
    symbols: np.ndarray, intervals: np.ndarray, other: int | np.ndarray, kind: np.dtype
) -> np.ndarray:
    """The score of each pair of symbols: 1 if they are equal, 0 if only their intervals are, else
    -1. The intervals of the first symbols are passed in.
    """
    scores = (symbols == other).astype(kind)
    scores += intervals == other // MOST_STEPS
    scores -= 1
    return scores


def _trace(piece: Melody, tune: Melody, number: int) -> Passage:
    """The best local alignment of two melodies, by backtracking; in a tie, the one that
    ends first.
    """
    symbols_J = find_symbols(tune)
    gains = _scores(symbols_J, symbols_J // MOST_STEPS, find_symbols(piece)[:, None], np.int64)
    rows = [[0] * (gains.shape[1] + 1)]
    for own in gains.tolist():
        above, here = rows[-1], [0]
        for place, gain in enumerate(own):
            here.append(max(0, above[place] + gain, above[place + 1] - 1, here[-1] - 1))
        rows.append(here)
    cells = np.array(rows)
    i, j = end = np.unravel_index(cells.argmax(), cells.shape)
    while cells[i, j]:
        if cells[i, j] == cells[i - 1, j - 1] + gains[i - 1, j - 1]:
            i, j = i - 1, j - 1
        elif cells[i, j] == cells[i - 1, j] - 1:
            i -= 1
        else:
            j -= 1
    score = int(cells.max())
    return make_passage(
        piece,
        tune,
        number,
        (int(i), int(end[0]) + 1),
        (int(j), int(end[1]) + 1),
        score,
        score / len(gains),
    )
