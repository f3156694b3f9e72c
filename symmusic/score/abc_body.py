"""The body of an ABC tune: its symbols resolved to pitches and ticks, in the order they are
written.

After the ABC music standard 2.1, read the way its common programs do where tunes stray from it.
"""

import dataclasses
import re

from symmusic.errors import ScoreError
from symmusic.score.abc_fields import (
    ALTERATIONS,
    MAX_TICKS,
    NATURALS,
    bar_ticks,
    parse_key,
    parse_meter,
    parse_tempo,
    parse_unit,
)
from symmusic.score.notes import Meter, Tempo

_LENGTH = r'(?:\d{1,4})?(?:/{1,6}(?:\d{1,3})?)?'
_NOTE = rf"(\^\^?|__?|=)?([A-Ga-g])([,']*)({_LENGTH})"
# One expression for all symbols; what it does not match (slurs, ornament letters, backquotes, any
# stray sign) is skipped. Every loop in it is bounded or cannot fail once entered, so no text takes
# more than linear time.
_TOKEN = re.compile(
    rf"""
  (?P<note>{_NOTE})
| (?P<bar>(:*\[\|\]|\.?:*\[?\|+\]?:*|::+)(?:[ \t]{{0,8}}\[?(\d[\d,\-]{{0,20}}))?)
| (?P<rest>[zx]({_LENGTH})|[ZX](\d{{0,3}}))
| (?P<broken>>+|<+)
| (?P<tie>-)
| (?P<tuplet>\((\d)(?::(\d?)(?::(\d{{0,2}}))?)?)
| (?P<skipped>"[^"]*"?|\{{[^}}]*\}}?|![^!|\s]{{1,30}}!|\+[^+|\s]{{1,30}}\+)
| (?P<ending>\[(\d[\d,\-]{{0,20}}))
| (?P<field>\[([A-Za-z]):([^\]]{{0,400}})\]?)
| (?P<chord>\[((?:[^\]\["|!]|"[^"]*"|![^!|]*!){{1,200}})\]({_LENGTH}))
| (?P<overlay>&)
""",
    re.VERBOSE,
)
_CHORD_NOTE = re.compile(rf'"[^"]*"|![^!]*!|{_NOTE}(-?)')
# A field at the beginning of a line; 'd:|' is a note before a repeat sign.
FIELD_LINE = re.compile(r'\s*(?:([A-Za-z])|\+):(?<![A-GXZa-gxz]:(?=[|:]))(.*)')


@dataclasses.dataclass(slots=True)
class Sound:
    """A note, a chord or (without pitches) a rest; `tied` are the pitches that a tie holds into the
    next one.
    """

    ticks: int
    pitches: tuple[int, ...] = ()
    tied: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A bar line; `num_closed` colons before it end a repeat, colons behind it begin one,
    `is_double` ends a section.
    """

    num_closed: int
    opens: bool
    is_double: bool
    ends_bar: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """The beginning of what only these passes of a repeat play."""

    passes: frozenset[int]


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a part, by its P: field."""

    label: str


Item = Sound | Bar | Ending | Part | Meter | Tempo


