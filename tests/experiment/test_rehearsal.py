"""Simulated listeners: known ratings, the power of known differences, and labelled answers."""

import json

import numpy as np
import pytest

from symmusic.experiment.answers import check_files
from symmusic.experiment.ratings import crossed_intervals
from symmusic.experiment.rehearsal import (
    Spread,
    compare_arms,
    half_width,
    power,
    simulate,
    simulated_answers,
    smallest_difference,
)
from symmusic.experiment.study_results import make_study_results
from symmusic.report.questionnaire import questionnaire
from symmusic.report.study import summary_lines
from symmusic.streams import Stream, generator
from tests.experiment.studies import make_answers, make_study

NONE = Spread(0, 0, 0, 0)
QUIET = Spread(0.1, 0.05, 0.05, 0.3)


def rng(seed=0):
    return generator(seed, Stream.REHEARSAL, 0)


def test_without_spread_ratings_are_the_rounded_means():
    ratings, arms = simulate({'real': 4.2, 'shipped': 2.8, 'thesis': 9}, 3, 2, rng(), NONE)
    assert arms.tolist() == ['real', 'real', 'shipped', 'shipped', 'thesis', 'thesis']
    assert ratings.tolist() == [[4, 4, 3, 3, 5, 5]] * 3


@pytest.mark.parametrize(
    ('spread', 'axes'),
    [(Spread(1, 0, 0, 0), (1, 0)), (Spread(0, 1, 0, 0), (0, 1)), (Spread(0, 0, 0, 1), (1, 1))],
)
def test_each_deviation_is_of_what_it_is_named_after(spread, axes):
    """Of listeners, of pieces and of single ratings."""
    ratings, _ = simulate({'real': 3}, 40, 40, rng(), spread)
    assert tuple(int(ratings.std(axis=axis).any()) for axis in (0, 1)) == axes


def test_taste_is_of_a_listener_and_an_arm():
    ratings, arms = simulate({'real': 3, 'shipped': 3}, 30, 4, rng(), Spread(0, 0, 1, 0))
    for arm in ('real', 'shipped'):
        own = ratings[:, arms == arm]
        assert (own == own[:, :1]).all()
    assert (ratings[:, 0] != ratings[:, -1]).any()


def test_arms_are_compared_with_the_first():
    means = {'real': 4.0, 'shipped': 4.0, 'thesis': 2.0}
    ratings, arms = simulate(means, 20, 6, rng(), QUIET)
    found = compare_arms(ratings, arms, 0)
    assert list(found) == ['shipped', 'thesis']
    own = ratings[:, arms == 'thesis'].mean() - ratings[:, arms == 'real'].mean()
    assert found['thesis']['difference'] == pytest.approx(own)
    assert found['thesis']['high'] < -1
    assert found['thesis']['p_holm'] == pytest.approx(2 * found['thesis']['p'])
    assert found['shipped']['low'] < 0.1
    assert found['shipped']['high'] > -0.1


@pytest.mark.parametrize(('num_listeners', 'num_pieces'), [(6, 10), (30, 5)])
def test_the_interval_is_the_resampled_one(num_listeners, num_pieces):
    means = {'real': 3.5, 'shipped': 3.0}
    ratings, arms = simulate(means, num_listeners, num_pieces, rng())
    real, made = (ratings[:, arms == arm].astype(float) for arm in means)
    resampled = crossed_intervals(real, made, 0)['difference']
    width = (resampled['high'] - resampled['low']) / 2
    assert half_width(real, made) == pytest.approx(width, rel=0.05)


def test_power_of_nothing_and_of_much():
    assert power(0, 12, 5, 400, 0) <= 0.06
    assert power(2, 12, 5, 20, 0) == 1


def test_more_listeners_and_pieces_find_less():
    few, many = (smallest_difference(num, 5, 50, 0, QUIET) for num in (5, 40))
    assert few > many > 0
    assert power(many, 40, 5, 50, 0, QUIET) >= 0.8
    loud = Spread(0, 3, 0, 0)
    assert smallest_difference(5, 2, 10, 0, loud) is None


def analysed(study, answers):
    files = {f'{index}.json': json.loads(json.dumps(each)) for index, each in enumerate(answers)}
    usable, left_out = check_files(files, study)
    assert not left_out
    return make_study_results(study, usable, left_out, 0)


def test_simulated_answers_are_analysed_and_labelled():
    study = make_study(num=4)
    answers = simulated_answers(study, {'training': 4.5, 'generated': 1.5}, 5, 0)
    found = analysed(study, answers)
    assert found['num_simulated'] == found['num_listeners'] == 5
    for row in found['questions'].values():
        assert row['training']['mean'] - row['generated']['mean'] > 1.5
    assert summary_lines(found)[0].startswith('SIMULATED: 5 of 5 listeners')
    mixed = analysed(study, [*answers, make_answers(study)])
    assert summary_lines(mixed)[0].startswith('SIMULATED: 5 of 6 listeners')
    real = analysed(study, [make_answers(study), make_answers(study, listener='b')])
    assert real['num_simulated'] == 0
    assert not any('SIMULATED' in line for line in summary_lines(real))


def test_the_page_says_what_is_stored_before_the_first_piece():
    """Consent names every field of the file of answers; see `questionnaire.js`."""
    study = make_study()
    text = questionnaire(study)
    note = text[text.index('voluntary') : text.index('id="piece-1"')]
    named = 'ratings', 'how often you played', 'experience', 'time of saving', 'random number'
    assert all(what in note for what in named)
    stated = {'format', 'study', 'listener', 'saved', 'complete', 'experience', 'ratings'}
    assert make_answers(study).keys() == stated
    assert np.unique([len(row) for row in make_answers(study)['ratings']]) == [4]
