"""The `pitches` encoding: one token for each note, its pitch, in the key of the tune, as in the
benchmark of Pearce (2005). Rhythm is not encoded: pieces take a given one.

| events, `.` = none | C   .   C   .   off .   E   . |
|---|---|
| tokens             | C   C   E                     |

The classes are the pitches that occur in the corpus. The padding is the blank, which is not a
class.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from symmusic.melody.encodings.vocabulary import PitchVocabulary
from symmusic.melody.events import NO_EVENT


@dataclasses.dataclass(frozen=True)
class NoteVocabulary(PitchVocabulary):
    """A class for each pitch from `min_pitch` to `max_pitch`, except those of `absent`."""

    absent: tuple[int, ...] = ()

    encoding = 'pitches'
    other_classes = ()
    of_steps = False

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, 'absent', tuple(self.absent))
        if not all(self.min_pitch < pitch < self.max_pitch for pitch in self.absent):
            raise ValueError(
                f'absent pitches {self.absent} are not between {self.min_pitch} and'
                f' {self.max_pitch}'
            )

    @classmethod
    def fit(cls, tunes: Iterable[np.ndarray]) -> Self:
        """As `PitchVocabulary.fit`, but with only the pitches that occur."""
        tunes = list(tunes)
        whole = super().fit(tunes)
        absent = {*whole.pitches}.difference(*map(np.ndarray.tolist, tunes))
        return dataclasses.replace(whole, absent=tuple(sorted(absent)))

    @property
    def pitches(self) -> Sequence[int]:
        """As `PitchVocabulary.pitches`."""
        return [pitch for pitch in super().pitches if pitch not in self.absent]

    def encode(self, events: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.encode`, a token for each note."""
        events = self.checked_events(events)
        return np.searchsorted(self.pitches, events[events >= 0]).astype(np.uint8)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.decode`: each note lasts one step, and in a blank nothing happens."""
        return np.array([*self.pitches, NO_EVENT], np.int8)[self.checked_tokens(tokens)]

    @classmethod
    def num_tokens(cls, events: np.ndarray) -> int:
        """As `PitchVocabulary.num_tokens`."""
        return int((np.asarray(events) >= 0).sum())

    def to_json(self) -> dict:
        """As `PitchVocabulary.to_json`."""
        return super().to_json() | {'absent': list(self.absent)}
