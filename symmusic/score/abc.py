"""ABC tune books to scores: the melody of the first voice, as the ABC standard 2.1 has it, repeats played out.

Grace notes, decorations, chord symbols, lyrics and layout take no time and are passed over.
"""

import dataclasses
import re
from fractions import Fraction

from symmusic.errors import ScoreError
from symmusic.score.abc_repeats import Bar, play_order
from symmusic.score.notes import Meter, Note, Score, Tempo

TICKS_PER_QUARTER = 10080  # 2^5 3^2 5 7: exact for 128ths and for tuplets of 3, 5, 7 and 9
WHOLE = 4 * TICKS_PER_QUARTER
MAX_TICKS = 4096 * WHOLE  # of a piece
MAX_LENGTH = 64  # wholes of a single note or rest

SEMITONES = {'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}
FIFTHS = {'F': -1, 'C': 0, 'G': 1, 'D': 2, 'A': 3, 'E': 4, 'B': 5}
MODES = {'': 0, 'maj': 0, 'ion': 0, 'mix': -1, 'dor': -2, 'm': -3, 'min': -3, 'aeo': -3, 'phr': -4, 'loc': -5, 'lyd': 1}
ACCIDENTALS = {'^': 1, '^^': 2, '_': -1, '__': -2, '=': 0}
TUPLET_TIMES = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}

NOTE = re.compile(r"(\^\^?|__?|=)?([A-Ga-g])([,']*)(\d*)(/*)(\d*)")
TOKEN = re.compile(
    r"""(?P<skip>\{[^}]*\}|"[^"]*"|![^!|\n]*!|\+[^+|\n]*\+|[\s`]+)
      | \[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]
      | (?P<bar>\[?\|[|:\]]*|:[|:\]]+|(?=\[\s*\d))\s*(?:\[?\s*(?P<ending>\d+(?:[,\-]\d+)*))?
      | \[(?P<chord>[^\]\[|]*)\](?P<chord_length>\d*/*\d*)
      | (?P<note>(?:\^\^?|__?|=)?[A-Ga-g][,']*\d*/*\d*)
      | [zx](?P<rest>\d*/*\d*) | [ZX](?P<bars>\d*)
      | \((?P<p>\d)(?::(?P<q>\d?))?(?::(?P<r>\d?))?
      | (?P<broken>>+|<+) | (?P<tie>-) | (?P<overlay>&) | (?P<other>.)""",
    re.VERBOSE,
)
LENGTH = re.compile(r'(\d*)(/*)(\d*)')
FIELD_LINE = re.compile(r'\s*([A-Za-z]):(?![|:\]])(.*)')


@dataclasses.dataclass(frozen=True)
class AbcTune:
    """One tune of a book: the `X:` number, the first title, the header's metre as written, its text and the line where it begins."""

    number: str
    title: str
    meter: str
    text: str
    line: int


@dataclasses.dataclass(slots=True)
class _Sound:
    """Notes that begin together, or a rest (no pitches); the length in wholes."""

    pitches: tuple[int, ...]
    length: Fraction
    tied: bool = False


