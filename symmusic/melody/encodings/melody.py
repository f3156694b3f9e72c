"""The `melody` encoding: one class per event, as Magenta's melody RNNs have it.

| class | event |
|---|---|
| 0 | no event; also the padding |
| 1 | note off |
| 2.. | the note of pitch `min_pitch` + class - 2 begins |
"""

import dataclasses
from collections.abc import Iterable

import numpy as np

from symmusic.errors import UserError
from symmusic.melody.events import NO_EVENT

PAD = 0
FIRST_PITCH = 2


@dataclasses.dataclass(frozen=True)
class MelodyVocabulary:
    """The classes of a model: pitches `min_pitch`..`max_pitch`, both included."""

    min_pitch: int
    max_pitch: int

    def __post_init__(self):
        if not 0 <= self.min_pitch <= self.max_pitch <= 127:
            raise ValueError(f'pitches {self.min_pitch}..{self.max_pitch} are not within 0..127')

    @classmethod
    def fit(cls, tunes: Iterable[np.ndarray]) -> 'MelodyVocabulary':
        """The smallest vocabulary that encodes every one of `tunes` (arrays of events)."""
        events = np.concatenate(list(tunes))
        pitches = events[events >= 0]
        if not len(pitches):
            raise UserError('the corpus holds no note, so it gives no vocabulary')
        return cls(int(pitches.min()), int(pitches.max()))

    @property
    def num_classes(self) -> int:
        return self.max_pitch - self.min_pitch + 1 + FIRST_PITCH

    @property
    def class_names(self) -> list[str]:
        """A short name of each class, for axes and tables."""
        return ['no event', 'note off', *map(str, range(self.min_pitch, self.max_pitch + 1))]

    def encode(self, events: np.ndarray) -> np.ndarray:
        """Tokens [T] uint8 of events [T].

        Raises:
          ValueError: an event is none of the vocabulary's; `fit_range` moves pitches into it.
        """
        events = np.asarray(events, np.int16)
        outside = (events < NO_EVENT) | ((events >= 0) & ((events < self.min_pitch) | (events > self.max_pitch)))
        if outside.any():
            raise ValueError(f'event {events[outside][0]} is outside of the pitches {self.min_pitch}..{self.max_pitch}')
        return np.where(events >= 0, events - self.min_pitch + FIRST_PITCH, events - NO_EVENT).astype(np.uint8)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """Events [T] int8 of tokens [T]: the exact way back of `encode`."""
        tokens = np.asarray(tokens, np.int16)
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < self.num_classes:
            raise ValueError(f'a token is outside of the classes 0..{self.num_classes - 1}')
        return np.where(tokens >= FIRST_PITCH, tokens - FIRST_PITCH + self.min_pitch, tokens + NO_EVENT).astype(np.int8)

    def fit_range(self, events: np.ndarray) -> tuple[np.ndarray, int]:
        """Moves pitches outside of the range into it by octaves.

        Returns:
          The events, and by how many semitones the melody moved as a whole: where one distance of whole octaves serves every note the
          melody keeps its shape, and the way back is known; else each note outside moves on its own, and the distance is 0.

        Raises:
          UserError: a pitch has no octave in the range.
        """
        events = np.asarray(events, np.int16)
        sounding = events >= 0
        if not sounding.any():
            return events.astype(np.int8), 0
        pitches = events[sounding]
        for octaves in sorted(range(-11, 12), key=abs):
            if self.min_pitch <= pitches.min() + 12 * octaves and pitches.max() + 12 * octaves <= self.max_pitch:
                return np.where(sounding, events + 12 * octaves, events).astype(np.int8), 12 * octaves
        below = -(-(self.min_pitch - pitches) // 12) * 12
        above = -(-(pitches - self.max_pitch) // 12) * 12
        moved = pitches + np.maximum(below, 0) - np.maximum(above, 0)
        homeless = (moved < self.min_pitch) | (moved > self.max_pitch)
        if homeless.any():
            raise UserError(f"pitch {pitches[homeless][0]} has no octave among the model's pitches {self.min_pitch}..{self.max_pitch}")
        events = events.copy()
        events[sounding] = moved
        return events.astype(np.int8), 0

    def to_json(self) -> dict:
        """What a checkpoint stores; `encodings.vocabulary_from_json` is the way back."""
        return {'encoding': 'melody', 'min_pitch': self.min_pitch, 'max_pitch': self.max_pitch}
