"""The contents of a file of music once it is read, whatever its format."""

import dataclasses

NOTE_NAMES = ('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')
LYRICS = 'lyrics left out'  # a notice of MIDI and of ABC


def pitch_name(pitch: int) -> str:
    """The name of a MIDI pitch, such as 'C5' for 72; middle C, 60, is C4."""
    return f'{NOTE_NAMES[pitch % 12]}{pitch // 12 - 1}'


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """One note: `onset` and `duration` in ticks, `pitch` 0-127 (60: middle C), `velocity` 1-127."""

    onset: int
    duration: int
    pitch: int
    velocity: int = 127

    @property
    def end(self) -> int:
        return self.onset + self.duration


@dataclasses.dataclass(frozen=True, slots=True)
class Meter:
    """A time signature from `tick` on; cut time is 2/2."""

    tick: int
    numerator: int
    denominator: int

    def __str__(self) -> str:
        return f'{self.numerator}/{self.denominator}'


@dataclasses.dataclass(frozen=True, slots=True)
class Tempo:
    """Quarters per minute from `tick` on."""

    tick: int
    qpm: float


@dataclasses.dataclass(frozen=True)
class Score:
    """A piece as read from a file.

    Attributes:
      notes: of one instrument, in order of (onset, pitch).
      ticks_per_quarter: the unit of all ticks of this score.
      meters: the time signatures in order; empty if the file states none. Those of a pickup, of a
        short last bar, and those in which no note starts are left out.
      tempi: every tempo in order; empty if the file states none.
      title: the track's or tune's name, or ''.
      num_instruments: how many instruments play notes in the file, drums included.
      pickup: ticks before the first full bar, if the file's bar lines are known; else 0.
      program: the General MIDI number, from 0, of the instrument; 0, a piano, if the file does not
        say.
      notices: what the reader left out or changed, each a short phrase such as 'chord symbols left
        out'.
      num_meters: how many time signatures the file states, if that is more than `meters` has.
    """

    notes: tuple[Note, ...]
    ticks_per_quarter: int
    meters: tuple[Meter, ...] = ()
    tempi: tuple[Tempo, ...] = ()
    title: str = ''
    num_instruments: int = 1
    pickup: int = 0
    program: int = 0
    notices: tuple[str, ...] = ()
    num_meters: int = 0
