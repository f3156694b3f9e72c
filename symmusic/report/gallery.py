"""The folder of a prompt's pieces: MIDI, ABC and MusicXML files, pictures, a listening page and
`samples.json`; written completely or not at all.
"""

import dataclasses
import io
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from symmusic.errors import UserError
from symmusic.files import SETTINGS, write_whole
from symmusic.generate.looks import find_looks
from symmusic.generate.pieces import Piece
from symmusic.generate.prompt import Prompt
from symmusic.generate.sound import Sound
from symmusic.generate.whole import put_together
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import from_events, to_notes
from symmusic.report.heatmaps import write_heatmaps
from symmusic.report.listening import Entry, listening_page
from symmusic.report.piece_plots import draw_all, draw_piece
from symmusic.score.abc_writer import format_abc
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi
from symmusic.score.musicxml import format_musicxml


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
    nearest: Sequence[dict | None] | None = None,
    sound: Sound | None = None,
    progress: Callable[[Iterable, str], Iterable],
) -> None:
    """Writes all files to a temporary folder, then moves them: a new folder at once, into a folder
    of the same settings file by file.

    Other files in the folder are left alone.

    Args:
      folder: folder of this prompt's pieces.
      prompt: the music around them.
      pieces: at least one, the new bars only; where they hold probabilities, these and the weights
        are stored and drawn as heat maps.
      vocabulary: vocabulary of their tokens.
      is_window: whether the model read a whole window for each step.
      temperature: sampling temperature.
      seed: sampling seed.
      settings: everything that they depend on, for `choose_folder`.
      model: the model's name.
      nearest: for each piece the origin of its longest copied run; None where not known.
      sound: renders WAV files of the pieces; None = no WAV files.
      progress: wraps an iterable; takes the unit's name.

    Raises:
      UserError: the files cannot be written.
    """
    aside = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=f'.{folder.name}.'))
        aside.chmod(0o755)
        how = {
            'is_window': is_window,
            'temperature': temperature,
            'seed': seed,
            'model': model,
            'nearest': nearest,
            'sound': sound,
        }
        _write(aside, prompt, pieces, vocabulary, **how, progress=progress)
        write_whole(aside / SETTINGS, json.dumps(settings, indent=2) + '\n')
        _put(aside, folder)
    except OSError as error:
        raise UserError(
            f'cannot write {folder}: {error.strerror or error}; free the disk or choose another'
            ' --workdir'
        ) from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)


def _put(aside: pathlib.Path, folder: pathlib.Path) -> None:
    if not folder.exists():
        os.rename(aside, folder)
        return
    # Nothing is removed, as the user may keep files there; the settings, which mark the folder as
    # complete, are moved last.
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
    *,
    is_window: bool,
    temperature: float,
    seed: int,
    model: str,
    nearest: Sequence[dict | None] | None,
    sound: Sound | None,
    progress: Callable[[Iterable, str], Iterable],
) -> None:
    rows, names, entries = [], [], []
    looks = find_looks(pieces)
    width = max(2, len(str(len(pieces))))
    what = 'version' if prompt.redrawn else 'continuation'
    for number, piece in progress(list(enumerate(pieces, 1)), 'piece'):
        name = f'{number:0{width}}'
        names.append(
            f'{name}: {piece.surprise:.2f} nats per step' + (', empty' if piece.is_empty else '')
        )
        whole = put_together(prompt, piece, vocabulary)
        files = []
        for place, events, first in (
            (folder, piece.events, len(prompt.events)),
            (folder / 'joined', whole.events, 0),
        ):
            title = f'{prompt.title or prompt.name}, {what} {name}'
            files.append(written_forms(events, prompt, first, title))
            silent = -prompt.pickup_of(events) % STEPS_PER_BAR if first == 0 else 0
            _write_files(place / name, files[-1], events[silent:], prompt.qpm, sound)
        run = nearest and nearest[number - 1]
        entries.append(Entry(name, whole, piece.surprise, *files, run, looks[number - 1]))
        draw_piece(folder / f'{name}.png', whole, f'{prompt.name}, {what} {names[-1]}')
        rows.append(
            {
                'file': f'{name}.mid',
                'prompt': prompt.name,
                'model': model,
                'temperature': temperature,
                'key': seed,
                'num_steps': len(piece.tokens),
                'tokens': piece.tokens.tolist(),
                'log_probability': piece.log_probability,
                'nearest': run,
                'transposed_by': prompt.transposed_by,
                'num_redraws': piece.num_redraws,
                **({} if piece.num_refused is None else {'num_refused': piece.num_refused}),
            }
        )
    draw_all(
        folder / 'all.png',
        [entry.whole for entry in entries],
        names,
        f'{prompt.name}: {what}s by {model}',
    )
    if pieces[0].probabilities is not None:
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
            is_window=is_window,
            title=f'{prompt.name} by {model}',
            progress=progress,
            first_bar=prompt.first_bar - num_more // STEPS_PER_BAR,
        )
    write_whole(
        folder / 'index.html',
        listening_page(prompt, entries, model, are_compared=nearest is not None),
    )
    write_whole(folder / 'samples.json', json.dumps(rows, indent=1) + '\n')


def _write_files(
    path: pathlib.Path,
    written: Mapping[str, bytes | str],
    events: np.ndarray,
    qpm: float,
    sound: Sound | None,
) -> None:
    """Writes the files of a melody, named `path` with the suffix of each format."""
    for suffix, content in written.items():
        write_whole(path.with_name(path.name + suffix), content)
    if sound:
        wav = sound(from_events(events), written['.mid'], qpm, len(events))
        write_whole(path.with_name(f'{path.name}.wav'), wav)


def written_forms(
    events: np.ndarray, prompt: Prompt, first: int, title: str
) -> dict[str, bytes | str]:
    """The content of a melody's file in each format, by suffix, in the prompt's key, tempo, metre
    and instrument.

    Args:
      events: the melody, in whole bars.
      prompt: gives the form; in MIDI also the velocities of its notes, and their median for new
        ones.
      first: step at which the melody starts, counted from the prompt's start; at 0 it starts with
        the prompt's pickup.
      title: the melody's title.
    """
    steps, num_bars = from_events(events), len(events) // STEPS_PER_BAR
    notes = to_notes(steps, STEPS_PER_QUARTER)
    known = dict(enumerate(prompt.velocities))
    played = [
        dataclasses.replace(note, velocity=int(known.get(first + step.onset) or prompt.velocity))
        for note, step in zip(to_notes(steps, TICKS_PER_QUARTER), steps, strict=True)
    ]
    form = {
        'title': title,
        'qpm': prompt.qpm,
        'meter': prompt.meter,
        'program': prompt.program,
        'pickup': prompt.pickup_of(events) if first == 0 else 0,
    }
    written = form | {'key': prompt.key, 'num_bars': num_bars}
    return {
        '.mid': format_midi(played, **form),
        '.abc': format_abc(notes, **written),
        '.musicxml': format_musicxml(notes, **written),
    }
