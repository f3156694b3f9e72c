"""Lists the tunes in files of music, each with a function that reads it."""

import dataclasses
import pathlib
from collections.abc import Callable

from symmusic.corpus.collections import SourceFile
from symmusic.errors import ScoreError
from symmusic.files import read_bounded
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import MAX_BOOK_BYTES, split_tunes
from symmusic.score.abc_text import decode
from symmusic.score.midi import MAX_BYTES, parse_midi
from symmusic.score.musicxml_reader import SUFFIXES as XML_SUFFIXES
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notes import OTHER_VOICES, Score


def list_tunes(file: SourceFile) -> list[tuple[str, Callable[[], Score]]]:
    """The tunes of a file, keyed by name, each with a function that reads it: one tune for MIDI and
    MusicXML, one per `X:` for ABC. The function opens its file when it is called, so that only ABC
    books are held in memory; reading errors are raised then.
    """
    if file.path.suffix.lower() in XML_SUFFIXES:
        return [(file.name, lambda: _read_xml(file.path))]
    if file.path.suffix.lower() != '.abc':
        return [(file.name, lambda: parse_midi(read_bounded(file.path, MAX_BYTES)))]
    tunes = split_tunes(decode(read_bounded(file.path, MAX_BOOK_BYTES)))
    if not tunes:
        raise ScoreError(
            'no tune',
            'in ABC each starts with a line X:1, or has a line such as K:G above its notes',
        )
    return [
        (f'{file.name}#{tune.number}', lambda tune=tune: read_abc_tune(tune.text)) for tune in tunes
    ]


def _read_xml(path: pathlib.Path) -> Score:
    """The first part of a score, with a notice if there are others."""
    score = read_musicxml(path)
    left_out = [OTHER_VOICES] * (len(score.parts) > 1 and OTHER_VOICES not in score.notices)
    return dataclasses.replace(score, notices=(*score.notices, *left_out))
