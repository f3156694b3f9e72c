"""The interface of measures, and their inputs: the ground of an evaluation (what all its measures
share) and the sets of pieces.

A measure is an object with a name, a unit, a docstring and a method `measure`. Measures are in the
rooms `measures`, `critics`, `originality` and `thesis`; an evaluation runs a tuple of them
(`api/evaluation.py`). A result is a frozen dataclass without file paths or prose.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset
from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.measures.counting.model import CountModel, fit
from symmusic.measures.feature_table import Pieces
from symmusic.measures.markov import Markov, choose_order, fit_markov
from symmusic.measures.material import Material
from symmusic.measures.scale import measure, select
from symmusic.model.model import Params
from symmusic.model.places import first_place
from symmusic.progress import track
from symmusic.score.bar import SIXTEENTHS
from symmusic.streams import Stream
from symmusic.threads import shared_property
from symmusic.training.card import Card

ORDERS = (1, 2, 3, 4, 5)  # of the Markov models


@dataclasses.dataclass(frozen=True)
class Continued:
    """The model's continuation of each prompt.

    Attributes:
      events_NT: the pieces without their prompts.
      num_redraws: how often a piece was drawn again.
      num_empty: pieces that are still without a note.
    """

    events_NT: np.ndarray
    num_redraws: int
    num_empty: int


@dataclasses.dataclass(frozen=True)
class Chosen:
    """Which baselines a model is compared with.

    Attributes:
      markov_order: the order of the Markov model that predicts validation tunes best.
      note: why there is no count model; '' if there is one.
    """

    markov_order: int
    note: str


@dataclasses.dataclass(frozen=True)
class Drawing:
    """How the pieces of an evaluation were drawn.

    Attributes:
      prompts: 'held_out' or 'fixed'.
      prompt: the name of the fixed prompt; None where there are many.
      part: the part whose tunes were held out; None where none were.
      num_redraws, num_empty: as in `Continued`.
      made_with: which parameters of the run drew them, such as the epoch.
    """

    prompts: str
    prompt: str | None
    part: str | None
    num_redraws: int
    num_empty: int
    made_with: dict


@dataclasses.dataclass(frozen=True)
class Network:
    """A trained network: the parameters of one replica or of all, its card, and its name in
    reports.
    """

    params: Params
    card: Card
    name: str

    def place(self, meter: str) -> int:
        """The place in the bar (`model.places`) of a bar line in a metre that it knows."""
        return first_place(self.card.meters.index(meter), self.card.architecture.bars)


@dataclasses.dataclass(frozen=True)
class Baselines:
    """The models that a network must beat.

    Attributes:
      markov_order: the order of the Markov model that predicts validation tunes best.
      count_model: None where there are too few tunes for it, and `note` says so.
      note: see above.
    """

    markov_order: int
    count_model: CountModel | None
    note: str = ''


@dataclasses.dataclass(frozen=True)
class Ground:
    """What all measures of an evaluation share.

    Attributes:
      config: the resolved config.
      model: the network whose pieces are measured.
      corpus: its corpus, with the tunes' families.
      data: the windows of each part.
      music: prompts, real continuations and excerpts.
      draw: continues prompts [N, P] with the model; the stream names the purpose.
      other: for an infilling model a left-to-right one to compare with, where there is one.
      other_note: why there is none; '' where that needs no explanation.
      second: a network trained apart from the model, whose likelihood is a critic, where there is
        one.
    """

    config: ConfigDict
    model: Network
    corpus: Corpus
    data: Dataset
    music: Material
    draw: Callable[[np.ndarray, Stream], Continued]
    other: Network | None = None
    other_note: str = ''
    second: Network | None = None

    @property
    def held_out(self) -> tuple[Tune, ...]:
        """The unseen tunes on which the model is measured; empty if it was trained on all tunes."""
        return getattr(self.music.tunes, self.config.evaluate.part)

    @property
    def families(self) -> dict[str, int]:
        """The family of each tune, keyed by the tune's file."""
        return self.corpus.family_of

    @property
    def prompt_families(self) -> np.ndarray:
        """The family [N] of each prompt's tune; prompts that are not from tunes are families of
        their own.
        """
        files = self.music.files
        return np.array([self.families[file] for file in files] or range(len(self.music.prompts)))

    @shared_property
    def markovs(self) -> dict[int, Markov]:
        """The Markov model of each order, fitted to the training tunes."""
        vocabulary = self.model.card.vocabulary
        tunes = self.music.tunes.train
        sequences = [vocabulary.encode(phrase) for tune in tunes for phrase in tune.phrases]
        num_tokens = max(vocabulary.num_classes, vocabulary.padding + 1)
        largest = fit_markov(sequences, num_tokens, max(ORDERS))
        return {order: largest.of_order(order) for order in ORDERS}

    @shared_property
    def baselines(self) -> Baselines:
        """The models that a network must beat, fitted to the training tunes and chosen on
        validation windows.
        """
        windows = self.data.validation
        unpadded = zip(windows.tokens(), windows.num_padding, strict=True)
        order = choose_order(self.markovs, [tokens[padding:] for tokens, padding in unpadded])
        tunes, vocabulary = self.music.tunes, self.model.card.vocabulary
        try:
            known = self.model.card.meters, self.model.card.steps_per_quarter
            return Baselines(order, fit(tunes.train, tunes.validation, vocabulary, *known))
        except UserError as error:
            return Baselines(order, None, f'no count model: {error}')


