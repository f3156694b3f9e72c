"""One voice of an ABC tune: its symbols resolved to pitches and ticks, in the order they are
written.

Follows the ABC music standard 2.1; where tunes deviate from it, they are read as the common
programs read them.
"""

from collections.abc import Sequence

from symmusic.score.abc_book import FIELD_LINE
from symmusic.score.abc_fields import (
    MAX_FIELD,
    bar_ticks,
    parse_meter,
    parse_tempo,
    parse_unit,
    unread_key,
    unread_meter,
    unread_tempo,
    unread_transposition,
)
from symmusic.score.abc_items import Bar, ChordRest, Ending, Item
from symmusic.score.abc_notices import OF_FIELDS, OVERLAYS, PROGRAMS, Notices
from symmusic.score.abc_overlays import Overlays
from symmusic.score.abc_pitch import PROPAGATIONS, Pitches, Tone
from symmusic.score.abc_rhythm import Rhythm, fraction
from symmusic.score.abc_staff import MAX_SEMITONES, read_number
from symmusic.score.abc_stray import OLD_CHORD, is_text, unread_signs
from symmusic.score.abc_tokens import CHORD_GRACE, CHORD_NOTE, JUMP, TOKEN
from symmusic.score.key import Key
from symmusic.score.notes import (
    CHORD_SYMBOLS,
    GRACES,
    JUMPS,
    OLD_CHORDS,
    TEXT_LINES,
    UNREAD_SIGNS,
    Meter,
    Tempo,
)


