"""The music on which the arms of an experiment are measured: corpora, prompts and reference
excerpts; and the count model's likelihood.
"""

import dataclasses
import functools
import json
import logging
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset
from symmusic.corpus.split import Split
from symmusic.errors import UserError
from symmusic.experiment.by_family import name_families, nats_by_family
from symmusic.experiment.common_tunes import METERS, CommonTunes, common_nats, read_common
from symmusic.experiment.likelihood import measure_likelihoods
from symmusic.experiment.measures import OriginalsIndex, index_originals, measure_pieces
from symmusic.measures import material
from symmusic.measures.counting import model as counting
from symmusic.measures.distributions import label_losses
from symmusic.measures.excerpts import draw_rows
from symmusic.measures.feature_table import Pieces
from symmusic.measures.likelihood import find_targets
from symmusic.measures.scale import measure
from symmusic.model.model import Params
from symmusic.progress import track
from symmusic.score.bar import Bar
from symmusic.streams import Stream, generator
from symmusic.training import build, corpora
from symmusic.training.card import Card

# training fields that the windows depend on
CUT = ('sequence_steps', 'sequence_hop_steps', 'held_out_steps', 'augment_keys')
log = logging.getLogger(__name__)


class Corpora:
    """Corpora and their windows, keyed by their settings; each is made once."""

    def __init__(self):
        self.read: dict[str, Corpus] = {}
        self.cut: dict[str, Dataset] = {}

    def __call__(self, config: ConfigDict) -> Corpus:
        data = config.data
        name = json.dumps(
            [
                data.corpus,
                data.protocol,
                data.meters,
                data.align_pickups,
                data.rests,
                data.steps_per_quarter,
                data.max_tunes,
                data.split_seed,
                data.split_as,
            ]
        )
        if name not in self.read:
            self.read[name] = corpora.corpus(config)
        return self.read[name]

    def dataset(self, config: ConfigDict) -> Dataset:
        """The windows of a config; arms with the same data settings share them."""
        name = _name_of_windows(config)
        if name not in self.cut:
            self.cut[name] = build.dataset(config, self(config))
        return self.cut[name]


def _name_of_windows(config: ConfigDict) -> str:
    return json.dumps([config.data.to_dict(), config.train.targets, *map(config.train.get, CUT)])


@dataclasses.dataclass(frozen=True)
class Ground:
    """The prompts and references of each replica, shared by all arms of one corpus.

    Attributes:
      prompts_RNT: events of the prompts of each replica, the same for all arms.
      references: reference excerpts for each draw of each replica.
      originals: the training tunes, which are searched for copied passages.
      protocol: of the measures.
      bar: of all of them.
      continuations_RNT: events of the real continuations of the prompts; None where not known.
      families_RN: the name of each prompt's tune family; None where the prompts are of no tune.
    """

    prompts_RNT: np.ndarray
    references: tuple[tuple[Pieces, ...], ...]
    originals: OriginalsIndex
    protocol: str
    bar: Bar
    continuations_RNT: np.ndarray | None = None
    families_RN: np.ndarray | None = None

    @functools.cached_property
    def levels(self) -> list[dict] | None:
        """The measures of the real continuations of each replica's prompts, as if these were its
        pieces; None if they are not known.
        """
        if self.continuations_RNT is None:
            return None
        sets = list(zip(self.prompts_RNT, self.continuations_RNT, self.references, strict=True))
        how = self.originals, self.protocol, self.bar
        return [measure_pieces(*each, *how).values for each in track(sets, 'level')]


