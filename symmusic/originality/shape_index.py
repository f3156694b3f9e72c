"""Collections of tunes as MelodyShape compares them: the n-grams of their notes (see `shape`)."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class ShapeIndex:
    """Tunes to compare with, at most 8 bytes per n-gram.

    Attributes:
      names: names of the tunes [D].
      num_notes: notes of each tune [D].
      ngrams: the distinct n-grams [K], coded as by `find_ngrams`, ascending.
      counts: how often each occurs [K].
      ids: the n-grams of all tunes, one tune after the other, as indices into `ngrams`.
      starts: where each tune starts in `ids`, and where the last one ends [D + 1].
      bag_ids, bag_counts, bag_starts: the same, but with each distinct n-gram of a tune once, and
        its count in the tune.
    """

    names: tuple[str, ...]
    num_notes: np.ndarray
    ngrams: np.ndarray
    counts: np.ndarray
    ids: np.ndarray
    starts: np.ndarray
    bag_ids: np.ndarray
    bag_counts: np.ndarray
    bag_starts: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """The number of n-grams of each tune [D]."""
        return np.diff(self.starts)

    @property
    def total(self) -> int:
        """N, the number of n-grams in the collection."""
        return len(self.ids)

    def __len__(self) -> int:
        return len(self.names)


def find_ngrams(pitches: Sequence[int]) -> np.ndarray:
    """The n-grams [max(L - 2, 0)] uint16 of a melody of L pitches (0-127): (second - first + 128) *
    256 + (third - first + 128).
    """
    pitches = np.asarray(pitches, np.int64)
    first = pitches[:-2]
    return ((pitches[1:-1] - first + 128) * 256 + pitches[2:] - first + 128).astype(np.uint16)


def index_tunes(names: Sequence[str], melodies: Iterable[Sequence[int]]) -> ShapeIndex:
    """A collection of melodies, given as pitches in order; tunes with fewer than 3 notes are kept
    and match nothing.
    """
    parts, bag_ids, bag_counts, num_notes = [], [], [], []
    for pitches in melodies:
        parts.append(find_ngrams(pitches))
        distinct, counts = np.unique(parts[-1], return_counts=True)
        bag_ids.append(distinct)
        bag_counts.append(counts.astype(np.int32))
        num_notes.append(len(pitches))
    empty = np.zeros(0, np.uint16)
    ids = np.concatenate([empty, *parts])
    counts = np.bincount(ids, minlength=1 << 16)
    place = (np.cumsum(counts > 0) - 1).astype(np.uint16)
    return ShapeIndex(
        names=tuple(names),
        num_notes=np.array(num_notes, np.int64),
        ngrams=np.flatnonzero(counts),
        counts=counts[counts > 0],
        ids=place[ids],
        starts=_starts(parts),
        bag_ids=place[np.concatenate([empty, *bag_ids])],
        bag_counts=np.concatenate([np.zeros(0, np.int32), *bag_counts]),
        bag_starts=_starts(bag_ids),
    )


def _starts(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]).astype(
        np.int64
    )
