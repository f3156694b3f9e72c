"""Finds runs of notes that several tunes have in common, in any key and octave. Takes and returns
arrays.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from symmusic.corpus.prepare import Tune

# a run that occurs in more tunes is a stock figure: weak evidence that two tunes are related
MOST_TUNES = 32
LONGEST = 1 << 20  # steps, more than there can be between two notes
_MIX, _BASE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@dataclasses.dataclass(frozen=True)
class Melodies:
    """The concatenated notes of N tunes: `tunes_L`, the tune of each note; `onsets_L`, in steps
    from the tune's start; `pitches_L`; `num_notes_N`.
    """

    tunes_L: np.ndarray
    onsets_L: np.ndarray
    pitches_L: np.ndarray
    num_notes_N: np.ndarray

    def runs(self, length: int) -> np.ndarray:
        """A 64-bit hash [L] uint64 of the run of `length` notes that starts at each note; 0 if the
        tune has fewer notes left, or if all notes of the run have the same pitch, which is no
        evidence.
        """
        steps = np.minimum(np.diff(self.onsets_L), LONGEST - 1)
        symbols = ((np.diff(self.pitches_L) + 128) * LONGEST + steps).astype(np.uint64) * _MIX
        symbols ^= symbols >> np.uint64(29)
        num = max(len(symbols) - length + 2, 0)
        hashes = np.zeros(num, np.uint64)
        for place in range(length - 1):
            hashes = hashes * _BASE + symbols[place : place + num]
        runs_L = np.zeros(len(self.tunes_L), np.uint64)
        whole = self.tunes_L[:num] == self.tunes_L[length - 1 :][:num]
        moves = np.append(0, np.cumsum(np.diff(self.pitches_L) != 0))
        whole &= moves[:num] != moves[length - 1 :][:num]
        runs_L[:num][whole] = hashes[whole] | np.uint64(1)
        return runs_L


def read_melodies(tunes: Sequence[Tune]) -> Melodies:
    """The notes of some tunes."""
    events = [tune.events for tune in tunes]
    onsets = [np.flatnonzero(each >= 0) for each in events]
    num_notes_N = np.array([len(each) for each in onsets], np.int64)
    none = np.zeros(0, np.int64)
    return Melodies(
        np.repeat(np.arange(len(tunes)), num_notes_N),
        np.concatenate([none, *onsets]),
        np.concatenate([none, *(each[at] for each, at in zip(events, onsets, strict=True))]),
        num_notes_N,
    )


@dataclasses.dataclass(frozen=True)
class Shared:
    """The runs that several tunes have. An entry is a run in a tune. `places_M` are the notes at
    which runs start, entry by entry; `begins_E` and `counts_E` give each entry's range in
    `places_M`; `tunes_E` and `runs_E` are its tune and run; `is_stock_E` says whether more than
    `MOST_TUNES` tunes have the run.
    """

    places_M: np.ndarray
    begins_E: np.ndarray
    counts_E: np.ndarray
    tunes_E: np.ndarray
    runs_E: np.ndarray
    is_stock_E: np.ndarray

    def pairs(self, *, stock: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs of entries of the same run, in chunks; the tune of the first entry comes before
        that of the second. Stock figures give no pairs or, with `stock`, only pairs of each tune
        with the next.
        """
        for distance in range(1, MOST_TUNES):
            alike = self.runs_E[distance:] == self.runs_E[:-distance]
            if distance > 1 or not stock:
                alike &= ~self.is_stock_E[distance:]
            first = np.flatnonzero(alike)
            if len(first):
                yield first, first + distance


def find_shared(melodies: Melodies, length: int) -> Shared:
    """The runs of `length` notes that several of the melodies have."""
    runs_L = melodies.runs(length)
    places = np.flatnonzero(runs_L)
    places = places[np.argsort(runs_L[places], kind='stable')]
    runs, tunes = runs_L[places], melodies.tunes_L[places]
    is_first = np.ones(len(places), bool)
    is_first[1:] = (runs[1:] != runs[:-1]) | (tunes[1:] != tunes[:-1])
    begins = np.flatnonzero(is_first)
    counts = np.diff(np.append(begins, len(places)))
    _, group, sizes = np.unique(runs[begins], return_inverse=True, return_counts=True)
    kept = sizes[group] > 1
    begins, num_tunes = begins[kept], sizes[group][kept]
    return Shared(places, begins, counts[kept], tunes[begins], runs[begins], num_tunes > MOST_TUNES)


def expand(begins: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expands ranges: the row r and the index of each member of the range that starts at
    `begins[r]`.
    """
    rows = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, begins[rows] + within
