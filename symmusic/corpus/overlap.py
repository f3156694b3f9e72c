"""How much of a tune occurs in other tunes, in any key and octave: the share of its notes, over all
phrases, that lie in runs of `RUN` notes that also occur in another tune. Runs are compared by their
intervals and the steps from onset to onset. Takes and returns arrays.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.prepare import Tune
from symmusic.corpus.runs import Melodies, expand, find_shared, read_melodies

RUN = 16  # notes: two bars of eighths; shorter runs are figures that every fiddler plays


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
    share of the first tune's notes that lie in such runs.
    """
    shared, num_tunes = find_shared(melodies, RUN), len(melodies.num_notes_N)
    found = [np.zeros((2, 0), np.int64)]
    for pair in shared.pairs(stock=False):
        for own, other in (pair, pair[::-1]):
            rows, members = expand(shared.begins_E[own], shared.counts_E[own])
            keys = shared.tunes_E[own] * num_tunes + shared.tunes_E[other]
            found.append(np.stack([keys[rows], shared.places_M[members]]))
    keys, notes = _covered(*np.concatenate(found, axis=1))
    pairs_P2 = np.stack(np.divmod(keys, max(num_tunes, 1)), axis=1)
    return pairs_P2, notes / melodies.num_notes_N[pairs_P2[:, 0]]


def share_of_others(melodies: Melodies, is_own_N: np.ndarray) -> np.ndarray:
    """For each of the given (own) tunes, in order, the share of its notes that lie in runs of `RUN`
    notes that occur in any other tune outside this group.
    """
    runs_L, own_L = melodies.runs(RUN), is_own_N[melodies.tunes_L]
    places = np.flatnonzero(own_L & (runs_L > 0) & np.isin(runs_L, runs_L[~own_L]))
    tunes, notes = _covered(melodies.tunes_L[places], places)
    notes_N = np.zeros(len(is_own_N))
    notes_N[tunes] = notes
    return (notes_N / np.maximum(melodies.num_notes_N, 1))[is_own_N]


@dataclasses.dataclass(frozen=True)
class Overlap:
    """How much of the held-out tunes occurs in training tunes: `largest`, the largest share of a
    tune's notes in passages of a single training tune; `mean`, the mean share in passages of any
    training tune.
    """

    largest: float
    mean: float


def as_words(overlap: Overlap) -> str:
    """How much, as "of a held-out tune's notes at most 19 % stand in runs of 16 notes that one
    training tune has, and 2.1 % on average in runs of any training tune".
    """
    return (
        f"of a held-out tune's notes at most {100 * overlap.largest:.0f} % stand in runs of"
        f' {RUN} notes that one training tune has, and {100 * overlap.mean:.1f} % on average in'
        ' runs of any training tune'
    )


def measure_overlap(held_out: Sequence[Tune], trained: Sequence[Tune]) -> Overlap:
    """The overlap of held-out tunes with training tunes; 0 if either group is empty."""
    melodies, num = read_melodies([*held_out, *trained]), len(held_out)
    pairs_P2, shares_P = share_passages(melodies)
    across = (pairs_P2[:, 0] < num) & (pairs_P2[:, 1] >= num)
    of_any = share_of_others(melodies, np.arange(num + len(trained)) < num)
    return Overlap(float(shares_P[across].max(initial=0)), float(of_any.mean()) if num else 0.0)
