"""The base of every encoding's vocabulary: a range of pitches, preceded by its own classes."""

import abc
import dataclasses
from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

import numpy as np

from symmusic.errors import UserError
from symmusic.melody.events import NO_EVENT


@dataclasses.dataclass(frozen=True)
class PitchVocabulary(abc.ABC):
    """The classes of a model: `other_classes`, then pitches `min_pitch`..`max_pitch`, both
    included.

    An encoding is a subclass that names itself and its other classes, and defines `encode` and
    `decode`. `of_steps`: whether it has a token for each step, of tunes in one key; otherwise it
    has one for each note, of tunes in their own keys.
    """

    min_pitch: int
    max_pitch: int

    encoding: ClassVar[str]
    other_classes: ClassVar[tuple[str, ...]]
    of_steps: ClassVar[bool] = True

    def __post_init__(self):
        if not 0 <= self.min_pitch <= self.max_pitch <= 127:
            raise ValueError(f'pitches {self.min_pitch}..{self.max_pitch} are not within 0..127')

    @classmethod
    def fit(cls, tunes: Iterable[np.ndarray]) -> Self:
        """The smallest vocabulary that encodes every one of `tunes` (arrays of events)."""
        events = np.concatenate(list(tunes))
        pitches = events[events >= 0]
        if not len(pitches):
            raise UserError('the corpus holds no note, so it gives no vocabulary')
        return cls(int(pitches.min()), int(pitches.max()))

    @property
    def pitches(self) -> Sequence[int]:
        """The pitches of the classes, ascending."""
        return range(self.min_pitch, self.max_pitch + 1)

    @property
    def first_pitch(self) -> int:
        """The class of `min_pitch`."""
        return len(self.other_classes)

    @property
    def num_classes(self) -> int:
        return len(self.pitches) + self.first_pitch

    @property
    def class_names(self) -> list[str]:
        """A short name of each class, for axes and tables."""
        return [*self.other_classes, *map(str, self.pitches)]

    @property
    def padding(self) -> int:
        """The token before a phrase's first one: the class in which nothing happens or, if there is
        none, the blank `num_classes`.
        """
        return 0 if self.other_classes else self.num_classes

    @abc.abstractmethod
    def encode(self, events: np.ndarray) -> np.ndarray:
        """Tokens uint8 of events [T].

        Raises:
          ValueError: an event is not in the vocabulary; `fit_range` moves pitches into its range.
        """

    @abc.abstractmethod
    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """Events [T] int8 of tokens [T].

        Raises:
          ValueError: a token is not in the vocabulary.
        """

    @classmethod
    def num_tokens(cls, events: np.ndarray) -> int:
        """How many tokens `encode` returns for events."""
        return len(events)

    def join(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """The events of a prompt followed by those of its decoded continuation `after`."""
        return np.concatenate([before, after])

    def fit_range(self, events: np.ndarray) -> tuple[np.ndarray, int]:
        """Moves pitches outside of the range into it by octaves.

        Returns:
          The events, and by how many semitones the melody moved as a whole. If one distance of
          whole octaves fits every note, the melody keeps its shape and can be moved back; otherwise
          each note outside the range moves on its own, and the distance is 0.

        Raises:
          UserError: a pitch has no octave in the range.
        """
        events = np.asarray(events, np.int16)
        sounding = events >= 0
        if not sounding.any():
            return events.astype(np.int8), 0
        pitches = events[sounding]
        for octaves in sorted(range(-11, 12), key=abs):
            if np.isin(pitches + 12 * octaves, self.pitches).all():
                return (
                    np.where(sounding, events + 12 * octaves, events).astype(np.int8),
                    12 * octaves,
                )
        events = events.copy()
        events[sounding] = [self._nearest_octave(pitch) for pitch in pitches.tolist()]
        return events.astype(np.int8), 0

    def _nearest_octave(self, pitch: int) -> int:
        octaves = [each for each in self.pitches if (each - pitch) % 12 == 0]
        if not octaves:
            raise UserError(
                f"pitch {pitch} has no octave among the model's pitches"
                f' {self.min_pitch}..{self.max_pitch}'
            )
        return min(octaves, key=lambda each: abs(each - pitch))

    def to_json(self) -> dict:
        """The fields that a checkpoint stores; the inverse of `encodings.vocabulary_from_json`."""
        return {'encoding': self.encoding, 'min_pitch': self.min_pitch, 'max_pitch': self.max_pitch}

    def checked_events(self, events: np.ndarray) -> np.ndarray:
        """The events as int16; ValueError if one is not in the vocabulary."""
        events = np.asarray(events, np.int16)
        outside = (events < NO_EVENT) | ((events >= 0) & ~np.isin(events, self.pitches))
        if outside.any():
            raise ValueError(
                f'event {events[outside][0]} is outside of the pitches'
                f' {self.min_pitch}..{self.max_pitch}'
            )
        return events

    def checked_tokens(self, tokens: np.ndarray) -> np.ndarray:
        """The tokens as int16; ValueError if one is neither a class nor the padding."""
        tokens = np.asarray(tokens, np.int16)
        if tokens.size and not 0 <= tokens.min() <= tokens.max() <= max(
            self.num_classes - 1, self.padding
        ):
            raise ValueError(f'a token is outside of the classes 0..{self.num_classes - 1}')
        return tokens
