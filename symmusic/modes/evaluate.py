"""`--mode=evaluate`: compares pieces by the workdir's model with excerpts of its corpus, and puts
every number on a scale.
"""

import json
import logging
import pathlib
import time
from collections.abc import Mapping
from typing import Any

from symmusic.api import door, evaluation
from symmusic.api.effects import without_effect_on_evaluation
from symmusic.api.load import load_of_command
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.files import SETTINGS, choose_folder, write_whole
from symmusic.measures.registry import Continued, Ground, Sets
from symmusic.melody.events import Melody, from_events
from symmusic.report.evaluation import write_report
from symmusic.report.headline import headline
from symmusic.report.pairs import Pair, find_pairs
from symmusic.streams import Stream, generator
from symmusic.threads import run_together
from symmusic.wording import count

log = logging.getLogger(__name__)


def run(command: Command) -> None:
    """Draws, measures and writes the report."""
    config, model, workdir = load_of_command(command)
    door.check(config, workdir)
    for notice in without_effect_on_evaluation(config, command.given):
        log.info(notice)
    rng = generator(config.seed, Stream.EVALUATION)
    ground = evaluation.prepare(config, model, rng)
    if ground.other_note:
        log.info(ground.other_note)
    # the baselines are fitted while the model draws
    made, _ = run_together([lambda: _draw(ground), lambda: ground.baselines])
    pieces = evaluation.draw_sets(ground, made, rng)
    results = evaluation.measure_all(ground, pieces, model.made_with)
    _write(ground, pieces, results, workdir)


def _draw(ground: Ground) -> Continued:
    """The model's pieces.

    Raises:
      UserError: none of the pieces in the first draw has a note.
    """
    config, size = ground.config, ground.config.evaluate.num_pieces
    begun = time.perf_counter()
    made = ground.draw(ground.music.prompts, Stream.EVALUATED_PIECES)
    log.info(
        f'{count(len(made.events_NT), "piece")} drawn in {time.perf_counter() - begun:.1f} s,'
        f' {made.num_redraws} drawn again, {made.num_empty} still empty'
    )
    if not (made.events_NT[:size] >= 0).any():
        raise UserError(
            f'none of the {size} pieces that the model drew holds a note, so there is nothing to'
            f' measure ({ground.model.name}, config.sample.temperature ='
            f' {config.sample.temperature:g}); train on, or draw at a higher temperature'
        )
    return made


def _write(ground: Ground, pieces: Sets, results: Mapping[str, Any], workdir: pathlib.Path) -> None:
    """Writes the report, and prints its headline."""
    config, made_with = ground.config, results['drawing'].made_with
    settings = {
        'evaluate': config.evaluate.to_dict(),
        'sample': json.loads(config.sample.to_json()),
        'seed': config.seed,
        **made_with,
    }
    folder = choose_folder(workdir, 'evaluation', settings)
    names = {'reference': f'excerpts of {ground.corpus.name}', 'generated': ground.model.name}
    notes = _notes(pieces.made, results['baselines'].note)
    write_whole(folder / SETTINGS, json.dumps(settings, indent=2) + '\n')
    write_report(
        folder,
        results,
        {'reference': pieces.reference, 'generated': pieces.features['model'][0]},
        names,
        notes,
        _pairs(ground, pieces.made, results),
    )
    for line in headline(results, names, notes):
        log.info(line)
    log.info(f'everything else: {folder / "index.html"} and report.md beside it')
    log.info(f'{folder}')


def _notes(made: Continued, about_baselines: str) -> list[str]:
    """What else a reader must know about the pieces."""
    notes = [about_baselines] if about_baselines else []
    if made.num_empty:
        notes.append(
            f'{made.num_empty} of the {count(len(made.events_NT), "piece")} drawn without a note,'
            ' left out of the features'
        )
    if made.num_redraws:
        notes.append(
            f'{count(made.num_redraws, "time")} a piece was drawn again, as'
            ' config.sample.max_redraws allows'
        )
    return notes


def _pairs(ground: Ground, made: Continued, results: Mapping[str, Any]) -> list[Pair]:
    """The pieces that are nearest to training tunes, each with its tune."""
    tunes = {tune.file: tune for tune in ground.music.tunes.train}

    def find_piece(name):
        events = made.events_NT[int(name)]
        return name, Melody(from_events(events), ground.music.bar.steps)

    def find_tune(name):
        title = tunes[name].title
        return f'{name} ({title})' if title else name, tunes[name].melody

    return find_pairs(results['similarity'], results['copies'], find_piece, find_tune)