class VoiceReader:
    """Reads the lines of one voice into `items`; repeats stay as they are written.

    Attributes:
      items: what is played.
      parts: the index in `items` where each part named by a P: field starts.
      repeated_parts: labels that occur more than once.
      labels: the index in `items` of every P: field.
      pitches, rhythm: the state of keys, accidentals, ties, lengths and tuplets.
      meter: the current one.
      has_free_meter: whether a field in the body ends the metre.
      program: General MIDI number, from 0.
      keys: in which notes sound, in order, as far as they are stated.
      key_replaced: as in `Score`.
      notices: what was left out, in the order of occurrence.
    """

    def __init__(self, *, unit: int, meter: Meter | None, tempo: Tempo | None):
        self.items: list[Item] = [item for item in (meter, tempo) if item]
        self.parts: dict[str, int] = {}
        self.repeated_parts: set[str] = set()
        self.labels: set[int] = set()
        self.pitches = Pitches()
        self.rhythm = Rhythm(unit)
        self.meter = meter
        self.has_free_meter = False
        self.program = 0
        self.keys: list[Key] = []  # in which notes sound
        self.key_replaced = False
        self.notices = Notices()
        self.has_notes = False
        self._overlays = Overlays()
        self._last: ChordRest | None = None
        self._last_tones: Sequence[Tone] = ()

    def read_lines(self, lines: Sequence[str]) -> None:
        """Reads all lines of the voice, without comments: music, fields and directives."""
        self._overlays.look_ahead(lines)
        for line in lines:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        if line.startswith('%%'):
            self._read_directive(line[2:])
        elif match := FIELD_LINE.match(line):
            self._read_field_of(match[1] or '+', match[2])
        elif is_text(line):
            self.notices.add_first(TEXT_LINES, line)
        else:
            self._read_music(line)

    def _read_music(self, line: str) -> None:
        end = 0
        for token in TOKEN.finditer(line):
            kind = token.lastgroup
            if token.start() > end:
                self.notices.add_first(UNREAD_SIGNS, unread_signs(line[end : token.start()]))
            end = token.end()
            if kind == 'note':
                if not self._overlays.is_open:
                    self._read_note(*token.group(2, 3, 4, 5))  # of `NOTE`, the first groups
            elif not self._overlays.is_open or kind in ('field', 'overlay'):
                getattr(self, f'_read_{kind}')(token[kind])
            elif kind == 'bar' and not self._overlays.holds_bars:
                self._read_bar(token[kind])
        self.notices.add_first(UNREAD_SIGNS, unread_signs(line[end:]))

    def _read_field(self, text: str) -> None:
        self._read_field_of(text[1], text[3:].rstrip(']'))

    def _read_field_of(self, letter: str, text: str) -> None:
        if letter == 'V':
            self._overlays.end()
            _, *properties = text[:MAX_FIELD].split(None, 1) or ['']
            self.pitches.staff = self.pitches.staff.read(' '.join(properties))
            self.notices.add(unread_transposition(' '.join(properties)))
        elif letter == 'P':
            self._begin_part(text.strip())
        elif letter == 'K':
            before = self.pitches.stated
            self.notices.add(unread_transposition(text))
            self.notices.add(unread_key(text, before is not None or bool(self.pitches.key)))
            self.pitches.read_key(text)
            if before not in (None, self.pitches.stated) and not self.has_notes:
                self.key_replaced = True
        elif letter == 'L':
            self.rhythm.unit = parse_unit(text)
        elif letter == 'M':
            self.notices.add(unread_meter(text))
            self.meter = parse_meter(text)
            if self.meter:
                self.items.append(self.meter)
            else:
                self.has_free_meter = True
        elif letter == 'Q':
            self.notices.add(unread_tempo(text, self.rhythm.unit))
            if tempo := parse_tempo(text, self.rhythm.unit):
                self.items.append(tempo)
        elif letter == 'I':
            self._read_directive(text)
        elif letter in OF_FIELDS:
            self.notices.add(OF_FIELDS[letter])

    def _begin_part(self, label: str) -> None:
        """A P: field: a part begins if it is a single capital letter; anything else is a label."""
        self.labels.add(len(self.items))
        if len(label) == 1 and 'A' <= label <= 'Z':
            begin = self.parts.setdefault(label, len(self.items))
            if begin != len(self.items):
                self.repeated_parts.add(label)

    def _read_directive(self, text: str) -> None:
        """Reads directives such as '%%MIDI program 73', also from an I: field; others change no
        note.
        """
        words = text[:MAX_FIELD].replace('=', ' ').split()
        if words[:1] == ['propagate-accidentals'] and words[1:] and words[1] in PROPAGATIONS:
            self.pitches.propagation = words[1]
        if len(words) < 3 or words[0].upper() != 'MIDI':
            return
        number, second = (read_number(word, MAX_SEMITONES) for word in [*words[2:4], ''][:2])
        self.pitches.staff = self.pitches.staff.after_directive(words[1], number)
        if words[1] == 'program':
            # the program alone, or the channel and the program
            program = number if second is None else second
            if self.has_notes and program not in (None, self.program):
                self.notices.add(PROGRAMS)
            elif program is not None and program >= 0:
                self.program = program

    def _read_bar(self, text: str) -> None:
        sign = text.rstrip('0123456789,-[ \t')
        digits = text[len(sign) :].strip('[ \t')
        # An invisible bar line changes nothing: some books attach a D.C. or a segno to it in the
        # middle of a bar.
        if not sign.endswith('[|]'):
            self._overlays.end_bar()
            self.pitches.end_bar()
            self.rhythm.end_bar()
            self.items.append(bar := Bar.read(sign))
            if bar.num_closed and bar.opens:
                # `::2`: the next repeat starts here; the ending is empty.
                return
        if digits:
            self._read_ending(digits)

    def _read_ending(self, text: str) -> None:
        """Without the bracket, at the start of a line, it is an ending only if the line before
        ends with a bar line.
        """
        if text.lstrip()[0] == '[' or isinstance(self.items[-1] if self.items else 0, Bar):
            self.items.append(Ending.read(text))

    def _read_note(self, accidental: str | None, letter: str, octaves: str, length: str) -> None:
        self._add_sound(length, [self.pitches.resolve(accidental, letter, octaves)])

    def _read_chord(self, text: str) -> None:
        inside, _, length = text[1:].rpartition(']')
        notes = [match for match in CHORD_NOTE.finditer(inside) if match[2]]
        if not notes:
            return
        for grace in CHORD_GRACE.findall(inside):  # the standard wants them before the chord
            self._read_grace(grace)
        if any(sign in (rest := CHORD_NOTE.sub('', inside)) for sign in '^_='):
            self.notices.add_first(UNREAD_SIGNS, rest)
        tones = [self.pitches.resolve(*match.group(1, 2, 3)) for match in notes]
        # A chord lasts as long as its first note.
        over, under = fraction(notes[0][4])
        self._add_sound(length, tones, over / under)
        self._tie([tone for tone, match in zip(tones, notes, strict=True) if match[5]])

    def _read_rest(self, text: str) -> None:
        if text[0] in 'zx':
            self._add_sound(text[1:], [])
            return
        # Rests of whole bars ignore the unit length, tuplets and broken rhythm.
        ticks = bar_ticks(self.meter or Meter(0, 4, 4)) * int(text[1:] or 1)
        if ticks:
            self.items.append(ChordRest(ticks))
        self._last = None
        self.pitches.hold([])
        self.rhythm.end_pair()

    def _add_sound(self, length: str, tones: Sequence[Tone], scale: float = 1) -> None:
        pitches = tuple(dict.fromkeys(map(self.pitches.sounding, tones)))
        self._last, self._last_tones = self.rhythm.sound(length, pitches, scale), tones
        self.items.append(self._last)
        if pitches:
            self.has_notes = True
            key = self.pitches.sounding_key
            if key and self.keys[-1:] != [key]:
                self.keys.append(key)
        self.pitches.hold([])

    def _read_tie(self, _: str) -> None:
        if self._last:
            self._tie(self._last_tones)

    def _tie(self, tones: Sequence[Tone]) -> None:
        self._last.tied = tuple(map(self.pitches.sounding, tones))
        self.pitches.hold(tones)

    def _read_broken(self, text: str) -> None:
        self.rhythm.read_broken(text)

    def _read_tuplet(self, text: str) -> None:
        self.rhythm.read_tuplet(text, self.meter)

    def _read_overlay(self, text: str) -> None:
        self._overlays.read(text)
        self.notices.add(OVERLAYS)

    def _read_grace(self, text: str) -> None:
        self.pitches.read_graces(text)
        self.notices.add(GRACES)

    def _read_quoted(self, text: str) -> None:
        if not text.endswith('"', 1):
            self.notices.add_first(UNREAD_SIGNS, text)  # without an end: the rest of the line
        if JUMP.search(text):
            self.notices.add(JUMPS)
        elif text[1:2] not in ('^', '_', '<', '>', '@', '"', ''):
            self.notices.add(CHORD_SYMBOLS)

    def _read_decoration(self, text: str) -> None:
        if OLD_CHORD.fullmatch(text):
            self.notices.add_first(OLD_CHORDS, text)
        if JUMP.search(text):
            self.notices.add(JUMPS)
