"""Evaluates a model's pieces against excerpts of its corpus: prepares the common inputs (`Ground`),
draws the sets, and runs the measures.
"""

import dataclasses
import functools
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from symmusic.api.model import Model
from symmusic.critics.measure import CriticMeasure
from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.manner import manner_of
from symmusic.measures import material
from symmusic.measures.contexts import ContextMeasure
from symmusic.measures.counting.pieces import draw_pieces
from symmusic.measures.endings import EndingsMeasure
from symmusic.measures.excerpts import draw_rows, shuffle_notes
from symmusic.measures.first_draw import FirstDraw
from symmusic.measures.held_out import LikelihoodMeasure
from symmusic.measures.infilling import InfillingMeasure
from symmusic.measures.markov import sample_markov
from symmusic.measures.overlap import OverlapMeasure
from symmusic.measures.registry import Chosen, Continued, Drawing, Ground, Measure, Network, Sets
from symmusic.measures.rivals import find_rival, find_second
from symmusic.measures.structure import RepetitionMeasure
from symmusic.originality.measure import CopiesMeasure, SimilarityMeasure
from symmusic.originality.planted import PlantedMeasure
from symmusic.progress import track
from symmusic.streams import Stream, generator, random_key
from symmusic.thesis.measure import PublishedMeasure
from symmusic.threads import run_together
from symmusic.training import build, corpora

CHUNK = 250  # pieces drawn at once
# All measures of a model, the slowest last. docs/architecture.md explains how to add one.
MEASURES: tuple[Measure, ...] = (
    FirstDraw(),
    RepetitionMeasure(),
    EndingsMeasure(),
    PublishedMeasure(),
    InfillingMeasure(),
    OverlapMeasure(),
    CopiesMeasure(),
    ContextMeasure(),
    SimilarityMeasure(),
    PlantedMeasure(),
    LikelihoodMeasure(),
    CriticMeasure(),
)


def prepare(config: ConfigDict, model: Model, rng: np.random.Generator) -> Ground:
    """The `Ground` of an evaluation: the inputs that its measures share.

    Raises:
      UserError: the model was trained on another corpus, the corpus has too little music, or the
        run named by `config.evaluate.left_to_right` or `second_run` is not comparable.
    """
    card = model.card
    other, note = find_rival(config, card)
    second = find_second(config, card)
    corpus = corpora.corpus_of(config, card, is_shipped=model.workdir is None)
    data = build.dataset(config, corpus, (card.vocabulary.min_pitch, card.vocabulary.max_pitch))
    music = material.gather(config, corpus, card.vocabulary, rng, card.meters)
    network = Network(model.params, card, model.name)
    draw = functools.partial(continue_prompts, config, network)
    return Ground(config, network, corpus, data, music, draw, other, note, second)


