"""ABC tune books to scores: the tunes of a text, the order in which a tune is played, and its
notes.
"""

import bisect
import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence

from symmusic.errors import ScoreError
from symmusic.score.abc_body import FIELD_LINE, Bar, BodyReader, Ending, Item, Part, Sound
from symmusic.score.abc_fields import (
    TICKS_PER_QUARTER,
    bar_ticks,
    parse_key,
    parse_meter,
    parse_parts,
    parse_tempo,
    parse_unit,
)
from symmusic.score.notes import Meter, Note, Score, Tempo

MAX_BOOK_BYTES = 32_000_000  # of a book
MAX_CHARACTERS = 500_000  # of one tune
MAX_NOTES = 100_000  # of one tune, repeats played
MAX_STEPS = 500_000  # symbols played, bar lines and rests included
MAX_TICKS = 100_000 * TICKS_PER_QUARTER
# how many endings and begun repeats ahead are searched for the ending of a pass
_ENDINGS_AHEAD = 32


@dataclasses.dataclass(frozen=True)
class AbcTune:
    """One tune of a book.

    Attributes:
      number: what its X: field says, '' for none.
      title: its first T: field.
      meter: the M: field of its header as it is written, '' for none.
      text: its lines, from X: on; behind X: what the file header gives as defaults.
      line: the number of its first line in the book, from 1.
    """

    number: str
    title: str
    meter: str
    text: str
    line: int


