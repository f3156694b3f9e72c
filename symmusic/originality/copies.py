"""Finds passages copied from anywhere in the training tunes, rhythm included, and where they are;
2015-shapeh cannot detect these.

A melody of L notes is represented by L - 1 symbols: from each note to the next the interval in
semitones and the steps between the onsets (which include rests; the length of the last note does
not count). So the key does not matter, but the rhythm does. There are two measures: the longest
run, the most consecutive notes of a piece that also occur consecutively in a tune, with the same
intervals and rhythm; and the local alignment (`alignments`).
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from symmusic.melody.events import StepNote, bar_steps_of

CHUNK_SYMBOLS = 1_000_000  # symbols of tunes searched for runs at a time; bounds the memory
LEVEL = 95  # percentile of real unseen tunes beyond which a piece is flagged
MOST_STEPS = 1 << 20  # more than there can be between two notes

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
    return (np.diff(pitches) + 128) * MOST_STEPS + np.minimum(np.diff(onsets), MOST_STEPS - 1)


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
            make_passage(
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


def make_passage(piece, tune, number, piece_notes, tune_notes, score, share) -> Passage:
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
