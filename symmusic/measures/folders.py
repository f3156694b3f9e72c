"""Reads a folder of music files as a set of pieces, in the same way as corpora, and reports what
cannot be measured.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from symmusic.config.flags import list_folder
from symmusic.corpus.collections import SUFFIXES as CORPUS_SUFFIXES
from symmusic.corpus.collections import SourceFile
from symmusic.corpus.files import list_tunes
from symmusic.errors import ScoreError, UserError
from symmusic.measures.comparison import stack
from symmusic.measures.excerpts import cut_score, length_of
from symmusic.measures.feature_table import Pieces
from symmusic.measures.features import compute_features
from symmusic.progress import track
from symmusic.score.notes import Note, Score, kind_of
from symmusic.score.voices import SUFFIXES as VOICE_SUFFIXES
from symmusic.score.voices import read_voices
from symmusic.wording import count

SUFFIXES = tuple(dict.fromkeys((*CORPUS_SUFFIXES, *VOICE_SUFFIXES)))
MOST_PIECES = 1000  # maximum number of pieces compared: resamples hold every pair of pieces


@dataclasses.dataclass(frozen=True)
class Folder:
    """The pieces of a folder: one for each file, or one for each tune of a book and each voice.

    Attributes:
      pieces: features of the measured pieces, in the order of their names.
      scores: the whole pieces by name.
      length: median length in quarters of what was measured.
      left_out: the reason for each file or tune that was left out, by name.
      polyphonic: names of polyphonic pieces; they are measured as they are.
      others: names of files of other kinds; subfolders are ignored.
      doubles: names of files not read because the same piece was read in another format.
      notices: for each kind of content that was left out of files, the names of those files.
    """

    pieces: Pieces
    scores: dict[str, Score]
    length: float
    left_out: dict[str, str]
    polyphonic: tuple[str, ...]
    others: tuple[str, ...]
    doubles: tuple[str, ...]
    notices: Mapping[str, Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Folders:
    """How two folders were read.

    Attributes:
      lengths: median length in quarters of the pieces of each set.
      num_bars: bars of the excerpts; 0 = whole pieces.
      left_out: by set, the reason for each file or tune that was left out.
    """

    lengths: dict[str, float]
    num_bars: int
    left_out: dict[str, dict[str, str]]


def list_pieces(path: pathlib.Path) -> list[tuple[str, Callable[[], Score]]]:
    """The pieces of a file, keyed by the name that a corpus gives them, each with a function that
    reads it.

    Raises:
      ScoreError: the file is damaged, or holds none.
      OSError: it cannot be read.
    """
    if path.exists() and not path.is_file():  # reading a pipe would block
        raise ScoreError('not a file')
    if path.suffix.lower() in VOICE_SUFFIXES:
        return [
            (f'{path.name}#{number}', lambda score=score: score)
            for number, score in enumerate(read_voices(path), 1)
        ]
    return list_tunes(SourceFile(path.name, path))


def read_folder(
    flag: str,
    path: str,
    protocol: str,
    rng: np.random.Generator,
    num_bars: int = 0,
) -> Folder:
    """Reads every music file directly in a folder and computes the features of its pieces, of
    `MOST_PIECES` random ones where there are more.

    Args:
      flag: the command-line flag that names the folder, for messages.
      path: the folder as the user gave it.
      protocol: one of `features.PROTOCOLS`.
      rng: draws pieces and excerpts.
      num_bars: length of the excerpt that is cut from each piece; 0 = whole pieces.

    Raises:
      UserError: the folder does not exist, or no piece in it can be measured.
    """
    found = list_folder(flag, path)
    entries = [entry for entry in found if not entry.is_dir()]
    files = [entry for entry in entries if entry.suffix.lower() in SUFFIXES]
    if not files:
        inner = '; subfolders are not read' if len(found) > len(entries) else ''
        raise UserError(f'--{flag}={path}: the folder holds no {", ".join(SUFFIXES)} file{inner}')
    files, doubles = _one_format(files)
    scores, left_out = _read(files)
    if not scores:
        name, reason = next(iter(left_out.items()))
        raise UserError(
            f'--{flag}={path}: nothing in its {count(len(files), "file")} of music can be'
            f' measured ({name}: {reason})'
        )
    names = list(scores)
    if len(names) > MOST_PIECES:
        names = [names[row] for row in np.sort(rng.permutation(len(names))[:MOST_PIECES])]
    measured = [
        cut_score(scores[name], num_bars, rng) if num_bars else scores[name] for name in names
    ]
    return Folder(
        stack(names, [compute_features(score, protocol) for score in measured]),
        scores,
        float(np.median([length_of(score) for score in measured])),
        left_out,
        tuple(name for name, score in scores.items() if is_polyphonic(score.notes)),
        tuple(entry.name for entry in entries if entry.suffix.lower() not in SUFFIXES),
        doubles,
        _notices(scores),
    )


def _notices(scores: Mapping[str, Score]) -> dict[str, list[str]]:
    """What was left out of pieces that were read, by kind, with the names of the pieces."""
    found: dict[str, list[str]] = {}
    for name, score in scores.items():
        for kind in dict.fromkeys(map(kind_of, score.notices)):
            found.setdefault(kind, []).append(name)
    return found


def _read(
    files: Sequence[pathlib.Path],
) -> tuple[dict[str, Score], dict[str, str]]:
    """The scores by name, and the reasons for those left out."""
    scores: dict[str, Score] = {}
    left_out: dict[str, str] = {}
    for file in track(files, 'file'):
        try:
            for name, read in list_pieces(file):
                try:
                    scores[name] = read()
                except ScoreError as error:
                    left_out[name] = str(error)
        except ScoreError as error:
            left_out[file.name] = str(error)
        except OSError as error:
            left_out[file.name] = f'unreadable file: {error.strerror or error}'
    empty = [name for name, score in scores.items() if not score.notes]
    left_out |= dict.fromkeys(empty, 'no notes')
    return {name: score for name, score in scores.items() if score.notes}, left_out


def _one_format(
    files: Sequence[pathlib.Path],
) -> tuple[list[pathlib.Path], tuple[str, ...]]:
    """The files to read: of a name that occurs in several formats, as in a run's samples, only the
    file whose format comes first in `SUFFIXES`. Also the names of the other files.
    """
    chosen: dict[str, pathlib.Path] = {}
    for file in sorted(files, key=lambda file: SUFFIXES.index(file.suffix.lower())):
        chosen.setdefault(file.stem, file)
    kept = [file for file in files if chosen[file.stem] == file]
    return kept, tuple(file.name for file in files if chosen[file.stem] != file)


def is_polyphonic(notes: Sequence[Note]) -> bool:
    """Whether a note starts while another one sounds."""
    end = 0
    for note in notes:
        if note.onset < end:
            return True
        end = max(end, note.end)
    return False
