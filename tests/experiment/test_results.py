"""From measures to answers: the contract's results.json, and verdicts on made-up replicas."""

import dataclasses
import json

import numpy as np
import pytest
from ml_collections import ConfigDict

from symmusic.config.arms import Experiment
from symmusic.config.experiments import LISTENERS, Hypothesis, Primary
from symmusic.experiment.highlights import with_interval
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.outcome import Outcome, label
from symmusic.experiment.results import make_results


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


def outcome(values, measure='overall_oa', **more):
    return Outcome(
        tuple(dict.fromkeys(MEASURES, 0.5) | {measure: value} for value in values),
        7,
        {'num_windows': 99},
        {'seed': 0},
        **more,
    )


def claim(measure='overall_oa', direction='higher', smallest=0.02, arms=('rich', 'plain')):
    return Primary('Rich is better', measure, arms, direction, smallest)


PLAIN, RICH = np.array([0.50, 0.51, 0.52, 0.49]), np.array([0.70, 0.71, 0.69, 0.72])


def run(*primaries, plain=PLAIN, rich=RICH, failed=(), **how):
    outcomes = {('sound', 'plain'): outcome(plain), ('sound', 'rich'): outcome(rich)}
    for name in failed:
        del outcomes['sound', name]
    return make_results(
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


def test_holm_is_over_the_claims_of_the_config():
    """A claim for listeners is no test; one whose arm is not done is, and the correction does not
    change.
    """
    heard = claim(measure=LISTENERS, smallest=0.0)
    rows = run(claim(), heard, claim('pitch_oa'))['highlights']
    assert rows[0]['p_holm'] == pytest.approx(2 * rows[0]['p'])
    assert 'after Holm over 2 claims;' in rows[0]['evidence']


def three_arms(*primaries, failed=()):
    """Arms `plain`, `rich` and `other`, equal except for the overall overlap area."""
    arms = {'plain': PLAIN, 'rich': RICH, 'other': RICH}
    stated = dataclasses.replace(hypothesis(*primaries), arms={name: {} for name in arms})
    configs = {'sound': {name: ConfigDict() for name in arms}}
    outcomes = {
        ('sound', name): outcome(values) for name, values in arms.items() if name not in failed
    }
    failures = {('sound', name): 'killed' for name in failed}
    return make_results('exp9', Experiment(stated, False, configs), outcomes, failures)


def test_an_arm_that_is_not_done_does_not_weaken_the_correction():
    claims = [claim(), claim(arms=('other', 'plain'))]
    whole, partly = three_arms(*claims), three_arms(*claims, failed=['other'])
    [row, _] = partly['highlights']
    assert row['p_holm'] == pytest.approx(2 * row['p'])
    assert row['p_holm'] == whole['highlights'][0]['p_holm']
    assert 'over 2 claims, 1 of them without a result;' in row['evidence']


@pytest.mark.parametrize('arms', [('rich', 'plain'), ('plain', 'rich')])
def test_a_difference_has_one_sign(arms):
    """Claims, contrasts and tables all state the first arm minus the second."""
    found = three_arms(claim(arms=arms))
    [row] = found['highlights']
    [contrast] = [
        each
        for each in found['contrasts']
        if set(each['arms']) == set(arms) and each['measure'] == 'overall_oa'
    ]
    first, second = (found['arms'][name]['measures']['overall_oa']['mean'] for name in arms)
    assert contrast['arms'] == row['arms'] == list(arms)
    for key in ('difference', 'low', 'high', 'effect_size'):
        assert contrast[key] == row[key]
    assert row['difference'] == pytest.approx(first - second)
    assert np.sign(row['effect_size']) == np.sign(first - second)
    assert f'difference {first - second:.3f} [' in row['evidence']


def test_no_interval_exceeds_its_bounds():
    found = run(claim(), plain=[0.6, 0.9], rich=[0.1, 0.99])
    for arm in found['arms'].values():
        cells = arm['measures']['overall_oa']
        assert 0 < cells['low'] < cells['mean'] < cells['high'] < 1
    assert -1 <= found['contrasts'][0]['low'] < found['contrasts'][0]['high'] <= 1


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
        'over': 'seeds',
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


def test_arms_of_the_variant_source_have_names_of_their_own():
    both = experiment(claim(), variants=('sound', 'source'))
    outcomes = {
        (variant, arm): outcome(PLAIN if arm == 'plain' else RICH)
        for variant in ('sound', 'source')
        for arm in ('plain', 'rich')
    }
    found = make_results('exp9', both, outcomes, {})
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


def test_arms_beside_counting_and_cut_off():
    """An arm beats counting if its interval lies below it; a replica is cut off that used all its
    epochs.
    """
    values = np.array([0.50, 0.51, 0.52, 0.49])
    arms = {
        'plain': outcome(values, 'nats_per_step', count_model=0.51, num_epochs=(9, 20, 20, 7)),
        'rich': outcome(values - 0.1, 'nats_per_step', count_model=0.51, num_epochs=(9, 9, 9, 9)),
    }
    arms = {
        ('sound', name): dataclasses.replace(each, config={'train': {'num_epochs': 20}})
        for name, each in arms.items()
    }
    found = make_results('exp9', experiment(claim('nats_per_step', 'lower')), arms, {})
    plain, rich = found['arms']['plain'], found['arms']['rich']
    assert (plain['beats_count_model'], rich['beats_count_model']) == (False, True)
    assert (plain['num_cut_off'], rich['num_cut_off']) == (2, 0)
    assert (plain['num_epochs'], plain['count_model']) == ([9, 20, 20, 7], 0.51)
    [row] = found['highlights']
    assert row['verdict'] == 'confirmed'
    assert 'plain does not beat counting (0.510 nats per step)' in row['evidence']
    assert 'plain was cut off by num_epochs in 2 replicas' in row['evidence']
    assert 'rich does not' not in row['evidence']
    assert run(claim())['arms']['plain']['beats_count_model'] is None


def test_two_arms_at_the_floor():
    nothing = np.zeros(4)
    [row] = run(claim(), plain=nothing, rich=nothing)['highlights']
    assert (row['verdict'], row['bound']) == ('undecided', 0)
    assert 'both arms are at 0' in row['evidence']
    [row] = run(claim())['highlights']
    assert row['bound'] is None


def test_where_tunes_are_known_intervals_are_over_them_too():
    """Every replica of an arm repeats as much of a tune, and tunes differ: over seeds alone there
    is no spread.
    """

    def known(level):
        by_tune = {f'{tune}.mid': [level + tune, 10.0] for tune in range(5)}
        return tuple({'repeated_bars': by_tune} for _ in range(4))

    arms = {
        ('sound', name): outcome([value] * 4, 'repeated_bars', by_family=known(10 * value - 2))
        for name, value in {'plain': 0.3, 'rich': 0.5}.items()
    }
    found = make_results('exp9', experiment(claim('repeated_bars')), arms, {})
    cell = found['arms']['plain']['measures']['repeated_bars']
    assert cell['over'] == 'seeds and tune families'
    assert cell['mean'] == pytest.approx(0.3)
    assert cell['low'] < 0.25 < 0.35 < cell['high']
    assert found['arms']['plain']['measures']['overall_oa']['over'] == 'seeds'
    row = found['highlights'][0]
    assert (row['over'], row['difference']) == ('seeds and tune families', pytest.approx(0.2))
    assert row['high'] - row['low'] < 1e-6  # what a tune does to both cancels