def decode(data: bytes) -> str:
    """UTF-8 (with or without a byte order mark), or else Latin-1, which every older book is in."""
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError:
        return data.decode('latin-1')


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book: each begins with an X: field and ends at the next one, or at a blank
    line behind its K: field.
    """
    lines = _lines(text)
    defaults = _file_header(lines)
    tunes, current, begun, has_key = [], [], 0, False
    for number, line in enumerate([*lines, 'X:'], 1):
        match = FIELD_LINE.match(line)
        letter = match[1] if match else None
        if letter == 'X' or (has_key and not line.strip()):
            if current:
                tunes.append(_describe(current, begun))
            current, begun, has_key = [line, *defaults] if letter == 'X' else [], number, False
        elif current:
            current.append(line)
            has_key = has_key or letter == 'K'
    return tunes


def _file_header(lines: Sequence[str]) -> list[str]:
    """The M: and L: lines of the fields that the file begins with, up to a blank line or anything
    else: defaults for every tune (ABC music standard 2.1, section 2.2.2). The standard allows no
    other there that decides what is played.
    """
    found, has_begun = [], False
    for line in lines:
        match = FIELD_LINE.match(line)
        is_other = not match and not line.startswith('%')
        if (match and match[1] == 'X') or (is_other and (has_begun or line.strip())):
            break
        has_begun = has_begun or match is not None
        if match and match[1] in ('M', 'L'):
            found.append(line)
    return found


def _lines(text: str) -> list[str]:
    return text.removeprefix('\ufeff').replace('\r\n', '\n').replace('\r', '\n').split('\n')


def _describe(lines: list[str], line: int) -> AbcTune:
    fields, _ = _header(lines)
    text = '\n'.join(lines).rstrip()
    return AbcTune(
        number=fields.get('X', ''),
        title=fields.get('T', ''),
        meter=fields.get('M', ''),
        text=text,
        line=line,
    )


def _header(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """The header's fields (of a repeated one the first T: and V:, else the last) and how many lines
    it has.
    """
    fields = {}
    for index, line in enumerate(lines):
        match = FIELD_LINE.match(_without_comment(line))
        if not match or not match[1]:
            continue
        letter, value = match[1], match[2].strip()
        if letter not in 'TV' or letter not in fields:
            fields[letter] = value
        if letter == 'K':
            return fields, index + 1
    return fields, len(lines)


def _without_comment(line: str) -> str:
    return re.sub(r'(?<!\\)%.*', '', line) if '%' in line else line


def read_abc_tune(text: str) -> Score:
    """Reads one tune as it is played: repeats, endings and part orders unrolled, grace notes and
    ornaments left out.

    The score counts `TICKS_PER_QUARTER` ticks. Of several voices only the first is read. D.C. and
    D.S. are not followed. Whatever the text, it takes bounded time and memory.

    Raises:
      ScoreError: 'no key field', 'no notes', 'damaged ABC' or 'too long'.
    """
    if len(text) > MAX_CHARACTERS:
        raise ScoreError('too long', f'more than {MAX_CHARACTERS} characters')
    lines = _lines(text)
    fields, num_lines = _header(lines)
    if 'K' not in fields:
        raise ScoreError('no key field', 'a tune has a line such as K:G above its notes')
    meter = parse_meter(fields.get('M', ''))
    usual = '1/16' if meter and meter.numerator / meter.denominator < 0.75 else '1/8'
    unit = parse_unit(fields.get('L') or usual)
    voice = fields.get('V', '').split(None, 1)
    reader = BodyReader(
        key=parse_key(fields['K']) or {}, unit=unit, meter=meter, voice=voice[0] if voice else ''
    )
    reader.items += [item for item in (meter, parse_tempo(fields.get('Q', ''), unit)) if item]
    is_text = False
    for line in lines[num_lines:]:
        if line.startswith('%%'):
            is_text = line.startswith('%%begin') or (is_text and not line.startswith('%%end'))
        elif not is_text:
            reader.read_line(_without_comment(line))
    return _lay_out(reader.items, parse_parts(fields.get('P', '')), fields.get('T', ''))


def _play_order(items: Sequence[Item], parts: Sequence[str]) -> Iterator[int]:
    """Indexes of the items as they are played."""
    marks = [index for index, item in enumerate(items) if isinstance(item, Part)]
    spans = {
        items[begin].label: (begin, end) for begin, end in itertools.pairwise([*marks, len(items)])
    }
    if not parts or len(spans) < len(marks) or not set(parts) <= set(spans):
        yield from _unroll(items, 0, len(items))
        return
    yield from _unroll(items, 0, marks[0])
    for label in parts:
        yield from _unroll(items, *spans[label])


def _unroll(items: Sequence[Item], begin: int, end: int) -> Iterator[int]:
    """Indexes of the items from `begin` to `end` with repeats and endings played.

    A repeat without its |: begins at the last double bar, repeat, part or the beginning.
    """
    landmarks = [
        i
        for i in range(begin, end)
        if isinstance(items[i], Ending) or (isinstance(items[i], Bar) and items[i].opens)
    ]

    def find_ending(after: int, number: int) -> int | None:
        """Where the pass `number` of the repeat goes on, if it has an ending of its own behind
        `after`.
        """
        first = bisect.bisect_right(landmarks, after)
        for index in landmarks[first : first + _ENDINGS_AHEAD]:
            item = items[index]
            if isinstance(item, Bar):
                return None
            if number in item.passes:
                return index
            if 1 in item.passes:
                return None
        return None

    index = start = begin
    number = 1  # of the pass
    has_start = False  # whether the repeat began with |:
    ending = opening = None  # indexes of the ending being played, and of the one of the first pass
    while index < end:
        item = items[index]
        yield index
        if isinstance(item, Bar | Part):
            is_over = True
            if isinstance(item, Bar):
                goes_back = number <= item.num_closed
                if ending is not None and item.num_closed:
                    is_shared = (
                        number + 1
                        in items[ending].passes
                        | items[ending if opening is None else opening].passes
                    )
                    goes_back = (
                        number == 1 or is_shared or find_ending(index, number + 1) is not None
                    )
                if goes_back:
                    index, number, ending = start, number + 1, None
                    continue
                is_over = item.num_closed or item.opens
                if item.is_double and not is_over:
                    is_over = (
                        not has_start if ending is None else find_ending(index, number + 1) is None
                    )
            if is_over:
                start, number, ending, opening, has_start = (
                    index + 1,
                    1,
                    None,
                    None,
                    isinstance(item, Bar) and item.opens,
                )
        elif isinstance(item, Ending):
            if number in item.passes:
                ending, opening = index, index if number == 1 else opening
            elif ending is None and number > 1:
                other = find_ending(index, number)
                if other is not None:
                    index = ending = other
                else:
                    # The repeat has no ending for this pass: it goes on behind the one it leaves
                    # out.
                    closing = (
                        i
                        for i in range(index, end)
                        if isinstance(items[i], Bar) and items[i].num_closed
                    )
                    index = next(closing, index)
                    start, number, has_start = (
                        index + 1,
                        1,
                        isinstance(items[index], Bar) and items[index].opens,
                    )
            elif ending is not None and 1 in item.passes:
                # A new repeat whose beginning nothing marks: it is taken to begin a bar behind the
                # last ending.
                bars = (i for i in range(ending + 1, index) if isinstance(items[i], Bar))
                start, number, ending, opening, has_start = (
                    next(bars, index - 1) + 1,
                    1,
                    index,
                    index,
                    False,
                )
            elif ending is not None and number + 1 in item.passes:
                # The repeat sign that should stand before a second ending is missing.
                index, number, ending = start, number + 1, None
                continue
        index += 1


def _lay_out(items: Sequence[Item], parts: Sequence[str], title: str) -> Score:
    notes: list[list[int]] = []  # [onset, pitch, duration]
    held: dict[int, list[int]] = {}  # pitch -> the note that a tie holds
    meters, tempi = [], []
    changes = {
        kind: [index for index, item in enumerate(items) if isinstance(item, kind)]
        for kind in (Meter, Tempo)
    }
    tick, pickup, previous = 0, None, -1
    for step, index in enumerate(_play_order(items, parts)):
        item = items[index]
        if index != previous + 1:
            # After a jump what holds is what is written last before here.
            for kind, written in ((Meter, meters), (Tempo, tempi)):
                if before := bisect.bisect_left(changes[kind], index):
                    _change(written, items[changes[kind][before - 1]], tick)
        previous = index
        if isinstance(item, Sound):
            tied = {}
            for pitch in item.pitches:
                note = held.get(pitch)
                if note is None:
                    note = [tick, pitch, item.ticks]
                    notes.append(note)
                else:
                    note[2] += item.ticks
                if pitch in item.tied:
                    tied[pitch] = note
            held = tied
            tick += item.ticks
        elif isinstance(item, Bar):
            if pickup is None and tick and item.ends_bar:
                pickup = tick if meters and tick < bar_ticks(meters[-1]) else 0
        elif isinstance(item, Meter):
            _change(meters, item, tick)
        elif isinstance(item, Tempo):
            _change(tempi, item, tick)
        if len(notes) > MAX_NOTES or step > MAX_STEPS or tick > MAX_TICKS:
            raise ScoreError('too long', 'with its repeats played')
    if not notes:
        raise ScoreError('no notes')
    return Score(
        notes=tuple(Note(onset, duration, pitch) for onset, pitch, duration in sorted(notes)),
        ticks_per_quarter=TICKS_PER_QUARTER,
        title=title,
        meters=tuple(meters),
        tempi=tuple(tempi),
        pickup=pickup or 0,
    )


def _change(written: list, new: Meter | Tempo, tick: int) -> None:
    """Appends a meter or tempo from `tick` on, in place of one that would hold for no time; the
    same again changes nothing.
    """
    new = dataclasses.replace(new, tick=tick)
    if written and written[-1].tick == tick:
        written.pop()
    if not written or dataclasses.replace(written[-1], tick=tick) != new:
        written.append(new)
