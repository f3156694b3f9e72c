"""The critics: areas under the curve by their definition, folds by family, and what each critic can
and cannot distinguish.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmusic.critics import critic
from symmusic.critics.auc import NUM_FOLDS, LabelledPieces, auc, deal, estimate
from symmusic.critics.critic import flatten, score_features, score_tokens
from symmusic.critics.trial import NoTrial, hold_trial
from symmusic.measures.estimate import Estimate
from symmusic.measures.excerpts import as_score
from symmusic.measures.features import compute_features
from symmusic.melody.encodings import VOCABULARIES
from symmusic.melody.events import NO_EVENT
from symmusic.report.comparison_file import as_json
from symmusic.report.critics import critics_section
from symmusic.score.bar import bar_of
from tests.report.sections import as_text

SCORES = st.lists(st.integers(-3, 3), max_size=12).map(np.array)
FAMILIES = st.lists(st.integers(0, 40), min_size=1, max_size=80)
VOCABULARY = VOCABULARIES['melody'](48, 72)
NUM, GIVEN, STEPS = 60, 32, 32  # pieces, steps of the prompt and of the continuation


def beside(num, families=None):
    """The first `num` pieces of a pool beside the next ones, two of a family."""
    families = np.arange(num) // 2 if families is None else families
    folds, _ = deal(families, np.random.default_rng(0))
    return LabelledPieces(
        np.arange(2 * num), np.repeat([True, False], num), np.tile(families, 2), np.tile(folds, 2)
    )


def halves(num, seed=0):
    """The first `num` pieces, half of the families beside the other half."""
    families = np.arange(num) // 2
    folds, is_first = deal(families, np.random.default_rng(seed))
    return LabelledPieces(np.arange(num), is_first, families, folds)


def walk(seed, stride):
    """Sounding steps of a random walk, a note every `stride` sixteenths."""
    rng = np.random.default_rng(seed)
    events = np.full(GIVEN + STEPS, NO_EVENT, np.int8)
    pitches = 60 + np.cumsum(rng.integers(-2, 3, len(events)))
    events[::stride] = np.clip(pitches, 48, 72)[::stride]
    return events


@pytest.fixture(scope='module', autouse=True)
def few_updates():
    """Few updates: these pieces differ so much that it is learnt at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(critic, 'NUM_UPDATES', 20)
        yield


@pytest.fixture(scope='module')
def pool():
    """`NUM` real pieces of eighths, as many others, and as many of quarters after the same
    prompts.
    """
    real, more, other = (
        np.array([walk(1000 * part + seed, 2 if part < 2 else 4) for seed in range(NUM)])
        for part in range(3)
    )
    more[:, :GIVEN] = other[:, :GIVEN] = real[:, :GIVEN]
    return real, more, other


@given(SCORES, SCORES)
def test_auc_is_the_share_of_pairs_won(first, second):
    pairs = [(one > two) + 0.5 * (one == two) for one in first for two in second]
    if not pairs:
        assert np.isnan(auc(first, second))
        return
    assert auc(first, second) == pytest.approx(np.mean(pairs))
    assert auc(second, first) == pytest.approx(1 - auc(first, second))


@given(FAMILIES, st.integers(0, 2**31))
def test_a_family_is_in_one_fold_and_one_half(families, seed):
    folds, in_first_half = deal(families, np.random.default_rng(seed))
    for family in set(families):
        own = np.array(families) == family
        assert len(set(folds[own])) == len(set(in_first_half[own])) == 1
    num_families = len(set(families))
    assert len(set(folds)) == min(NUM_FOLDS, num_families)
    if num_families >= 2 * NUM_FOLDS:  # as a trial needs it: every fold has both halves
        assert all(set(in_first_half[folds == fold]) == {True, False} for fold in range(NUM_FOLDS))


def test_halves_are_random():
    drawn = np.array([deal(np.arange(40), np.random.default_rng(seed))[1] for seed in range(400)])
    assert abs(drawn.mean(axis=0) - 0.5).max() < 0.1
    assert len(np.unique(drawn, axis=0)) == 400


@given(st.integers(0, 2**31), st.integers(10, 30), st.integers(1, 4))
def test_an_interval_holds_its_estimate(seed, num_families, levels):
    rng = np.random.default_rng(seed)
    families = rng.permutation(
        np.concatenate([np.arange(num_families), rng.integers(num_families, size=num_families)])
    )
    labelled = beside(len(families), families)
    scores = rng.integers(levels, size=len(labelled.rows)).astype(float)
    found = estimate(scores, labelled)
    assert 0 <= found.low <= found.value <= found.high <= 1
    by_fold = [
        auc(
            scores[(labelled.folds == fold) & labelled.is_first],
            scores[(labelled.folds == fold) & ~labelled.is_first],
        )
        for fold in range(NUM_FOLDS)
    ]
    assert found.value == pytest.approx(np.mean(by_fold))
    assert estimate(scores, labelled) == found
    if levels == 1:
        assert found == Estimate(0.5, 0.5, 0.5)


def test_pieces_of_one_tune_add_no_evidence():
    """Ten copies of every piece do not change the interval; ten times as many families narrow
    it.
    """

    def width(num_families, copies):
        rng = np.random.default_rng(0)
        labelled = beside(num_families * copies, np.repeat(np.arange(num_families), copies))
        own = np.concatenate(
            [np.repeat(rng.normal(shift, 1, num_families), copies) for shift in (0.5, 0)]
        )
        found = estimate(own, labelled)
        return found.high - found.low

    assert width(40, 10) == pytest.approx(width(40, 1), abs=0.02)
    assert width(400, 1) < width(40, 1) / 2


