"""The run that another one is fine-tuned from (its parent): its parameters, and which held-out
tunes of the new run it was trained on.
"""

import dataclasses
import json
import pathlib

import numpy as np
from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.fields.run import SHIPPED
from symmusic.corpus.cache import Corpus
from symmusic.corpus.originals import read_originals
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import TEST, VALIDATION, find_seen
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.melody.events import extract_phrases, from_events, to_events
from symmusic.model.model import Params
from symmusic.score.bar import bar_of
from symmusic.training import build, corpora, shipped
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.finetune import Network, begin_from, transfer
from symmusic.training.replicas import best_replica, replica, stack
from symmusic.training.state import TrainState
from symmusic.wording import count

FILE = 'init_from.json'  # in a run's folder: describes the run that it started from


@dataclasses.dataclass(frozen=True)
class Parent:
    """The run that another run starts from: its best parameters, from epoch `epoch`.

    `state` says that it is not finished; '' if it is.
    """

    params: Params
    card: Card
    name: str
    epoch: int
    state: str = ''


def load(config: ConfigDict) -> Parent | None:
    """The run named by `config.init_from`; None if training starts from random parameters.

    Raises:
      UserError: the run does not exist, has not finished an epoch, or has another encoding or grid.
    """
    if not config.init_from:
        return None
    if config.init_from == SHIPPED:
        params, card, figures = shipped.read_shipped()
        found = Parent(params, card, 'the shipped model', figures['best_epoch'])
    else:
        found = _of_run(config.init_from)
    theirs = {
        'encoding': found.card.vocabulary.encoding,
        'steps_per_quarter': found.card.steps_per_quarter,
    }
    for name, value in theirs.items():
        if value != config.data[name]:
            raise UserError(
                f'config.init_from = {config.init_from}: that run has config.data.{name} ='
                f' {value!r}, not {config.data[name]!r}'
            )
    return found


def _of_run(path: str) -> Parent:
    try:
        states, card = Checkpoints(pathlib.Path(path).expanduser()).restore()
    except UserError as error:
        raise UserError(f'config.init_from = {path}: {error}') from error
    if not states.best_epoch.any():
        raise UserError(
            f'config.init_from = {path}: that run has not finished an epoch; continue it first'
        )
    best = replica(states, best_replica(states))
    num_epochs = card.config['train']['num_epochs']
    is_finished = bool((states.stopped | (states.epoch >= num_epochs)).all())
    done = int(np.asarray(states.epoch).min())
    state = (
        '' if is_finished else f'that run is not finished: {done} of {count(num_epochs, "epoch")}'
    )
    return Parent(best.best_params, card, path, int(best.best_epoch), state)


def begin(parent: Parent, states: TrainState, card: Card) -> TrainState:
    """The states with the parent's parameters in every replica; only classes and metres that the
    parent lacks differ between replicas.

    Raises:
      UserError: the networks differ.
    """
    old = _network(parent.params, parent.card)
    try:
        new = [
            transfer(_network(replica(states.params, index), card), old)
            for index in range(card.num_replicas)
        ]
    except UserError as error:
        hint = '; --config=configs/attn.py has its network'
        raise UserError(f'{error}{hint * (parent.name == "the shipped model")}') from error
    return begin_from(states, stack(new))


def _network(params: Params, card: Card) -> Network:
    return Network(params, card.architecture, card.vocabulary.class_names, card.meters)


def descent_of(parent: Parent, config: ConfigDict, corpus: Corpus) -> dict:
    """The description of the parent in `init_from.json` and in the summary: `run`, `epoch`, the new
    run's `split`, and in `held_out_families` for each part the number of families of its held-out
    tunes (`num`) and of those that the parent, or one of its own parents, was trained on (`seen`);
    null where that is not known, or no tune is held out.

    Raises:
      UserError: too many were seen to test on unseen tunes.
    """
    found = {
        'run': config.init_from,
        'epoch': parent.epoch,
        'split': config.data.split,
        'held_out_families': None,
    }
    if config.data.split != 'tune':
        return found
    trained_on = _trained_on(config.init_from, config)
    if trained_on is None:
        return found
    seen = find_seen(corpus.kept, corpus.families, trained_on)
    family_of = {
        tune.file: int(family) for tune, family in zip(corpus.kept, corpus.families, strict=True)
    }
    tunes = build.split_as_trained(config, corpus)
    parts = {
        part: {family_of[tune.file] for tune in getattr(tunes, part)} for part in (VALIDATION, TEST)
    }
    found['held_out_families'] = {
        part: {'num': len(families), 'seen': len(families & seen)}
        for part, families in parts.items()
    }
    _check(found, parent, config, corpus)
    return found


