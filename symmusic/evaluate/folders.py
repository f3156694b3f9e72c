"""A folder of MIDI files as a set of pieces, what cannot be measured named."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable

from symmusic.errors import ScoreError, UserError
from symmusic.evaluate.comparison import Pieces, stack
from symmusic.evaluate.features import compute_features
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Note


@dataclasses.dataclass(frozen=True)
class Folder:
    """The pieces of a folder.

    Attributes:
      pieces: those that could be measured, in the order of their names.
      left_out: file name -> why it is not among them.
      polyphonic: names of pieces of which notes sound together; they are measured as they are.
    """

    pieces: Pieces
    left_out: dict[str, str]
    polyphonic: tuple[str, ...]


def read_folder(flag: str, path: str, protocol: str, progress: Callable[[Iterable, str], Iterable]) -> Folder:
    """Reads every MIDI file directly in a folder and computes its features.

    Raises:
      UserError: there is no such folder, or no file in it can be measured; `flag` is named.
    """
    folder = pathlib.Path(path).expanduser()
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in ('.mid', '.midi') and file.is_file())
    except OSError as error:
        raise UserError(f'--{flag}={path}: {error.strerror or error}; must be a folder of MIDI files') from error
    if not files:
        raise UserError(f'--{flag}={path}: the folder holds no .mid or .midi file')
    names, features, left_out, polyphonic = [], [], {}, []
    for file in progress(files, 'file'):
        try:
            score = parse_midi(file.read_bytes())
        except (ScoreError, OSError) as error:
            left_out[file.name] = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            continue
        names.append(file.name)
        features.append(compute_features(score, protocol))
        if _is_polyphonic(score.notes):
            polyphonic.append(file.name)
    if not names:
        name, reason = next(iter(left_out.items()))
        raise UserError(f'--{flag}={path}: none of its {len(files)} MIDI files can be measured ({name}: {reason})')
    return Folder(stack(names, features), left_out, tuple(polyphonic))


def _is_polyphonic(notes: tuple[Note, ...]) -> bool:
    end = 0
    for note in notes:
        if note.onset < end:
            return True
        end = max(end, note.end)
    return False
