"""The `melody` encoding: one class per event, as in Magenta's melody RNNs.

| class | event |
|---|---|
| 0 | no event; also the padding |
| 1 | note off |
| 2.. | the note of pitch `min_pitch` + class - 2 begins |
"""

import dataclasses

import numpy as np

from symmusic.melody.encodings.vocabulary import PitchVocabulary
from symmusic.melody.events import NO_EVENT


@dataclasses.dataclass(frozen=True)
class MelodyVocabulary(PitchVocabulary):
    """One class per event; `decode` is the exact inverse of `encode`."""

    encoding = 'melody'
    other_classes = ('no event', 'note off')

    def encode(self, events: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.encode`, a token for each event."""
        events = self.checked_events(events)
        return np.where(
            events >= 0, events - self.min_pitch + self.first_pitch, events - NO_EVENT
        ).astype(np.uint8)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.decode`."""
        tokens = self.checked_tokens(tokens)
        return np.where(
            tokens >= self.first_pitch,
            tokens - self.first_pitch + self.min_pitch,
            tokens + NO_EVENT,
        ).astype(np.int8)
