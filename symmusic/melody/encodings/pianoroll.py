"""Piano rolls: one class per step, the pitch that sounds. Onsets are not encoded, so there are two
forms.

| events, `.` = none   | C   .   C   .   off .   E   . |
|---|---|
| `pianoroll`          | C   C   C   C   0   0   E   E |
| `pianoroll_faithful` | C   -   C   C   -   -   E   E |

Class 0 of `pianoroll` is silence, and a repeated note becomes one long note. `-` is the blank,
which is not a class; it also separates a note from its repetition.
"""

import dataclasses

import numpy as np

from symmusic.melody.encodings.vocabulary import PitchVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.melody.events import sounding as sounding_pitches
from symmusic.score.bar import SIXTEENTHS


class _Roll(PitchVocabulary):
    """What both forms share: `padding` marks steps where nothing sounds."""

    def _tokens(self, sounding: np.ndarray) -> np.ndarray:
        return np.where(
            sounding >= 0, sounding - self.min_pitch + self.first_pitch, self.padding
        ).astype(np.uint8)

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.decode`: a run of one pitch is one note."""
        tokens = self.checked_tokens(tokens)
        before = np.concatenate([[self.padding], tokens])[: len(tokens)]
        onsets = np.where(
            tokens == self.padding, NOTE_OFF, tokens - self.first_pitch + self.min_pitch
        )
        return np.where(tokens == before, NO_EVENT, onsets).astype(np.int8)

    def join(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.join`: a note that continues over the seam is held, not repeated, and
        silence there ends it.
        """
        joined = np.concatenate([before, after])
        seam = len(before)
        if 0 < seam < len(joined):
            last = sounding_pitches(np.asarray(before, np.int16))[-1]
            if joined[seam] == NO_EVENT:  # silence in the continuation's own roll
                joined[seam] = NOTE_OFF if last >= 0 else NO_EVENT
            elif joined[seam] == last >= 0:
                joined[seam] = NO_EVENT
        return joined


@dataclasses.dataclass(frozen=True)
class PianorollVocabulary(_Roll):
    """A piano roll with a class for silence. Only the onset of a note repeated without a silence is
    lost.
    """

    encoding = 'pianoroll'
    other_classes = ('silence',)

    def encode(self, events: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.encode`, a token for each event."""
        return self._tokens(sounding_pitches(self.checked_events(events)))


@dataclasses.dataclass(frozen=True)
class FaithfulPianorollVocabulary(_Roll):
    """As in the thesis: whole beats, no class for silence, and the step before a repeated note is
    silent.

    A note of one step before its repetition disappears, and a silence can be read but is never a
    target and cannot be generated.
    """

    encoding = 'pianoroll_faithful'
    other_classes = ()

    def encode(self, events: np.ndarray) -> np.ndarray:
        """As `PitchVocabulary.encode`; blanks fill the last beat."""
        events = self.checked_events(events)
        sounding = sounding_pitches(events)
        again = np.flatnonzero((events[1:] >= 0) & (events[1:] == sounding[:-1]))
        sounding[again] = NOTE_OFF  # `again` is the step before
        tokens = self._tokens(sounding)
        return np.pad(
            tokens, (0, self.num_tokens(tokens) - len(tokens)), constant_values=self.padding
        )

    @classmethod
    def num_tokens(cls, events: np.ndarray) -> int:
        """As `PitchVocabulary.num_tokens`: whole beats of sixteenths, the only grid."""
        return len(events) + -len(events) % SIXTEENTHS
