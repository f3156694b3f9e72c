"""Draws the pieces on which an arm is measured."""

import dataclasses

import numpy as np
from ml_collections import ConfigDict

from symmusic.generate.draw import Conditions, Continuations, draw_continuations
from symmusic.generate.manner import manner_of
from symmusic.measures.material import evaluated_index
from symmusic.model.model import Params
from symmusic.streams import Stream, random_key
from symmusic.training.card import Card


def draw(
    params: Params, card: Card, config: ConfigDict, prompts_NT: np.ndarray, index: int
) -> np.ndarray:
    """A replica's continuation of each prompt, events [N, T]. The draws are made one at a time, so
    that all use the same compiled program. The config's temperature must be a number (`settle`).
    """
    vocabulary, events = card.vocabulary, []
    for draw, prompts in enumerate(np.split(prompts_NT, config.evaluate.num_draws)):
        tokens_BT = np.array([vocabulary.encode(prompt) for prompt in prompts])
        found = draw_once(params, card, config, tokens_BT, index, draw)
        events += [vocabulary.decode(tokens) for tokens in found.drawn.tokens_BN]
    return np.array(events)


def draw_once(
    params: Params,
    card: Card,
    config: ConfigDict,
    tokens_BT: np.ndarray,
    index: int,
    draw: int,
    *,
    keep: bool = False,
) -> Continuations:
    """One draw of a replica's pieces after prompts, tokens [B, P]; `keep` is whether to keep the
    distributions.
    """
    manner = dataclasses.replace(
        manner_of(config, card), num_samples=len(tokens_BT), keep_distributions=keep
    )
    drawing = random_key(config.seed, Stream.ARM_PIECES, index, draw)
    conditions = Conditions(meter=evaluated_index(config, card.meters))
    return draw_continuations(
        params, card.architecture, card.vocabulary, tokens_BT, manner, drawing, conditions
    )
