"""From measures to answers: the contract's results.json, and verdicts on made-up replicas."""

import json

import numpy as np
import pytest
from ml_collections import ConfigDict

from symmusic.config.experiments import LISTENERS, Experiment, Hypothesis, Primary
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.results import Outcome, label, summarize, with_interval


def hypothesis(*primaries):
    arms = {'plain': {}, 'rich': {}}
    return Hypothesis(
        'Is rich better?',
        ('model.attention',),
        arms,
        {},
        {},
        {},
        primaries,
        tables={'plain': '5.10'},
    )


def experiment(*primaries, variants=('sound',)):
    return Experiment(
        hypothesis(*primaries),
        False,
        {variant: {'plain': ConfigDict(), 'rich': ConfigDict()} for variant in variants},
    )


def outcome(values, measure='overall_oa'):
    return Outcome(
        tuple(dict.fromkeys(MEASURES, 0.5) | {measure: value} for value in values),
        7,
        {'num_windows': 99},
        {'seed': 0},
    )


def claim(measure='overall_oa', direction='higher', smallest=0.02, arms=('rich', 'plain')):
    return Primary('Rich is better', measure, arms, direction, smallest)


PLAIN, RICH = np.array([0.50, 0.51, 0.52, 0.49]), np.array([0.70, 0.71, 0.69, 0.72])


def run(*primaries, plain=PLAIN, rich=RICH, failed=(), **how):
    outcomes = {('sound', 'plain'): outcome(plain), ('sound', 'rich'): outcome(rich)}
    for name in failed:
        del outcomes['sound', name]
    return summarize(
        'exp9',
        experiment(*primaries, **how),
        outcomes,
        {('sound', name): 'out of memory' for name in failed},
    )


def test_the_contract_s_fields():
    found = run(claim())
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert {'experiment', 'quick', 'arms', 'contrasts', 'highlights'} <= found.keys()
    assert (found['experiment'], found['quick'], list(found['arms'])) == (
        'exp9',
        False,
        ['plain', 'rich'],
    )
    arm = found['arms']['rich']
    assert (arm['replicas'], arm['num_parameters'], arm['config']) == (4, 7, {'seed': 0})
    assert set(arm['measures']) == set(MEASURES)
    assert arm['measures']['overall_oa']['values'] == RICH.tolist()
    assert (
        arm['measures']['overall_oa']['low']
        < arm['measures']['overall_oa']['mean']
        < arm['measures']['overall_oa']['high']
    )
    assert len(found['contrasts']) == len(MEASURES)
    contrast = next(row for row in found['contrasts'] if row['measure'] == 'overall_oa')
    assert contrast['arms'] == ['rich', 'plain']
    assert contrast['difference'] == pytest.approx(0.2)
    assert contrast['low'] < 0.2 < contrast['high']
    assert contrast['p'] < 0.001
    assert contrast['p_permutation'] == pytest.approx(2 / 70)
    assert all(row.keys() >= {'claim', 'verdict', 'evidence'} for row in found['highlights'])


def test_a_claim_is_judged_with_its_figures():
    [row] = run(claim())['highlights']
    assert row['verdict'] == 'confirmed'
    for words in (
        'overall_oa: rich 0.705 [',
        'plain 0.505 [',
        'difference 0.200 [',
        'of interest 0.02',
        '4 and 4 replicas',
    ):
        assert words in row['evidence']
    [row] = run(claim(direction='lower'))['highlights']
    assert row['verdict'] == 'not confirmed'


def test_holm_counts_the_primaries_alone():
    one, three = run(claim())['highlights'], run(claim(), claim(), claim())['highlights']
    assert one[0]['p_holm'] == one[0]['p']
    assert three[0]['p_holm'] == pytest.approx(3 * three[0]['p'])


def test_what_needs_listeners_is_undecided():
    row = run(claim(measure=LISTENERS, smallest=0.0))['highlights'][0]
    assert (row['verdict'], row['evidence']) == ('undecided', 'needs listeners')


def test_one_replica_decides_nothing():
    found = run(claim(), plain=[0.5], rich=[0.9])
    row = found['highlights'][0]
    assert row['verdict'] == 'undecided'
    assert 'too few for an interval' in row['evidence']
    assert found['arms']['rich']['measures']['overall_oa'] == {
        'mean': 0.9,
        'low': None,
        'high': None,
        'values': [0.9],
    }


def test_an_arm_that_failed_is_named_and_its_claims_are_undecided():
    found = run(claim(), failed=['rich'])
    assert (list(found['arms']), found['failed'], found['contrasts']) == (
        ['plain'],
        {'rich': 'out of memory'},
        [],
    )
    assert found['highlights'][0]['verdict'] == 'undecided'
    assert 'rich is not done' in found['highlights'][0]['evidence']


def test_undefined_values_are_left_out():
    found = run(claim(), rich=[0.7, None, 0.71, None])
    assert found['arms']['rich']['measures']['overall_oa']['mean'] == pytest.approx(0.705)
    assert '2 and 4 replicas' in found['highlights'][0]['evidence']
    found = run(claim(), rich=[None] * 4)
    assert found['highlights'][0]['evidence'] == 'overall_oa is not defined for rich'
    json.dumps(found, allow_nan=False)


def test_of_both_variants_the_source_s_arms_have_names_of_their_own():
    both = experiment(claim(), variants=('sound', 'source'))
    outcomes = {
        (variant, arm): outcome(PLAIN if arm == 'plain' else RICH)
        for variant in ('sound', 'source')
        for arm in ('plain', 'rich')
    }
    found = summarize('exp9', both, outcomes, {})
    assert list(found['arms']) == ['plain', 'rich', 'plain_source', 'rich_source']
    assert [row['arms'] for row in found['highlights']] == [
        ['rich', 'plain'],
        ['rich_source', 'plain_source'],
    ]
    assert {tuple(row['arms']) for row in found['contrasts']} == {
        ('rich', 'plain'),
        ('rich_source', 'plain_source'),
    }
    assert label(experiment(claim(), variants=('source',)), 'source', 'rich') == 'rich'


def test_with_interval():
    assert with_interval({'mean': 0.5, 'low': 0.25, 'high': 0.75}) == '0.500 [0.250, 0.750]'
    assert with_interval({'mean': 0.5, 'low': None, 'high': None}) == '0.500'
    assert with_interval({'mean': None, 'low': None, 'high': None}) == '-'
