"""A folder of MIDI files as a set of pieces, what cannot be measured named."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from symmusic.errors import ScoreError, UserError
from symmusic.evaluate.comparison import Pieces, stack
from symmusic.evaluate.features import compute_features
from symmusic.files import read_bounded
from symmusic.score.midi import MAX_BYTES, SUFFIXES, parse_midi
from symmusic.score.notes import Note

MOST_NAMES = 10  # in one remark


@dataclasses.dataclass(frozen=True)
class Folder:
    """The pieces of a folder.

    Attributes:
      pieces: those that could be measured, in the order of their names.
      left_out: file name -> why it is not among them.
      polyphonic: names of pieces of which notes sound together; they are measured as they are.
      others: names of files of other kinds; folders are not looked into.
      notices: what was left out of files that were read -> the names of those.
    """

    pieces: Pieces
    left_out: dict[str, str]
    polyphonic: tuple[str, ...]
    others: tuple[str, ...]
    notices: Mapping[str, Sequence[str]]


def read_folder(
    flag: str, path: str, protocol: str, progress: Callable[[Iterable, str], Iterable]
) -> Folder:
    """Reads every MIDI file directly in a folder and computes its features.

    Raises:
      UserError: there is no such folder, or no file in it can be measured; `flag` is named.
    """
    folder = pathlib.Path(path).expanduser()
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(
            f'--{flag}={path}: {error.strerror or error}; must be a folder of MIDI files'
        ) from error
    entries = [entry for entry in found if not entry.is_dir()]
    files = [entry for entry in entries if entry.suffix.lower() in SUFFIXES]
    if not files:
        inner = '; folders in it are not looked into' if len(found) > len(entries) else ''
        raise UserError(f'--{flag}={path}: the folder holds no {", ".join(SUFFIXES)} file{inner}')
    names, features, left_out, polyphonic, notices = [], [], {}, [], {}
    for file in progress(files, 'file'):
        try:
            if file.exists() and not file.is_file():  # a pipe would keep us waiting
                raise ScoreError('not a file')
            score = parse_midi(read_bounded(file, MAX_BYTES))
        except ScoreError as error:
            left_out[file.name] = str(error)
            continue
        except OSError as error:
            left_out[file.name] = f'unreadable file: {error.strerror or error}'
            continue
        names.append(file.name)
        features.append(compute_features(score, protocol))
        for notice in score.notices:
            notices.setdefault(notice, []).append(file.name)
        if _is_polyphonic(score.notes):
            polyphonic.append(file.name)
    if not names:
        name, reason = next(iter(left_out.items()))
        raise UserError(
            f'--{flag}={path}: none of its {len(files)} MIDI files can be measured ({name}:'
            f' {reason})'
        )
    others = tuple(entry.name for entry in entries if entry.suffix.lower() not in SUFFIXES)
    return Folder(stack(names, features), left_out, tuple(polyphonic), others, notices)


def remarks(which: str, folder: Folder) -> list[str]:
    """What a reader must know of a folder: which files were left out, how many and why, and what
    was left out of others.
    """
    found = []
    if folder.left_out:
        num_files = len(folder.pieces) + len(folder.left_out)
        found.append(
            f'{which}: {len(folder.left_out)} of {num_files} MIDI files left out:'
            f' {listed_reasons(folder.left_out)}'
        )
    if folder.others:
        found.append(
            f'{which}: files of other kinds, not read ({len(folder.others)}):'
            f' {_listed(folder.others)}'
        )
    if folder.polyphonic:
        found.append(
            f'{which}: pieces in which notes sound together, measured as they are'
            f' ({len(folder.polyphonic)}): {_listed(folder.polyphonic)}'
        )
    found += [
        f'{which}: {notice} ({len(names)}): {_listed(names)}'
        for notice, names in folder.notices.items()
    ]
    return found


def listed_reasons(left_out: dict[str, str]) -> str:
    """Files and why they were left out, the first `MOST_NAMES` of them."""
    return _listed([f'{name} ({reason})' for name, reason in left_out.items()])


def _listed(names: Sequence[str]) -> str:
    return ', '.join(names[:MOST_NAMES]) + (
        f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''
    )


def _is_polyphonic(notes: tuple[Note, ...]) -> bool:
    end = 0
    for note in notes:
        if note.onset < end:
            return True
        end = max(end, note.end)
    return False
