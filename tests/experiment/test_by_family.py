"""What tune families add to measures: sums of known pieces, and losses of known targets."""

import types

import numpy as np
import pytest

from symmusic.corpus.cache import Corpus
from symmusic.corpus.windows import cut_windows
from symmusic.experiment.by_family import name_families, nats_by_family, stack, sum_by_family
from symmusic.measures.likelihood import find_targets, model_losses
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.streams import Stream, random_key
from symmusic.training.data import put
from tests.corpus.tunes import random_tune
from tests.model.compiled import init_params
from tests.training.toy import make_recipe


def test_sums_of_pieces():
    parts = {
        'copied_run': (np.array([5, 7, 9]), np.ones(3)),
        'repeated': (np.eye(3)[0], np.ones(3)),
    }
    found = sum_by_family(parts, ['b', 'a', 'b'])
    assert found == {
        'copied_run': {'a': [7, 1], 'b': [14, 2]},
        'repeated': {'a': [0, 1], 'b': [1, 2]},
    }


def test_families_are_named_after_their_first_tune():
    tunes = tuple(random_tune(seed, 32, file=f'{seed}.mid') for seed in range(3))
    corpus = Corpus('walks', 3, tunes, np.array([4, 1, 4], np.int32))
    assert name_families(corpus) == {'0.mid': '0.mid', '1.mid': '1.mid', '2.mid': '0.mid'}


def test_arms_have_the_same_families_in_the_same_order():
    one = [{'copied_run': {'b': [3, 1]}}, {'copied_run': {'a': [2, 1], 'b': [4, 2]}}]
    other = [{'copied_run': {'c': [1, 1]}}]
    first, second, third = stack([one, other, [{}]], 'copied_run')
    assert [each.tolist() for each in first] == [[[0, 3, 0], [2, 4, 0]], [[0, 1, 0], [1, 2, 0]]]
    assert [each.tolist() for each in second] == [[[0, 0, 1]], [[0, 0, 1]]]
    assert third is None
    assert stack([()], 'copied_run') == [None]


@pytest.mark.parametrize('kind', ['all', 'last'])
def test_nats_are_the_network_s_by_family(kind):
    tunes = [random_tune(seed, 96, file=f'{seed}.mid') for seed in range(4)]
    pitches = [event for tune in tunes for event in tune.events if event >= 0]
    vocabulary = MelodyVocabulary(int(min(pitches)), int(max(pitches)))
    windows = cut_windows(tunes, vocabulary, 32, 16)
    architecture = Architecture(
        vocabulary.num_classes, num_layers=1, num_cells=4, padding=vocabulary.padding
    )
    params = init_params(random_key(0, Stream.TRAINING), architecture)
    recipe = make_recipe(targets=kind)
    card = types.SimpleNamespace(recipe=recipe, vocabulary=vocabulary, architecture=architecture)
    data = types.SimpleNamespace(test=windows)
    families = {'0.mid': 'x', '1.mid': 'y', '2.mid': 'x', '3.mid': 'y'}
    found = nats_by_family(params, card, data, tunes, families)['nats_per_step']
    targets = find_targets(windows, vocabulary, all_steps=kind == 'all')
    losses = model_losses(params, put(windows), targets, architecture=architecture, kind=kind)
    assert sum(nats for nats, _ in found.values()) == pytest.approx(losses.sum())
    assert sum(num for _, num in found.values()) == len(targets)
    alone = cut_windows([tunes[0], tunes[2]], vocabulary, 32, 16)
    own = find_targets(alone, vocabulary, all_steps=kind == 'all')
    expected = model_losses(params, put(alone), own, architecture=architecture, kind=kind)
    assert found['x'] == pytest.approx([expected.sum(), len(own)], rel=1e-5)
    none = types.SimpleNamespace(test=None)
    assert nats_by_family(params, card, none, tunes, families) == {}
    card.recipe = make_recipe(targets='gap')
    assert nats_by_family(params, card, data, tunes, families) == {}
    if kind == 'all':  # one that learns both is measured left to right
        card.recipe = make_recipe(targets='gap', gap_share=0.5)
        assert nats_by_family(params, card, data, tunes, families)['nats_per_step'] == found
