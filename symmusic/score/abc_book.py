"""Books of ABC tunes: where each tune begins and ends, and what the book gives all of them."""

import dataclasses
import re
from collections.abc import Sequence

from symmusic.score.abc_text import read_text, split_lines, without_comment

MAX_BOOK_BYTES = 32_000_000

# A field at the beginning of a line; 'd:|' is a note before a repeat sign.
FIELD_LINE = re.compile(r'\s*(?:([A-Za-z])|\+):(?<![A-GXZa-gxz]:(?=[|:]))(.*)')


@dataclasses.dataclass(frozen=True)
class AbcTune:
    """One tune of a book.

    Attributes:
      number: what its X: field says; of a tune without one its place in the book, from 1.
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


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book.

    Each begins with an X: field and ends at the next one, or at a blank line behind its K: field.
    What is left between blank lines is a tune without X: where it begins with a field and has music
    behind a K: field.
    """
    lines = split_lines(text)
    defaults = _file_header(lines)
    tunes: list[AbcTune] = []
    current: list[str] = []
    begin, has_x, has_key = 0, False, False

    def end_tune() -> None:
        if has_x or _is_tune(current):
            head = [] if has_x else defaults
            tunes.append(_describe([*head, *current], begin, len(tunes) + 1))

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
    """Of the field that a line is, '+' for one that goes on; '' for anything else."""
    match = FIELD_LINE.match(line)
    return (match[1] or '+') if match else ''


def _is_tune(lines: Sequence[str]) -> bool:
    letters = [field_letter(line) for line in lines if line.strip() and not line.startswith('%')]
    return 'K' in letters and letters[0] not in ('', '+') and '' in letters[letters.index('K') :]


def _file_header(lines: Sequence[str]) -> list[str]:
    """The M: and L: lines of the fields that the file begins with, up to a blank line or anything
    else: defaults for every tune (ABC music standard 2.1, section 2.2.2). The standard allows no
    other there that decides what is played; where a K: field stands, it is a tune's header.
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


def _describe(lines: list[str], line: int, place: int) -> AbcTune:
    fields, _ = read_header(lines)
    return AbcTune(
        number=fields.get('X', str(place)),
        title=read_text(fields.get('T', '')),
        meter=fields.get('M', ''),
        text='\n'.join(lines).rstrip(),
        line=line,
    )


def read_header(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """The header's fields, and how many lines it has; of several of a kind the last one counts, of
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
