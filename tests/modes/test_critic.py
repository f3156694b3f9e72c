"""The data of the critics: prompts of unseen tunes, each with all its continuations."""

import numpy as np
import pytest

from configs import base
from symmusic.corpus.cache import Corpus
from symmusic.corpus.split import Split
from symmusic.measures.markov import fit_markov
from symmusic.melody.encodings import VOCABULARIES
from symmusic.modes import critic
from tests.corpus.tunes import random_tune

TUNES = tuple(random_tune(seed, 160) for seed in range(24))
CORPUS = Corpus('walks', 24, TUNES, np.arange(24, dtype=np.int32) // 2)
SPLIT = Split(TUNES[:4], TUNES[4:8], TUNES[8:])


@pytest.fixture
def config():
    made = base.get_config()
    made.sample.num_bars, made.evaluate.critic_pieces = 2, 12
    return made


@pytest.mark.parametrize('encoding', sorted(VOCABULARIES))
def test_all_go_on_after_the_same_prompts(config, monkeypatch, encoding):
    """Real and drawn pieces both go through the encoding: a model that has memorised a tune draws
    exactly the real continuation.
    """
    vocabulary = VOCABULARIES[encoding](48, 84)
    markov = fit_markov(
        [vocabulary.encode(phrase) for tune in TUNES for phrase in tune.phrases],
        vocabulary.num_classes + 1,
        3,
    )
    joined = {
        tune.phrases[0][begin : begin + 64].tobytes(): tune.phrases[0][begin:]
        for tune in TUNES
        for begin in range(0, 160, 16)
    }
    given = []

    def draw(prompts):
        given.append(prompts)
        whole = [joined[prompt.tobytes()][:96] for prompt in prompts]
        return np.array([vocabulary.decode(vocabulary.encode(events)[64:]) for events in whole])

    monkeypatch.setattr(critic, 'hold_trial', lambda *arguments: {'arguments': arguments})
    found = critic.judge(config, CORPUS, SPLIT, vocabulary, markov, draw)
    prompts, continuations, families = found['arguments'][:3]
    assert (prompts == given[0]).all()
    assert (prompts.shape, continuations['markov_3'].shape) == ((12, 64), (12, 32))
    assert (continuations['real'] == continuations['model']).all()
    assert set(families) <= set(range(4, 12))
    assert len({prompt.tobytes() for prompt in prompts}) == 12
    assert (found['num_places'], found['num_tunes'] > 1) == (16 * 5, True)
    config.evaluate.critic_pieces = 1000
    found = critic.judge(config, CORPUS, SPLIT, vocabulary, markov, draw)
    assert len(found['arguments'][0]) == 16 * 5  # all there are


def test_no_critic_is_told_why(config):
    def judge():
        return critic.judge(config, CORPUS, SPLIT, VOCABULARIES['melody'](48, 84), None, None)

    config.evaluate.prompts = 'fixed'
    assert "config.evaluate.prompts = 'fixed', whose real continuation" in judge()['note']
    config.evaluate.critic_pieces = 0
    assert judge() == dict.fromkeys(['features', 'tokens', 'real_vs_real', 'markov_3']) | {
        'note': 'config.evaluate.critic_pieces = 0'
    }
