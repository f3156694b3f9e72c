"""What is fuzzed: readers of external data, each a function of bytes that may only raise its own
errors.
"""

import itertools
import json
import pathlib
from collections.abc import Callable

from configs import base
from symmusic.config import flags, runs
from symmusic.corpus.prepare import Settings, prepare_score
from symmusic.errors import ScoreError, UserError
from symmusic.experiment.answers import check_files, parse
from symmusic.experiment.study import Excerpt, Study
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_book import split_tunes
from symmusic.score.abc_text import decode
from symmusic.score.midi import parse_midi
from symmusic.score.monophonic import parse_monophonic
from symmusic.training.card import Card

ROOT = pathlib.Path(__file__).resolve().parents[2]
# inputs that were once read wrongly, `<target>-<what>`
FIXTURES = pathlib.Path(__file__).with_name('fixtures')
MOST_BYTES = 4096  # of an input: longer ones are slower and find no more


def read_midi(data: bytes) -> None:
    """A MIDI file up to the model's events."""
    try:
        score = parse_midi(data)
        prepare_score(score, 'fuzzed', Settings())
    except ScoreError:
        return
    assert all(note.duration >= 0 and 0 <= note.pitch <= 127 for note in score.notes)


def read_monophonic(data: bytes) -> None:
    """A MIDI file as the plagiarism measure reads it."""
    try:
        notes = parse_monophonic(data)
    except ScoreError:
        return
    assert all(left.onset <= right.onset for left, right in itertools.pairwise(notes))


def read_abc(data: bytes) -> None:
    """A book of ABC tunes up to the model's events."""
    for tune in split_tunes(decode(data)):
        try:
            score = read_abc_tune(tune.text)
            prepare_score(score, 'fuzzed', Settings())
        except ScoreError:
            continue
        assert all(note.duration >= 0 and 0 <= note.pitch <= 127 for note in score.notes)


MODES = ('train', 'sample', 'stats', 'evaluate', 'compare', 'experiment', 'study')
STUDY = Study(
    tuple(Excerpt(kind, kind, [[0, 4, 60]]) for kind in ('training', 'generated')), 16, 120.0, {}
)


def read_answers(data: bytes) -> None:
    """A listener's file of answers."""
    kept, left_out = check_files({'fuzzed.json': parse(data)}, STUDY)
    assert len(kept) + len(left_out) == 1


def read_flags(data: bytes) -> None:
    """A command line, one argument per line; configs are those of the repository, as any other file
    would be run.
    """
    arguments = data.decode('utf-8', 'replace').split('\n')
    if (
        any(
            'config' in argument.split('=')[0] and '.' not in argument.split('=')[0]
            for argument in arguments
        )
        or '--' in arguments
    ):
        return
    try:
        flags.parse([*arguments, '--config=configs/lstm.py'], root=ROOT, modes=MODES)
    except (UserError, SystemExit):
        return


def read_card(data: bytes) -> None:
    """A checkpoint's card."""
    try:
        card = Card.from_json(json.loads(data))
    except (ValueError, RecursionError):  # `Checkpoints` turns any of them into one line
        return
    hash((card.architecture, card.recipe))
    json.dumps(card.to_json())


def read_config(data: bytes) -> None:
    """A run's `config.json`."""
    try:
        config = runs.from_json(data.decode('utf-8', 'replace'), base.get_config())
    except UserError:
        return
    assert runs.from_json(runs.to_json(config), base.get_config()) == config


TARGETS: dict[str, Callable[[bytes], None]] = {
    'midi': read_midi,
    'monophonic': read_monophonic,
    'abc': read_abc,
    'answers': read_answers,
    'flags': read_flags,
    'card': read_card,
    'config': read_config,
}