class BodyReader:
    """Reads the lines after the first K: field into `items`.

    Only the voice that begins is read, or the one that the header defines first. It follows a bar's
    accidentals and the state of ties, tuplets and broken rhythm; repeats stay as they are written.
    """

    def __init__(self, *, key: dict[int, int], unit: int, meter: Meter | None, voice: str = ''):
        self.items: list[Item] = []
        self.key = key
        self.unit = unit
        self.meter = meter
        self.voice = voice
        self.is_heard = True  # whether the voice being read is the first one
        self.is_overlay = False
        self.accidentals: dict[int, int] = {}  # by natural pitch, until the bar ends
        self.last: Sound | None = None
        # (natural pitch, alteration) of the notes of `last`
        self.last_alterations: tuple[tuple[int, int], ...] = ()
        # the same of notes that a tie holds: it carries them over the bar line
        self.held: dict[int, int] = {}
        # > 0: the next note is to be shortened by so many halvings; < 0: lengthened
        self.broken = 0
        self.tuplet = (1, 1, 0)  # p notes in the time of q, for the next r

    def read_line(self, line: str) -> None:
        """Reads one line, of music or a field."""
        if match := FIELD_LINE.match(line):
            self._read_field(match[1] or '+', match[2])
            return
        for token in _TOKEN.finditer(line):
            kind = token.lastgroup
            if kind == 'field':
                self._read_field(token['field'][1], token['field'][3:].rstrip(']'))
            elif kind == 'skipped' or not self.is_heard:
                continue
            elif kind == 'bar':
                self._read_bar(token['bar'])
            elif self.is_overlay:
                continue
            elif kind == 'note':
                accidental, letter, octave, length = token.group(2, 3, 4, 5)
                self._add_sound(length, (self._resolve(accidental, letter, octave),))
            else:
                getattr(self, f'_read_{kind}')(token[kind])

    def _read_field(self, letter: str, text: str) -> None:
        if letter == 'V':
            words = text.split(None, 1)
            name = words[0] if words else ''
            if not self.voice:
                # Music before the first V: field is taken to be of the voice 1.
                self.voice = '1' if any(isinstance(item, Sound) for item in self.items) else name
            self.is_heard, self.is_overlay = name == self.voice, False
        elif letter == 'P':
            if not self.items or self.items[-1] != Part(text.strip()):
                self.items.append(Part(text.strip()))
        elif not self.is_heard:
            return
        elif letter == 'K':
            key = parse_key(text)
            self.key = self.key if key is None else key
        elif letter == 'L':
            self.unit = parse_unit(text)
        elif letter == 'M':
            self.meter = parse_meter(text)
            if self.meter:
                self.items.append(self.meter)
        elif letter == 'Q' and (tempo := parse_tempo(text, self.unit)):
            self.items.append(tempo)

    def _read_bar(self, text: str) -> None:
        sign = text.rstrip('0123456789,-[ \t')
        digits = text[len(sign) :].strip('[ \t')
        if sign.endswith('[|]'):
            # An invisible bar line: these books hang a D.C. or a segno on it, in the middle of a
            # bar.
            if sign[0] == ':':
                self.items.append(Bar(sign.count(':'), False, False, False))
        else:
            self.is_overlay = False
            self.accidentals.clear()
            line = sign.strip('.:')
            if line:
                closed = len(sign.lstrip('.')) - len(sign.lstrip('.:'))
                is_double = len(line) > 1
                self.items.append(
                    Bar(closed, sign.endswith(':'), is_double, not sign.startswith('.'))
                )
            else:
                self.items.append(Bar(1, True, False, True))
        if digits:
            self._read_ending(digits)

    def _read_ending(self, text: str) -> None:
        passes = set()
        for first, last in re.findall(r'(\d)(?:-(\d))?', text):
            passes.update(range(int(first), int(last or first) + 1))
        self.items.append(Ending(frozenset(passes or {1})))

    def _resolve(self, accidental: str | None, letter: str, octave: str) -> tuple[int, int]:
        """A note's natural pitch and its alteration."""
        natural = NATURALS[letter]
        if octave:
            natural += 12 * (octave.count("'") - octave.count(','))
        if accidental:
            self.accidentals[natural] = alteration = ALTERATIONS[accidental]
        elif natural in self.accidentals:
            alteration = self.accidentals[natural]
        elif natural in self.held:
            alteration = self.held[natural]
        else:
            alteration = self.key.get(natural % 12, 0)
        if not 0 <= natural + alteration < 128:
            raise ScoreError(
                'damaged ABC', f"'{letter}{octave[:12]}' is beyond the pitches of MIDI"
            )
        return natural, alteration

    def _add_sound(
        self, length: str, alterations: tuple[tuple[int, int], ...], scale: float = 1
    ) -> None:
        over, under = _fraction(length)
        ticks = self.unit * over * scale
        p, q, num_left = self.tuplet
        if num_left:
            ticks, under = ticks * q, under * p
            self.tuplet = (p, q, num_left - 1)
        if self.broken:
            ticks, under = ticks * _broken_share(self.broken), under * 2 ** abs(self.broken)
            self.broken = 0
        sound = Sound(
            round(ticks / under),
            tuple(dict.fromkeys([natural + alteration for natural, alteration in alterations])),
        )
        if not 0 < sound.ticks <= MAX_TICKS:
            raise ScoreError('damaged ABC', f"the length '{length}'")
        self.items.append(sound)
        self.last, self.last_alterations, self.held = sound, alterations, {}

    def _read_rest(self, text: str) -> None:
        if text[0] in 'zx':
            self._add_sound(text[1:], ())
            return
        # Whole bars are no matter of the unit length, so nothing else that acts on notes touches
        # them.
        ticks = bar_ticks(self.meter or Meter(0, 4, 4)) * int(text[1:] or 1)
        if ticks:
            self.items.append(Sound(ticks))
        self.last, self.held, self.broken = None, {}, 0

    def _read_chord(self, text: str) -> None:
        inside, _, length = text[1:].rpartition(']')
        notes = [match for match in _CHORD_NOTE.finditer(inside) if match[2]]
        alterations = tuple(self._resolve(*match.group(1, 2, 3)) for match in notes)
        if not notes:
            return
        # A chord lasts as long as its first note.
        over, under = _fraction(notes[0][4])
        self._add_sound(length, alterations, over / under)
        ties = [
            natural_alteration
            for natural_alteration, match in zip(alterations, notes, strict=True)
            if match[5]
        ]
        self.last.tied = tuple(map(sum, ties))
        self.held = dict(ties)

    def _read_tie(self, _: str) -> None:
        if self.last:
            self.last.tied = self.last.pitches
            self.held = dict(self.last_alterations)

    def _read_broken(self, text: str) -> None:
        if self.last and not self.broken:
            self.broken = min(len(text), 3) * (1 if text[0] == '>' else -1)
            # The first of the pair gets what the second gives: its share is that of the opposite
            # sign.
            self.last.ticks = max(
                1, round(self.last.ticks * _broken_share(-self.broken) / 2 ** abs(self.broken))
            )

    def _read_tuplet(self, text: str) -> None:
        fields = [int(field) if field else 0 for field in text[1:].split(':')] + [0, 0]
        p = fields[0]
        is_compound = self.meter and self.meter.numerator % 3 == 0 and self.meter.numerator > 3
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, 3 if is_compound else 2)
        if p > 1:
            self.tuplet = (p, fields[1] or usual, fields[2] or p)

    def _read_overlay(self, _: str) -> None:
        self.is_overlay = True


def _broken_share(halvings: int) -> int:
    """Of 2 ** |halvings| shares, those of the second note of 'A>B' (1), 'A>>B' (2), 'A<B' (-1) and
    so on.
    """
    return 1 if halvings > 0 else 2 ** (1 - halvings) - 1


def _fraction(length: str) -> tuple[int, int]:
    """'3/2' as (3, 2), '//' as (1, 4)."""
    if not length:
        return 1, 1
    if length.isdecimal():
        return int(length), 1
    over, _, under = length.partition('/')
    num_slashes = 1 + len(under) - len(under.lstrip('/'))
    under = under.lstrip('/')
    return int(over or 1), (
        int(under) * 2 ** (num_slashes - 1) if under.strip('0') else 2**num_slashes
    )
