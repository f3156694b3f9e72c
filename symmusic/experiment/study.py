"""A listening study: generated pieces and training excerpts in random order, and its key on
disk.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.generate.playback import played_notes
from symmusic.score.bar import SIXTEENTHS
from symmusic.streams import Stream, generator

KINDS = ('training', 'generated')
KEY = 'key.json'
SIMULATED = 'simulated-'  # how the name of a simulated listener begins; a page makes no such name
PAGE = 'index.html'  # the questionnaire, which never contains the key


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """A piece that listeners rate: its `kind`, one of `KINDS`, its origin, and its notes, each
    [onset, end, pitch] with times in steps.
    """

    kind: str
    origin: str
    notes: list[list[int]]


@dataclasses.dataclass(frozen=True)
class Study:
    """A questionnaire with its key.

    Attributes:
      excerpts: the pieces in the order of the page; the first is piece 1.
      num_steps: length of every excerpt.
      qpm: quarters per minute.
      about: its origin, for the report: 'model', 'corpus', 'seed'; and 'steps_per_quarter', the
        grid of its steps, which are sixteenths without it.
    """

    excerpts: tuple[Excerpt, ...]
    num_steps: int
    qpm: float
    about: dict

    @property
    def id(self) -> str:
        """A hash of exactly what the page shows, so that it reveals no more than the page does."""
        shown = json.dumps([[excerpt.notes for excerpt in self.excerpts], self.num_steps, self.qpm])
        return hashlib.sha256(shown.encode()).hexdigest()[:12]

    @property
    def steps_per_quarter(self) -> int:
        """The grid of the excerpts' steps."""
        return self.about.get('steps_per_quarter', SIXTEENTHS)

    @property
    def seconds(self) -> float:
        """The length of every excerpt in seconds."""
        return self.num_steps * 60 / self.qpm / self.steps_per_quarter

    @property
    def is_generated(self) -> np.ndarray:
        """Whether each piece is generated, bool [P]."""
        return np.array([excerpt.kind == 'generated' for excerpt in self.excerpts])


def assemble(
    sources: dict[str, Sequence[tuple[str, np.ndarray]]],
    num_steps: int,
    qpm: float,
    seed: int,
    about: dict | None = None,
) -> Study:
    """Builds a study from excerpts in random order; `sources` maps each kind to a sequence of
    origins and events [num_steps].

    The order depends on the seed and on the origins, which are not in the page, so that it cannot
    be reconstructed from the page, the program and the seed.
    """
    excerpts = [
        Excerpt(kind, origin, played_notes(events))
        for kind in KINDS
        for origin, events in sources[kind]
    ]
    secret = hashlib.sha256(
        json.dumps([seed, [dataclasses.astuple(each) for each in excerpts]]).encode()
    ).digest()
    order = generator(seed, Stream.STUDY_ORDER, *np.frombuffer(secret, '<u4')).permutation(
        len(excerpts)
    )
    return Study(
        tuple(excerpts[index] for index in order), num_steps, qpm, {**(about or {}), 'seed': seed}
    )


def write_key(folder: pathlib.Path, study: Study) -> None:
    """Writes the key: the kind and origin of every piece."""
    pieces = [
        {'piece': number, **dataclasses.asdict(excerpt)}
        for number, excerpt in enumerate(study.excerpts, 1)
    ]
    head = {'study': study.id, 'num_steps': study.num_steps, 'qpm': study.qpm, **study.about}
    lines = ',\n  '.join(json.dumps(piece) for piece in pieces)
    write_whole(folder / KEY, f'{json.dumps(head)[:-1]}, "pieces": [\n  {lines}\n]}}\n')


def read_key(folder: pathlib.Path) -> Study:
    """Reads the study of a folder.

    Raises:
      UserError: its key is missing or damaged.
    """
    path = folder / KEY
    try:
        head = json.loads(path.read_text(encoding='utf-8'))
        pieces = head.pop('pieces')
        name, num_steps, qpm = head.pop('study'), head.pop('num_steps'), head.pop('qpm')
        study = Study(
            tuple(Excerpt(piece['kind'], piece['origin'], piece['notes']) for piece in pieces),
            num_steps,
            qpm,
            head,
        )
        fits = [piece['piece'] for piece in pieces] == list(range(1, len(pieces) + 1)) and all(
            each.kind in KINDS for each in study.excerpts
        )
        if not fits or study.id != name:
            raise ValueError('its pieces are not those of the study that it names')
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f'the key {path} cannot be read: {error}; take it from a copy, or build a study in'
            ' another --workdir'
        ) from error
    return study
