"""The last lines of an evaluation: few, with each figure beside its reference points."""

import copy

import pytest

from symmusic.report.headline import best_markov, headline, worse_than_base_rate

NAMES = {'generated': 'run, epoch 3', 'reference': 'excerpts of folk'}


def cells(mean):
    return {'mean': mean, 'low': mean - 0.01, 'high': mean + 0.01, 'num': 20}


COMPARISON = {
    'protocol': 'corrected',
    'part': 'test',
    'draws': {
        name: {'num_draws': 20, 'size': 100, 'overall_oa': cells(mean)}
        for name, mean in (
            ('model', 0.871),
            ('second_draw', 0.931),
            ('real_continuations', 0.922),
            ('markov_2', 0.703),
            ('markov_5', 0.804),
        )
    },
    'model': {'averages': {'pitch': {'oa': 0.881}, 'rhythm': {'oa': 0.861}}},
    'nats_per_step': {'model': 0.552, 'base_rate': 1.907, 'markov_4': 1.176, 'markov_5': 1.214},
    'nats_intervals': {'per_step': {'model': [0.501, 0.603]}},
    'critic': {
        'features': {'auc': 0.561, 'low': 0.52, 'high': 0.6},
        'tokens': {'auc': 0.742, 'low': 0.7, 'high': 0.78},
        'is_valid': {'features': False, 'tokens': True},
    },
    'copies': {
        'longest_run': {
            'level': 16.0,
            'flagged': ['00003'],
            'pieces': {'00003': {'score': 20}, '00004': {'score': 5}},
        }
    },
    'similarity': {'mean': 0.123, 'unseen': {'mean': 0.137}},
    'structure': {
        'model': {'repeated_bars': cells(0.29)},
        'real_continuations': {'repeated_bars': cells(0.25)},
    },
}


def test_every_figure_is_in_few_lines():
    lines = headline(COMPARISON, NAMES, ['2 files left out'])
    assert 8 <= len(lines) <= 15
    text = '\n'.join(lines)
    for words in (
        'run, epoch 3 beside excerpts of folk',
        '0.552 [0.501, 0.603]',
        '1.907',
        'order 4 1.176',
        '0.871 [0.861, 0.881]',
        'floor 0.804',
        'ceiling 0.931',
        'features 0.561 [0.520, 0.600]',
        'not valid: features',
        '12.5 notes',
        '1 of 2 pieces',
        '0.123',
        '29 %',
        '25 %',
        '2 files left out',
    ):
        assert words in text


def test_what_is_missing_is_said():
    """Split by window, protocol `thesis`, no critics, nothing defined."""
    poor = copy.deepcopy(COMPARISON) | {
        'nats_per_step': None,
        'critic': {'features': None, 'tokens': None, 'note': 'none asked for'},
        'similarity': {'mean': None},
    }
    del poor['copies'], poor['draws']['real_continuations']
    poor['draws']['model']['overall_oa'] = dict.fromkeys(('mean', 'low', 'high'))
    text = '\n'.join(headline(poor, NAMES, [f'remark {row}' for row in range(9)]))
    assert 'no tune is unseen' in text
    assert 'none: none asked for' in text
    assert f'  {"overall overlap":<16}-;' in text
    assert 'remark 2' in text
    assert 'remark 3' not in text
    assert 'and 6 more remarks' in text


@pytest.mark.parametrize(('nats', 'is_worse'), [(1.9, False), (1.907, True), (2.5, True)])
def test_worse_than_the_constant_answer(nats, is_worse):
    comparison = copy.deepcopy(COMPARISON)
    comparison['nats_per_step']['model'] = nats
    assert bool(worse_than_base_rate(comparison)) == is_worse
    said = any('worse than the base rate' in line for line in headline(comparison, NAMES, []))
    assert said == is_worse


def test_best_markov():
    values = {'markov_1': 3.0, 'markov_2': None, 'markov_3': 2.0, 'model': 9.0}
    assert best_markov(values, largest=True) == ('1', 3.0)
    assert best_markov(values, largest=False) == ('3', 2.0)
    assert best_markov({'model': 1.0}, largest=True) is None