def decode(data: bytes) -> str:
    """Text of an ABC file: UTF-8, else Latin-1 (which the older books are in)."""
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError:
        return data.decode('latin-1')


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book, in order; what stands before the first `X:` field belongs to none."""
    lines = text.splitlines()
    begins = [index for index, line in enumerate(lines) if re.match(r'\s*X\s*:', line)]
    tunes = []
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        header: dict[str, str] = {}
        for line in lines[begin:end]:
            if match := FIELD_LINE.match(line):
                header.setdefault(match[1], _value(match[2]))
        body = '\n'.join(lines[begin:end])
        tunes.append(AbcTune(header.get('X', ''), header.get('T', ''), header.get('M', ''), body, begin + 1))
    return tunes


def read_abc_tune(text: str) -> Score:
    """Reads one tune, from its header fields to its end.

    Raises:
      ScoreError: it has no `K:` field or no notes, or is damaged or too long; `reason` says which.
    """
    reader = _Reader()
    for line in text.splitlines():
        reader.read_line(line)
    if not reader.in_body:
        raise ScoreError('no key field', 'an ABC tune needs a K: line before its notes')
    return reader.score()


class _Reader:
    """The state of reading a tune from the top: what each sign means depends on what stood before it."""

    def __init__(self):
        self.title, self.in_body = '', False
        self.meters: list[tuple[int, Meter]] = []  # with the index of the item they stand before
        self.tempi: list[Tempo] = []
        self.unit: Fraction | None = None
        self.key: dict[str, int] = {}
        self.items: list[_Sound | Bar | Meter] = []
        self.voice = self.first_voice = None
        self.in_overlay = False
        self._begin_bar()
        self.tied: dict[tuple[str, int], int] = {}
        self.tuplet_left, self.tuplet_factor = 0, Fraction(1)
        self.broken_factor = Fraction(1)  # of the next note

    def _begin_bar(self):
        self.accidentals: dict[tuple[str, int], int] = {}

    def read_line(self, line: str) -> None:
        if match := FIELD_LINE.match(line):
            if not line.startswith('%'):
                self.read_field(match[1], _value(match[2]))
            return
        if not self.in_body:
            return
        for token in TOKEN.finditer(_uncommented(line)):
            self.read_token(token)

    def read_field(self, name: str, value: str) -> None:
        if name == 'V':
            self.voice = value.split()[0] if value.split() else ''
            self.first_voice = self.first_voice if self.first_voice is not None else self.voice
        if self.is_other_voice:
            return
        if name == 'T' and not self.title:
            self.title = value
        elif name == 'M':
            meter = _meter(value)
            if meter:
                self.items.append(meter)
        elif name == 'L':
            self.unit = _fraction(value) or self.unit
        elif name == 'Q' and not self.tempi:
            qpm = _tempo(value, self.unit or Fraction(1, 8))
            self.tempi += [Tempo(0, qpm)] if qpm else []
        elif name == 'K':
            self.in_body = True
            self.key = _key(value)
            self._begin_bar()

    @property
    def is_other_voice(self) -> bool:
        return self.voice != self.first_voice

    def read_token(self, token: re.Match) -> None:
        kind = token.lastgroup
        if token['skip'] is not None or (self.is_other_voice and token['field'] != 'V'):
            return
        if token['field']:
            self.read_field(token['field'], _value(token['value']))
        elif token['bar'] is not None:
            self.add_bar(token['bar'], token['ending'])
        elif self.in_overlay:
            return
        elif token['note']:
            self.add_notes(NOTE.findall(token['note']), '')
        elif token['chord'] is not None:
            self.add_notes(NOTE.findall(token['chord']), token['chord_length'])
        elif token['rest'] is not None:
            self.add(_Sound((), _length(token['rest']) * self.unit_length))
        elif token['bars'] is not None:
            self.add(_Sound((), int(token['bars'][:4] or 1) * self.bar_length))
        elif token['p']:
            self.begin_tuplet(int(token['p']), token['q'], token['r'])
        elif kind == 'broken':
            self.break_rhythm(token['broken'])
        elif kind == 'tie':
            if self.items and isinstance(self.items[-1], _Sound):
                self.items[-1].tied = True
        elif kind == 'overlay':
            self.in_overlay = True

    @property
    def meter(self) -> Meter | None:
        return next((item for item in reversed(self.items) if isinstance(item, Meter)), None)

    @property
    def bar_length(self) -> Fraction:
        meter = self.meter
        return Fraction(meter.numerator, meter.denominator) if meter else Fraction(1)

    @property
    def unit_length(self) -> Fraction:
        if self.unit is None:  # the standard's default, by the header's metre
            self.unit = Fraction(1, 16) if self.bar_length < Fraction(3, 4) else Fraction(1, 8)
        return self.unit

    def add_bar(self, text: str, ending: str | None) -> None:
        self.tied = {}
        if self.items and isinstance(self.items[-1], _Sound) and self.items[-1].tied:
            self.tied = self.accidentals
        self._begin_bar()
        self.in_overlay = False
        self.items.append(Bar(text, _ending(ending or '')))

    def add_notes(self, notes: list[tuple[str, ...]], outer_length: str) -> None:
        """Notes that begin together: one, or a chord, whose length is its first note's."""
        pitches, length = [], Fraction(1)
        for index, (accidental, letter, marks, *inner_length) in enumerate(notes):
            octave = 5 + letter.islower() + marks.count("'") - marks.count(',')
            name = (letter.upper(), octave)
            if accidental:
                self.accidentals[name] = ACCIDENTALS[accidental]
            shift = self.accidentals.get(name, self.tied.get(name, self.key.get(name[0], 0)))
            pitches.append(12 * octave + SEMITONES[name[0]] + shift)
            if index == 0:
                length = _length(''.join(inner_length))
        self.tied = {}
        if not all(0 <= pitch <= 127 for pitch in pitches):
            raise ScoreError('damaged ABC', 'a note is outside of the MIDI pitches 0..127')
        if pitches:
            self.add(_Sound(tuple(pitches), length * _length(outer_length) * self.unit_length))

    def add(self, sound: _Sound) -> None:
        if self.tuplet_left:
            self.tuplet_left -= 1
            sound.length *= self.tuplet_factor
        sound.length *= self.broken_factor
        self.broken_factor = Fraction(1)
        if sound.length > MAX_LENGTH:
            raise ScoreError('damaged ABC', f'a note of {float(sound.length):.3g} wholes')
        self.items.append(sound)

    def begin_tuplet(self, p: int, q: str | None, r: str | None) -> None:
        """`(p:q:r`: p notes in the time of q, for the next r notes."""
        meter = self.meter
        is_compound = meter is not None and meter.denominator == 8 and meter.numerator in (6, 9, 12)
        times = int(q) if q else TUPLET_TIMES.get(p, 3 if is_compound else 2)
        if p and times:
            self.tuplet_left, self.tuplet_factor = int(r) if r else p, Fraction(times, p)

    def break_rhythm(self, signs: str) -> None:
        """`a>b`: a dotted, b halved; '>>' dots twice, '<' the other way round."""
        last = self.items[-1] if self.items else None
        if not isinstance(last, _Sound):
            return
        short = Fraction(1, 2 ** min(len(signs), 3))
        before, after = (2 - short, short) if signs[0] == '>' else (short, 2 - short)
        last.length *= before
        self.broken_factor = after

    def score(self) -> Score:
        """Plays the items in their order and joins what is tied."""
        notes: list[Note] = []
        meters: list[Meter] = []
        held: dict[int, int] = {}  # pitch -> index of the note that a tie holds
        now = Fraction(0)
        for index in play_order(self.items):
            item = self.items[index]
            tick = round(now * WHOLE)
            if isinstance(item, Meter):
                if not meters or str(meters[-1]) != str(item):
                    meters.append(dataclasses.replace(item, tick=tick))
                continue
            now += item.length
            if now * WHOLE > MAX_TICKS:
                raise ScoreError('too long', 'more than 4096 wholes with repeats')
            end, still_held = round(now * WHOLE), {}
            for pitch in dict.fromkeys(item.pitches):
                if pitch in held:
                    notes[held[pitch]] = dataclasses.replace(notes[held[pitch]], duration=end - notes[held[pitch]].onset)
                elif end > tick:
                    notes.append(Note(tick, end - tick, pitch))
                    held[pitch] = len(notes) - 1
                if item.tied and pitch in held:
                    still_held[pitch] = held[pitch]
            held = still_held
        if not notes:
            raise ScoreError('no notes')
        return Score(
            notes=tuple(sorted(notes, key=lambda note: (note.onset, note.pitch))), ticks_per_quarter=TICKS_PER_QUARTER,
            meters=tuple(meters), tempi=tuple(self.tempi), title=self.title, pickup=self._pickup(),
        )  # fmt: skip

    def _pickup(self) -> int:
        """Ticks of the first bar, if it is shorter than its metre says."""
        length, bar_length = Fraction(0), Fraction(1)
        for item in self.items:
            if isinstance(item, Meter):
                bar_length = Fraction(item.numerator, item.denominator)
            elif isinstance(item, Bar) and length:
                break
            elif isinstance(item, _Sound):
                length += item.length
        return round(length * WHOLE) if 0 < length < bar_length else 0