def continue_prompts(
    config: ConfigDict, model: Network, prompts_NT: np.ndarray, stream: Stream
) -> Continued:
    """The model's continuation of each prompt."""
    vocabulary = model.card.vocabulary
    manner = dataclasses.replace(
        manner_of(config, model.card), num_samples=CHUNK, keep_distributions=False
    )
    tokens_NT = np.array([vocabulary.encode(prompt) for prompt in prompts_NT])
    continued, num_redraws = [], 0
    for begin in track(range(0, len(tokens_NT), CHUNK), 'chunk'):
        chunk = tokens_NT[begin : begin + CHUNK]
        # equal shapes compile once
        filled = np.concatenate([chunk, np.repeat(chunk[-1:], CHUNK - len(chunk), axis=0)])
        found = draw_continuations(
            model.params,
            model.card.architecture,
            vocabulary,
            filled,
            manner,
            random_key(config.seed, stream, begin // CHUNK),
            Conditions(meter=material.evaluated_index(config, model.card.meters)),
        )
        continued += [vocabulary.decode(each) for each in found.drawn.tokens_BN[: len(chunk)]]
        num_redraws += int(found.num_redraws_B[: len(chunk)].sum())
    events_NT = np.array(continued)
    return Continued(events_NT, num_redraws, int((~(events_NT >= 0).any(axis=1)).sum()))


def draw_sets(ground: Ground, made: Continued, rng: np.random.Generator) -> Sets:
    """The sets that are measured: the model's pieces; the real continuations of the prompts, if
    known; pieces by the count model and the Markov models, drawn when first used; real pieces with
    their notes shuffled; and excerpts of the corpus.
    """
    music, settings = ground.music, ground.config.evaluate
    size, num_draws, excerpts = settings.num_pieces, settings.num_draws, music.excerpts
    real, bar_steps = _real(ground, rng), music.bar.steps
    shuffled_NT = np.array([shuffle_notes(each, rng, bar_steps) for each in real])
    pool_MT = excerpts.events_NT[draw_rows(len(excerpts), min(len(excerpts), 40 * size), 1, rng)[0]]
    pool_MT = pool_MT[(pool_MT >= 0).any(axis=1)]  # the features need a note
    others_DN = draw_rows(len(pool_MT), size, num_draws, rng)
    references_DN = draw_rows(len(pool_MT), size, num_draws, rng)
    first_N = draw_rows(len(pool_MT), size, 1, rng)[0]
    return Sets(
        made,
        music.continuations,
        shuffled_NT,
        functools.partial(_baseline_pieces, ground),
        num_draws,
        pool_MT,
        references_DN,
        others_DN,
        first_N,
        settings.protocol,
        music.steps_per_quarter,
    )


def _baseline_pieces(ground: Ground) -> dict[str, np.ndarray]:
    """Continuations of the prompts, events [N, T], by the count model and by each Markov model."""
    vocabulary, num_steps = ground.model.card.vocabulary, ground.music.excerpts.events_NT.shape[1]
    prompts_BT = np.array([vocabulary.encode(each) for each in ground.music.prompts])
    seed, drawn = ground.config.seed, {}
    if count_model := ground.baselines.count_model:
        key = random_key(seed, Stream.COUNT_MODEL_PIECES)
        meter = material.evaluated_index(ground.config, ground.model.card.meters)
        drawn['count_model'] = draw_pieces(count_model, prompts_BT, num_steps, key, meter)
    for order, markov in ground.markovs.items():
        drawing = generator(seed, Stream.MARKOV_PIECES, order)
        drawn[f'markov_{order}'] = sample_markov(markov, prompts_BT, num_steps, drawing)
    return {
        name: np.array([vocabulary.decode(tokens) for tokens in tokens_BN])
        for name, tokens_BN in drawn.items()
    }


def _real(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    """The real pieces whose notes are shuffled: the prompts' continuations, or else excerpts."""
    music, settings = ground.music, ground.config.evaluate
    if music.continuations is not None:
        return music.continuations
    rows = draw_rows(len(music.excerpts), settings.num_pieces, settings.num_draws, rng)
    return music.excerpts.events_NT[rows.ravel()]


def measure_all(ground: Ground, pieces: Sets, made_with: dict) -> dict[str, Any]:
    """The results of all `MEASURES`, keyed by name, and how the pieces were drawn. Two measures run
    at a time.
    """
    config, music = ground.config, ground.music
    first, *others = (
        functools.partial(each.measure, ground, pieces, config.seed) for each in MEASURES
    )
    # The first measure goes first, because it computes the features that others use. The slowest,
    # which needs no features, runs beside it; the rest follow, slowest first.
    *others, longest = others
    longest, first, *others = run_together([longest, first, *others[::-1]])
    results = [first, *others[::-1], longest]
    found = dict(zip((each.name for each in MEASURES), results, strict=True))
    found['baselines'] = Chosen(ground.baselines.markov_order, ground.baselines.note)
    found['drawing'] = Drawing(
        config.evaluate.prompts,
        music.prompt,
        config.evaluate.part if music.tunes.test else None,
        pieces.made.num_redraws,
        pieces.made.num_empty,
        made_with,
    )
    return found
