"""The measure of infilling models: gaps in unseen tunes, filled by the model and by a left-to-right
one.
"""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.base_rate import target_counts
from symmusic.corpus.windows import Windows
from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.manner import manner_of
from symmusic.measures.counting.model import of_windows
from symmusic.measures.distributions import label_losses
from symmusic.measures.gaps import (
    GapNats,
    Gaps,
    Infilling,
    Redrawn,
    find_gaps,
    overlap,
)
from symmusic.measures.likelihood import (
    base_losses,
    estimate_likelihoods,
    find_targets,
    markov_losses,
    model_losses,
)
from symmusic.measures.registry import Ground, Network, Sets
from symmusic.melody.encodings import Vocabulary
from symmusic.model.places import first_place
from symmusic.progress import track
from symmusic.streams import Stream, generator, random_key
from symmusic.training.data import put

LENGTHS = (1, 2, 4)  # bars
MAX_GAPS = 500  # gaps of each length
DRAWN_BARS, MAX_DRAWN, NUM_CANDIDATES = 2, 100, 16
CHUNK = 400  # gaps filled at once


class InfillingMeasure:
    """Gaps in unseen tunes: the likelihood of their steps, and how many drawn notes agree."""

    name = 'infilling'
    unit = 'nats per step'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Infilling | None:
        """Measures the run's model; None if the model does not infill or no unseen tune has room
        for gaps.
        """
        model, other, config = ground.model, ground.other, ground.config
        if model.card.recipe.targets != 'gap' or not ground.held_out:
            return None
        rng = generator(key, Stream.GAPS)
        vocabulary = model.card.vocabulary
        meters = model.card.meters
        meter = meters.index(ground.music.meter)
        gaps = {
            length: find_gaps(
                ground.held_out,
                vocabulary,
                length,
                MAX_GAPS,
                rng,
                meters,
                meter,
                model.card.steps_per_quarter,
                max(LENGTHS),
            )
            for length in LENGTHS
        }
        gaps = {length: each for length, each in gaps.items() if len(each)}
        if not gaps:
            return None
        counts = target_counts(
            ground.data.train, model.card.architecture.num_classes, all_steps=True
        )
        found = {}
        for length, each in track(gaps.items(), 'gap length'):
            losses = _losses(each, ground, counts)
            families_N = [ground.families[ground.held_out[index].file] for index in each.tunes]
            found[length] = GapNats(
                estimate_likelihoods(losses, each.targets, families_N, key), len(each)
            )
        drawn = _fill(config, gaps[DRAWN_BARS], model, other, rng) if DRAWN_BARS in gaps else None
        name = other and other.name
        return Infilling(config.evaluate.part, name, ground.other_note, found, drawn)


def _losses(gaps: Gaps, ground: Ground, train_counts: np.ndarray) -> Mapping[str, np.ndarray]:
    """The loss at each target, nats [K], by model, and the gain of the first model over the
    others.
    """
    model, rival, baselines = ground.model, ground.other, ground.baselines
    architecture, windows, targets = model.card.architecture, put(gaps.windows), gaps.targets
    losses = {
        'model': model_losses(
            model.params, windows, targets, architecture=architecture, kind='gap', ends_N=gaps.ends
        ),
        'right_hidden': model_losses(
            model.params, windows, targets, architecture=architecture, kind='all'
        ),
    }
    if rival:
        losses['left_to_right'] = model_losses(
            rival.params, windows, targets, architecture=rival.card.architecture, kind='all'
        )
    if count_model := baselines.count_model:
        places = of_windows(gaps.windows, targets, count_model.vocabulary)
        losses['count_model'] = label_losses(count_model.log_probabilities(*places), targets)
    losses[f'markov_{baselines.markov_order}'] = markov_losses(
        ground.markovs[baselines.markov_order], gaps.windows, targets, architecture.num_classes
    )
    losses['base_rate'] = base_losses(train_counts, targets)
    losses['saved_hidden'] = losses['right_hidden'] - losses['model']
    if rival:
        losses['saved'] = losses['left_to_right'] - losses['model']
    return losses