@dataclasses.dataclass(frozen=True)
class Sets:
    """The sets of pieces that an evaluation measures, over D draws of N / D pieces each.

    Attributes:
      made: the set `model`, and how it was drawn.
      real_NT: the set `real_continuations`; None where they are not known.
      shuffled_NT: the set `shuffled`.
      draw_baselines: a function that draws the sets `count_model` and `markov_<order>`.
      num_draws: D.
      excerpts_MT: events of the excerpts of training tunes from which the reference sets are taken.
      references_DN: the rows of the excerpts that each draw is compared with.
      others_DN: the rows of each draw of the set `second_draw`.
      first_N: the rows of the reference excerpts of the first draw.
      protocol: of the features.
      steps_per_quarter: the grid.
    """

    made: Continued
    real_NT: np.ndarray | None
    shuffled_NT: np.ndarray | None
    draw_baselines: Callable[[], Mapping[str, np.ndarray]]
    num_draws: int
    excerpts_MT: np.ndarray
    references_DN: np.ndarray
    others_DN: np.ndarray
    first_N: np.ndarray
    protocol: str
    steps_per_quarter: int = SIXTEENTHS

    @shared_property
    def events(self) -> dict[str, np.ndarray]:
        """The events [N, T] of each named set. All sets except `shuffled` continue the ground's
        prompts.
        """
        others = {'real_continuations': self.real_NT, **self.draw_baselines()}
        every = {'model': self.made.events_NT, **others, 'shuffled': self.shuffled_NT}
        return {name: events for name, events in every.items() if events is not None}

    @shared_property
    def excerpts(self) -> Pieces:
        """The features of the excerpts."""
        return self._measure(self.excerpts_MT)

    @shared_property
    def features(self) -> dict[str, list[Pieces]]:
        """The features of each draw, keyed by set; includes the set `second_draw`."""
        found = {
            name: [self._measure(each) for each in np.split(events, self.num_draws)]
            for name, events in track(self.events.items(), 'set')
        }
        return found | {'second_draw': [select(self.excerpts, rows) for rows in self.others_DN]}

    def _measure(self, events_NT: np.ndarray) -> Pieces:
        return measure(events_NT, self.protocol, self.steps_per_quarter)

    @shared_property
    def reference(self) -> Pieces:
        """The features of the excerpts that the first draw is compared with."""
        return select(self.excerpts, self.first_N)


class Measure(Protocol):
    """A measure of an evaluation; the class's docstring says what it measures.

    Attributes:
      name: its key in `comparison.json`.
      unit: the unit of its numbers; '' if they have different ones.
    """

    name: str
    unit: str

    def measure(self, ground: Ground, pieces: Sets, key: int) -> object:
        """The result, a frozen dataclass; None if the measure does not apply.

        Args:
          ground: what the measures share.
          pieces: the sets of pieces.
          key: the seed from which a measure takes its own streams (`streams.generator`).
        """
