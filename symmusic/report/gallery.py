"""The folder of a prompt's pieces: MIDI, ABC and MusicXML files, pictures, a listening page and
`samples.json`; written completely or not at all.
"""

import dataclasses
import io
import json
import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.errors import UserError
from symmusic.files import SETTINGS, write_whole
from symmusic.generate.looks import find_looks
from symmusic.generate.pieces import Piece
from symmusic.generate.prompt import Prompt
from symmusic.generate.sound import Sound
from symmusic.generate.structure import Structure
from symmusic.generate.whole import Whole, put_together
from symmusic.locks import folder_aside
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events
from symmusic.originality.repeats import RUN_NOTES
from symmusic.progress import track
from symmusic.report.forms import title_of, written_forms
from symmusic.report.heatmaps import write_heatmaps
from symmusic.report.introduction import NOT_SAID, Origin, what_of
from symmusic.report.listening import Entry, listening_page
from symmusic.report.piece_plots import draw_all, draw_piece

REFUSED = {  # the name in samples.json of each field that limits copies
    'max_copied_run': 'num_refused',
    'max_copied_from_prompt': 'num_refused_from_prompt',
}


@dataclasses.dataclass(frozen=True)
class _Made:
    """How pieces were made and are written: the arguments of `write_gallery`."""

    model: str
    temperature: float
    seed: int
    is_window: bool
    nearest: Sequence[dict | None] | None
    repeated: Sequence[float]
    sound: Sound | None
    structure: Structure | None
    origin: Origin


def write_gallery(
    folder: pathlib.Path,
    prompt: Prompt,
    pieces: Sequence[Piece],
    vocabulary: Vocabulary,
    *,
    is_window: bool,
    temperature: float,
    seed: int,
    settings: dict,
    model: str,
    repeated: Sequence[float],
    nearest: Sequence[dict | None] | None = None,
    sound: Sound | None = None,
    structure: Structure | None = None,
    origin: Origin = NOT_SAID,
) -> None:
    """Writes all files to a temporary folder, then moves them: as a whole if the folder is new,
    file by file if a folder with the same settings exists.

    Other files in the folder are left alone.

    Args:
      folder: folder of this prompt's pieces.
      prompt: the music around them.
      pieces: at least one, the new bars only. If they hold probabilities, these and the attention
        weights are stored and drawn as heat maps.
      vocabulary: vocabulary of their tokens.
      is_window: whether the model read a whole window for each step.
      temperature: sampling temperature.
      seed: sampling seed.
      settings: everything that the pieces depend on, for `choose_folder`.
      model: the model's name.
      repeated: for each piece the share of its notes that repeat the prompt, as
        `originality.repeats` defines it.
      nearest: for each piece, where its longest copied run comes from; None if not known.
      sound: renders WAV files of the pieces; None = no WAV files.
      structure: the structure of the pieces, if they are whole tunes.
      origin: the command, wishes and notices that the page shows.

    Raises:
      UserError: the files cannot be written.
    """
    made = _Made(model, temperature, seed, is_window, nearest, repeated, sound, structure, origin)
    try:
        with folder_aside(folder) as aside:
            _write(aside, prompt, pieces, vocabulary, made)
            write_whole(aside / SETTINGS, json.dumps(settings, indent=2) + '\n')
            _put(aside, folder)
    except OSError as error:
        raise UserError(
            f'cannot write {folder}: {error.strerror or error}; free the disk or choose another'
            ' --workdir'
        ) from error


def _put(aside: pathlib.Path, folder: pathlib.Path) -> None:
    if not folder.exists():
        os.rename(aside, folder)
        return
    # Nothing is removed, because users may keep their own files there. The settings, which mark the
    # folder as complete, are moved last.
    files = sorted(path for path in aside.rglob('*') if path.is_file() and path != aside / SETTINGS)
    for path in [*files, aside / SETTINGS]:
        place = folder / path.relative_to(aside)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, place)


