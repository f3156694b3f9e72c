"""Finds passages copied from anywhere in the training tunes, rhythm included, which 2015-shapeh
(`shape`) cannot detect.

A melody of L notes is represented by L - 1 symbols: from each note to the next the interval in
semitones and the steps between the onsets (which include rests; the length of the last note does
not count). This ignores the key but not the rhythm. There are two measures: the longest run, the
most consecutive notes of a piece that also occur consecutively in a tune, with the same intervals
and rhythm; and the local alignment (`alignments`).
"""

import bisect
import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from symmusic.melody.events import StepNote, bar_steps_of
from symmusic.melody.melodies import Melodies

CHUNK_SYMBOLS = 1_000_000  # symbols of tunes searched for runs at a time; bounds the memory
LEVEL = 95  # percentile of real unseen tunes beyond which a piece is flagged
MOST_STEPS = 1 << 20  # more than the steps between any two notes

Melody = Sequence[StepNote]


@dataclasses.dataclass(frozen=True)
class Passage:
    """The passage of a piece that is most similar to a passage of a tune.

    Attributes:
      tune: index of the tune among those searched, in a tie the first one; None if there is no
        passage.
      score: number of notes of the run, or score of the alignment; 0 if there is no passage.
      share: the score divided by its maximum: the number of notes, or of symbols, of the piece.
      piece_notes, tune_notes: index of the first note and of the one after the last, from 0.
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
    return _symbols(pitches, onsets)


def _symbols(pitches: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    return (np.diff(pitches) + 128) * MOST_STEPS + np.minimum(np.diff(onsets), MOST_STEPS - 1)


def find_all_symbols(melodies: Sequence[Melody]) -> list[np.ndarray]:
    """The symbols of each melody, as `find_symbols`."""
    if not isinstance(melodies, Melodies):
        return list(map(find_symbols, melodies))
    pitches, onsets, numbers = melodies.notes()
    is_within = np.diff(numbers) == 0
    symbols, numbers = _symbols(pitches, onsets)[is_within], numbers[1:][is_within]
    ends = np.searchsorted(numbers, np.arange(len(melodies)), side='right')
    return np.split(symbols, ends)[:-1]


def find_longest_runs(pieces: Sequence[Melody], tunes: Sequence[Melody]) -> list[Passage]:
    """The longest run of each piece that also occurs in a tune. In a tie, the first such run in the
    piece, found in the first tune that has it.

    The search is exact. Every place in the tunes where a run of a piece may start is followed
    symbol by symbol; most such runs end after a few symbols. Tunes are searched in chunks. A run
    has at least two notes.
    """
    own = [find_symbols(piece) for piece in pieces]
    sizes = [len(symbols) for symbols in own]
    begins = np.cumsum([0, *sizes])
    left_P = np.repeat(begins[1:], sizes) - np.arange(begins[-1])
    own_P = np.concatenate([np.zeros(0, np.int64), *own])
    lengths_P, at_P = np.zeros((2, len(own_P)), np.int64)
    starts = [0]  # index of each tune's first symbol among the symbols of all tunes
    for chunk in _chunks(find_all_symbols(tunes)):
        theirs = np.concatenate([np.append(symbols, -1) for symbols in chunk])
        _follow(own_P, left_P, theirs, starts[-1], lengths_P, at_P)
        starts += (starts[-1] + np.cumsum([len(symbols) + 1 for symbols in chunk])).tolist()
    found = []
    for piece, part in zip(pieces, map(slice, begins, begins[1:]), strict=True):
        num = int(max(lengths_P[part], default=0)) + 1
        if num == 1:
            found.append(Passage())
            continue
        begin = int(lengths_P[part].argmax())
        place = int(at_P[part][begin])
        tune = bisect.bisect_right(starts, place) - 1
        at = place - starts[tune]
        spans = (begin, begin + num), (at, at + num)
        found.append(make_passage(piece, tunes[tune], tune, *spans, num, num / len(piece)))
    return found


def _chunks(symbols: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """The symbols of tunes in groups of about `CHUNK_SYMBOLS`."""
    chunk, size = [], 0
    for each in symbols:
        chunk.append(each)
        size += len(each) + 1
        if size > CHUNK_SYMBOLS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _follow(
    own_P: np.ndarray,
    left_P: np.ndarray,
    theirs: np.ndarray,
    first: int,
    lengths_P: np.ndarray,
    at_P: np.ndarray,
) -> None:
    """Updates the longest runs, in place, with longer ones found in a chunk of tunes.

    Args:
      own_P: the concatenated symbols of all pieces.
      left_P: the number of symbols from each one to the end of its piece.
      theirs: the symbols of the tunes, each tune's followed by -1.
      first: the index of the chunk's first symbol among the symbols of all tunes.
      lengths_P: the length of the longest run from each symbol on; changed.
      at_P: the first place of that run in the tunes; changed.
    """
    alphabet, codes_P = np.unique(own_P, return_inverse=True)
    codes = _rows_of(theirs, alphabet)
    # the places whose runs of `length` symbols occur in pieces and tunes, and an id of each run
    places, runs = np.flatnonzero(codes >= 0), np.zeros(int((codes >= 0).sum()), np.int64)
    own, own_runs = np.arange(len(own_P)), np.zeros(len(own_P), np.int64)
    for length in itertools.count(1):
        is_long = left_P[own] >= length
        own, own_runs = own[is_long], own_runs[is_long]
        pairs = own_runs * len(alphabet) + codes_P[own + length - 1]
        distinct, own_runs = np.unique(pairs, return_inverse=True)
        last = codes[places + length - 1]
        runs = _rows_of(np.where(last >= 0, runs * len(alphabet) + last, -1), distinct)
        places, runs = places[runs >= 0], runs[runs >= 0]
        if not len(places):
            return
        firsts = np.full(len(distinct), -1)
        firsts[runs[::-1]] = places[::-1]
        is_found = firsts[own_runs] >= 0
        own, own_runs = own[is_found], own_runs[is_found]
        is_longer = lengths_P[own] < length
        lengths_P[own[is_longer]] = length
        at_P[own[is_longer]] = first + firsts[own_runs[is_longer]]


def _rows_of(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """The index of each value in a sorted array; -1 if it does not occur."""
    if not len(ordered):
        return np.full(len(values), -1)
    rows = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.where(ordered[rows] == values, rows, -1)


def make_passage(
    piece: Melody,
    tune: Melody,
    number: int,
    piece_notes: tuple[int, int],
    tune_notes: tuple[int, int],
    score: int,
    share: float,
) -> Passage:
    """The passage at these notes of a piece and of tune `number`."""
    bars = [
        melody[notes[0]].onset // bar_steps_of(melody) + 1
        for melody, notes in ((piece, piece_notes), (tune, tune_notes))
    ]
    return Passage(number, score, share, piece_notes, tune_notes, *bars)


def reference_level(passages: Sequence[Passage]) -> float | None:
    """The 95th percentile of the scores of real unseen melodies, as long as the pieces, against the
    same tunes; None if there are none.
    """
    return (
        float(np.percentile([passage.score for passage in passages], LEVEL)) if passages else None
    )


def flag(passages: Sequence[Passage], level: float | None) -> list[int]:
    """The indices of the pieces whose score is above the level. Scores are compared rather than
    shares, because short pieces naturally have high shares.
    """
    return (
        []
        if level is None
        else [place for place, passage in enumerate(passages) if passage.score > level]
    )
