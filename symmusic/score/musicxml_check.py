"""Checks MusicXML before music21 reads it: for values that music21 would misread, or that would
keep it busy for ever.
"""

import io
import pathlib
import re
import zipfile
from collections.abc import Iterator
from xml.parsers import expat

from symmusic.errors import ScoreError

MAX_PASSES = 99  # of a repeat
MAX_NOTES = 50_000  # of a file; music21 takes 25 s for them
OCTAVES = range(-1, 10)
READ = ('divisions', 'octave')  # elements whose text is checked


def check_content(path: pathlib.Path, data: bytes) -> None:
    """Checks the numbers of endings, repeats and octaves, and that the lengths of notes have a
    unit. Data that is not well-formed is left to the reader.

    Args:
      path: the file.
      data: its bytes.

    Raises:
      ScoreError: 'damaged score', or 'too long' with more than `MAX_NOTES` notes and rests.
    """
    for content in _contents(path, data):
        parser = expat.ParserCreate()
        checks = _Checks()
        parser.StartElementHandler = checks.start
        parser.CharacterDataHandler = checks.read
        parser.EndElementHandler = checks.end
        try:
            parser.Parse(content, True)
        except expat.ExpatError:
            continue


def _contents(path: pathlib.Path, data: bytes) -> Iterator[bytes]:
    """The XML of a file, or each one in a compressed file."""
    if data[:2] != b'PK':
        yield data
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = [
                name
                for name in packed.namelist()
                if not name.startswith('META-INF/') and name.endswith(('.xml', '.musicxml'))
            ]
            contents = [packed.read(name) for name in names]
    # of a damaged or encrypted archive, zipfile and zlib raise errors of many types
    except Exception as error:
        raise ScoreError('damaged score', 'its compressed content cannot be unpacked') from error
    if not contents:
        raise ScoreError('damaged score', f'{path.name} is an archive without a score')
    yield from contents


class _Checks:
    """The handlers of a parser."""

    def __init__(self):
        self.has_unit = False
        self.num_notes = 0
        self.text = None  # of the element that is being read, where it is one of `READ`

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == 'part':
            self.has_unit = False
        elif name == 'note':
            self.num_notes += 1
            if self.num_notes > MAX_NOTES:
                raise ScoreError('too long', f'more than {MAX_NOTES} notes')
        elif name == 'duration' and not self.has_unit:
            raise ScoreError('damaged score', 'no divisions before the first duration')
        elif name == 'ending':
            _check_passes('ending number', attributes.get('number', ''))
        elif name == 'repeat':
            _check_passes('repeat times', attributes.get('times', ''))
        self.text = '' if name in READ else None

    def read(self, text: str) -> None:
        if self.text is not None:
            self.text += text

    def end(self, name: str) -> None:
        if name == 'divisions':
            self.has_unit = True
            if not re.search('[1-9]', self.text or ''):
                raise ScoreError('damaged score', 'divisions must be above 0')
        elif name == 'octave' and not _is_octave(self.text or ''):
            raise ScoreError(
                'damaged score', f'octave {(self.text or "")[:20]!r}; must be from -1 to 9'
            )
        self.text = None


def _is_octave(text: str) -> bool:
    return bool(re.fullmatch(r'-?\d', text.strip())) and int(text) in OCTAVES


def _check_passes(what: str, text: str) -> None:
    if any(len(number.lstrip('0')) > len(str(MAX_PASSES)) for number in re.findall(r'\d+', text)):
        raise ScoreError('damaged score', f'{what} {text[:20]!r}; must be at most {MAX_PASSES}')