def _write(
    folder: pathlib.Path,
    prompt: Prompt,
    pieces: Sequence[Piece],
    vocabulary: Vocabulary,
    made: _Made,
) -> None:
    looks = find_looks(pieces)
    width = max(2, len(str(len(pieces))))
    what = what_of(prompt, made.structure.sections if made.structure else ())
    entries = []
    for index, piece in enumerate(track(pieces, 'piece')):
        name = f'{index + 1:0{width}}'
        whole = put_together(prompt, piece, vocabulary, made.structure)
        new, joined = _write_forms(folder, name, prompt, piece, whole, made)
        run = made.nearest and made.nearest[index]
        share = made.repeated[index]
        entries.append(Entry(name, whole, piece.surprise, share, new, joined, run, looks[index]))
        title = f'{prompt.name}, {what} {_described(name, piece)}'
        draw_piece(folder / f'{name}.png', whole, title)
    draw_all(
        folder / 'all.png',
        [entry.whole for entry in entries],
        [_described(entry.name, piece) for entry, piece in zip(entries, pieces, strict=True)],
        f'{prompt.name}: {what}s by {made.model}',
    )
    if pieces[0].probabilities is not None:
        _write_distributions(folder, prompt, pieces, vocabulary, made)
    how = {'are_compared': made.nearest is not None, 'origin': made.origin}
    page = listening_page(prompt, entries, made.model, **how)
    write_whole(folder / 'index.html', page)
    rows = [_row(entry, prompt, piece, made) for entry, piece in zip(entries, pieces, strict=True)]
    write_whole(folder / 'samples.json', json.dumps(rows, indent=1) + '\n')


def _described(name: str, piece: Piece) -> str:
    return f'{name}: {piece.surprise:.2f} nats per step' + (', empty' if piece.is_empty else '')


def _row(entry: Entry, prompt: Prompt, piece: Piece, made: _Made) -> dict:
    """A piece in `samples.json`."""
    row = {
        'file': f'{entry.name}.mid',
        'prompt': prompt.name,
        'model': made.model,
        'temperature': made.temperature,
        'key': made.seed,
        'num_steps': len(piece.tokens),
        'tokens': piece.tokens.tolist(),
        'log_probability': piece.log_probability,
        'nearest': entry.nearest,
        'repeats_prompt': {'share': entry.repeated, 'run_notes': RUN_NOTES},
        'transposed_by': prompt.transposed_by,
        'num_redraws': piece.num_redraws,
    }
    row |= {REFUSED[field]: num for field, num in piece.num_refused.items()}
    return row | (made.structure.as_json() if made.structure else {})


def _write_distributions(
    folder: pathlib.Path,
    prompt: Prompt,
    pieces: Sequence[Piece],
    vocabulary: Vocabulary,
    made: _Made,
) -> None:
    """Writes the probabilities and attention weights of all steps, and draws them as heat maps."""
    arrays = {
        name: np.stack([getattr(piece, name) for piece in pieces])
        for name in ('probabilities', 'read')
    }
    if pieces[0].weights is not None:
        arrays['attention_weights'] = np.stack([piece.weights for piece in pieces])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_whole(folder / 'distributions.npz', buffer.getvalue())
    num_more = len(pieces[0].read) - len(prompt.events)  # read before the prompt's bars
    write_heatmaps(
        folder / 'heatmaps',
        pieces,
        vocabulary,
        is_window=made.is_window,
        title=f'{prompt.name} by {made.model}',
        first_bar=prompt.first_bar - num_more // prompt.bar.steps,
        bar=prompt.bar,
    )


def _write_forms(
    folder: pathlib.Path,
    name: str,
    prompt: Prompt,
    piece: Piece,
    whole: Whole,
    made: _Made,
) -> list[dict[str, bytes | str]]:
    """Writes the files of the new bars, and those of all bars into `joined`; returns their
    contents. For a whole tune, both have all bars.
    """
    all_bars, written = (whole.events, 0), []
    new_bars = all_bars if made.structure else (piece.events, len(prompt.events))
    title = title_of(prompt, name, made.structure)
    for place, (events, first) in ((folder, new_bars), (folder / 'joined', all_bars)):
        written.append(written_forms(events, prompt, first, title, whole.sections))
        silent = -prompt.pickup_of(events) % prompt.bar.steps if first == 0 else 0
        _write_files(place / name, written[-1], events[silent:], prompt, made.sound)
    return written


def _write_files(
    path: pathlib.Path,
    written: Mapping[str, bytes | str],
    events: np.ndarray,
    prompt: Prompt,
    sound: Sound | None,
) -> None:
    """Writes the files of a melody, named `path` with the suffix of each format."""
    for suffix, content in written.items():
        write_whole(path.with_name(path.name + suffix), content)
    if sound:
        how = prompt.qpm, len(events), prompt.steps_per_quarter
        wav = sound(from_events(events), written['.mid'], *how)
        write_whole(path.with_name(f'{path.name}.wav'), wav)
