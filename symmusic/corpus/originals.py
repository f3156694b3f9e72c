"""The training tunes as they are kept beside a run, so that what it draws can be compared with them without the corpus."""

import dataclasses
import io
import json
import pathlib
import zipfile
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.melody.events import StepNote, from_events

NAME = 'originals.npz'


@dataclasses.dataclass(frozen=True)
class Originals:
    """Tunes by their files' names, in C major or A minor."""

    names: tuple[str, ...]
    melodies: tuple[list[StepNote], ...]


def write_originals(folder: pathlib.Path, tunes: Sequence[Tune]) -> None:
    """Writes the kept ones of some tunes, whole or not at all."""
    kept = [tune for tune in tunes if tune.kept]
    content = io.BytesIO()
    np.savez_compressed(
        content,
        names=np.frombuffer(json.dumps([tune.file for tune in kept]).encode(), np.uint8),
        lengths=np.array([len(tune.events) for tune in kept], np.int64),
        events=np.concatenate([tune.events for tune in kept]).astype(np.int8),
    )
    write_whole(folder / NAME, content.getvalue())


def read_originals(folder: pathlib.Path) -> Originals | None:
    """The tunes that a folder keeps; None where there is no such file, as in runs older than it.

    Raises:
      UserError: the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            names, lengths, events = json.loads(stored['names'].tobytes()), stored['lengths'], stored['events']
        if len(names) != len(lengths) or lengths.sum() != len(events) or (lengths < 0).any() or events.dtype != np.int8:
            raise ValueError('its parts do not fit together')
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f'{path} is damaged: {error}; remove it, and pieces are not compared with the training tunes') from error
    tunes = np.split(events, np.cumsum(lengths)[:-1])
    return Originals(tuple(map(str, names)), tuple(map(from_events, tunes)))