class Grounds:
    """The grounds of an experiment's arms, each made once, when it is first needed."""

    def __init__(self, corpora: Corpora):
        self.corpora = corpora
        self.made: dict[str, Ground] = {}
        self.counted: dict[str, float | None] = {}
        self.common: dict[str, dict[str, CommonTunes]] = {}

    def __call__(self, config: ConfigDict, card: Card) -> Ground:
        """The ground of an arm: prompts and excerpts drawn with `config.seed`, different for each
        replica.
        """
        wider = ConfigDict(config.to_dict())
        wider.evaluate.num_draws = config.replicas * config.evaluate.num_draws
        parts = [wider.data, wider.evaluate, wider.sample, wider.seed]
        name = json.dumps(
            [part.to_dict() if isinstance(part, ConfigDict) else part for part in parts]
        )
        if name not in self.made:
            self.made[name] = _gather(config, wider, self.corpora(config), card)
        return self.made[name]

    def nats_by_family(
        self, config: ConfigDict, card: Card, params: Params
    ) -> dict[str, dict[str, list[float]]]:
        """`by_family.nats_by_family` of a replica."""
        corpus = self.corpora(config)
        tunes = build.split_as_trained(config, corpus).test
        return nats_by_family(
            params, card, self.corpora.dataset(config), tunes, name_families(corpus)
        )

    def likelihoods(
        self, config: ConfigDict, card: Card, params: Params
    ) -> tuple[dict[str, float | None], dict[str, dict[str, list[float]]]]:
        """`likelihood.measure_likelihoods` of a replica."""
        corpus = self.corpora(config)
        tunes = build.split_as_trained(config, corpus).test
        return measure_likelihoods(
            params, card, config, self.corpora.dataset(config), tunes, name_families(corpus)
        )

    def common_nats(
        self, config: ConfigDict, card: Card, params: Params
    ) -> tuple[dict[str, float | None], dict[str, dict[str, list[float]]]]:
        """`common_nats` of a replica; nothing if the config states no common corpus."""
        if not config.evaluate.common_corpus:
            return {}, {}
        name = json.dumps([_name_of_windows(config), config.evaluate.common_corpus])
        if name not in self.common:
            of_common = ConfigDict(config.to_dict())
            of_common.data.corpus = config.evaluate.common_corpus
            of_common.data.meters = METERS
            tunes = read_common(config, self.corpora(config), self.corpora(of_common), card)
            self.common[name] = tunes
        return common_nats(params, card, self.common[name])

    def count_nats(self, config: ConfigDict) -> float | None:
        """The count model's nats per step on exactly the targets of an arm's `nats_per_step`; None
        if no tune is held out or the corpus is too small for a count model.
        """
        if config.data.split != 'tune':
            return None
        name = _name_of_windows(config)
        if name not in self.counted:
            try:
                self.counted[name] = measure_counting(
                    build.split_as_trained(config, self.corpora(config)),
                    self.corpora.dataset(config),
                    all_steps=config.train.targets != 'last',
                )
            except UserError as error:
                self.counted[name] = None
                log.info(f'no count model: {error}')
        return self.counted[name]


def measure_counting(tunes: Split, data: Dataset, *, all_steps: bool) -> float:
    """Nats per step of a count model of the training tunes on the targets of the test windows.

    Raises:
      UserError: there is too little to count or to fit on.
    """
    vocabulary = data.vocabulary
    known = data.meters, data.steps_per_quarter
    fitted = counting.fit(tunes.train, tunes.validation, vocabulary, *known)
    targets = find_targets(data.test, vocabulary, all_steps=all_steps)
    logs_LV = fitted.log_probabilities(*counting.of_windows(data.test, targets, vocabulary))
    return float(label_losses(logs_LV, targets).mean())


def _gather(config: ConfigDict, wider: ConfigDict, corpus: Corpus, card: Card) -> Ground:
    """The ground of an arm; `wider` is its config with enough pieces for the draws of all
    replicas.
    """
    settings, num_replicas = config.evaluate, config.replicas
    rng = generator(config.seed, Stream.ARM)
    music = material.gather(wider, corpus, card.vocabulary, rng, card.meters)
    rows = draw_rows(
        len(music.excerpts), settings.num_pieces, num_replicas * settings.num_draws, rng
    )
    how = settings.protocol, music.steps_per_quarter
    pieces = [measure(music.excerpts.events_NT[each], *how) for each in rows]
    by_replica = lambda events_NT: events_NT.reshape(
        num_replicas, settings.num_draws * settings.num_pieces, -1
    )
    return Ground(
        by_replica(music.prompts),
        tuple(
            tuple(pieces[begin : begin + settings.num_draws])
            for begin in range(0, len(pieces), settings.num_draws)
        ),
        index_originals(music.tunes.train),
        settings.protocol,
        music.bar,
        None if music.continuations is None else by_replica(music.continuations),
        _families(corpus, music.files, num_replicas),
    )


def _families(corpus: Corpus, files: Sequence[str], num_replicas: int) -> np.ndarray | None:
    """The name of the family of each prompt's tune, for each replica; None if prompts are not from
    tunes.
    """
    if not files:
        return None
    names = name_families(corpus)
    return np.array([names[file] for file in files]).reshape(num_replicas, -1)
