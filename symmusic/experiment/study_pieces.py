"""Draws the pieces of a listening study: training excerpts, and continuations by a model."""

import dataclasses
import logging

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.split import Split
from symmusic.errors import UserError
from symmusic.experiment.study import Study, assemble
from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.manner import manner_of
from symmusic.measures import material
from symmusic.measures.excerpts import Excerpts, cut_excerpts
from symmusic.model.model import Params
from symmusic.score.bar import Bar, bar_of
from symmusic.streams import Stream, generator, random_key
from symmusic.training import build
from symmusic.training.card import Card
from symmusic.wording import count

log = logging.getLogger(__name__)


def draw_study(
    config: ConfigDict, params: Params, card: Card, corpus: Corpus, model_name: str
) -> Study:
    """A study of as many training excerpts as pieces of the model, all in C major or A minor and
    passed through the model's encoding.

    Raises:
      UserError: the corpus has too few tune families, or a piece has no note.
    """
    bar = bar_of(material.evaluated_meter(config, card.meters), card.steps_per_quarter)
    rng = generator(config.seed, Stream.STUDY)
    tunes = build.split_as_trained(config, corpus)
    training = _draw_training(config, card, corpus, tunes, bar, rng)
    prompts_BT, origins = _draw_prompts(config, card, corpus, tunes, bar, rng)
    generated_BT = _continue(config, params, card, prompts_BT, model_name)
    return assemble(
        {'training': training, 'generated': list(zip(origins, generated_BT, strict=True))},
        config.sample.num_bars * bar.steps,
        config.study.qpm,
        config.seed,
        {
            'model': model_name,
            'corpus': corpus.name,
            'steps_per_quarter': card.steps_per_quarter,
        },
    )


def _draw_training(
    config: ConfigDict,
    card: Card,
    corpus: Corpus,
    tunes: Split,
    bar: Bar,
    rng: np.random.Generator,
) -> list[tuple[str, np.ndarray]]:
    """The origins and the events of the training excerpts."""
    num_steps = config.sample.num_bars * bar.steps
    excerpts = cut_excerpts(material.in_meter(tunes.train, bar), num_steps)
    # Encoded and decoded like the model's pieces: an encoding that cannot represent repeated notes
    # must not reveal which pieces are real.
    vocabulary = card.vocabulary
    written_NT = np.array(
        [vocabulary.decode(vocabulary.encode(events)) for events in excerpts.events_NT]
    ).reshape(-1, num_steps)
    what = f'excerpts of {count(config.sample.num_bars, "bar")} of training tunes'
    rows = _draw_rows(written_NT, excerpts, corpus, config.study.num_pieces, rng, what)
    return [(_place(excerpts, row), written_NT[row]) for row in rows]


def _draw_prompts(
    config: ConfigDict,
    card: Card,
    corpus: Corpus,
    tunes: Split,
    bar: Bar,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[str]]:
    """The tokens [B, T] of the prompts, and the origins of the pieces after them."""
    num, vocabulary = config.study.num_pieces, card.vocabulary
    if config.evaluate.prompts == 'fixed':
        meter = material.evaluated_meter(config, card.meters)
        prompt = material.fixed_prompt(config, vocabulary, meter)
        return np.broadcast_to(prompt.tokens, (num, len(prompt.tokens))), [
            f'after {prompt.name}'
        ] * num
    part = config.evaluate.part
    held_out = material.in_meter(getattr(tunes, part), bar)
    found = cut_excerpts(held_out, material.PROMPT_BARS * bar.steps)
    rows = _draw_rows(found.events_NT, found, corpus, num, rng, f'prompts of {part} tunes')
    num_given = found.events_NT.shape[1]
    prompts = material.as_given(config, found.events_NT[rows], num_given, vocabulary)
    tokens_BT = np.array([vocabulary.encode(prompt) for prompt in prompts])
    return tokens_BT, [f'after {_place(found, row)}' for row in rows]


def _continue(
    config: ConfigDict, params: Params, card: Card, prompts_BT: np.ndarray, model_name: str
) -> np.ndarray:
    """The events [B, T] of a piece after each prompt."""
    manner = dataclasses.replace(
        manner_of(config, card), num_samples=len(prompts_BT), keep_distributions=False
    )
    found = draw_continuations(
        params,
        card.architecture,
        card.vocabulary,
        prompts_BT,
        manner,
        random_key(config.seed, Stream.STUDY_PIECES),
        Conditions(meter=material.evaluated_index(config, card.meters)),
    )
    events_BT = np.array([card.vocabulary.decode(tokens) for tokens in found.drawn.tokens_BN])
    if num_redraws := int(found.num_redraws_B.sum()):
        log.info(
            f'{count(num_redraws, "time")} a piece was drawn again, as config.sample.max_redraws'
            ' allows'
        )
    if num_empty := int((~(events_BT >= 0).any(axis=1)).sum()):
        raise UserError(
            f'{num_empty} of the {count(len(events_BT), "piece")} that {model_name} drew hold no'
            ' note; train on, or draw with another --config.seed, at a higher'
            ' config.sample.temperature or with more config.sample.max_redraws'
        )
    return events_BT


def _draw_rows(
    events_NT: np.ndarray,
    excerpts: Excerpts,
    corpus: Corpus,
    num: int,
    rng: np.random.Generator,
    what: str,
) -> list[int]:
    """Random rows of excerpts in which a note starts, each from a different tune family."""
    chosen: dict[int, int] = {}
    for row in rng.permutation(len(excerpts)).tolist():
        if (events_NT[row] >= 0).any():
            chosen.setdefault(corpus.family_of[excerpts.places[row][0]], row)
        if len(chosen) == num:
            return list(chosen.values())
    raise UserError(
        f'config.study.num_pieces = {num}: corpus {corpus.name} gives {what} in {len(chosen)}'
        ' different melodies; must be at most that'
    )


def _place(excerpts: Excerpts, row: int) -> str:
    file, bar = excerpts.places[row]
    return f'{file}, bar {bar}'
