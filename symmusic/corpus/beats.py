"""The beats on which tunes agree, in any key. Takes and returns arrays.

Two tunes are aligned where they have a run of `SEED` notes in common; their agreement is the share
of the shorter one's quarters on which both sound the same pitch class, transposition apart, beyond
what chance gives two tunes with these pitch classes (Cohen's kappa, 1960). Ornaments and altered
bars change it little.
"""

from collections.abc import Sequence

import numpy as np

from symmusic.corpus.meters import check_grid
from symmusic.corpus.prepare import Tune
from symmusic.corpus.runs import LONGEST, Melodies, expand, find_shared
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.score.bar import SIXTEENTHS

SEED = 8  # notes of a run at which tunes may be aligned
LEAST_BEATS = 32  # eight bars; with fewer, tunes can reach the agreement of a family by chance
ALIGNMENTS = 6  # maximum alignments tried for each pair of tunes, those with the most runs
_CHUNK = 1 << 22  # beats compared at a time; bounds the memory


def compare_beats(tunes: Sequence[Tune], melodies: Melodies) -> tuple[np.ndarray, np.ndarray]:
    """`pairs_A2` of tunes, one for each alignment that was tried, and the kappa [A] of their beats:
    1 if all agree, 0 if only as many as by chance. The number of beats of the shorter tune counts
    as at least `LEAST_BEATS`. All tunes are on one grid.
    """
    quarter = next((tune.steps_per_quarter for tune in tunes), SIXTEENTHS)
    check_grid(tunes, quarter)
    pairs_A2, offsets_A, lifts_A = _align(melodies)
    events = [tune.events for tune in tunes]
    lengths_N = np.array([len(each) for each in events], np.int64)
    begins_N = np.cumsum(lengths_N) - lengths_N
    sounding = _sounding(events)
    steps = np.concatenate([np.zeros(0, np.int64), *map(np.arange, lengths_N)])
    is_beat = (steps % quarter == 0) & (sounding >= 0)
    of_tune = np.repeat(np.arange(len(tunes)), lengths_N)
    beats_N = np.bincount(of_tune[is_beat], minlength=len(tunes))

    one, other = pairs_A2.T
    first_A = -(np.minimum(offsets_A, 0) // quarter) * quarter
    last_A = np.minimum(lengths_N[one], lengths_N[other] - offsets_A)
    num_A = np.maximum(-(-(last_A - first_A) // quarter), 0)
    agree_A = np.zeros(len(one))
    parts = np.searchsorted(np.cumsum(num_A), np.arange(_CHUNK, num_A.sum(), _CHUNK))
    for part in np.split(np.arange(len(one)), parts):
        rows, beats = expand(np.zeros(len(part), np.int64), num_A[part])
        rows = part[rows]
        at = first_A[rows] + beats * quarter
        a = sounding[begins_N[one[rows]] + at]
        b = sounding[begins_N[other[rows]] + at + offsets_A[rows]]
        alike = (a >= 0) & (b >= 0) & ((a + lifts_A[rows] - b) % 12 == 0)
        agree_A += np.bincount(rows, alike, len(one))
    shares_A = agree_A / np.maximum(np.minimum(beats_N[one], beats_N[other]), LEAST_BEATS)
    classes_N12 = np.zeros((len(tunes), 12))
    np.add.at(classes_N12, (of_tune[is_beat], sounding[is_beat] % 12), 1)
    classes_N12 /= np.maximum(beats_N, 1)[:, None]
    chance_A = _agree_by_chance(classes_N12, pairs_A2, lifts_A)
    # tunes of a single pitch agree by chance: they are no evidence
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
    """`pairs_A2` of tunes, the first before the second; `offsets_A`, the steps by which a run of
    `SEED` notes is later in the second; `lifts_A`, the semitones, 0 to 11, by which it is higher.
    At most `ALIGNMENTS` for each pair of tunes, those supported by the most runs.

    A run that a tune repeats is aligned at its first and its second place, because one book may
    write out a repeat that another does not.
    """
    shared, num_tunes = find_shared(melodies, SEED), len(melodies.num_notes_N)
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
            found = (pair * 2 * LONGEST + np.clip(offset, 1 - LONGEST, LONGEST - 1) + LONGEST) * 12
            keys, counts = _add(keys, counts, found + lift)
    rest, lifts = np.divmod(keys, 12)
    pairs, offsets = np.divmod(rest, 2 * LONGEST)
    order = np.lexsort((-counts, pairs))
    kept = order[np.arange(len(order)) - np.searchsorted(pairs, pairs[order]) < ALIGNMENTS]
    pairs_A2 = np.stack(np.divmod(pairs[kept], max(num_tunes, 1)), axis=1)
    return pairs_A2, offsets[kept] - LONGEST, lifts[kept]


def _add(keys: np.ndarray, counts: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys in order and their counts, with each of `found` counted in addition."""
    new, new_counts = np.unique(found, return_counts=True)
    every, places = np.unique(np.concatenate([keys, new]), return_inverse=True)
    return every, np.bincount(places, np.concatenate([counts, new_counts])).astype(np.int64)
