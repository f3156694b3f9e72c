"""The voices of an ABC tune: which of its lines belong to each."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence

from symmusic.score.abc_book import FIELD_LINE, field_letter
from symmusic.score.abc_fields import MAX_FIELD
from symmusic.score.abc_text import without_comment

MAX_VOICES = 16  # of a tune that are considered as its melody

_INLINE_VOICE = re.compile(rf'\[(V:[^\]]{{0,{MAX_FIELD}}})\]?')
_PART = re.compile(r'\s*P[ \t]{0,4}:\s*([A-Z])\s*$')


@dataclasses.dataclass
class Voice:
    """One voice of a tune.

    Attributes:
      name: from its V: fields; '1' if there is none.
      lines: music, fields and directives, including its V: fields.
      has_music: whether any line is music.
    """

    name: str
    lines: list[str] = dataclasses.field(default_factory=list)
    has_music: bool = False
    _own_parts: set[str] = dataclasses.field(default_factory=set)
    _other_parts: dict[str, int] = dataclasses.field(default_factory=dict)

    def add_part(self, line: str) -> None:
        """Adds a P: field of this voice, replacing one of the same label from another voice."""
        if line.strip() in self._other_parts:
            self.lines[self._other_parts.pop(line.strip())] = ''
        self._own_parts.add(line.strip())
        self.lines.append(line)

    def add_other_part(self, line: str) -> None:
        """Adds a P: field of another voice: a part starts in all voices but is usually named in
        only one of them.
        """
        label = line.strip()
        if _PART.match(label) and label not in self._own_parts | self._other_parts.keys():
            self._other_parts[label] = len(self.lines)
            self.lines.append(line)


def split_voices(header: Sequence[str], body: Sequence[str]) -> tuple[list[str], list[Voice]]:
    """The lines that apply to all voices, and the voices in the order in which they are named.

    Lines for all voices are the header's K: field and directives, and the body's fields before any
    voice or music. Music before the first V: field belongs to the first voice.

    Args:
      header: lines up to the first K:.
      body: lines after it.
    """
    shared: list[str] = []
    voices: dict[str, Voice] = {}
    current = None
    for line in header:
        letter = field_letter(line)
        line = _plain(line)
        if letter == 'V':
            current = _voice(voices, line)
        elif letter == 'I' or line.startswith('%%'):
            (current.lines if current else shared).append(line)
        elif letter in ('K', 'm'):
            shared.append(line)
    current = None
    for line in _split_inline(_without_text_blocks(body)):
        letter = field_letter(line)
        if letter == 'V':
            current = _voice(voices, line)
            continue
        is_music = not letter and not line.startswith('%%')
        if is_music:
            current = current or next(iter(voices.values()), None) or _voice(voices, 'V:1')
            current.has_music = True
        if current is None:
            shared.append(line)
        elif letter == 'P':
            current.add_part(line)
            for voice in itertools.islice(voices.values(), MAX_VOICES):
                if voice is not current:
                    voice.add_other_part(line)
        else:
            current.lines.append(line)
    return shared, list(voices.values())


def _voice(voices: dict[str, Voice], line: str) -> Voice:
    """The voice that a V: field names; the field is among its lines."""
    words = FIELD_LINE.match(line)[2].split(None, 1)
    name = words[0][:MAX_FIELD] if words else ''
    voice = voices.setdefault(name, Voice(name))
    voice.lines.append(line)
    return voice


def _without_text_blocks(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are not blank, without comments and text between %%begin and %%end."""
    is_text = False
    for line in lines:
        if line.startswith('%%'):
            is_text = line.startswith('%%begin') or (is_text and not line.startswith('%%end'))
        if not is_text and (line := _plain(line)).strip():
            yield line


def _split_inline(lines: Iterator[str]) -> Iterator[str]:
    """The lines with each inline [V:...] as a line of its own."""
    for line in lines:
        if '[V:' in line and not line.startswith('%%') and not field_letter(line):
            yield from (part for part in _INLINE_VOICE.split(line) if part.strip())
        else:
            yield line


def _plain(line: str) -> str:
    """A line without its comment; a directive starts with two comment signs."""
    if line.startswith('%%'):
        return '%%' + without_comment(line[2:])
    return without_comment(line)
