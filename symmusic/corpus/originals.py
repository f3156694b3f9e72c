"""The tunes of a run, stored in its workdir so that its pieces can be compared with them without
the corpus.
"""

import dataclasses
import functools
import io
import json
import pathlib
import zipfile
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.meters import bars_of
from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.melody.melodies import Melodies
from symmusic.score.bar import SIXTEENTHS, bar_of

NAME = 'originals.npz'


@dataclasses.dataclass(frozen=True)
class Originals:
    """The training tunes, by file name, and the held-out tunes, each as events [T] int8 in C major
    or A minor.

    `titles` are those of the training tunes, '' if a tune has none, `first_bars` the numbers of
    their first bars, `meters` those of their bars, as `counted_in` in `Tune`, and `unseen_meters`
    likewise of the held-out tunes. All are on the grid of `steps_per_quarter`.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    tunes: tuple[np.ndarray, ...]
    unseen: tuple[np.ndarray, ...] = ()
    first_bars: tuple[int, ...] | None = None
    meters: tuple[str, ...] | None = None
    unseen_meters: tuple[str, ...] | None = None
    steps_per_quarter: int = SIXTEENTHS

    @functools.cached_property
    def melodies(self) -> Melodies:
        """The notes of each training tune, as in `Tune.melody`; in older runs every first
        bar is 1.
        """
        first_bars = self.first_bars or [1] * len(self.tunes)
        bar_steps = bars_of(self.counted_in, self.steps_per_quarter)
        pairs = zip(first_bars, bar_steps, strict=True)
        return Melodies(self.tunes, [(bar - 1) * steps for bar, steps in pairs], bar_steps)

    @property
    def counted_in(self) -> Sequence[str]:
        """The metre of each training tune's bars; in older runs it is 4/4."""
        return self.meters or ['4/4'] * len(self.tunes)

    def unseen_in(self, meter: str) -> list[np.ndarray]:
        """The held-out tunes whose bars are divided like those of a metre; in older runs all are
        4/4.
        """
        meters = self.unseen_meters or ['4/4'] * len(self.unseen)
        pairs = zip(self.unseen, meters, strict=True)
        return [events for events, own in pairs if bar_of(own) == bar_of(meter)]


def gather_originals(trained: Sequence[Tune], held_out: Sequence[Tune]) -> Originals:
    """The originals of a corpus: the tunes that were kept."""
    kept = [tune for tune in trained if tune.kept]
    unseen = [tune for tune in held_out if tune.kept]
    return Originals(
        tuple(tune.file for tune in kept),
        tuple(tune.title for tune in kept),
        tuple(tune.events for tune in kept),
        tuple(tune.events for tune in unseen),
        tuple(tune.first_bar for tune in kept),
        tuple(tune.counted_in for tune in kept),
        tuple(tune.counted_in for tune in unseen),
        next((tune.steps_per_quarter for tune in kept), SIXTEENTHS),
    )


def write_originals(folder: pathlib.Path, originals: Originals) -> None:
    """Writes the tunes to a folder, atomically."""
    parts = {'': originals.tunes, 'unseen_': originals.unseen}
    arrays = {
        f'{part}lengths': np.array([len(tune) for tune in tunes], np.int64)
        for part, tunes in parts.items()
    }
    arrays |= {
        f'{part}events': np.concatenate([np.zeros(0, np.int8), *tunes]).astype(np.int8)
        for part, tunes in parts.items()
    }
    content = io.BytesIO()
    texts = {'names': originals.names, 'titles': originals.titles}
    further = {'meters': originals.meters, 'unseen_meters': originals.unseen_meters}
    texts |= {name: text for name, text in further.items() if text is not None}
    arrays |= {
        name: np.frombuffer(json.dumps(text).encode(), np.uint8) for name, text in texts.items()
    }
    if originals.first_bars is not None:
        arrays['first_bars'] = np.array(originals.first_bars, np.int64)
    arrays['steps_per_quarter'] = np.array(originals.steps_per_quarter, np.int64)
    np.savez_compressed(content, **arrays)
    write_whole(folder / NAME, content.getvalue())


def read_originals(folder: pathlib.Path) -> Originals | None:
    """The tunes stored in a folder, None if there are none; older runs stored neither titles nor
    held-out tunes.

    Raises:
      UserError: the file is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = json.loads(stored['names'].tobytes())
            titles = (
                json.loads(stored['titles'].tobytes())
                if 'titles' in stored.files
                else [''] * len(names)
            )
            tunes = _split(stored['lengths'], stored['events'])
            unseen = (
                _split(stored['unseen_lengths'], stored['unseen_events'])
                if 'unseen_lengths' in stored.files
                else ()
            )
            meters, unseen_meters = (
                tuple(map(str, json.loads(stored[name].tobytes())))
                if name in stored.files
                else None
                for name in ('meters', 'unseen_meters')
            )
            first_bars = (
                tuple(stored['first_bars'].tolist()) if 'first_bars' in stored.files else None
            )
            grid = (
                int(stored['steps_per_quarter'])
                if 'steps_per_quarter' in stored.files
                else SIXTEENTHS
            )
        lengths = map(len, (titles, tunes, first_bars or names, meters or names))
        if set(lengths) != {len(names)} or len(unseen_meters or unseen) != len(unseen):
            raise ValueError('its parts do not fit together')
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f'{path} is damaged: {error}; remove it, and pieces are not compared with the training'
            ' tunes'
        ) from error
    texts = tuple(map(str, names)), tuple(map(str, titles))
    return Originals(*texts, tunes, unseen, first_bars, meters, unseen_meters, grid)


def _split(lengths: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, ...]:
    if lengths.sum() != len(events) or (lengths < 0).any() or events.dtype != np.int8:
        raise ValueError('its parts do not fit together')
    return tuple(np.split(events, np.cumsum(lengths)[:-1])) if len(lengths) else ()
