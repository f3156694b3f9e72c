"""A small index of the runs of tunes, for pages that hold neither the tunes nor Python.

A Bloom filter (Bloom, 1970) of the hashes of all runs of a fixed number of notes. A run of the
tunes is always found; a known share of other runs, the false rate, is found too. The longest
stretch of a melody in which every run is found is an upper bound on how many notes in a row the
melody shares with a tune. It is too long if one tune has one part of the stretch and another tune
the next part. Stretches that exceed a run by fewer than `FURTHER` notes are ignored, as they are
often found by chance.
"""

import base64
import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.originality.copies import LEVEL, Melody, find_all_symbols, find_symbols
from symmusic.originality.limit import hash_runs, mix

NUM_NOTES = 10  # of a run; most unseen tunes share runs of about this length
FURTHER = 2
BITS_PER_RUN = 5
NUM_HASHES = 3  # about ln 2 times as many as bits
MOST_BYTES = 175_000
SIZES = (12, 16, 24, 32, 48, 64, 96, 128)  # notes of the passages on which levels are measured
MOST_PASSAGES = 400  # of each size
GOLDEN = 0x9E3779B9


@dataclasses.dataclass(frozen=True)
class Sketch:
    """The runs of `num_notes` notes of tunes.

    Attributes:
      bits: [num_bits] bool.
      num_runs: how many different runs the tunes have.
      num_notes: of a run.
    """

    bits: np.ndarray
    num_runs: int
    num_notes: int = NUM_NOTES

    @property
    def least(self) -> int:
        """The number of notes of the shortest stretch that is reported."""
        return self.num_notes + FURTHER

    @property
    def false_rate(self) -> float:
        """The share of runs that do not occur in the tunes but are found nevertheless."""
        return float(self.bits.mean() ** NUM_HASHES)

    def to_json(self) -> dict[str, object]:
        """The JSON that the studio page reads; the lowest bit of each byte comes
        first.
        """
        packed = np.packbits(self.bits, bitorder='little').tobytes()
        return {
            'num_notes': self.num_notes,
            'least': self.least,
            'num_hashes': NUM_HASHES,
            'num_bits': len(self.bits),
            'bits': base64.b64encode(packed).decode(),
        }


def make_sketch(tunes: Sequence[Melody], num_notes: int = NUM_NOTES) -> Sketch | None:
    """The sketch of the tunes; None if they have more runs than fit in `MOST_BYTES`."""
    found = [hash_runs(symbols, num_notes - 1) for symbols in find_all_symbols(tunes)]
    hashes = np.unique(np.concatenate([np.zeros(0, np.uint32), *found]))
    num_bits = max(64, BITS_PER_RUN * len(hashes))
    if num_bits > 8 * MOST_BYTES:
        return None
    bits = np.zeros(num_bits, bool)
    bits[_places(hashes, num_bits)] = True
    return Sketch(bits, len(hashes), num_notes)


def _places(hashes: np.ndarray, num_bits: int) -> np.ndarray:
    """The indices [..., NUM_HASHES] of the bits of each hash, by double hashing."""
    first = mix(hashes)
    step = mix(first ^ np.uint32(GOLDEN)) | np.uint32(1)
    numbers = first[..., None] + step[..., None] * np.arange(NUM_HASHES, dtype=np.uint32)
    return numbers % np.uint32(num_bits)


def find_shared(sketch: Sketch, melody: Melody) -> list[tuple[int, int]]:
    """The stretches of at least `sketch.least` notes of a melody in which every run is found, in
    order: the first note and the one after the last, counted from 0. They may overlap.
    """
    size = sketch.num_notes - 1
    is_found = sketch.bits[_places(hash_runs(find_symbols(melody), size), len(sketch.bits))].all(-1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_found, [False]]).astype(int)))
    stretches = [(int(begin), int(end) + size) for begin, end in edges.reshape(-1, 2)]
    return [(begin, end) for begin, end in stretches if end - begin >= sketch.least]


def longest_shared(sketch: Sketch, melody: Melody) -> int:
    """The number of notes of the longest of these stretches; 0 if there is none."""
    return max((end - begin for begin, end in find_shared(sketch, melody)), default=0)


def levels_by_size(
    sketch: Sketch, unseen: Sequence[Melody], rng: np.random.Generator
) -> dict[int, float]:
    """The copying level for passages of each size in notes: the length of the longest shared
    stretch that 95 % of passages of unseen tunes do not exceed. Anything below `sketch.least` notes
    counts as `sketch.least` - 1. Only sizes that occur in some unseen tune are included.
    """
    levels = {}
    for size in SIZES:
        long = [melody for melody in unseen if len(melody) >= size]
        found = []
        for place in rng.permutation(len(long))[:MOST_PASSAGES]:
            begin = rng.integers(len(long[place]) - size + 1)
            found.append(longest_shared(sketch, long[place][begin : begin + size]))
        if found:
            levels[size] = max(float(np.percentile(found, LEVEL)), sketch.least - 1.0)
    return levels
