"""What the arms of an experiment are measured on: corpora, prompts and reference excerpts."""

import dataclasses
import functools
import json

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.experiment.measures import OriginalsIndex, index_originals, measure_pieces
from symmusic.measures import material
from symmusic.measures.comparison import Pieces
from symmusic.measures.excerpts import draw_rows
from symmusic.measures.scale import measure
from symmusic.melody.encodings import Vocabulary
from symmusic.progress import bar
from symmusic.streams import Stream, generator
from symmusic.training import build
from symmusic.training.card import Card


class Corpora:
    """Corpora by their settings, each read once."""

    def __init__(self):
        self.read: dict[str, Corpus] = {}

    def __call__(self, config: ConfigDict) -> Corpus:
        data = config.data
        name = json.dumps(
            [
                data.corpus,
                data.protocol,
                data.meters,
                data.align_pickups,
                data.rests,
                data.max_tunes,
                data.split_seed,
            ]
        )
        if name not in self.read:
            self.read[name] = build.corpus(config)
        return self.read[name]


@dataclasses.dataclass(frozen=True)
class Ground:
    """The prompts and references for all arms of one corpus, by replica.

    Attributes:
      prompts_RNT: events of the prompts of each replica, the same for all arms.
      references: reference excerpts for each draw of each replica.
      originals: the training tunes, in which copies are searched.
      protocol: of the measures.
      continuations_RNT: events of the real continuations of the prompts; None where not known.
    """

    prompts_RNT: np.ndarray
    references: tuple[tuple[Pieces, ...], ...]
    originals: OriginalsIndex
    protocol: str
    continuations_RNT: np.ndarray | None = None

    @functools.cached_property
    def levels(self) -> list[dict] | None:
        """The measures of the real continuations of each replica's prompts, as if they were its
        pieces; None where they are not known.
        """
        if self.continuations_RNT is None:
            return None
        sets = list(zip(self.prompts_RNT, self.continuations_RNT, self.references, strict=True))
        return [measure_pieces(*each, self.originals, self.protocol) for each in bar(sets, 'level')]


class Grounds:
    """The grounds of an experiment's arms, each made once, when it is first needed."""

    def __init__(self, load_corpus: Corpora):
        self.load_corpus = load_corpus
        self.made: dict[str, Ground] = {}

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
            self.made[name] = _gather(config, wider, self.load_corpus(config), card.vocabulary)
        return self.made[name]


def _gather(
    config: ConfigDict, wider: ConfigDict, corpus: Corpus, vocabulary: Vocabulary
) -> Ground:
    """The ground of an arm; `wider` is its config with the draws of all replicas."""
    settings, num_replicas = config.evaluate, config.replicas
    rng = generator(config.seed, Stream.ARM)
    music = material.gather(wider, corpus, vocabulary, rng)
    rows = draw_rows(
        len(music.excerpts), settings.num_pieces, num_replicas * settings.num_draws, rng
    )
    pieces = [measure(music.excerpts.events_NT[each], settings.protocol) for each in rows]
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
        None if music.continuations is None else by_replica(music.continuations),
    )
