"""The starting point of training: its data, and its state (new, from a parent, or resumed)."""

import dataclasses
import logging
import pathlib

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.protocol import base_config
from symmusic.corpus.base_rate import base_rate, target_counts
from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset
from symmusic.corpus.drops import count_drops
from symmusic.corpus.windows import Windows
from symmusic.errors import UserError
from symmusic.model.model import Architecture
from symmusic.training import build, corpora, parent
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.provenance import changes, versions
from symmusic.training.replicas import init_replicas, initial_keys
from symmusic.training.state import Recipe, TrainState

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """The data of a run, and the network and recipe that are trained on them.

    Attributes:
      corpus: the prepared corpus.
      data: its windows by part.
      origin: the run to fine-tune; None if training starts from random parameters.
      architecture: of the network.
      recipe: how it is trained.
      dataset: a short description of the data, as in a run's card.
    """

    corpus: Corpus
    data: Dataset
    origin: parent.Parent | None
    architecture: Architecture
    recipe: Recipe
    dataset: dict

    @property
    def parts(self) -> dict[str, Windows]:
        """The windows of each part that exists."""
        parts = {
            'train': self.data.train,
            'validation': self.data.validation,
            'test': self.data.test,
        }
        return {part: windows for part, windows in parts.items() if windows}


@dataclasses.dataclass(frozen=True)
class Start:
    """The state that training starts from.

    Attributes:
      states: of every replica, on the host.
      card: of the run.
      descent: the result of `parent.descent_of`; None for a run that started from random
        parameters.
    """

    states: TrainState
    card: Card
    descent: dict | None

    def is_done(self, num_epochs: int) -> bool:
        """Whether no replica has an epoch left."""
        return bool((self.states.stopped | (self.states.epoch >= num_epochs)).all())


def prepare(config: ConfigDict) -> Prepared:
    """The data of a config, cut for training.

    Raises:
      UserError: the corpus or the parent cannot be used.
    """
    corpus = corpora.corpus(config)
    origin = parent.load(config)
    vocabulary = origin.card.vocabulary if origin else None
    data = build.dataset(config, corpus, vocabulary.pitches if vocabulary else ())
    return Prepared(
        corpus,
        data,
        origin,
        build.architecture(config, data.vocabulary, data.meters),
        build.recipe(config, data),
        {
            'corpus': config.data.corpus,
            'fingerprint': data.fingerprint,
            'dropped': count_drops(corpus.tunes),
            'num_tunes': data.num_tunes,
            'num_windows': len(data.train),
        },
    )


def base_rates(config: ConfigDict, prepared: Prepared) -> dict[str, float | None]:
    """The base rate of each held-out part, None if there is no such part.

    Raises:
      UserError: a part has no target at all.
    """
    parts, num_classes = prepared.parts, prepared.architecture.num_classes
    counts = {
        part: target_counts(windows, num_classes, all_steps=prepared.recipe.targets != 'last')
        for part, windows in parts.items()
    }
    for part in parts:
        if not counts[part].any():
            raise UserError(
                f'the {part} part of corpus {prepared.corpus.name} has silence for its only'
                f' targets, for which config.data.encoding = {config.data.encoding!r} has no class;'
                " use more tunes, or 'pianoroll'"
            )
    return {
        part: base_rate(counts['train'], counts[part]) if part in parts else None
        for part in ('validation', 'test')
    }


def start(
    config: ConfigDict,
    workdir: pathlib.Path,
    prepared: Prepared,
    device_kind: str,
) -> Start:
    """The state of the workdir's run, or a new one.

    Raises:
      UserError: the workdir holds another run, or the parent has another network.
    """
    if Checkpoints(workdir).latest_step() is None:
        found = _new(config, prepared)
    else:
        found = _resumed(config, workdir, prepared, device_kind)
    return dataclasses.replace(found, states=jax.device_get(found.states))


def _new(config: ConfigDict, prepared: Prepared) -> Start:
    """The initial state of every replica: random, or with the parameters of the parent."""
    keys = initial_keys(config.seed, config.replicas)
    states = init_replicas(keys, prepared.architecture, prepared.recipe)
    card = Card(
        prepared.architecture,
        prepared.recipe,
        prepared.data.vocabulary,
        runs.to_dict(config),
        prepared.dataset,
        num_replicas=config.replicas,
        meters=prepared.data.meters,
    )
    if not prepared.origin:
        return Start(states, card, None)
    descent = parent.descent_of(prepared.origin, config, prepared.corpus)
    states = parent.begin(prepared.origin, states, card)
    for line in parent.announce(prepared.origin, descent):
        log.info(line)
    return Start(states, card, descent)


def _resumed(
    config: ConfigDict,
    workdir: pathlib.Path,
    prepared: Prepared,
    device_kind: str,
) -> Start:
    """The state of the workdir's run; with more epochs to do, replicas that early stopping ended
    continue.
    """
    checkpoints, descent = Checkpoints(workdir), parent.read(workdir)
    states, before = checkpoints.restore()
    stored = runs.from_dict(before.config, base_config())
    runs.check_same_run(stored, config, checkpoints.folder)  # otherwise it is that of another run
    if before.dataset != prepared.dataset:
        raise UserError(
            f'{workdir} holds a run on other data: {before.dataset}, now {prepared.dataset}; choose'
            ' another --workdir'
        )
    if config.train.num_epochs > before.config['train']['num_epochs'] and states.stopped.any():
        states = states.replace(
            stopped=jnp.zeros_like(states.stopped), num_waited=jnp.zeros_like(states.num_waited)
        )
    card = dataclasses.replace(
        before,
        recipe=prepared.recipe,
        config=runs.to_dict(config),
        versions=versions(),
        device=device_kind,
    )
    changed = (
        changes(before.versions, before.device, card.versions, card.device),
        runs.changes_of_rounding(stored, config),
    )
    if line := ', '.join(filter(None, changed)):
        log.info(f'the run continues with {line}: it equals an uninterrupted one only to rounding')
    return Start(states, card, descent)
