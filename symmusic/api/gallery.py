"""Draws the pieces that a config asks for, and writes them and a page to listen to them."""

import logging
import os
import pathlib
import urllib.parse
from collections.abc import Collection

from ml_collections import ConfigDict

from symmusic.api import sampling
from symmusic.api.model import ROOT, Model
from symmusic.api.sampling import Drawing
from symmusic.api.task import prepare
from symmusic.config import runs
from symmusic.files import SETTINGS, choose_folder
from symmusic.generate.playback import page_sound
from symmusic.generate.prompt import Prompt
from symmusic.generate.sound import Sound, find_font
from symmusic.generate.wishes import echo
from symmusic.report.gallery import write_gallery
from symmusic.report.introduction import Origin
from symmusic.score.instruments import INSTRUMENTS
from symmusic.wording import count

log = logging.getLogger(__name__)


def draw(
    config: ConfigDict,
    model: Model,
    workdir: pathlib.Path,
    changed: Collection[str] = (),
    *,
    typed: str = '',
    again: bool = True,
) -> pathlib.Path:
    """Draws pieces after the prompt and writes them; returns their folder. Logs the fields that the
    user `changed`; the page shows the command as `typed`. Existing pieces are kept unless `again`.
    """
    settings = config.sample
    task = prepare(config, model.card.vocabulary, model.card.meters)
    made_with = {
        'sample': runs.to_dict(settings),
        'seed': config.seed,
        **model.made_with,
        'prompt_events': [*task.prompt.events.tolist(), *task.prompt.after.tolist()],
    }
    # a run's folder must not hold pieces of another model under the same name
    name = task.prompt.name + '-shipped' * ('shipped' in model.made_with)
    folder = choose_folder(workdir / 'samples', name, made_with)
    if not again and (folder / SETTINGS).exists():
        return folder
    font = find_font(settings.sound_font) if settings.wav else None
    notices = (*task.prompt.notices, *task.notices)
    for notice in (*notices, *_of_instrument(settings, task.prompt)):
        log.info(notice)
    drawing = sampling.draw(config, model, task)
    _log_pieces(settings, changed, model, drawing)
    _log_copies(settings, drawing)
    if settings.wav:
        log.info(_of_wav(task.prompt, font))
    write_gallery(
        folder,
        task.prompt,
        drawing.pieces,
        model.card.vocabulary,
        is_window=drawing.manner.window_steps is not None,
        temperature=drawing.manner.temperature,
        seed=config.seed,
        settings=made_with,
        model=model.name,
        nearest=drawing.nearest,
        repeated=drawing.repeated,
        sound=Sound(font) if settings.wav else None,
        structure=task.structure,
        origin=Origin(typed, echo(settings, changed), notices, find_studio(folder, workdir, model)),
    )
    return folder


def find_studio(folder: pathlib.Path, workdir: pathlib.Path, model: Model) -> str:
    """The address of the model's studio page, for a link on a page in `folder`; '' if there is
    none. The shipped model's page is in `docs`.

    No page is written here: that takes about a second and 2 MB, and most users only listen.
    """
    pages = [workdir / 'studio' / 'index.html']
    if model.workdir is None:
        pages.append(ROOT / 'docs' / 'studio.html')
    found = next((page.resolve() for page in pages if page.is_file()), None)
    if found is None:
        return ''
    try:
        path = os.path.relpath(found, folder.resolve())
    except ValueError:  # on another drive of Windows
        return found.as_uri()
    return urllib.parse.quote(path.replace(os.sep, '/'))


def _log_pieces(
    settings: ConfigDict, changed: Collection[str], model: Model, drawing: Drawing
) -> None:
    task, manner, pieces = drawing.task, drawing.manner, drawing.pieces
    redrawn, name = task.prompt.redrawn, task.prompt.name
    what = (
        f'of {name} with bar{"s" * ("-" in redrawn)} {redrawn} redrawn'
        if redrawn
        else f'of {count(manner.num_bars, "bar")} after {name}'
    )
    if task.prompt.is_blank:
        what = f'of {count(manner.num_bars, "bar")} in {task.prompt.key.name}'
    form = (
        f'reading {manner.window_steps} steps again for each'
        if manner.window_steps
        else 'carrying the state'
    )
    num_empty = sum(piece.is_empty for piece in pieces)
    same = f', {drawing.num_alike} of them as duplicates' * (drawing.num_alike > 0)
    fields = echo(settings, changed)
    temperature = f'temperature {manner.temperature:g}'
    temperature += ' (calibrated)' * (manner.temperature == model.temperature)
    log.info(
        f'{count(len(pieces), "piece")} {what} by {model.name}, {temperature}, {form}:'
        f' {drawing.seconds:.1f} s with compilation, {drawing.num_redraws} drawn again{same},'
        f' {num_empty} still empty{"; " * bool(fields)}{fields}'
    )
    num_alike = len(pieces) - len({piece.events.tobytes() for piece in pieces})
    if num_alike:
        log.info(f'{num_alike} of {len(pieces)} pieces are still duplicates of another')
    num_repeated = sum(share == 1 for share in drawing.repeated)
    if num_repeated and not settings.max_copied_from_prompt:
        log.info(
            f'{num_repeated} of {count(len(pieces), "piece")} only repeat runs of the prompt;'
            ' config.sample.max_copied_from_prompt limits them'
        )


def _log_copies(settings: ConfigDict, drawing: Drawing) -> None:
    pieces, near = drawing.pieces, drawing.near
    for field in drawing.limits:
        num_refused = sum(piece.num_refused[field] for piece in pieces)
        log.info(
            f'at {num_refused} of {count(len(pieces) * drawing.task.num_new, "step")} a note was'
            f' refused that would have copied more than {count(settings[field], "note")} in a row'
            ' from' + (' the prompt' if field == 'max_copied_from_prompt' else ' a training tune')
        )
    if near is not None:
        num_near = sum(passage.score > near.level for passage in drawing.passages)
        log.info(
            f'{count(near.num_refused, "time")} a piece was drawn again that copied more than'
            f' {near.level:g} notes in a row, which 95 % of unseen tunes do not; {num_near} still'
            ' do'
        )


def _of_instrument(settings: ConfigDict, prompt: Prompt) -> list[str]:
    """Notices on an instrument for which the page has no sound of its own."""
    sound, is_own = page_sound(prompt.program)
    if is_own or not (settings.instrument or prompt.program):
        return []
    return [
        f'{INSTRUMENTS[prompt.program]}: the page has no sound of its own for it and plays'
        f' {sound!r}; the files name the instrument'
    ]


def _of_wav(prompt: Prompt, font: pathlib.Path | None) -> str:
    if font:
        return f'sound by FluidSynth with {font.name}'
    named = f', which plays {INSTRUMENTS[prompt.program]} as plucked strings'
    return 'sound by the built-in synthesiser' + named * (prompt.program > 0)