def _check(found: dict, parent: Parent, config: ConfigDict, corpus: Corpus) -> None:
    """Rejects a run whose parent was trained on many of its held-out tunes: because the parent used
    another split of the same tunes, or saw half of the test families.
    """
    counts = found['held_out_families']
    num_seen, num = counts[TEST]['seen'], counts[TEST]['num']
    is_same_corpus = parent.card.dataset['fingerprint'] == corpus.fingerprint
    if 2 * num_seen < num and not (is_same_corpus and num_seen):
        return
    data = parent.card.config['data']
    if is_same_corpus and data['split'] == 'tune':
        way = f'config.data.split_seed must be {data["split_seed"]}, as there'
    else:
        way = "choose a run that has not, or other tunes, or config.data.split = 'window'"
    raise UserError(
        f'config.init_from = {config.init_from}: it was trained on tunes of {num_seen} of the {num}'
        f' test families, so no test figure would be of unseen tunes; {way}'
    )


def remark(found: dict | None, part: str = TEST) -> str:
    """A remark on how many families of a part the parent has seen; '' if it has seen none, or there
    is no parent.
    """
    if not found or not found['held_out_families']:
        return ''
    counts = found['held_out_families'][part]
    return (
        f'{counts["seen"]} of {counts["num"]} {part} families were among the tunes that'
        f' {found["run"]} was trained on'
        if counts['seen']
        else ''
    )


def announce(parent: Parent, found: dict) -> list[str]:
    """The lines that are printed at the start of training."""
    state = f' ({parent.state})' if parent.state else ''
    lines = [
        f'starts from the best parameters of {parent.name}, of its epoch {parent.epoch}{state}'
    ]
    lines += [
        f'{line}: figures on them are not of unseen tunes'
        for part in (VALIDATION, TEST)
        if (line := remark(found, part))
    ]
    if found['held_out_families'] is None and found['split'] == 'tune':
        lines.append(
            f'which tunes {parent.name} was trained on is not known, so held-out ones may be among'
            ' them'
        )
    return lines


def write(workdir: pathlib.Path, found: dict) -> None:
    """Stores the description of the parent with the run, because the parent may be trained
    further.
    """
    write_whole(workdir / FILE, json.dumps(found, indent=2) + '\n')


def read(workdir: pathlib.Path) -> dict | None:
    """The description that `write` stored; None if it is missing or damaged."""
    try:
        found = json.loads((workdir / FILE).read_text())
        return found if 'held_out_families' in found else None
    except (OSError, ValueError, TypeError):
        return None


def _trained_on(init_from: str, config: ConfigDict) -> tuple[Tune, ...] | None:
    """The tunes that a run and its parents were trained on; None if they are not known."""
    if init_from == SHIPPED:
        _, card, _ = shipped.read_shipped()
        own = runs.from_dict(card.config, config)
        corpus = corpora.of_shipped(corpora.corpus(own), card)
        return None if corpus is None else build.split_as_trained(own, corpus).train
    folder = pathlib.Path(init_from).expanduser()
    originals = read_originals(folder)
    if originals is None:
        return None
    tunes = tuple(
        Tune(
            name,
            title=title,
            phrases=_phrases(events, bar_of(meter, originals.steps_per_quarter).steps),
            counted_in=meter,
            steps_per_quarter=originals.steps_per_quarter,
        )
        for name, title, events, meter in zip(
            originals.names, originals.titles, originals.tunes, originals.counted_in, strict=True
        )
    )
    before = Checkpoints(folder).restore_card().config['init_from']
    earlier = _trained_on(before, config) if before else ()
    return None if earlier is None else (*tunes, *earlier)


def _phrases(events: np.ndarray, bar_steps: int) -> tuple[np.ndarray, ...]:
    """The phrases of a tune's events, without the silence that was inserted between them."""
    phrases = extract_phrases(from_events(events), bar_steps)
    return tuple(to_events(phrase, bar_steps) for phrase in phrases)
