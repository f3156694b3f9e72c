"""Copies by epoch: which prompts are continued, with which keys, and what is counted."""

import itertools

import numpy as np
import pytest

from configs import base
from symmusic.config.protocol import resolve
from symmusic.corpus.cache import Corpus
from symmusic.errors import UserError
from symmusic.generate.keys import find_distance, place
from symmusic.melody.encodings import VOCABULARIES
from symmusic.model.model import Architecture
from symmusic.originality import by_epoch
from symmusic.originality.by_epoch import measure_epochs
from symmusic.originality.copies import find_symbols
from symmusic.training.build import split_as_trained
from symmusic.training.card import Card
from symmusic.training.replicas import init_replicas, initial_keys, replica
from tests.corpus.tunes import random_tune
from tests.training.toy import make_recipe

RECIPE, NUM = make_recipe(targets='all'), 5


def make(num_bars=12, encoding='melody', **train):
    """A config, a corpus of random tunes, and the card of a tiny run on it."""
    config = resolve(base.get_config())
    config.data.encoding = encoding
    config.train.originality_pieces = NUM
    config.train.update(train)
    tunes = tuple(random_tune(seed, 16 * num_bars) for seed in range(12))
    corpus = Corpus('walks', len(tunes), tunes, np.arange(len(tunes), dtype=np.int32))
    vocabulary = VOCABULARIES[encoding].fit([tune.events for tune in tunes])
    architecture = Architecture(
        vocabulary.num_classes, num_layers=1, num_cells=4, padding=vocabulary.padding
    )
    return config, corpus, Card(architecture, RECIPE, vocabulary, {'seed': 0}, {}, num_replicas=2)


def params_of(card, seed=0, num=2):
    return init_replicas(initial_keys(seed, num), card.architecture, RECIPE).average_params


def longest(piece, tunes):
    """By comparing all runs."""
    symbols = [find_symbols(each).tolist() for each in (piece, *tunes)]
    best = 0
    for begin, end in itertools.combinations(range(len(symbols[0]) + 1), 2):
        wanted = symbols[0][begin:end]
        if end - begin > best and any(
            tune[at : at + len(wanted)] == wanted for tune in symbols[1:] for at in range(len(tune))
        ):
            best = end - begin
    return best + 1 if best else 0


@pytest.mark.parametrize(
    'encoding',
    ['melody', 'pianoroll_faithful', pytest.param('pianoroll', marks=pytest.mark.slow)],
)
def test_the_rows_are_those_of_the_pieces(encoding):
    """Also where a class is a sounding pitch."""
    config, corpus, card = make(encoding=encoding)
    params_R, measure = params_of(card), measure_epochs(config, corpus, card)
    rows = measure(params_R, [{'replica': 1, 'epoch': 3, 'train_loss': 0.5}])
    pieces = measure.draw(replica(params_R, 1), 1, 3)
    originals = [tune.melody for tune in split_as_trained(config, corpus).train]
    runs = [longest(piece, originals) for piece in pieces]
    unseen = [passage.score for passage in measure.unseen]
    level = np.percentile(unseen, 95)
    assert rows == [
        {
            'replica': 1,
            'epoch': 3,
            'train_loss': 0.5,
            'pieces': NUM,
            'longest_run': np.mean(runs),
            'share_beyond': np.mean(np.array(runs) > level),
            'level': level,
            'unseen_longest_run': np.mean(unseen),
        }
    ]


def test_a_copied_tune_is_beyond_the_level(monkeypatch):
    config, corpus, card = make()
    measure = measure_epochs(config, corpus, card)
    original = measure.originals[0]
    drawn = {1: [original] * NUM, 2: [original, [], original[:1], original[:2], original[3:5]]}
    monkeypatch.setattr(
        by_epoch.CopiesByEpoch, 'draw', lambda self, params, index, epoch: drawn[epoch]
    )
    found = measure(params_of(card), [{'replica': 0, 'epoch': 1}, {'replica': 1, 'epoch': 2}])
    assert [row['longest_run'] for row in found] == [len(original), (len(original) + 4) / NUM]
    assert [row['share_beyond'] for row in found] == [1.0, 1 / NUM]
    assert 2 < found[0]['level'] < len(original)


def test_prompts_and_level_are_of_validation_tunes():
    """Each prompt is four bars of one of them in the key that they suggest; the level is that of
    every four bars that follow.
    """
    config, corpus, card = make()
    measure, vocabulary = measure_epochs(config, corpus, card), card.vocabulary
    split = split_as_trained(config, corpus)
    assert measure.originals == [tune.melody for tune in split.train]
    starts = [
        tune.phrases[0][16 * bar : 16 * (bar + 4)] for tune in split.validation for bar in range(5)
    ]
    known = {
        vocabulary.encode(place(each, find_distance(each, vocabulary), vocabulary)).tobytes()
        for each in starts
    }
    assert measure.prompts_BT.shape == (NUM, 64)
    assert len({prompt.tobytes() for prompt in measure.prompts_BT}) == min(NUM, len(starts))
    assert {prompt.astype(np.uint8).tobytes() for prompt in measure.prompts_BT} <= known
    assert len(measure.unseen) == len(starts)


def test_a_replica_s_pieces_are_those_of_the_run_alone():
    """Those of another epoch or seed are others."""
    config, corpus, card = make()
    measure, params = measure_epochs(config, corpus, card), replica(params_of(card), 1)
    config.seed = 1
    alone = measure_epochs(config, corpus, card)
    assert measure.draw(params, 1, 3) == alone.draw(params, 0, 3)
    assert measure.draw(params, 1, 3) == measure.draw(params, 1, 3)
    assert measure.draw(params, 1, 3) != measure.draw(params, 0, 3)
    assert measure.draw(params, 1, 3) != measure.draw(params, 1, 2)


def test_nothing_is_measured_where_the_field_is_0():
    assert measure_epochs(*make(originality_pieces=0)) is None


def test_tunes_that_are_too_short_are_refused():
    with pytest.raises(
        UserError, match=r'originality_pieces = 5: no .* has 8 bars of 4/4 in a row'
    ):
        measure_epochs(*make(num_bars=7))
