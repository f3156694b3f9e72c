"""Books of ABC tunes: where each tune starts and ends, and the defaults of the file header."""

import dataclasses
import re
from collections.abc import Sequence

from symmusic.score.abc_text import read_text, split_lines, without_comment

MAX_BOOK_BYTES = 32_000_000

# A field at the start of a line; 'd:|' is a note before a repeat sign. Only letters that are no
# note or rest may be followed by blanks, as in 'K : G', and the X of 'X : 1'.
FIELD_LINE = re.compile(
    r"""\s*(?:(
      [A-Za-z](?=:)
    | [H-WYw](?=[ \t]{1,4}:[ \t]{0,4}[^\s|:])
    | X(?=[ \t]{1,4}:[ \t]{0,4}\d)
    )[ \t]{0,4}|\+):(?<![A-GXZa-gxz]:(?=[|:]))(.*)""",
    re.VERBOSE,
)


@dataclasses.dataclass(frozen=True)
class AbcTune:
    """One tune of a book.

    Attributes:
      number: that of its X: field; for a tune without one, its position in the book, from 1.
      title: its first T: field.
      meter: the M: field of its header as written, '' if it has none.
      text: its lines, from X: on; the defaults of the file header are inserted after X:.
      line: the number of its first line in the book, from 1.
    """

    number: str
    title: str
    meter: str
    text: str
    line: int


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book.

    Each starts with an X: field and ends at the next one, or at a blank line after its K: field.
    A remaining block between blank lines is a tune without X: if it starts with a field and has
    music after a K: field.
    """
    lines = split_lines(text)
    defaults = _file_header(lines)
    tunes: list[AbcTune] = []
    current: list[str] = []
    begin, has_x, has_key = 0, False, False

    def end_tune() -> None:
        if has_x or _is_tune(current):
            head = [] if has_x else defaults
            tunes.append(_read_tune([*head, *current], begin, len(tunes) + 1))

    for number, line in enumerate(lines, 1):
        letter = field_letter(line)
        is_blank = not line.strip()
        if letter == 'X' or (is_blank and (has_key or not has_x)):
            end_tune()
            has_x, has_key = letter == 'X', False
            current, begin = ([line, *defaults] if has_x else []), number
        else:
            begin = begin if current else number
            current.append(line)
            has_key = has_key or letter == 'K'
    end_tune()
    return tunes


def field_letter(line: str) -> str:
    """The letter of a line's field, '+' for a continued field, '' if the line is not a field."""
    match = FIELD_LINE.match(line)
    return (match[1] or '+') if match else ''


def _is_tune(lines: Sequence[str]) -> bool:
    letters = [field_letter(line) for line in lines if line.strip() and not line.startswith('%')]
    return 'K' in letters and letters[0] not in ('', '+') and '' in letters[letters.index('K') :]


def _file_header(lines: Sequence[str]) -> list[str]:
    """The M: and L: lines of the file header: the fields that the file starts with, up to a blank
    line or anything else. They are defaults for every tune (ABC music standard 2.1, section 2.2.2);
    the standard allows no other field there that affects what is played. With a K: field it is the
    header of a tune.
    """
    found, has_begun = [], False
    for line in lines:
        match = FIELD_LINE.match(line)
        is_other = not match and not line.startswith('%')
        if (match and match[1] == 'X') or (is_other and (has_begun or line.strip())):
            break
        has_begun = has_begun or match is not None
        if match and match[1] == 'K':
            return []
        if match and match[1] in ('M', 'L'):
            found.append(line)
    return found


def _read_tune(lines: list[str], line: int, place: int) -> AbcTune:
    fields, _ = read_header(lines)
    return AbcTune(
        number=fields.get('X', str(place)),
        title=read_text(fields.get('T', '')),
        meter=fields.get('M', ''),
        text='\n'.join(lines).rstrip(),
        line=line,
    )


def read_header(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """The header's fields, and how many lines it has. Of repeated fields the last one counts, of
    titles the first.
    """
    fields = {}
    for index, line in enumerate(lines):
        match = FIELD_LINE.match(without_comment(line))
        if not match or not match[1]:
            continue
        letter, value = match[1], match[2].strip()
        if letter != 'T' or letter not in fields:
            fields[letter] = value
        if letter == 'K':
            return fields, index + 1
    return fields, len(lines)
