"""Named corpora and folders: from what a user calls a corpus to the files it is made of."""

import dataclasses
import importlib.util
import os
import pathlib

from symmusic.errors import UserError

SUFFIXES = ('.mid', '.midi', '.abc')
# Folders of the corpus that the music21 package carries.
NAMED = {'folk': ('oneills1850', 'airdsAirs', 'ryansMammoth')}


@dataclasses.dataclass(frozen=True, order=True)
class SourceFile:
    """A file of music, by the name that reports use for it: its path within the corpus."""

    name: str
    path: pathlib.Path


def find_files(corpus: str) -> list[SourceFile]:
    """The MIDI and ABC files of a named corpus, of a folder (with its folders) or of a single file, in the order of their names.

    Raises:
      UserError: there is no such corpus, or it holds no such file.
    """
    if corpus in NAMED:
        root = music21_corpus()
        files = [file for folder in NAMED[corpus] for file in _walk(root / folder, root)]
        if not files:
            raise UserError(
                f"corpus '{corpus}': the installed music21 package lacks {', '.join(NAMED[corpus])}; reinstall requirements.txt"
            )
        return sorted(files)
    path = pathlib.Path(corpus).expanduser()
    if os.path.isdir(path):  # unlike pathlib's, these take a name that no file can have
        files = _walk(path, path)
        if not files:
            raise UserError(f'config.data.corpus = {corpus}: the folder holds no {", ".join(SUFFIXES)} file')
        return sorted(files)
    if os.path.isfile(path):
        if path.suffix.lower() not in SUFFIXES:
            raise UserError(f'config.data.corpus = {corpus}: not a file of {", ".join(SUFFIXES)}')
        return [SourceFile(path.name, path)]
    raise UserError(f'config.data.corpus = {corpus}: no such corpus, folder or file; named corpora are {", ".join(NAMED)}')


def music21_corpus() -> pathlib.Path:
    """The corpus folder of the installed music21 package, found without importing it (which takes seconds)."""
    spec = importlib.util.find_spec('music21')
    if spec is None or not spec.submodule_search_locations:
        raise UserError('the package music21, which carries the corpus, is not installed: pip install -r requirements.txt')
    return pathlib.Path(spec.submodule_search_locations[0]) / 'corpus'


def _walk(folder: pathlib.Path, root: pathlib.Path) -> list[SourceFile]:
    paths = (path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES and path.is_file())
    return [SourceFile(path.relative_to(root).as_posix(), path) for path in paths]
