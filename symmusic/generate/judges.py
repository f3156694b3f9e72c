"""Judges that decide which whole tunes, and which tunes that start from nothing, are drawn
again.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from symmusic.generate.prompt import Prompt
from symmusic.generate.structure import Structure
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events, to_notes
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.detection import detect_key
from symmusic.score.key import Key

MOST_SHARED = 0.5  # share of a new section's bars that may occur in earlier sections


class NamedJudge(Protocol):
    """A `redraw.Judge` that names the fault of the pieces that it flags."""

    fault: str

    def __call__(self, events: Sequence[np.ndarray]) -> np.ndarray:
        """Which of B pieces have the fault, bool [B]."""
        ...


class OtherKey:
    """Flags pieces whose notes suggest another tonic than that of `key`, or minor instead of major
    or the reverse. The pieces are `transposed_by` semitones above the key.
    """

    def __init__(self, key: Key, transposed_by: int):
        self.wanted = (key.tonic + transposed_by) % 12, key.is_major
        self.fault = f'are detected in another key than {key.name}'

    def __call__(self, events: Sequence[np.ndarray]) -> np.ndarray:
        """Which of B pieces are in another key, bool [B]."""
        return np.array([self._is_other(each) for each in events])

    def _is_other(self, events: np.ndarray) -> bool:
        notes = to_notes(from_events(events), SIXTEENTHS)  # a tick for each step
        if not notes:
            return True
        found = detect_key(notes)
        return (found.tonic, found.is_major) != self.wanted


class SameSections:
    """Flags tunes in which more than `MOST_SHARED` of the bars of a new section are bars of
    earlier sections. It judges the steps that are drawn once, not those that repeat them.
    """

    fault = 'have two sections of mostly the same bars'

    def __init__(self, structure: Structure, prompt: Prompt, vocabulary: Vocabulary):
        self.drawn = structure.own_T
        self.whole = np.zeros(len(structure.sources_T), np.int16)
        given = prompt.tokens[: structure.num_given]
        self.whole[: structure.num_given] = vocabulary.decode(given)
        self.bar_steps = prompt.bar.steps
        firsts = {section.label: section for section in reversed(structure.sections)}
        self.sections = sorted(firsts.values(), key=lambda section: section.first)

    def __call__(self, events: Sequence[np.ndarray]) -> np.ndarray:
        """Which of B tunes have sections of the same bars, bool [B]."""
        return np.array([self._is_same(each) for each in events])

    def _is_same(self, events: np.ndarray) -> bool:
        whole = self.whole.copy()
        whole[self.drawn] = events
        bars = [bar.tobytes() for bar in whole.reshape(-1, self.bar_steps)]
        seen: set[bytes] = set()
        for section in self.sections:
            own = [bars[number] for number in section.bars]
            if sum(bar in seen for bar in own) > MOST_SHARED * len(own):
                return True
            seen.update(own)
        return False


def judges_of(
    prompt: Prompt, structure: Structure | None, vocabulary: Vocabulary
) -> list[NamedJudge]:
    """The judges of the pieces of a task."""
    judges: list[NamedJudge] = []
    if prompt.is_blank and prompt.key.mode != 'locrian':  # no key is detected without its fifth
        judges.append(OtherKey(prompt.key, prompt.transposed_by))
    if structure is not None:
        judges.append(SameSections(structure, prompt, vocabulary))
    return judges