def _fill(
    config: ConfigDict,
    gaps: Gaps,
    model: Network,
    rival: Network | None,
    rng: np.random.Generator,
) -> Redrawn | None:
    """The share of notes that agree with the tune, for each model that fills some gaps; None if no
    gap has 8 bars on both sides.
    """
    rows = gaps.followed
    if not len(rows):
        return None
    rows = np.sort(rng.choice(rows, min(len(rows), MAX_DRAWN), replace=False))
    vocabulary, begin = model.card.vocabulary, gaps.context_steps
    end = begin + DRAWN_BARS * gaps.windows.bars[gaps.meter]
    draw = functools.partial(_draw, config, meter=gaps.meter)
    own_GS = gaps.windows.tokens(rows)[:, -(end + gaps.context_steps) :]
    tokens_NS = np.repeat(own_GS, NUM_CANDIDATES, axis=0)
    real_NT = _decode(vocabulary, tokens_NS)[:, begin:end]
    known_NT = tokens_NS[:, begin:].copy()
    known_NT[:, : end - begin] = vocabulary.num_classes
    drawn = {
        'model': draw(model, tokens_NS, begin, known_NT, 0),
        'untold': draw(model, tokens_NS, begin, None, 1),
    }
    if rival:
        drawn['left_to_right'] = draw(rival, tokens_NS, begin, None, 2)
    found = {name: overlap(_decode(vocabulary, each), real_NT) for name, each in drawn.items()}
    if rival:
        filled_NS = tokens_NS.copy()
        filled_NS[:, begin:end] = drawn['left_to_right']
        weights_GK = -_nats_after(rival, vocabulary, filled_NS, end, gaps.meter).reshape(
            len(rows), NUM_CANDIDATES
        )
        chosen_G = (
            np.argmax(weights_GK + rng.gumbel(size=weights_GK.shape), axis=1)
            + np.arange(len(rows)) * NUM_CANDIDATES
        )
        found['resampled'] = overlap(
            _decode(vocabulary, drawn['left_to_right'][chosen_G]), real_NT[chosen_G]
        )
    return Redrawn(len(rows), DRAWN_BARS, NUM_CANDIDATES, found)


def _draw(
    config: ConfigDict,
    model: Network,
    tokens_NS: np.ndarray,
    begin: int,
    known_NT: np.ndarray | None,
    number: int,
    meter: int,
) -> np.ndarray:
    """The tokens [N, T] that a model draws in the gap of each window, from step `begin` on,
    different for each `number`; `meter` is the index of the gaps' metre.
    """
    how = manner_of(config, model.card)
    manner = dataclasses.replace(
        how,
        num_samples=CHUNK,
        num_bars=DRAWN_BARS,
        max_redraws=0,
        keep_distributions=False,
    )
    found = []
    for first in track(range(0, len(tokens_NS), CHUNK), 'chunk'):
        # equal shapes compile once
        rows = np.minimum(np.arange(first, first + CHUNK), len(tokens_NS) - 1)
        known = None if known_NT is None else known_NT[rows]
        prompts = tokens_NS[rows, :begin]
        drawn = draw_continuations(
            model.params,
            model.card.architecture,
            model.card.vocabulary,
            prompts,
            manner,
            random_key(config.seed, Stream.FILLED_GAPS, number, first // CHUNK),
            Conditions(known=known, meter=meter),
        ).drawn
        found.append(drawn.tokens_BN)
    return np.concatenate(found)[: len(tokens_NS)].astype(np.uint8)


def _nats_after(
    model: Network, vocabulary: Vocabulary, tokens_NS: np.ndarray, end: int, meter: int
) -> np.ndarray:
    """The loss in nats [N] of the steps from `end` on in each window, given all steps before;
    windows start at a bar line in the metre of index `meter`.
    """
    num, num_steps = tokens_NS.shape
    zeros = np.zeros(num, np.uint16)
    starts = (np.arange(num) * num_steps).astype(np.int32)
    bars = model.card.architecture.bars
    lines = zeros + np.uint16(first_place(meter, bars))
    windows = Windows(
        tokens_NS.ravel(), starts, lines, zeros, zeros + np.uint16(end), num_steps, bars
    )
    targets = find_targets(windows, vocabulary, all_steps=True)
    losses = model_losses(
        model.params, put(windows), targets, architecture=model.card.architecture, kind='all'
    )
    return np.bincount(targets.rows, losses, num)


def _decode(vocabulary: Vocabulary, tokens_NT: np.ndarray) -> np.ndarray:
    return np.array([vocabulary.decode(tokens) for tokens in tokens_NT])