def _value(text: str) -> str:
    return _uncommented(text).strip()


def _uncommented(line: str) -> str:
    return re.split(r'(?<!\\)%', line, maxsplit=1)[0]


def _length(text: str) -> Fraction:
    """'3' is 3, '3/2' one and a half, '/' a half, '//' a quarter."""
    number, slashes, divisor = LENGTH.match(text).groups()
    value = Fraction(int(number[:6] or 1))
    if slashes:
        value /= int(divisor[:6]) if divisor.strip('0') else 2 ** min(len(slashes), 10)
    return value


def _fraction(text: str) -> Fraction | None:
    match = re.match(r'(\d{1,4})(?:/(\d{1,4}))?', text)
    if not match or not int(match[1]) or (match[2] and not int(match[2])):
        return None
    return Fraction(int(match[1]), int(match[2] or 1))


def _meter(text: str) -> Meter | None:
    if text.startswith('C|'):
        return Meter(0, 2, 2)
    if text.startswith('C'):
        return Meter(0, 4, 4)
    match = re.search(r'(\d{1,3}(?:\+\d{1,3})*)/(\d{1,3})', text)
    if not match or not int(match[2]):
        return None
    numerator = sum(map(int, match[1].split('+')))
    return Meter(0, numerator, int(match[2])) if numerator else None


