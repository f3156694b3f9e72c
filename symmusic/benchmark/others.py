"""The melodies of the other sets, on which a network is trained before those of its own set."""

from collections.abc import Iterable

import numpy as np

from symmusic.benchmark.fitting import NUM_PITCHES, ROW_STEPS
from symmusic.benchmark.melodies import MelodySet


def lowest_pitch(melodies: MelodySet, most_shift: int) -> int:
    """The MIDI number of the lowest pitch that a network of a set can read: as many as fit,
    around the middle of the set's, with room to transpose them by `most_shift` semitones.
    """
    num = NUM_PITCHES - 2 * most_shift
    return int(melodies.pitches[0] + melodies.pitches[-1] + 1 - num) // 2


def other_melodies(
    own: MelodySet, sets: Iterable[MelodySet], most_shift: int
) -> dict[tuple[str, int], np.ndarray]:
    """The melodies of other sets as MIDI pitches [L], each moved by octaves so that its mean is
    near that of the own set; without those that do not fit. Keys are the set's name and the
    melody's number in it.
    """
    lowest = lowest_pitch(own, most_shift)
    highest = lowest + NUM_PITCHES - 2 * most_shift - 1
    mean = np.concatenate([own.pitches[melody] for melody in own.melodies]).mean()
    found = {}
    for each in sets:
        if each.name == own.name:
            continue
        for number, melody in enumerate(each.melodies):
            pitches = each.pitches[melody]
            moved = pitches + 12 * round((mean - pitches.mean()) / 12)
            fits = lowest <= moved.min() and moved.max() <= highest
            if fits and len(moved) <= ROW_STEPS:
                found[each.name, number] = moved
    return found
