"""How much of the same music tunes have, in any key and octave. Takes and returns arrays.

Two measures, both of whole tunes with all their phrases:

- passages: the share of a tune's notes that stand in runs of `RUN` notes which another tune has as
  well. A run is compared by its intervals and by the steps from onset to onset.
- beats: two tunes are aligned where they have a run of `SEED` notes in common; their agreement is
  the share of the shorter one's quarters on which both sound the same pitch class, transposition
  apart, beyond what chance gives two tunes with these pitch classes (Cohen's kappa, 1960).
  Ornaments and altered bars change it little.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from symmusic.corpus.prepare import Tune
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.score.bar import STEPS_PER_QUARTER

RUN = 16  # notes: two bars of eighths; shorter runs are figures that every fiddler plays
SEED = 8  # notes of a run at which tunes may be aligned
LEAST_BEATS = 32  # eight bars; of fewer, as many as families ask for agree by chance
ALIGNMENTS = 6  # tried for each pair of tunes, those with the most runs
MOST_TUNES = 32  # a run that more tunes have is a stock figure and says little of two of them
_STEPS = 1 << 20  # more than there can be between two notes
_MIX, _BASE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_CHUNK = 1 << 22  # beats compared at a time; bounds the memory


@dataclasses.dataclass(frozen=True)
class Melodies:
    """The notes of N tunes one after another: `tunes_L`, the tune of each; `onsets_L`, in steps
    from the tune's start; `pitches_L`; `num_notes_N`.
    """

    tunes_L: np.ndarray
    onsets_L: np.ndarray
    pitches_L: np.ndarray
    num_notes_N: np.ndarray

    def runs(self, length: int) -> np.ndarray:
        """A 64-bit hash [L] uint64 of the run of `length` notes that starts at each note, 0 where
        the tune has fewer left and where all have the same pitch, which says nothing.
        """
        steps = np.minimum(np.diff(self.onsets_L), _STEPS - 1)
        symbols = ((np.diff(self.pitches_L) + 128) * _STEPS + steps).astype(np.uint64) * _MIX
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
class _Shared:
    """The runs that several tunes have. An entry is a run in a tune: `places_M` are the notes at
    which runs start, entry by entry; `begins_E` and `counts_E` say which are an entry's; `tunes_E`;
    `runs_E`; `is_stock_E`, more than `MOST_TUNES` have it.
    """

    places_M: np.ndarray
    begins_E: np.ndarray
    counts_E: np.ndarray
    tunes_E: np.ndarray
    runs_E: np.ndarray
    is_stock_E: np.ndarray

    def pairs(self, *, stock: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs of entries of one run, the tune of the first before that of the second, in parts;
        of stock figures none or, with `stock`, only each tune with the next.
        """
        for distance in range(1, MOST_TUNES):
            alike = self.runs_E[distance:] == self.runs_E[:-distance]
            if distance > 1 or not stock:
                alike &= ~self.is_stock_E[distance:]
            first = np.flatnonzero(alike)
            if len(first):
                yield first, first + distance


def _find_shared(melodies: Melodies, length: int) -> _Shared:
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
    return _Shared(
        places, begins, counts[kept], tunes[begins], runs[begins], num_tunes > MOST_TUNES
    )


