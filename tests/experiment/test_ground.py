"""What counting predicts of an arm's test windows: an oracle on whole tunes, fitted once."""

import types

import numpy as np
import pytest
from ml_collections import ConfigDict

from symmusic.config.protocol import base_config
from symmusic.corpus.split import Split
from symmusic.corpus.windows import cut_windows
from symmusic.errors import UserError
from symmusic.experiment import ground as module
from symmusic.measures.counting.model import fit
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import random_tune

NUM_STEPS = 96


@pytest.fixture(scope='module')
def split():
    tunes = tuple(random_tune(seed, NUM_STEPS, file=f'{seed}.mid') for seed in range(20))
    return Split(tunes[:10], tunes[10:17], tunes[17:])


@pytest.fixture(scope='module')
def data(split):
    tunes = (*split.train, *split.validation, *split.test)
    pitches = [event for tune in tunes for event in tune.events if event >= 0]
    vocabulary = MelodyVocabulary(int(min(pitches)), int(max(pitches)))
    test = cut_windows(split.test, vocabulary, NUM_STEPS, NUM_STEPS)
    return types.SimpleNamespace(
        vocabulary=vocabulary, test=test, meters=('4/4',), steps_per_quarter=4
    )


def test_the_count_model_meets_the_test_targets(split, data):
    """Each test tune is one window here, of which all steps but the first are targets."""
    model = fit(split.train, split.validation, data.vocabulary)
    tokens = np.array([data.vocabulary.encode(tune.phrases[0]) for tune in split.test])
    assert data.test.tokens().tolist() == tokens.tolist()
    expected = model.nats(tokens, start=1)
    found = module.measure_counting(split, data, all_steps=True)
    assert found == pytest.approx(expected.mean(), rel=1e-5)
    last = module.measure_counting(split, data, all_steps=False)
    assert last == pytest.approx(expected[:, -1].mean(), rel=1e-5)


class Corpora:
    def __call__(self, config):
        return types.SimpleNamespace()

    def dataset(self, config):
        return types.SimpleNamespace()


@pytest.fixture
def grounds(monkeypatch):
    monkeypatch.setattr(module.build, 'split_as_trained', lambda config, corpus: None)
    return module.Grounds(Corpora())


def config(**data):
    made = ConfigDict(base_config().to_dict())
    made.data.update(data)
    return made.lock()


def test_it_is_fitted_once_for_arms_with_the_same_data(grounds, monkeypatch):
    calls = []
    monkeypatch.setattr(
        module, 'measure_counting', lambda *args, all_steps: calls.append(all_steps) or 0.5
    )
    assert [grounds.count_nats(config()) for _ in range(3)] == [0.5] * 3
    assert calls == [False]  # the default trains on last steps
    assert grounds.count_nats(config(train_share=0.5)) == 0.5
    assert len(calls) == 2
    assert grounds.count_nats(config(split='window')) is None
    assert len(calls) == 2


def test_too_small_a_corpus_has_no_count_model(grounds, monkeypatch):
    def refuse(*args, all_steps):
        raise UserError('too few')

    monkeypatch.setattr(module, 'measure_counting', refuse)
    assert grounds.count_nats(config()) is None
