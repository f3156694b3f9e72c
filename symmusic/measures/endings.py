"""How pieces end, compared with the real continuations of the same prompts: whether the last note
is in the tonic chord, long, and on a strong beat.
"""

import dataclasses

import numpy as np

from symmusic.measures.by_family import mean_by_family
from symmusic.measures.estimate import Estimate
from symmusic.measures.excerpts import as_score
from symmusic.measures.registry import Ground, Sets
from symmusic.melody.events import StepNote, from_events
from symmusic.score.bar import Bar
from symmusic.score.detection import detect_key
from symmusic.score.key import Key
from symmusic.streams import Stream, generator

ASPECTS = ('chord_tone', 'long', 'strong_beat', 'all')
TRIADS = {True: (0, 4, 7), False: (0, 3, 7)}  # semitones above the tonic, by whether it is major


@dataclasses.dataclass(frozen=True)
class Endings:
    """How the pieces of each set end.

    Attributes:
      sets: for each set and aspect, the share of the pieces; pieces without a note are not counted.
      differences: for each aspect, the share of the model's pieces minus that of the real
        continuations of the same prompts; None if these are not known.
    """

    sets: dict[str, dict[str, Estimate]]
    differences: dict[str, Estimate] | None


def describe_ending(notes: list[StepNote], key: Key, bar: Bar) -> tuple[float, float, float, float]:
    """Whether the last note of a piece has each of `ASPECTS`, 1 or 0; NaN for a piece without
    notes. The bar determines which notes are long and which beats are strong.
    """
    if not notes:
        return (float('nan'),) * 4
    last = notes[-1]
    aspects = (
        (last.pitch - key.tonic) % 12 in TRIADS[key.is_major],
        last.end - last.onset >= bar.cadence_steps,
        last.onset % bar.steps in bar.strong,
    )
    return (*map(float, aspects), float(all(aspects)))


class EndingsMeasure:
    """How many pieces end on a chord tone of the tonic, long, and on a strong beat. The key is that
    of the prompt. Intervals resample tune families.
    """

    name = 'endings'
    unit = 'share'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Endings:
        """Measures all sets that continue the prompts."""
        grid = ground.music.steps_per_quarter
        keys = [_key_of(events, grid) for events in ground.music.prompts]
        rng = generator(key, Stream.ENDINGS_RESAMPLES)
        found = {}
        for name, events_NT in pieces.events.items():
            found[name] = np.array(
                [
                    describe_ending(from_events(events), own, ground.music.bar)
                    for events, own in zip(events_NT, keys, strict=True)
                ]
            )
        families_N = ground.prompt_families
        sets = {
            name: dict(zip(ASPECTS, mean_by_family(values, families_N, rng), strict=True))
            for name, values in found.items()
            if name != 'shuffled' or ground.music.continuations is not None
        }
        if 'real_continuations' not in found:
            return Endings(sets, None)
        excess_NA = found['model'] - found['real_continuations']
        cells = mean_by_family(excess_NA, families_N, rng)
        return Endings(sets, dict(zip(ASPECTS, cells, strict=True)))


def _key_of(events: np.ndarray, steps_per_quarter: int) -> Key:
    """The key of a prompt; C major for one without notes."""
    notes = as_score(events, steps_per_quarter).notes
    return detect_key(notes) if notes else Key.of(0)
