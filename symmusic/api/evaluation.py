"""Pieces of a model beside excerpts of its corpus: the sets that are drawn, and what is measured of
them.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import model as models
from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset, target_counts
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import Windows, tune_indices
from symmusic.generate.draw import draw_continuations
from symmusic.generate.manner import manner_of
from symmusic.measures import material
from symmusic.measures.comparison import Pieces, compare
from symmusic.measures.excerpts import draw_rows, shuffle_notes
from symmusic.measures.likelihood import (
    Targets,
    base_losses,
    find_targets,
    markov_losses,
    model_losses,
    summarize,
)
from symmusic.measures.markov import Markov, fit_markov, sample_markov
from symmusic.measures.scale import interval, measure, measure_draws, select
from symmusic.melody.events import from_events
from symmusic.originality.plagiarism import index_corpus, measure_copies, similarity_of
from symmusic.progress import bar
from symmusic.streams import Stream, generator, random_key
from symmusic.training import build, loop

ORDERS = (1, 2, 3, 4, 5)
CHUNK = 250  # pieces drawn at once


@dataclasses.dataclass(frozen=True)
class Ground:
    """What an evaluation is of: a model, and the music that its pieces are measured against."""

    config: ConfigDict
    model: models.Model
    corpus: Corpus
    data: Dataset
    music: material.Material

    @functools.cached_property
    def markovs(self) -> dict[int, Markov]:
        """The Markov model of each order, fitted to the training tunes."""
        vocabulary = self.model.card.vocabulary
        tunes = self.music.tunes.train
        sequences = [vocabulary.encode(phrase) for tune in tunes for phrase in tune.phrases]
        num_tokens = max(vocabulary.num_classes, vocabulary.padding + 1)
        return {order: fit_markov(sequences, num_tokens, order) for order in ORDERS}


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
class Measured:
    """What was measured of each set over the draws.

    Attributes:
      results: by set, for each draw, the KLD and OA of the features and their averages.
      reference: excerpts, the reference set of the nine features.
      generated: the model's pieces of the first draw.
    """

    results: dict[str, list[dict]]
    reference: Pieces
    generated: Pieces


def prepare(config: ConfigDict, model: models.Model, rng: np.random.Generator) -> Ground:
    """The ground of an evaluation of a model.

    Raises:
      UserError: the corpus is not the model's, or gives too little music.
    """
    card = model.card
    corpus = build.corpus_of(config, card, is_shipped=model.workdir is None)
    data = build.dataset(config, corpus, (card.vocabulary.min_pitch, card.vocabulary.max_pitch))
    music = material.gather(config, corpus, card.vocabulary, rng)
    return Ground(config, model, corpus, data, music)


def continue_prompts(ground: Ground, prompts_NT: np.ndarray, stream: Stream) -> Continued:
    """The model's continuation of each prompt."""
    model, config = ground.model, ground.config
    vocabulary = model.card.vocabulary
    manner = dataclasses.replace(
        manner_of(config, model.card), num_samples=CHUNK, keep_distributions=False
    )
    tokens_NT = np.array([vocabulary.encode(prompt) for prompt in prompts_NT])
    continued, num_redraws = [], 0
    for begin in bar(range(0, len(tokens_NT), CHUNK), 'chunk'):
        chunk = tokens_NT[begin : begin + CHUNK]
        # one shape, one compilation
        filled = np.concatenate([chunk, np.repeat(chunk[-1:], CHUNK - len(chunk), axis=0)])
        drawn, redraws = draw_continuations(
            model.params,
            model.card.architecture,
            vocabulary,
            filled,
            manner,
            random_key(config.seed, stream, begin // CHUNK),
        )
        continued += [vocabulary.decode(tokens) for tokens in drawn.tokens_BN[: len(chunk), 1:]]
        num_redraws += int(redraws[: len(chunk)].sum())
    events_NT = np.array(continued)
    return Continued(events_NT, num_redraws, int((~(events_NT >= 0).any(axis=1)).sum()))


def draw_sets(
    ground: Ground, made_NT: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The sets that are measured, as events [N, T]: the model's pieces, how the prompts really go
    on (where that is known), pieces of Markov models, and real ones with their notes shuffled.
    """
    music, vocabulary = ground.music, ground.model.card.vocabulary
    num_steps = music.excerpts.events_NT.shape[1]
    sets = {'model': made_NT}
    if music.continuations is not None:
        sets['real_continuations'] = music.continuations
    prompts_BT = np.array([vocabulary.encode(each) for each in music.prompts])
    for order, markov in ground.markovs.items():
        drawing = generator(ground.config.seed, Stream.MARKOV_PIECES, order)
        tokens_BN = sample_markov(markov, prompts_BT, num_steps, drawing)
        sets[f'markov_{order}'] = np.array([vocabulary.decode(tokens) for tokens in tokens_BN])
    sets['shuffled'] = np.array([shuffle_notes(each, rng) for each in _real(ground, rng)])
    return sets


def _real(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    """The real pieces whose notes are shuffled: the prompts' continuations, or else excerpts."""
    music, settings = ground.music, ground.config.evaluate
    if music.continuations is not None:
        return music.continuations
    rows = draw_rows(len(music.excerpts), settings.num_pieces, settings.num_draws, rng)
    return music.excerpts.events_NT[rows.ravel()]


def measure_sets(ground: Ground, sets: dict[str, np.ndarray], rng: np.random.Generator) -> Measured:
    """Measures each draw of each set, and of a second set of excerpts, against excerpts."""
    settings, excerpts_NT = ground.config.evaluate, ground.music.excerpts.events_NT
    size, num_draws, protocol = settings.num_pieces, settings.num_draws, settings.protocol
    num = len(excerpts_NT)
    reference = measure(excerpts_NT[draw_rows(num, min(num, 40 * size), 1, rng)[0]], protocol)
    drawn = {
        name: [measure(each, protocol) for each in events.reshape(num_draws, size, -1)]
        for name, events in bar(list(sets.items()), 'set')
    }
    drawn['second_draw'] = [
        select(reference, each) for each in draw_rows(len(reference), size, num_draws, rng)
    ]
    results = measure_draws(reference, drawn, size, protocol, rng, bar)
    first = select(reference, draw_rows(len(reference), size, 1, rng)[0])
    return Measured(results, first, drawn['model'][0])


def compare_sets(ground: Ground, measured: Measured) -> dict:
    """The part of `comparison.json` that is of features: those of the first draw, and the scale,
    which is how the other sets measure over the draws.
    """
    settings, results = ground.config.evaluate, measured.results
    comparison = compare(
        measured.reference, measured.generated, settings.protocol, ground.config.seed
    )
    comparison['scale'] = {
        name: _mean_draw(draws) for name, draws in results.items() if name != 'model'
    }
    comparison['model'] = _mean_draw(results['model'])
    comparison['draws'] = {
        name: {
            'num_draws': settings.num_draws,
            'size': settings.num_pieces,
            'overall_oa': interval(each['averages']['overall']['oa'] for each in draws),
        }
        for name, draws in results.items()
    }
    return comparison


def _mean_draw(draws: list[dict]) -> dict:
    """The means over draws of every KLD and OA."""

    def mean(cells):
        known = {
            measure: [cell[measure] for cell in cells if cell[measure] is not None]
            for measure in ('kld', 'oa')
        }
        return {
            measure: float(np.mean(values)) if values else None for measure, values in known.items()
        }

    return {
        group: {name: mean([draw[group][name] for draw in draws]) for name in draws[0][group]}
        for group in ('features', 'averages')
    }


def likelihood(ground: Ground) -> dict:
    """What the held-out steps cost each model, and on what targets; without unseen tunes a note
    that says so.
    """
    config, corpus, card = ground.config, ground.corpus, ground.model.card
    if ground.data.test is None:
        note = (
            'No tune is unseen: split by window, all were trained on. There is no held-out'
            ' likelihood.'
        )
        return {
            'nats_per_step': None,
            'nats_per_note': None,
            'nats_by_position': None,
            'likelihood': {'note': note},
        }
    part = config.evaluate.part
    # of an infilling model: left to right, told nothing in advance
    kind = 'last' if card.recipe.targets == 'last' else 'all'
    windows = getattr(ground.data, part)
    targets = find_targets(windows, card.vocabulary, all_steps=kind == 'all')
    families = {
        tune.file: int(family) for tune, family in zip(corpus.kept, corpus.families, strict=True)
    }
    tunes = getattr(ground.music.tunes, part)
    files = [tunes[index].file for index in tune_indices(windows, tunes, card.vocabulary)]
    losses = _losses(ground, windows, targets, kind)
    found = summarize(losses, targets, [families[file] for file in files], config.seed)
    found['likelihood'] |= {'targets': card.recipe.targets, 'num_tunes': len(set(files))}
    return found


def _losses(ground: Ground, windows: Windows, targets: Targets, kind: str) -> dict[str, np.ndarray]:
    """Nats of each target by model."""
    architecture = ground.model.card.architecture
    losses = {
        'model': model_losses(
            ground.model.params, loop.put(windows), targets, architecture=architecture, kind=kind
        )
    }
    counts = target_counts(ground.data.train, architecture.num_classes, all_steps=kind == 'all')
    losses['base_rate'] = base_losses(counts, targets)
    for order, markov in bar(list(ground.markovs.items()), 'Markov model'):
        losses[f'markov_{order}'] = markov_losses(
            markov, windows, targets, architecture.num_classes
        )
    return losses


def similarity(
    made: np.ndarray, unseen: np.ndarray | None, tunes: Sequence[Tune], protocol: str
) -> dict:
    """How near the pieces of the first draw, and as many real unseen ones, come to the training
    tunes.
    """
    collection = index_corpus(tunes)
    melodies = [
        {f'{index:05}': from_events(events) for index, events in enumerate(each)}
        for each in (made, () if unseen is None else unseen)
    ]
    pitches = [
        {name: [note.pitch for note in notes] for name, notes in each.items()} for each in melodies
    ]
    found = similarity_of(pitches[0], collection, progress=bar)
    if unseen is not None:
        level = similarity_of(pitches[1], collection, progress=bar)
        found['unseen'] = {name: level[name] for name in ('mean', 'sd', 'unusable')}
        found['unseen']['scores'] = [each['score'] for each in level['pieces'].values()]
    if protocol != 'corrected':
        return {'similarity': found}
    return {
        'similarity': found,
        'copies': measure_copies(melodies[0], list(melodies[1].values()), tunes, progress=bar),
    }
