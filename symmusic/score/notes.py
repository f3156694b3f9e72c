"""The contents of a file of music once it is read, whatever its format."""

import dataclasses

from symmusic.score.key import Key

DEFAULT_QPM = 120.0  # quarters per minute where a file states no tempo, as in MIDI
# notices of several readers
LYRICS = 'lyrics left out'
CHORD_SYMBOLS = 'chord symbols left out'
GRACES = 'grace notes left out'
OTHER_VOICES = 'other voices left out'
JUMPS = 'D.C. and D.S. not followed'
# kinds of notices that go on with ': ' and what was found
ODD_BARS = 'bars shorter or longer than the metre shift what follows'
UNREAD_KEY = 'key not understood'
UNREAD_METER = 'metre not understood'
UNREAD_TEMPO = 'tempo not understood'
UNREAD_PARTS = 'order of parts not understood'
UNREAD_SIGNS = 'signs not understood'
TEXT_LINES = 'lines that are no music left out'
OLD_CHORDS = 'notes between + or ! left out'
UNREAD_TRANSPOSITION = 'transposition not read'
_DETAILED = (
    *(ODD_BARS, UNREAD_KEY, UNREAD_METER, UNREAD_TEMPO),
    *(UNREAD_PARTS, UNREAD_TRANSPOSITION, UNREAD_SIGNS, TEXT_LINES, OLD_CHORDS),
)


def kind_of(notice: str) -> str:
    """A notice of a reader without its detail, so that notices of one kind are counted together."""
    return next((kind for kind in _DETAILED if notice.startswith(f'{kind}: ')), notice)


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """One note: `onset` and `duration` in ticks, `pitch` 0-127 (60: middle C), `velocity` 1-127."""

    onset: int
    duration: int
    pitch: int
    velocity: int = 127

    @property
    def end(self) -> int:
        """In ticks."""
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
      keys: in which notes sound, in order, as far as the file states them.
      num_instruments: how many instruments play notes in the file, drums included.
      parts: the names of those that can be read, drums apart; empty for ABC.
      pickup: ticks before the first full bar, if the file's bar lines are known; else 0.
      overfull: ticks of a first bar that is longer than its metre, but not by whole bars; else 0.
      program: the General MIDI number, from 0, of the instrument; 0, a piano, if the file does not
        say.
      notices: what the reader left out or changed, each a short phrase such as 'chord symbols left
        out'.
      sections: the ticks at which its sections start, as they are played, the first at 0; empty if
        the file states none. They are stated by repeats, double bars and, in ABC, P: fields.
      num_meters: how many time signatures the file states, if that is more than `meters` has.
      key_replaced: whether the file states a key that another one replaces before a note sounds.
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
    keys: tuple[Key, ...] = ()
    parts: tuple[str, ...] = ()
    sections: tuple[int, ...] = ()
    overfull: int = 0
    key_replaced: bool = False
