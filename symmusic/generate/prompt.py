"""The bars that a piece continues, or that surround it."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.score.bar import SIXTEENTHS, Bar, bar_of
from symmusic.score.key import Key

C_MAJOR = Key(0)
VELOCITY = 100  # of notes whose file states no velocity


@dataclasses.dataclass(frozen=True)
class Prompt:
    """A prompt as the model reads it.

    Attributes:
      name: of its file, without folder and suffix.
      events: [T] int8 in the prompt's own key, T a whole number of bars.
      tokens: [T] uint8 in the model's key.
      transposed_by: semitones from the prompt's key to the model's.
      qpm: its first tempo, in quarters per minute.
      notices: what the user should know about how it was read.
      key: as stated by the user or the file, else as detected.
      states_key: whether it is stated.
      meter: its own, such as '6/8'.
      title: as its file states it.
      pickup: number of steps in its first bar, 0 = a full bar.
      first_bar: number of its first bar in the file, where the first full bar is 1 and a pickup 0.
      velocities: [T] uint8, of the note that starts at each step, 0 if not known; () = none known.
      program: General MIDI program of its instrument, from 0.
      after: [A] int8 events of the bars after the drawn ones, if bars between others are drawn.
      redrawn: which bars are drawn again, as the user wrote them; '' if the prompt is continued.
      steps_per_quarter: the grid.
    """

    name: str
    events: np.ndarray
    tokens: np.ndarray
    transposed_by: int
    qpm: float
    notices: tuple[str, ...] = ()
    key: Key = C_MAJOR
    states_key: bool = True
    meter: str = '4/4'
    title: str = ''
    pickup: int = 0
    first_bar: int = 1
    velocities: Sequence[int] = ()
    program: int = 0
    after: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int8))
    redrawn: str = ''
    steps_per_quarter: int = SIXTEENTHS

    @property
    def bar(self) -> Bar:
        """Its bar."""
        return bar_of(self.meter, self.steps_per_quarter)

    @property
    def sounds(self) -> bool:
        """Whether its last note lasts to its end."""
        said = self.events[self.events != NO_EVENT]
        return len(said) > 0 and said[-1] >= 0

    @property
    def is_blank(self) -> bool:
        """Whether it has no bars, so that a tune starts from nothing."""
        return not (len(self.events) or self.redrawn)

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of its notes, including those after the drawn bars."""
        events = np.concatenate([self.events, self.after])
        return frozenset((events[events >= 0] % 12).tolist())

    def pickup_of(self, events: np.ndarray) -> int:
        """The pickup, in steps, of a melody [T] that starts with the prompt's first bar; 0 if a
        note was drawn in the silence before it.
        """
        return 0 if (events[: -self.pickup % self.bar.steps] >= 0).any() else self.pickup

    @property
    def velocity(self) -> int:
        """The velocity of new notes: the median of its own."""
        known = [velocity for velocity in self.velocities if velocity]
        return int(np.median(known)) if known else VELOCITY


def around(prompt: Prompt, first: int, end: int, padding: int) -> Prompt:
    """The context for redrawing bars `first` to `end` - 1, counted from 0: the bars before them are
    read, those after them go to `after`, and both keep their velocities. If there is no bar before,
    the model reads a bar of padding.
    """
    begin, stop = first * prompt.bar.steps, end * prompt.bar.steps
    velocities = np.array(prompt.velocities)
    velocities[begin:stop] = 0
    return dataclasses.replace(
        prompt,
        events=prompt.events[:begin],
        tokens=prompt.tokens[:begin] if first else np.full(prompt.bar.steps, padding, np.uint8),
        velocities=tuple(velocities),
        after=prompt.events[stop:],
    )


def stated_at(prompt: Prompt, step: int, vocabulary: Vocabulary) -> Prompt:
    """The prompt with the note or silence at a step made explicit, so that it does not depend on
    what is drawn before it: a held note is started again, and silence becomes a note-off.
    """
    if step >= len(prompt.events) or prompt.events[step] != NO_EVENT:
        return prompt
    events, tokens = prompt.events.copy(), prompt.tokens.copy()
    said = np.flatnonzero(events[:step] != NO_EVENT)
    if len(said) and events[said[-1]] >= 0:
        events[step], tokens[step] = events[said[-1]], tokens[said[-1]]
    else:
        events[step] = NOTE_OFF
        tokens[step] = vocabulary.encode(np.array([NOTE_OFF]))[0]
    return dataclasses.replace(prompt, events=events, tokens=tokens)
