"""Finds passages copied from anywhere in the training tunes, rhythm included, and where they are;
2015-shapeh cannot detect these.

A melody of L notes is represented by L - 1 symbols: from each note to the next the interval in
semitones and the steps between the onsets (which include rests; the length of the last note does
not count). So the key does not matter, but the rhythm does. Two measures:

- the longest run: the most consecutive notes of a piece that also occur consecutively in a tune,
  with the same intervals and rhythm;
- the local alignment (Smith & Waterman 1981), which finds copies with changes: a pair of symbols
  with equal interval and steps scores 1, with equal interval only 0, any other pair and any gap -1.
  These scores are our own choice.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from symmusic.melody.events import StepNote, bar_steps_of
from symmusic.originality.align import align_locally
from symmusic.progress import track

BATCH_TUNES = 256  # aligned at once
MOST_KEPT = 128  # symbols whose scores are kept
CHUNK_SYMBOLS = 1_000_000  # symbols of tunes searched for runs at a time; bounds the memory
LEVEL = 95  # percentile of real unseen tunes beyond which a piece is flagged
_STEPS = 1 << 20  # more than there can be between two notes
PADDING = -1  # no melody's symbol, nor interval

Melody = Sequence[StepNote]


@dataclasses.dataclass(frozen=True)
class Passage:
    """The passage of a piece that is most similar to a passage of a tune.

    Attributes:
      tune: index of the tune among those searched, the first in a tie; None where there is no
        passage.
      score: number of notes of a run, or score of the alignment; 0 where there is no passage.
      share: the score divided by its maximum: the number of notes, or of symbols, of the piece.
      piece_notes, tune_notes: first note and the one after the last, counted from 0.
      piece_bar, tune_bar: the bar in which the first note starts, counted from 1.
    """

    tune: int | None = None
    score: int = 0
    share: float = 0.0
    piece_notes: tuple[int, int] = (0, 0)
    tune_notes: tuple[int, int] = (0, 0)
    piece_bar: int = 0
    tune_bar: int = 0


def find_symbols(melody: Melody) -> np.ndarray:
    """The symbols [max(L - 1, 0)] int64 of a melody: (interval + 128) * 2^20 + steps from onset to
    onset.
    """
    pitches = np.array([note.pitch for note in melody], np.int64)
    onsets = np.array([note.onset for note in melody], np.int64)
    return (np.diff(pitches) + 128) * _STEPS + np.minimum(np.diff(onsets), _STEPS - 1)


def find_longest_runs(pieces: Sequence[Melody], tunes: Sequence[Melody]) -> list[Passage]:
    """The longest run of each piece that occurs in a tune; in a tie the first in the piece, in the
    first tune that has it.

    Exact, by a suffix array (Manber & Myers 1993) of a chunk of tunes at a time, so that the time
    is linear in the tunes. A run has at least two notes.
    """
    pieces_symbols = [find_symbols(piece) for piece in pieces]
    found = [(0, 0, 0, 0)] * len(pieces)  # symbols, start in the piece, tune, start in the tune
    chunk, size, first = [], 0, 0
    for number, tune in enumerate(itertools.chain(tunes, [None])):
        if tune is None or size > CHUNK_SYMBOLS:
            for place, (length, begin, which, at) in enumerate(_search(pieces_symbols, chunk)):
                if length > found[place][0]:
                    found[place] = (length, begin, first + which, at)
            chunk, size, first = [], 0, number
        if tune is not None:
            chunk.append(find_symbols(tune))
            size += len(chunk[-1]) + 1
    return [
        (
            _passage(
                piece,
                tunes[tune],
                tune,
                (begin, begin + length + 1),
                (at, at + length + 1),
                length + 1,
                (length + 1) / len(piece),
            )
            if length
            else Passage()
        )
        for piece, (length, begin, tune, at) in zip(pieces, found, strict=True)
    ]


def _search(
    pieces: Sequence[np.ndarray], tunes: Sequence[np.ndarray]
) -> list[tuple[int, int, int, int]]:
    longest = max(map(len, pieces), default=0)
    if not longest or not any(map(len, tunes)):
        return [(0, 0, 0, 0)] * len(pieces)
    # Every melody ends in a unique symbol, so that no match crosses its end.
    melodies = [np.append(symbols, -1 - number) for number, symbols in enumerate([*tunes, *pieces])]
    starts = np.concatenate([[0], np.cumsum([len(symbols) for symbols in melodies])])
    num_tune_symbols = starts[len(tunes)]
    # Row k holds the ranks of all substrings of 2^k symbols, equal for equal ones; each row is made
    # from pairs of the one before (prefix doubling).
    ranks = [np.unique(np.concatenate(melodies), return_inverse=True)[1]]
    while (width := 1 << len(ranks) - 1) < longest:
        pairs = ranks[-1] * (ranks[-1].max() + 1) + np.append(
            ranks[-1][width:], np.zeros(width, np.int64)
        )
        ranks.append(np.unique(pairs, return_inverse=True)[1])
    order = np.argsort(ranks[-1], kind='stable')
    places = np.arange(len(order))
    is_tune = order < num_tune_symbols
    before = np.maximum.accumulate(np.where(is_tune, places, -1))
    after = np.minimum.accumulate(np.where(is_tune, places, len(order))[::-1])[::-1]
    is_piece = ~is_tune
    lengths = np.zeros(len(order) - num_tune_symbols, np.int64)
    for neighbour in (before, after):
        known = is_piece & (neighbour >= 0) & (neighbour < len(order))
        one, other = order[known], order[neighbour[known]]
        alike = np.zeros(len(one), np.int64)
        for level in reversed(range(len(ranks))):
            alike += (ranks[level][one + alike] == ranks[level][other + alike]).astype(
                np.int64
            ) << level
        lengths[one - num_tune_symbols] = np.maximum(lengths[one - num_tune_symbols], alike)
    found = []
    for number in range(len(tunes), len(melodies)):
        own = lengths[starts[number] - num_tune_symbols : starts[number + 1] - num_tune_symbols]
        begin = int(own.argmax())
        length = int(own[begin])
        at = (
            _first_place(ranks[0], num_tune_symbols, starts[number] + begin, length)
            if length
            else 0
        )
        tune = int(np.searchsorted(starts, at, side='right')) - 1
        found.append((length, begin, tune, int(at - starts[tune])))
    return found


def _first_place(symbols: np.ndarray, num_tune_symbols: int, begin: int, length: int) -> int:
    """The first place in the tunes of the `length` symbols that start at `begin`."""
    places = np.flatnonzero(symbols[:num_tune_symbols] == symbols[begin])
    for offset in range(1, length):
        places = places[symbols[places + offset] == symbols[begin + offset]]
    return int(places[0])


def find_alignments(
    pieces: Sequence[Melody],
    tunes: Sequence[Melody],
) -> list[Passage]:
    """The best local alignment of each piece with any tune, in a tie with the first tune."""
    return [
        _trace(piece, tunes[tune], tune) if score else Passage()
        for piece, (score, tune) in zip(pieces, best_alignments(pieces, tunes), strict=True)
    ]


def best_alignments(pieces: Sequence[Melody], tunes: Sequence[Melody]) -> list[tuple[int, int]]:
    """The score of the alignment that `find_alignments` finds for each piece, and the tune."""
    symbols = [find_symbols(tune) for tune in tunes]
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
    """The scores [J, D] of a symbol with those of tunes; those of common symbols are kept."""
    intervals_JD = tunes_JD // _STEPS

    @functools.lru_cache(MOST_KEPT)
    def scores_of(symbol: int) -> np.ndarray:
        return _scores(tunes_JD, intervals_JD, symbol, kind)

    return scores_of


def _scores(
    symbols: np.ndarray, intervals: np.ndarray, other: int | np.ndarray, kind: np.dtype
) -> np.ndarray:
    """The score of each pair of symbols, of which the intervals of the first ones are given: 1
    where they are equal, 0 where only the intervals are, -1 elsewhere.
    """
    scores = (symbols == other).astype(kind)
    scores += intervals == other // _STEPS
    scores -= 1
    return scores


def _trace(piece: Melody, tune: Melody, number: int) -> Passage:
    """The best local alignment of two melodies; in a tie the one that ends first."""
    symbols_J = find_symbols(tune)
    gains = _scores(symbols_J, symbols_J // _STEPS, find_symbols(piece)[:, None], np.int64)
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
    return _passage(
        piece,
        tune,
        number,
        (int(i), int(end[0]) + 1),
        (int(j), int(end[1]) + 1),
        score,
        score / len(gains),
    )


def _passage(piece, tune, number, piece_notes, tune_notes, score, share) -> Passage:
    bars = [
        melody[notes[0]].onset // bar_steps_of(melody) + 1
        for melody, notes in ((piece, piece_notes), (tune, tune_notes))
    ]
    return Passage(number, score, share, piece_notes, tune_notes, *bars)


def reference_level(passages: Sequence[Passage]) -> float | None:
    """The 95th percentile of the scores of real unseen melodies, as long as the pieces, against the
    same tunes; None where there are none.
    """
    return (
        float(np.percentile([passage.score for passage in passages], LEVEL)) if passages else None
    )


def flag(passages: Sequence[Passage], level: float | None) -> list[int]:
    """The indices of the pieces whose score is above the level. Scores are compared, not shares,
    which are naturally high for short pieces.
    """
    return (
        []
        if level is None
        else [place for place, passage in enumerate(passages) if passage.score > level]
    )