def test_a_single_class_has_no_area():
    labelled = LabelledPieces(np.arange(4), np.ones(4, bool), np.arange(4), np.arange(4))
    assert estimate(np.zeros(4), labelled) == Estimate()


def features_of(pool):
    return flatten(
        [compute_features(as_score(events[GIVEN:]), 'corrected') for events in np.concatenate(pool)]
    )


def test_features_distinguish_only_what_differs(pool):
    real, more, other = pool
    alike, unlike = (
        score_features(features_of(pair), [beside(NUM)])[0]
        for pair in ((real, more), (real, other))
    )
    found = estimate(alike, beside(NUM))
    assert found.low <= 0.5 <= found.high
    assert estimate(unlike, beside(NUM)).value > 0.9


def test_undefined_features_are_marked():
    """A feature that is undefined only in the second class identifies it; one that is undefined or
    equal in all pieces has no effect.
    """
    values = np.random.default_rng(0).normal(size=(2 * NUM, 3))
    values[NUM:, 0] = np.nan
    values[:, 1] = np.nan
    values[:, 2] = 0.1
    scores = score_features(values, [beside(NUM)])[0]
    assert np.isfinite(scores).all()
    assert estimate(scores, beside(NUM)).value == 1
    values[:, 0] = 7
    assert estimate(score_features(values, [beside(NUM)])[0], beside(NUM)).value == pytest.approx(
        0.5
    )


def test_tokens_distinguish_only_what_differs(pool):
    """Three sets in one program: similar, different, and halves of the same pieces; the same seed
    gives the same scores.
    """
    tokens = np.array([VOCABULARY.encode(events) for events in np.concatenate(pool)])
    alike, unlike = beside(NUM), beside(NUM)
    unlike.rows[NUM:] += NUM
    sets = [alike, unlike, halves(NUM)]

    def score():
        return score_tokens(
            tokens, VOCABULARY.num_classes, GIVEN, sets, 0, lambda items, unit: items, 16, 4
        )

    scores = score()
    found = [estimate(each, labelled) for each, labelled in zip(scores, sets, strict=True)]
    assert found[0].low <= 0.5 <= found[0].high
    assert found[1].value > 0.9
    assert found[2].low <= 0.5 <= found[2].high
    assert all((one == two).all() for one, two in zip(scores, score(), strict=True))


def test_a_critic_never_learns_from_the_fold_that_it_judges():
    """Scores of a fold do not change when the classes of that fold are swapped."""
    values = np.random.default_rng(0).normal(size=(40, 4))
    labelled = halves(40)
    turned = LabelledPieces(
        labelled.rows,
        np.where(labelled.folds == 2, ~labelled.is_first, labelled.is_first),
        labelled.families,
        labelled.folds,
    )
    one, two = (score_features(values, [each])[0] for each in (labelled, turned))
    own = labelled.folds == 2
    assert (one[own] == two[own]).all()
    assert not np.allclose(one[~own], two[~own])


def test_a_trial_and_its_report(pool):
    """A model that is as close to real music as possible, and a Markov floor that is easily
    distinguished.
    """
    real, more, other = pool
    other = other.copy()
    other[3, GIVEN:] = NO_EVENT  # a piece without a note is judged like any other
    continuations = {
        'real': real[:, GIVEN:],
        'model': more[:, GIVEN:],
        'markov_3': other[:, GIVEN:],
    }
    trial = hold_trial(
        real[:, :GIVEN],
        continuations,
        (np.arange(NUM) // 2).tolist(),
        VOCABULARY,
        'corrected',
        0,
        lambda items, unit: items,
        bar_of('4/4'),
    )
    block = as_json({'critic': dataclasses.replace(trial, num_tunes=NUM // 2)})['critic']
    assert all(
        set(block[name]) == {'auc', 'low', 'high'}
        for name in ('features', 'tokens', 'real_vs_real', 'markov_3')
    )
    assert trial.aucs['tokens']['markov_3'].value > 0.9
    assert trial.is_valid == {'features': True, 'tokens': True}
    assert (trial.num_pieces, trial.num_families) == (NUM, NUM // 2)
    text = as_text(critics_section(dataclasses.replace(trial, num_tunes=NUM // 2), 'test'))
    assert 'Both critics are valid' in text
    assert (
        f'60 pieces of each class after the same prompts, at different places of {NUM // 2} test'
        ' tunes' in text
    )
    told = trial.aucs['tokens'] | {'markov_3': Estimate(0.7, 0.6, 0.8)}
    weak = dataclasses.replace(
        trial,
        aucs=trial.aucs | {'tokens': told},
        is_valid={'features': True, 'tokens': False},
        num_tunes=30,
    )
    assert (
        'The tokens critic is not valid: its AUC on Markov pieces of order 3 is below 0.85.'
        in as_text(critics_section(weak, 'test'))
    )


def test_too_few_families_are_reported_in_one_line(pool):
    real, more, other = (events[:18] for events in pool)
    continuations = {
        'real': real[:, GIVEN:],
        'model': more[:, GIVEN:],
        'markov_3': other[:, GIVEN:],
    }
    trial = hold_trial(
        real[:, :GIVEN],
        continuations,
        np.arange(18) // 2,
        VOCABULARY,
        'corrected',
        0,
        lambda items, unit: items,
        bar_of('4/4'),
    )
    assert trial == NoTrial('5 folds need prompts of at least 30 tune families, not 9')
    block = as_json({'critic': trial})['critic']
    assert block['tokens'] is block['markov_3'] is None
    assert 'No critic: 5 folds need' in as_text(critics_section(trial, 'test'))
