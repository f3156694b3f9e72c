"""All critics: which are valid, which is the strongest, and what is reported."""

import dataclasses

import numpy as np
import pytest

from symmusic.critics import classify, tokens
from symmusic.critics.classify import CriticData, run_critics
from symmusic.critics.findings import CriticAucs, CriticResults, NoCritics
from symmusic.critics.two_sample import Discrepancy
from symmusic.measures.estimate import Estimate
from symmusic.melody.events import NO_EVENT
from symmusic.report.comparison_file import as_json
from symmusic.report.critics import critics_section
from symmusic.score.bar import bar_of
from tests.critics.test_critic import GIVEN, NUM, VOCABULARY, walk
from tests.report.sections import as_text

BLIND, SHARP = Estimate(0.5, 0.46, 0.54), Estimate(0.995, 0.99, 1.0)
DISCREPANCIES = {
    where: dict.fromkeys(('model', 'markov_3'), Discrepancy(0.01, 0.001))
    for where in ('features', 'embedding')
}


def aucs(value, floor=SHARP, null=BLIND):
    return CriticAucs(Estimate(value, value - 0.03, value + 0.03), floor, null)


def found(**critics):
    return CriticResults(
        {name: dict(zip(('with', 'without'), each, strict=True)) for name, each in critics.items()},
        DISCREPANCIES,
        1000,
        150,
        163,
        2900,
    )


@pytest.fixture(scope='module')
def data():
    """A model that is as close to real music as possible, and Markov pieces that are not."""
    real, more, other = (
        np.array([walk(1000 * part + seed, 2 if part < 2 else 4) for seed in range(NUM)])
        for part in range(3)
    )
    other[3, GIVEN:] = NO_EVENT  # a piece without a note is judged like any other
    sets = {'real': real, 'model': more, 'markov_3': other}
    return CriticData(
        real[:, :GIVEN],
        {name: events[:, GIVEN:] for name, events in sets.items()},
        np.arange(NUM) // 2,
        VOCABULARY,
        'corrected',
        bar_of('4/4'),
    )


def hold(data, ratios):
    return run_critics(data, ratios, 0)


def test_all_critics(data, monkeypatch):
    """The ratio is told the truth here: it knows the class of each piece."""
    monkeypatch.setattr(tokens, 'NUM_UPDATES', 20)
    monkeypatch.setattr(classify, 'NUM_HALVINGS', 3)
    truth = np.concatenate([np.arange(NUM) / NUM + 1, np.arange(NUM) / NUM])
    ratios = {
        'likelihood_ratio': dict.fromkeys(('with', 'without'), dict.fromkeys(classify.SETS, truth))
    }
    result = hold(data, ratios)
    assert set(result.aucs) == {'features', 'tokens', 'likelihood_ratio'}
    for contexts in result.aucs.values():
        for each in contexts.values():
            assert each.markov_3.value > 0.9
            assert each.real_vs_real.low <= 0.5 <= each.real_vs_real.high
    for critic in ('features', 'tokens'):
        own = result.first(critic).model
        assert own.low <= 0.5 <= own.high
    assert result.first('likelihood_ratio').model.value == 1
    assert (result.num_pieces, result.num_families) == (NUM, NUM // 2)
    assert result.discrepancies['features']['markov_3'].p == 0.001
    assert result.discrepancies['features']['model'].p > 0.01
    assert result.discrepancies['embedding']['markov_3'].squared_mmd > 0.05


def test_what_makes_a_critic_valid():
    assert aucs(0.6).is_valid
    assert not aucs(0.6, floor=Estimate(0.98, 0.97, 0.99)).is_valid
    assert not aucs(0.6, floor=Estimate()).is_valid
    assert not aucs(0.6, null=Estimate(0.56, 0.51, 0.6)).is_valid
    assert not aucs(0.6, null=Estimate(0.5, 0.44, 0.56)).is_valid
    assert not aucs(0.6, null=Estimate(0.5)).is_valid
    assert len(aucs(0.6, Estimate(0.98, 0.97, 0.99), Estimate(0.56, 0.51, 0.6)).faults) == 2


def test_the_strongest_valid_critic_is_the_headline():
    wide = aucs(0.99, null=Estimate(0.5, 0.4, 0.6))
    result = found(
        features=(aucs(0.58), aucs(0.56)),
        tokens=(wide, aucs(0.57)),
        likelihood_ratio=(aucs(0.9), aucs(0.7)),
    )
    assert result.strongest == ('likelihood_ratio', 'with')
    assert not result.is_aim_met
    block = as_json({'critic': result})['critic']
    ratio = {'auc': 0.9, 'low': pytest.approx(0.87), 'high': pytest.approx(0.93)}
    assert block['likelihood_ratio'] == ratio
    assert block['strongest'] == {'critic': 'likelihood_ratio', 'context': 'with', **ratio}
    assert block['features']['auc'] == 0.56
    assert block['tokens']['auc'] == 0.99
    assert block['context']['features']['with']['auc'] == 0.58
    assert block['is_valid'] == {'features': True, 'tokens': False, 'likelihood_ratio': True}
    assert block['real_vs_real'] == {'auc': 0.5, 'low': 0.4, 'high': 0.6}
    assert set(block['validity']['likelihood_ratio']) == {'markov_3', 'real_vs_real'}
    text = as_text(critics_section(result, 'test'))
    assert (
        'The strongest valid critic (likelihood ratio with the count model, with the prompt) has an'
        ' AUC of 0.900 [0.870, 0.930], a lower bound' in text
    )
    assert 'Not valid: tokens, with the prompt: its interval for real against real is wider' in text
    assert '0.0100 (p 0.001)' in text


def test_without_a_valid_critic_or_a_count_model():
    blind = aucs(0.55, floor=Estimate(0.9, 0.8, 0.95))
    result = found(features=(blind, blind), tokens=(blind, blind))
    result = dataclasses.replace(result, notes=('no count model: too few tunes',))
    assert result.strongest is None
    assert not result.is_aim_met
    block = as_json({'critic': result})['critic']
    assert block['likelihood_ratio'] is block['strongest'] is None
    text = as_text(critics_section(result, 'test'))
    assert 'No critic is valid' in text
    assert 'No count model: too few tunes.' in text
    good = found(features=(aucs(0.5), aucs(0.5)), tokens=(aucs(0.55), aucs(0.5)))
    assert good.is_aim_met


def test_too_few_families_are_reported_in_one_line(data):
    few = dataclasses.replace(
        data,
        prompts_NP=data.prompts_NP[:18],
        continuations={name: each[:18] for name, each in data.continuations.items()},
        families_N=data.families_N[:18],
    )
    result = hold(few, {})
    assert result == NoCritics('5 folds need prompts of at least 30 tune families, not 9')
    block = as_json({'critic': result})['critic']
    assert block['tokens'] is block['markov_3'] is block['likelihood_ratio'] is None
    assert 'No critic: 5 folds need' in as_text(critics_section(result, 'test'))
