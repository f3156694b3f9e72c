"""The data of the critics: prompts of unseen tunes, each with all its continuations."""

import numpy as np
import pytest

from symmusic.critics import measure as module
from symmusic.critics.measure import CriticMeasure
from symmusic.critics.trial import NoTrial, Trial
from symmusic.measures.registry import Continued
from symmusic.melody.encodings import VOCABULARIES
from symmusic.report.comparison_file import as_json
from symmusic.streams import Stream
from tests.corpus.tunes import random_tune
from tests.measures.grounds import ground

TUNES = tuple(random_tune(seed, 160) for seed in range(24))
FAMILIES = np.arange(24) // 2


@pytest.mark.parametrize('encoding', sorted(VOCABULARIES))
def test_all_continue_the_same_prompts(monkeypatch, encoding):
    """Real and drawn pieces both go through the encoding: a model that has memorised a tune draws
    exactly the real continuation.
    """
    vocabulary = VOCABULARIES[encoding](48, 84)
    joined = {
        tune.phrases[0][begin : begin + 64].tobytes(): tune.phrases[0][begin:]
        for tune in TUNES
        for begin in range(0, 160, 16)
    }
    given = []

    def draw(prompts, stream):
        assert stream is Stream.CRITIC_PIECES
        given.append(prompts)
        whole = [joined[prompt.tobytes()][:96] for prompt in prompts]
        made = np.array([vocabulary.decode(vocabulary.encode(events)[64:]) for events in whole])
        return Continued(made, 0, 0)

    trials = []

    def hold(*arguments):
        trials.append(arguments)
        return Trial({}, {}, False, len(arguments[0]), len(set(arguments[2])))

    monkeypatch.setattr(module, 'hold_trial', hold)
    at_hand = ground(TUNES, FAMILIES, vocabulary, draw, critic_pieces=12)
    found = CriticMeasure().measure(at_hand, None, 0)
    prompts, continuations, families = trials[0][:3]
    assert (prompts == given[0]).all()
    assert (prompts.shape, continuations['markov_3'].shape) == ((12, 64), (12, 32))
    assert (continuations['real'] == continuations['model']).all()
    assert set(families) <= set(range(4, 12))
    assert len({prompt.tobytes() for prompt in prompts}) == 12
    assert (found.num_places, found.num_tunes > 1) == (16 * 5, True)
    at_hand = ground(TUNES, FAMILIES, vocabulary, draw, critic_pieces=1000)
    assert CriticMeasure().measure(at_hand, None, 0).num_pieces == 16 * 5  # all that exist


def test_a_reason_is_given_for_no_critic():
    def judge(**settings):
        at_hand = ground(TUNES, FAMILIES, VOCABULARIES['melody'](48, 84), None, **settings)
        return CriticMeasure().measure(at_hand, None, 0)

    assert "config.evaluate.prompts = 'fixed', whose real" in judge(prompts='fixed').note
    found = judge(critic_pieces=0)
    assert found == NoTrial('config.evaluate.critic_pieces = 0')
    assert as_json({'critic': found})['critic'] == dict.fromkeys(
        ['features', 'tokens', 'real_vs_real', 'markov_3']
    ) | {'note': 'config.evaluate.critic_pieces = 0'}
