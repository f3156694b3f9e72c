"""Named corpora and folders: from the name of a corpus to its files."""

import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import pathlib
from collections.abc import Iterator

from symmusic.errors import UserError
from symmusic.score.midi import SUFFIXES as MIDI_SUFFIXES
from symmusic.score.musicxml_reader import SUFFIXES as XML_SUFFIXES
from symmusic.wording import nearest

SUFFIXES = (*MIDI_SUFFIXES, '.abc', *XML_SUFFIXES)


@dataclasses.dataclass(frozen=True)
class Collection:
    """Files that are prepared and cached together, in folders of the corpus that the music21
    package carries.

    Attributes:
      folders: the names of the folders; () for a user's own folder or file.
      suffix: of the collection's files.
      style: the style of its tunes; '' if not known.
      has_voices: whether a file is a piece of several voices, each a tune; music21 parses these.
      meter: the only metre kept, if it is one that `config.data.meters` cannot name, such as '4/2';
        '' = those of `config.data.meters`.
      num_bars: how many bars of 4/4 a bar of `meter` becomes: 2 keeps the note values of 4/2, 1
        would halve them.
      notice: a line for the user each time that the collection is used.
    """

    folders: tuple[str, ...] = ()
    suffix: str = '.abc'
    style: str = ''
    has_voices: bool = False
    meter: str = ''
    num_bars: int = 1
    notice: str = ''


OWN = Collection()  # a user's files
COLLECTIONS = {
    'folk': Collection(('oneills1850', 'airdsAirs', 'ryansMammoth'), style='fiddle tune'),
    'bach': Collection(('bach',), '.mxl', style='chorale', has_voices=True),
    'palestrina': Collection(
        ('palestrina',),
        '.krn',
        style='Renaissance voice',
        has_voices=True,
        meter='4/2',
        num_bars=2,
    ),
    'monteverdi': Collection(('monteverdi',), '.mxl', style='Renaissance voice', has_voices=True),
    'essen': Collection(
        ('essenFolksong',),
        style='folk song',
        notice='the Essen folk song collection: for non-commercial use only',
    ),
}
# A named corpus is one or several collections.
NAMED = {name: (name,) for name in COLLECTIONS} | {
    'renaissance': ('palestrina', 'monteverdi'),
    'mixed': ('folk', 'bach', 'palestrina', 'monteverdi'),
    'folk_essen': ('folk', 'essen'),
    'mixed_essen': ('folk', 'bach', 'palestrina', 'monteverdi', 'essen'),
}


@dataclasses.dataclass(frozen=True, order=True)
class SourceFile:
    """A file of music, and the name that reports use for it: its path within the corpus."""

    name: str
    path: pathlib.Path


def find_files(corpus: str) -> list[SourceFile]:
    """All files of `find_collections`, in the order of their names."""
    return sorted(file for _, files in find_collections(corpus) for file in files)


def find_collections(corpus: str) -> list[tuple[Collection, list[SourceFile]]]:
    """The collections of a named corpus, or the files of music of a folder (with its folders)
    or of a single file as one collection; each with its files in the order of their names.

    Raises:
      UserError: there is no such corpus, or it holds no such file.
    """
    if corpus in NAMED:
        root = music21_corpus()
        collections = [COLLECTIONS[name] for name in NAMED[corpus]]
        found = {
            folder: list(_walk(root / folder, root, (each.suffix,)))
            for each in collections
            for folder in each.folders
        }
        if missing := [folder for folder, files in found.items() if not files]:
            raise UserError(
                f"corpus '{corpus}': the installed music21 package lacks {', '.join(missing)};"
                ' reinstall requirements.txt'
            )
        return [
            (each, sorted(file for folder in each.folders for file in found[folder]))
            for each in collections
        ]
    return [(OWN, sorted(_own_files(corpus)))]


def require_corpus(corpus: str) -> None:
    """Checks that the corpus exists; a folder is only searched up to its first file.

    Raises:
      UserError: as in `find_collections`.
    """
    if corpus in NAMED:
        find_collections(corpus)
    else:
        next(_own_files(corpus))


def _own_files(corpus: str) -> Iterator[SourceFile]:
    """The files of music of a folder, or a single file; at least one. Raises as
    `find_collections`.
    """
    path = pathlib.Path(corpus).expanduser()
    if os.path.isdir(path):  # unlike pathlib's methods, these accept names that no file can have
        files = _walk(path, path, SUFFIXES)
        first = next(files, None)
        if first is None:
            raise UserError(
                f'config.data.corpus = {corpus}: the folder holds no {", ".join(SUFFIXES)} file'
            )
        yield first
        yield from files
    elif os.path.isfile(path):
        if path.suffix.lower() not in SUFFIXES:
            raise UserError(f'config.data.corpus = {corpus}: not a file of {", ".join(SUFFIXES)}')
        yield SourceFile(path.name, path)
    else:
        raise UserError(
            f'config.data.corpus = {corpus}: no such corpus, folder or file; named corpora are'
            f' {", ".join(NAMED)}{nearest(corpus, NAMED)}'
        )


def list_collections(corpus: str) -> tuple[str, ...]:
    """The names of what `find_collections` finds, in its order."""
    return NAMED.get(corpus, (corpus,))


def music21_corpus() -> pathlib.Path:
    """The corpus folder of the installed music21 package, found without importing it (which takes
    seconds).
    """
    spec = importlib.util.find_spec('music21')
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            'the package music21, which carries the corpus, is not installed: pip install -r'
            ' requirements.txt'
        )
    return pathlib.Path(spec.submodule_search_locations[0]) / 'corpus'


@functools.cache
def music21_version() -> str:
    """The version of the installed package, on which the parsed scores depend."""
    return importlib.metadata.version('music21')


def _walk(
    folder: pathlib.Path, root: pathlib.Path, suffixes: tuple[str, ...]
) -> Iterator[SourceFile]:
    """The files with these suffixes in a folder and its subfolders. Each folder is read once: a
    folder that links lead to counts at its own path if it is inside, or else at the first link.

    Raises:
      UserError: a folder cannot be read.
    """
    seen = set()
    folders, links = [folder] if folder.is_dir() else [], []
    while folders or links:
        # links last, so that a folder is found under its own name
        folder = folders.pop() if folders else links.pop(0)
        if (place := os.path.realpath(folder)) in seen:
            continue
        seen.add(place)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(
                f'the folder {folder} of the corpus cannot be read: {error.strerror or error};'
                ' make it readable, or move it out of the corpus'
            ) from error
        for entry in entries:
            path = folder / entry.name
            # not entry.is_dir(), which raises for a link to itself
            if os.path.isdir(path):
                (links if entry.is_symlink() else folders).append(path)
            elif path.suffix.lower() in suffixes and (os.path.isfile(path) or not path.exists()):
                # broken links too: preparation counts them as unreadable
                yield SourceFile(path.relative_to(root).as_posix(), path)
