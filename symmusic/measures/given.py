"""Prompts with their real continuations, and a model's predictions of these step by step."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.meters import bars_of
from symmusic.corpus.prepare import Tune
from symmusic.generate.given import continuation_logits
from symmusic.generate.keys import find_distance, place
from symmusic.generate.manner import Manner
from symmusic.measures.excerpts import cut_excerpts
from symmusic.measures.material import PROMPT_BARS, in_meter
from symmusic.measures.temperature import Calibration, calibrate
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Architecture, Params
from symmusic.model.places import first_place
from symmusic.score.bar import SIXTEENTHS, bar_of
from symmusic.training.card import Card

NEW_BARS = 4
MOST, MOST_OF_WINDOWS = 512, 64  # number of excerpts to predict; the second number for slow models


@dataclasses.dataclass(frozen=True)
class Given:
    """Prompts with their real continuations.

    Attributes:
      tokens_NS: prompts and continuations as the model reads them.
      num_given: steps of each prompt.
      files: the file of the tune that each is from.
      position: the place in the bar (`model.places`) of the first steps, a bar line.
    """

    tokens_NS: np.ndarray
    num_given: int
    files: tuple[str, ...]
    position: int = 0

    def __len__(self) -> int:
        return len(self.tokens_NS)

    def select(self, is_kept_N: np.ndarray) -> 'Given':
        """Some of the prompts, by a mask."""
        files = tuple(itertools.compress(self.files, is_kept_N))
        return dataclasses.replace(self, tokens_NS=self.tokens_NS[is_kept_N], files=files)


def cut_given(
    tunes: Sequence[Tune],
    vocabulary: Vocabulary,
    num_bars: int = PROMPT_BARS,
    num_new: int = NEW_BARS,
    *,
    most: int | None = None,
    skipped: int = 0,
    by_prompt: bool = True,
    meters: Sequence[str] = ('4/4',),
    meter: int = 0,
    steps_per_quarter: int = SIXTEENTHS,
) -> Given:
    """All prompts of `num_bars` bars that are followed by `num_new` bars, in tunes whose metre has
    index `meter` among the model's `meters` on its grid; at most `most` of them, evenly spaced. The
    tune has `skipped` more bars before each prompt, which the model is not given.

    The key is the one that the prompt suggests, as it is all that the model is given; without
    `by_prompt` it is that of the whole tune.
    """
    bar = bar_of(meters[meter], steps_per_quarter)
    num_given, num_after, first = (bar.steps * each for each in (num_bars, num_new, skipped))
    found = cut_excerpts(in_meter(tunes, bar), first + num_given, continued=num_after)
    rows = np.arange(len(found))
    if most is not None and len(rows) > most:
        rows = np.linspace(0, len(rows) - 1, most).astype(int)
    tokens = np.zeros((len(rows), num_given + num_after), np.uint8)
    for index, row in enumerate(rows):
        events = found.events_NT[row, first:]
        distance = find_distance(events[:num_given], vocabulary) if by_prompt else 0
        tokens[index] = vocabulary.encode(place(events, distance, vocabulary))
    files = tuple(found.places[row][0] for row in rows)
    return Given(tokens, num_given, files, first_place(meter, bars_of(meters, steps_per_quarter)))


def most_for(manner: Manner) -> int:
    """How many excerpts to predict; fewer for a model that reads a whole window for each step."""
    return MOST if manner.window_steps is None else MOST_OF_WINDOWS


def predictions(
    params: Params, architecture: Architecture, given: Given, manner: Manner
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The logits [K, V] of the K steps of all continuations that have a class, their labels [K],
    and the index [K] of the excerpt that each is in.
    """
    logits_NTV = continuation_logits(
        params, architecture, given.tokens_NS, given.num_given, manner, given.position
    )
    labels_NT = given.tokens_NS[:, given.num_given :].astype(int)
    rows, steps = np.nonzero(labels_NT < architecture.num_classes)
    return logits_NTV[rows, steps], labels_NT[rows, steps], rows


def calibrate_model(
    params: Params, card: Card, tunes: Sequence[Tune], manner: Manner
) -> Calibration | None:
    """The calibration of a model on continuations of tunes that it was not trained on; None where
    there are none.
    """
    found = predict_tunes(params, card, tunes, manner)
    return found and calibrate(*found)


def predict_tunes(
    params: Params, card: Card, tunes: Sequence[Tune], manner: Manner
) -> tuple[np.ndarray, np.ndarray] | None:
    """The logits [K, V] and labels [K] of continuations in tunes, from each of the model's metres
    in proportion to its share of the tunes; None if there are none.
    """
    most, found = most_for(manner), []
    for meter, name in enumerate(card.meters):
        bar = bar_of(name, card.steps_per_quarter)
        share = len(in_meter(tunes, bar)) / max(len(tunes), 1)
        given = cut_given(
            tunes,
            card.vocabulary,
            most=math.ceil(most * share),
            meters=card.meters,
            meter=meter,
            steps_per_quarter=card.steps_per_quarter,
        )
        if len(given):
            found.append(predictions(params, card.architecture, given, manner)[:2])
    if not sum(len(labels_K) for _, labels_K in found):
        return None
    logits_KV, labels_K = (np.concatenate(each) for each in zip(*found, strict=True))
    return logits_KV, labels_K
