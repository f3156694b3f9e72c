"""The last lines of an evaluation: few lines, with each figure beside its reference points."""

import dataclasses

import pytest

from symmusic.critics.findings import CriticAucs, CriticResults, NoCritics
from symmusic.measures.contexts import Context, Contexts, Sureness
from symmusic.measures.estimate import Estimate, Mean
from symmusic.measures.feature_table import Briefly, FeatureTable, Pair
from symmusic.measures.gaps import GapNats, Infilling
from symmusic.measures.held_out import Likelihood
from symmusic.measures.likelihood import ModelNats, Nats
from symmusic.measures.overlap import Overlap, SetOverlap
from symmusic.measures.registry import Chosen, Drawing
from symmusic.measures.structure import Repetition, SetRepetition
from symmusic.originality.copies import Passage
from symmusic.originality.plagiarism import Copied, Copies, Copy, Level, Similarity
from symmusic.report.headline import baselines, headline, worse_than_base_rate

NAMES = {'generated': 'run, epoch 3', 'reference': 'excerpts of folk'}


def cells(mean):
    return Mean(mean, mean - 0.01, mean + 0.01, 20)


def overlap(**means):
    briefly = Briefly({}, {'pitch': Pair(None, 0.881), 'rhythm': Pair(None, 0.861)})
    return Overlap(
        20, 100, {name: SetOverlap(briefly, cells(mean)) for name, mean in means.items()}
    )


def likelihood(**values):
    models = {name: ModelNats(Estimate(value), Estimate(), ()) for name, value in values.items()}
    own = Estimate(values['model'], 0.501, 0.603)
    models['model'] = dataclasses.replace(models['model'], per_step=own)
    return Likelihood(Nats(models, 320, 100, 9, ()), 'all', 9)


def gap(**values):
    return GapNats(likelihood(**values).nats, 9)


def aucs(value, floor=0.995):
    null = Estimate(0.5, 0.46, 0.54)
    return CriticAucs(Estimate(value, value - 0.01, value + 0.01), Estimate(floor, 0.8, 1.0), null)


def copy(score):
    return Copy(Passage(0, score, 0.5), 'a')


RESULTS = {
    'features': FeatureTable('corrected', 100, 100, {}, {}),
    'drawing': Drawing('held_out', None, 'test', 0, 0, {}),
    'scale': overlap(
        model=0.871,
        second_draw=0.931,
        real_continuations=0.922,
        count_model=0.868,
        markov_4=0.799,
        markov_5=0.804,
    ),
    'likelihood': likelihood(
        model=0.552,
        count_model=0.546,
        model_with_count_model=0.487,
        base_rate=1.907,
        markov_4=1.176,
        markov_5=1.214,
    ),
    'contexts': Contexts(
        {4: Context(Estimate(0.795), Estimate(0.767))},
        sureness=(
            Sureness(1.0, Estimate(0.795, 0.74, 0.85), Estimate(0.594), 0.06, ()),
            Sureness(1.2, Estimate(0.771), Estimate(0.747), 0.01, ()),
        ),
    ),
    'infilling': Infilling(
        'test',
        None,
        '',
        {1: gap(model=0.163, right_hidden=0.436), 2: gap(model=0.154, right_hidden=0.421)},
        None,
    ),
    'baselines': Chosen(4, ''),
    'critic': CriticResults(
        {
            'features': dict.fromkeys(('with', 'without'), aucs(0.561, floor=0.9)),
            'tokens': dict.fromkeys(('with', 'without'), aucs(0.742)),
            'likelihood_ratio': dict.fromkeys(('with', 'without'), aucs(0.902)),
        },
        {},
        1000,
        150,
    ),
    'copies': Copies(Copied(16.0, ('00003',), {'00003': copy(20), '00004': copy(5)}), None),
    'similarity': Similarity(0.123, 0.1, 0, {}, Level(0.137, 0.1, 0)),
    'structure': Repetition(
        {
            'model': SetRepetition({}, cells(0.29), None),
            'real_continuations': SetRepetition({}, cells(0.25), None),
        }
    ),
}


def test_every_figure_is_in_few_lines():
    lines = headline(RESULTS, NAMES, ['2 files left out'])
    assert 8 <= len(lines) <= 15
    text = '\n'.join(lines)
    for words in (
        'run, epoch 3 beside excerpts of folk',
        '0.552 [0.501, 0.603]',
        '1.907',
        '0.487 mixed with the count model',
        '0.795 [0.740, 0.850] nats per step, entropy 0.594; at temperature 1.2 0.771',
        '0.163 in 1 bar (left side given: 0.436), 0.154 in 2 bars (left side given: 0.421);',
        'count model 0.546, Markov model of order 4 1.176',
        '0.871 [0.861, 0.881]',
        'floor 0.868 (count model), 0.799 (Markov model of order 4)',
        'ceiling 0.931',
        'AUC at least 0.902 [0.892, 0.912] (likelihood ratio with the count model, with the',
        'features 0.561 [0.551, 0.571] (not valid), tokens 0.742',
        '12.5 notes',
        '1 of 2 pieces',
        '0.123',
        '29 %',
        '25 %',
        '2 files left out',
    ):
        assert words in text


def test_what_is_missing_is_reported():
    """Split by window, protocol `thesis`, no critics, nothing defined."""
    scale = overlap(model=0.871, second_draw=0.931, markov_4=0.804)
    scale.sets['model'] = dataclasses.replace(scale.sets['model'], overall_oa=Mean())
    poor = RESULTS | {
        'likelihood': Likelihood(None, note='none'),
        'critic': NoCritics('none asked for'),
        'similarity': Similarity(None, None, 9, {}),
        'copies': None,
        'infilling': None,
        'scale': scale,
    }
    text = '\n'.join(headline(poor, NAMES, [f'remark {row}' for row in range(9)]))
    assert 'no tune is unseen' in text
    assert 'none: none asked for' in text
    assert '  gaps' not in text
    assert f'  {"overall overlap":<16}-;' in text
    assert 'remark 2' in text
    assert 'remark 3' not in text
    assert 'and 6 more remarks' in text


@pytest.mark.parametrize(('nats', 'is_worse'), [(1.9, False), (1.907, True), (2.5, True)])
def test_worse_than_the_constant_answer(nats, is_worse):
    found = likelihood(model=nats, base_rate=1.907, count_model=0.6, markov_4=1.2)
    assert bool(worse_than_base_rate(found)) == is_worse
    lines = headline(RESULTS | {'likelihood': found}, NAMES, [])
    said = any('worse than the base rate' in line for line in lines)
    assert said == is_worse


def test_without_a_count_model_the_markov_model_is_the_floor():
    assert list(baselines(RESULTS)) == ['count_model', 'markov_4']
    results = RESULTS | {
        'scale': overlap(model=0.871, second_draw=0.931, markov_4=0.799, markov_5=0.804),
        'likelihood': likelihood(model=0.552, base_rate=1.907, markov_4=1.176, markov_5=1.214),
    }
    assert list(baselines(results)) == ['markov_4']
    text = '\n'.join(headline(results, NAMES, []))
    assert 'floor 0.799 (Markov model of order 4), ceiling' in text
    assert 'mixed' not in text