def _expand(begins: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row and the number of each member of ranges: row r has `begins[r]` and those after it."""
    rows = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, begins[rows] + within


def _covered(keys: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys, and how many notes are in the runs of `RUN` that start at their places."""
    keys, places = np.unique(np.stack([keys, places]), axis=1) if len(keys) else (keys, places)
    if not len(keys):
        return keys, places
    is_last = np.append(keys[1:] != keys[:-1], True)
    gaps = np.where(is_last, RUN, np.append(np.diff(places), 0))
    firsts = np.append(0, np.flatnonzero(is_last)[:-1] + 1)
    return keys[firsts], np.add.reduceat(np.minimum(gaps, RUN), firsts)


def share_passages(melodies: Melodies) -> tuple[np.ndarray, np.ndarray]:
    """`pairs_P2` of tunes with a run of `RUN` notes in common, in both orders, and `shares_P`: the
    share of the first one's notes that stand in such runs.
    """
    shared, num_tunes = _find_shared(melodies, RUN), len(melodies.num_notes_N)
    found = [np.zeros((2, 0), np.int64)]
    for pair in shared.pairs(stock=False):
        for own, other in (pair, pair[::-1]):
            rows, members = _expand(shared.begins_E[own], shared.counts_E[own])
            keys = shared.tunes_E[own] * num_tunes + shared.tunes_E[other]
            found.append(np.stack([keys[rows], shared.places_M[members]]))
    keys, notes = _covered(*np.concatenate(found, axis=1))
    pairs_P2 = np.stack(np.divmod(keys, max(num_tunes, 1)), axis=1)
    return pairs_P2, notes / melodies.num_notes_N[pairs_P2[:, 0]]


def share_of_others(melodies: Melodies, is_own_N: np.ndarray) -> np.ndarray:
    """The share of the notes of each own tune, in their order, that stand in runs of `RUN` notes of
    any tune that is not one's own.
    """
    runs_L, own_L = melodies.runs(RUN), is_own_N[melodies.tunes_L]
    places = np.flatnonzero(own_L & (runs_L > 0) & np.isin(runs_L, runs_L[~own_L]))
    tunes, notes = _covered(melodies.tunes_L[places], places)
    notes_N = np.zeros(len(is_own_N))
    notes_N[tunes] = notes
    return (notes_N / np.maximum(melodies.num_notes_N, 1))[is_own_N]


@dataclasses.dataclass(frozen=True)
class Overlap:
    """How much of held-out tunes stands in training tunes: `largest`, the largest share of one's
    notes in passages of a single training tune; `mean`, the mean share in passages of any.
    """

    largest: float
    mean: float


def as_words(overlap: Overlap) -> str:
    """How much, as 'at most 19 % of their notes in runs of 16 that a training tune has; 2.1 % on
    average, of all training tunes'.
    """
    return (
        f'at most {100 * overlap.largest:.0f} % of their notes in runs of {RUN} that a training'
        f' tune has; {100 * overlap.mean:.1f} % on average, of all training tunes'
    )


def measure_overlap(held_out: Sequence[Tune], trained: Sequence[Tune]) -> Overlap:
    """The overlap of held-out tunes with those trained on; without either it is 0."""
    melodies, num = read_melodies([*held_out, *trained]), len(held_out)
    pairs_P2, shares_P = share_passages(melodies)
    across = (pairs_P2[:, 0] < num) & (pairs_P2[:, 1] >= num)
    of_any = share_of_others(melodies, np.arange(num + len(trained)) < num)
    return Overlap(float(shares_P[across].max(initial=0)), float(of_any.mean()) if num else 0.0)


def compare_beats(tunes: Sequence[Tune], melodies: Melodies) -> tuple[np.ndarray, np.ndarray]:
    """`pairs_A2` of tunes, once for each alignment that was tried, and the kappa [A] of
    their beats: 1 where all agree, 0 where as many do as by chance. The beats of the one with fewer
    are counted as at least `LEAST_BEATS`.
    """
    pairs_A2, offsets_A, lifts_A = _align(melodies)
    events = [tune.events for tune in tunes]
    lengths_N = np.array([len(each) for each in events], np.int64)
    begins_N = np.cumsum(lengths_N) - lengths_N
    sounding = _sounding(events)
    steps = np.concatenate([np.zeros(0, np.int64), *map(np.arange, lengths_N)])
    is_beat = (steps % STEPS_PER_QUARTER == 0) & (sounding >= 0)
    of_tune = np.repeat(np.arange(len(tunes)), lengths_N)
    beats_N = np.bincount(of_tune[is_beat], minlength=len(tunes))

    one, other = pairs_A2.T
    first_A = -(np.minimum(offsets_A, 0) // STEPS_PER_QUARTER) * STEPS_PER_QUARTER
    last_A = np.minimum(lengths_N[one], lengths_N[other] - offsets_A)
    num_A = np.maximum(-(-(last_A - first_A) // STEPS_PER_QUARTER), 0)
    agree_A = np.zeros(len(one))
    parts = np.searchsorted(np.cumsum(num_A), np.arange(_CHUNK, num_A.sum(), _CHUNK))
    for part in np.split(np.arange(len(one)), parts):
        rows, beats = _expand(np.zeros(len(part), np.int64), num_A[part])
        rows = part[rows]
        at = first_A[rows] + beats * STEPS_PER_QUARTER
        a = sounding[begins_N[one[rows]] + at]
        b = sounding[begins_N[other[rows]] + at + offsets_A[rows]]
        alike = (a >= 0) & (b >= 0) & ((a + lifts_A[rows] - b) % 12 == 0)
        agree_A += np.bincount(rows, alike, len(one))
    shares_A = agree_A / np.maximum(np.minimum(beats_N[one], beats_N[other]), LEAST_BEATS)
    classes_N12 = np.zeros((len(tunes), 12))
    np.add.at(classes_N12, (of_tune[is_beat], sounding[is_beat] % 12), 1)
    classes_N12 /= np.maximum(beats_N, 1)[:, None]
    chance_A = _agree_by_chance(classes_N12, pairs_A2, lifts_A)
    # of tunes of one pitch, which agree by chance, nothing is known
    return pairs_A2, (shares_A - chance_A) / np.maximum(1 - chance_A, 1e-9)


def _agree_by_chance(
    classes_N12: np.ndarray, pairs_A2: np.ndarray, lifts_A: np.ndarray
) -> np.ndarray:
    """The share [A] of beats that would agree if both tunes were shuffled; `classes_N12` are the
    shares of their beats with each pitch class.
    """
    one, other = pairs_A2.T
    lifted_A12 = classes_N12[one[:, None], (np.arange(12) - lifts_A[:, None]) % 12]
    return (lifted_A12 * classes_N12[other]).sum(axis=1)


def _sounding(events: Sequence[np.ndarray]) -> np.ndarray:
    """The pitch that sounds at each step of all tunes, negative where none does; int64."""
    tunes = [np.append(np.int8(NOTE_OFF), each)[1:] for each in events]
    for tune in tunes:
        tune[:1][tune[:1] == NO_EVENT] = NOTE_OFF
    every = np.concatenate([np.zeros(0, np.int8), *tunes]).astype(np.int64)
    changes = np.where(every != NO_EVENT, np.arange(len(every)), 0)
    return every[np.maximum.accumulate(changes)]


def _align(melodies: Melodies) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`pairs_A2` of tunes, the first before the second; `offsets_A`, steps by which a run of `SEED`
    notes is later in the second; `lifts_A`, semitones by which it is higher, from 0 to 11. At most
    `ALIGNMENTS` for each pair of tunes, those of the most runs.

    A run that a tune repeats is aligned at its first and its second place, as one book writes a
    repeat out and another does not.
    """
    shared, num_tunes = _find_shared(melodies, SEED), len(melodies.num_notes_N)
    keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for one, other in shared.pairs(stock=True):
        second = [np.minimum(shared.counts_E[each], 2) - 1 for each in (one, other)]
        pair = shared.tunes_E[one] * num_tunes + shared.tunes_E[other]
        for later in ((0, 0), (1, 0), (0, 1)):
            a, b = (
                shared.places_M[shared.begins_E[each] + is_later * extra]
                for each, is_later, extra in zip((one, other), later, second, strict=True)
            )
            offset = melodies.onsets_L[b] - melodies.onsets_L[a]
            lift = (melodies.pitches_L[b].astype(int) - melodies.pitches_L[a]) % 12
            found = (pair * 2 * _STEPS + np.clip(offset, 1 - _STEPS, _STEPS - 1) + _STEPS) * 12
            keys, counts = _add(keys, counts, found + lift)
    rest, lifts = np.divmod(keys, 12)
    pairs, offsets = np.divmod(rest, 2 * _STEPS)
    order = np.lexsort((-counts, pairs))
    kept = order[np.arange(len(order)) - np.searchsorted(pairs, pairs[order]) < ALIGNMENTS]
    pairs_A2 = np.stack(np.divmod(pairs[kept], max(num_tunes, 1)), axis=1)
    return pairs_A2, offsets[kept] - _STEPS, lifts[kept]


def _add(keys: np.ndarray, counts: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys in order and their counts, after each of `found` is counted as well."""
    new, new_counts = np.unique(found, return_counts=True)
    every, places = np.unique(np.concatenate([keys, new]), return_inverse=True)
    return every, np.bincount(places, np.concatenate([counts, new_counts])).astype(np.int64)
