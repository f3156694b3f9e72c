"""Held-out likelihood of an evaluation: the baselines are chosen on validation tunes, and what a
network misses is measured by mixing it with the count model.
"""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from symmusic.api.evaluation import _baseline_pieces
from symmusic.corpus.dataset import build_dataset
from symmusic.corpus.split import Split
from symmusic.measures.held_out import LikelihoodMeasure
from symmusic.measures.registry import ORDERS, Ground
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import C_MAJOR, tune
from tests.measures.grounds import ground
from tests.model.compiled import init_params


def repeating_tune(seed, num_bars=10):
    """A bar of random notes, again and again, with a few other notes."""
    draw = np.random.default_rng(seed)
    bar = np.where(draw.random(16) < 0.4, draw.choice(C_MAJOR, 16), -2)
    bar[:1] = 60
    events = np.tile(bar, num_bars)
    others = (events >= 0) & (draw.random(len(events)) < 0.1)
    return tune(np.where(others, draw.choice(C_MAJOR, len(events)), events), file=f'{seed}.mid')


@functools.cache
def measured_ground(num_tunes=60) -> Ground:
    tunes = [repeating_tune(seed) for seed in range(num_tunes)]
    made = ground(tunes, np.arange(num_tunes), MelodyVocabulary(60, 72), None)
    parts = made.corpus.split(0)
    data = build_dataset(
        made.corpus,
        encoding='melody',
        window_steps=65,
        hop_steps=32,
        keep_last=True,
        cover_end=True,
        max_windows=0,
        split_seed=0,
        held_out_steps=129,
    )
    card = made.model.card
    card = dataclasses.replace(card, recipe=dataclasses.replace(card.recipe, targets='all'))
    params = init_params(jax.random.key(0), card.architecture)
    return dataclasses.replace(
        made,
        data=data,
        music=dataclasses.replace(made.music, tunes=parts),
        model=dataclasses.replace(made.model, params=params, card=card),
    )


def test_an_untrained_network_gains_from_the_counts():
    found = LikelihoodMeasure().measure(measured_ground(), None, 0)
    nats = {name: each.per_step.value for name, each in found.nats.models.items()}
    markovs = [f'markov_{order}' for order in ORDERS]
    assert list(nats) == ['model', 'count_model', 'model_with_count_model', 'base_rate', *markovs]
    assert nats['count_model'] < min(nats[name] for name in markovs) - 0.1
    assert nats['model'] > nats['base_rate'] - 0.1
    assert nats['model_with_count_model'] == pytest.approx(nats['count_model'], abs=0.05)


def test_the_markov_order_is_chosen_on_validation_tunes():
    """Not on the test tunes, whatever they are."""
    made = measured_ground()
    order = made.baselines.markov_order
    windows = made.data.test.select(np.arange(1))
    other = dataclasses.replace(made, data=dataclasses.replace(made.data, test=windows))
    assert other.baselines.markov_order == order in ORDERS
    assert made.baselines.note == ''


def test_pieces_of_every_baseline():
    made = measured_ground()
    prompts = made.music.prompts[:3]
    made = dataclasses.replace(made, music=dataclasses.replace(made.music, prompts=prompts))
    drawn = _baseline_pieces(made)
    assert list(drawn) == ['count_model', *(f'markov_{order}' for order in ORDERS)]
    assert {events.shape for events in drawn.values()} == {(3, 32)}
    again = _baseline_pieces(made)
    assert all((again[name] == events).all() for name, events in drawn.items())
    with_seed = dataclasses.replace(made, config=made.config.copy_and_resolve_references())
    with_seed.config.seed = 1
    assert (_baseline_pieces(with_seed)['count_model'] != drawn['count_model']).any()


def test_too_few_tunes_are_reported_and_the_rest_is_measured():
    made = measured_ground()
    tunes = made.music.tunes
    few = Split(tunes.train, tunes.validation[:1], tunes.test)
    made = dataclasses.replace(made, music=dataclasses.replace(made.music, tunes=few))
    assert made.baselines.count_model is None
    assert made.baselines.note.startswith('no count model: a count model needs')
    found = LikelihoodMeasure().measure(made, None, 0)
    assert 'count_model' not in found.nats.models
    assert 'model' in found.nats.models
    assert 'count_model' not in _baseline_pieces(made)
