"""The data of the critics: prompts of unseen tunes, each with all its continuations."""

import dataclasses

import jax
import numpy as np
import pytest

from symmusic.critics import measure as module
from symmusic.critics.findings import CriticResults, NoCritics
from symmusic.critics.measure import CriticMeasure
from symmusic.generate.manner import manner_of
from symmusic.measures.piece_nats import network_nats
from symmusic.measures.registry import Baselines, Continued, Network
from symmusic.melody.encodings import OF_STEPS, VOCABULARIES
from symmusic.report.comparison_file import as_json
from symmusic.streams import Stream
from tests.corpus.tunes import random_tune
from tests.measures.grounds import ground
from tests.model.compiled import init_params

TUNES = tuple(random_tune(seed, 160) for seed in range(24))
FAMILIES = np.arange(24) // 2
RESULTS = CriticResults({}, {}, 6, 5)


@pytest.mark.parametrize('encoding', sorted(OF_STEPS))
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

    calls = []

    def hold(data, *arguments):
        calls.append((data, *arguments))
        return CriticResults({}, {}, len(data.prompts_NP), len(set(data.families_N)))

    monkeypatch.setattr(module, 'run_critics', hold)
    at_hand = ground(TUNES, FAMILIES, vocabulary, draw, critic_pieces=12)
    with at_hand.config.unlocked():
        at_hand.config.data.protocol = 'thesis'  # prompts in the keys of the tunes, as `joined`
    at_hand.__dict__['baselines'] = Baselines(1, None, 'no count model: too few tunes')
    found = CriticMeasure().measure(at_hand, None, 0)
    data, ratios = calls[0][:2]
    prompts, continuations = data.prompts_NP, data.continuations
    assert (ratios, found.notes) == ({}, ('no count model: too few tunes',))
    assert (prompts == given[0]).all()
    assert (prompts.shape, continuations['markov_3'].shape) == ((12, 64), (12, 32))
    assert (continuations['real'] == continuations['model']).all()
    assert set(data.families_N) <= set(range(4, 12))
    assert len({prompt.tobytes() for prompt in prompts}) == 12
    assert (found.num_places, found.num_tunes > 1) == (16 * 5, True)
    with at_hand.config.unlocked():
        at_hand.config.evaluate.critic_pieces = 1000
    assert CriticMeasure().measure(at_hand, None, 0).num_pieces == 16 * 5  # all that exist


def test_a_reason_is_given_for_no_critic():
    def judge(**settings):
        at_hand = ground(TUNES, FAMILIES, VOCABULARIES['melody'](48, 84), None, **settings)
        return CriticMeasure().measure(at_hand, None, 0)

    assert "config.evaluate.prompts = 'fixed', whose real" in judge(prompts='fixed').note
    found = judge(critic_pieces=0)
    assert found == NoCritics('config.evaluate.critic_pieces = 0')
    assert as_json({'critic': found})['critic'] == dict.fromkeys(
        ['features', 'tokens', 'likelihood_ratio', 'real_vs_real', 'markov_3']
    ) | {'note': 'config.evaluate.critic_pieces = 0'}


def test_the_ratio_of_a_network_and_other_models(monkeypatch):
    """Of the model, the count model and a second network: what drew the pieces, as it drew them,
    minus the other as it is, in nats per step of the continuation.
    """
    vocabulary = VOCABULARIES['melody'](48, 84)
    calls = []
    monkeypatch.setattr(module, 'run_critics', lambda *given: calls.append(given) or RESULTS)

    def draw(prompts, stream):
        return Continued(prompts[:, 32:], 0, 0)

    plain = ground(TUNES, FAMILIES, vocabulary, draw, critic_pieces=6)
    card = plain.model.card
    one, two = (
        Network(init_params(jax.random.key(seed), card.architecture), card, '') for seed in (0, 1)
    )
    at_hand = dataclasses.replace(plain, model=one, second=two)
    costs = []

    class Counts:
        def nats(self, tokens_BT, start, position):
            costs.append((start, position))
            return np.ones((len(tokens_BT), tokens_BT.shape[1] - start))

    at_hand.__dict__['baselines'] = Baselines(1, Counts())
    with at_hand.config.unlocked():
        at_hand.config.sample.update(temperature=2.0, top_p=0.95)
    CriticMeasure().measure(at_hand, None, 0)
    data, ratios = calls[0][:2]
    assert set(ratios) == {'likelihood_ratio', 'second_network'}
    assert set(costs) == {(64, 0), (1, 0)}
    tokens = np.concatenate([data.tokens['real'], data.tokens['model']])
    manner = manner_of(at_hand.config, card)
    plain_manner = dataclasses.replace(manner, temperature=1.0, top_p=1.0)
    own = network_nats(one, manner, tokens, 64).mean(axis=1)
    other = network_nats(two, plain_manner, tokens, 64).mean(axis=1)
    assert 0 < np.isinf(own).sum() < len(own)
    assert ratios['likelihood_ratio']['with']['model'] == pytest.approx(own - 1)
    assert ratios['second_network']['with']['model'] == pytest.approx(own - other)
    with at_hand.config.unlocked():
        at_hand.config.sample.temperature = 0.0
    assert 'at temperature 0' in CriticMeasure().measure(at_hand, None, 0).notes[0]
    assert calls[1][1] == {}