def _tempo(text: str, unit: Fraction) -> float | None:
    """Quarters per minute of `Q:1/4=120`, `Q:C=100` or `Q:120`."""
    text = re.sub(r'"[^"]*"', '', text)
    match = re.search(r'(?:(\d+/\d+|C\d*)\s*=\s*)?(\d{1,4}(?:\.\d+)?)\s*$', text.strip())
    if not match or not float(match[2]):
        return None
    beat = (_fraction(match[1]) or unit) if match[1] and match[1][0] != 'C' else unit
    return float(match[2]) * float(beat * 4)


def _ending(text: str) -> tuple[int, ...]:
    """The numbers of '1', '1,3' and '1-3'."""
    numbers: set[int] = set()
    for part in filter(None, text.split(',')):
        first, _, last = part.partition('-')
        numbers.update(range(int(first[:2] or 0), min(int(last[:2] or first[:2] or 0), 16) + 1))
    return tuple(sorted(numbers))


def _key(text: str) -> dict[str, int]:
    """The accidentals of a key signature by letter: 'G', 'Am', 'E dor', 'D exp _b ^f', 'Hp'."""
    if re.match(r'H[Pp]', text):  # highland bagpipe: its scale, whether written or not
        return {'F': 1, 'C': 1}
    match = re.match(r'([A-G])([#b]?)\s*([A-Za-z]*)', text)
    key: dict[str, int] = {}
    if match:
        mode = match[3].lower()
        is_explicit = mode.startswith('exp')
        fifths = FIFTHS[match[1]] + {'': 0, '#': 7, 'b': -7}[match[2]] + MODES.get(mode if mode == 'm' else mode[:3], 0)
        for letter in () if is_explicit else 'FCGDAEB'[: max(fifths, 0)]:
            key[letter] = 1
        for letter in () if is_explicit else 'BEADGCF'[: max(-fifths, 0)]:
            key[letter] = -1
        text = text[match.end() :]
    for sign, letter in re.findall(r'(\^\^?|__?|=)([A-Ga-g])(?![a-z])', text):
        key[letter.upper()] = ACCIDENTALS[sign]
    return key
