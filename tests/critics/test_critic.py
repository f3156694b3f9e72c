"""The critics: areas under the curve by their definition, folds by family, and what each critic can
and cannot distinguish.
"""

import dataclasses

import jax
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from symmusic.critics import tokens
from symmusic.critics.auc import (
    NUM_FOLDS,
    LabelledPieces,
    assign_families,
    auc,
    estimate,
    mean_auc,
    mean_over_halvings,
)
from symmusic.critics.regression import WEIGHTS, beside_prompts, flatten, score_features
from symmusic.critics.tokens import score_tokens
from symmusic.measures.estimate import Estimate
from symmusic.measures.excerpts import as_score
from symmusic.measures.features import compute_features
from symmusic.melody.encodings import VOCABULARIES
from symmusic.melody.events import NO_EVENT
from symmusic.model.lstm import lstm

SCORES = st.lists(st.integers(-3, 3), max_size=12).map(np.array)
FAMILIES = st.lists(st.integers(0, 40), min_size=1, max_size=80)
VOCABULARY = VOCABULARIES['melody'](48, 72)
NUM, GIVEN, STEPS = 60, 32, 32  # pieces, steps of the prompt and of the continuation


def beside(num, families=None):
    """The first `num` pieces of a pool beside the next ones, two of a family."""
    families = np.arange(num) // 2 if families is None else families
    folds, _ = assign_families(families, np.random.default_rng(0))
    return LabelledPieces(
        np.arange(2 * num), np.repeat([True, False], num), np.tile(families, 2), np.tile(folds, 2)
    )


def halves(num, seed=0):
    """The first `num` pieces, half of the families beside the other half."""
    families = np.arange(num) // 2
    folds, is_first = assign_families(families, np.random.default_rng(seed))
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
        patch.setattr(tokens, 'NUM_UPDATES', 20)
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
    folds, in_first_half = assign_families(families, np.random.default_rng(seed))
    for family in set(families):
        own = np.array(families) == family
        assert len(set(folds[own])) == len(set(in_first_half[own])) == 1
    num_families = len(set(families))
    assert len(set(folds)) == min(NUM_FOLDS, num_families)
    if num_families >= 2 * NUM_FOLDS:  # as a found needs it: every fold has both halves
        assert all(set(in_first_half[folds == fold]) == {True, False} for fold in range(NUM_FOLDS))


def test_folds_are_of_equal_size_though_families_are_not():
    for seed in range(5):
        families = np.repeat(np.arange(40), np.arange(1, 41))
        folds, _ = assign_families(families, np.random.default_rng(seed))
        assert np.bincount(folds).tolist() == [164] * NUM_FOLDS


def test_halves_are_random():
    rngs = map(np.random.default_rng, range(400))
    drawn = np.array([assign_families(np.arange(40), rng)[1] for rng in rngs])
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


def test_intervals_of_trained_critics_are_wider():
    """By the square root of 2, as each pair of families counts in both of their folds."""
    rng, labelled = np.random.default_rng(0), beside(400)
    scores = rng.normal(size=len(labelled.rows)) + labelled.is_first
    wide, narrow = estimate(scores, labelled), estimate(scores, labelled, widening=1.0)
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(2**0.5)


def test_intervals_hold_the_truth_of_scores_that_were_not_learnt():
    """Two pieces per family that share half of their variance, 60 families: of 200 intervals at
    least 90 % hold the true AUC.
    """
    families = np.repeat(np.arange(60), 2)
    labelled = dataclasses.replace(beside(120, families), folds=np.zeros(240, int))
    truth = scipy.stats.norm.cdf(1 / 2**0.5)
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        own = [rng.normal(size=60)[families] + rng.normal(size=120) for _ in range(2)]
        scores = np.concatenate(own) / 2**0.5 + labelled.is_first
        found = estimate(scores, labelled, widening=1.0)
        held += found.low <= truth <= found.high
    assert held >= 180


def test_the_mean_over_halvings_by_hand():
    assert mean_over_halvings([0.5, None]) == Estimate(0.5)
    assert mean_over_halvings([None]) == Estimate()
    found = mean_over_halvings([0.4, 0.5, 0.6])
    half = scipy.stats.t.ppf(0.975, 2) * 0.1 / 3**0.5
    assert dataclasses.astuple(found) == pytest.approx((0.5, 0.5 - half, 0.5 + half))


@given(st.integers(0, 2**31))
def test_the_mean_of_the_folds_is_that_of_the_interval(seed):
    labelled = halves(40, seed)
    scores = np.random.default_rng(seed).normal(size=40)
    assert mean_auc(scores, labelled) == pytest.approx(estimate(scores, labelled).value)
    nobody = dataclasses.replace(labelled, is_first=np.ones(40, bool))
    assert mean_auc(scores, nobody) is None


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


def test_features_are_seen_together():
    """Pieces in which two features have the same sign: neither feature alone tells them."""
    rng = np.random.default_rng(0)
    values = np.abs(rng.normal(size=(2 * NUM, 2))) * rng.choice([-1, 1], (2 * NUM, 1))
    values[NUM:, 1] *= -1
    found = score_features(values, [beside(NUM)])[0]
    assert estimate(found, beside(NUM)).value > 0.95


def test_features_of_small_weight_tell_less():
    """One feature tells the classes, the other 20 nothing."""
    values = np.random.default_rng(0).normal(size=(2 * NUM, 21))
    values[NUM:, 0] += 2
    aucs = [
        mean_auc(
            score_features(values, [beside(NUM)], np.append(weight, np.ones(20)))[0], beside(NUM)
        )
        for weight in (0.1, 1, 5)
    ]
    assert aucs[0] < aucs[1] < aucs[2]


def test_inputs_are_roots_of_counts(pool):
    """Of histograms and matrices; inputs weigh the less, the more a feature has."""
    features = compute_features(as_score(pool[0][0, GIVEN:]), 'corrected')
    inputs = flatten([features])[0]
    assert inputs[:3].tolist() == [features[name] for name in ('PC', 'PR', 'PI')]
    assert inputs[15:159] == pytest.approx(np.sqrt(features['PCTM']).ravel())
    assert WEIGHTS[[0, 3, 15, -1]] == pytest.approx([1, 12**-0.25, 12**-0.5, 12**-0.5])
    assert len(WEIGHTS) == len(inputs)


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
    encoded = np.array([VOCABULARY.encode(events) for events in np.concatenate(pool)])
    alike, unlike = beside(NUM), beside(NUM)
    unlike.rows[NUM:] += NUM
    sets = [alike, unlike, halves(NUM)]

    def score():
        return score_tokens(encoded, VOCABULARY.num_classes, GIVEN, sets, 0, 16, 4)

    scores = score()
    found = [estimate(each.scores, labelled) for each, labelled in zip(scores, sets, strict=True)]
    assert found[0].low <= 0.5 <= found[0].high
    assert found[1].value > 0.9
    assert found[2].low <= 0.5 <= found[2].high
    assert all((one.scores == two.scores).all() for one, two in zip(scores, score(), strict=True))


def test_a_critic_is_not_standardised_on_the_fold_that_it_judges():
    """An outlier in a fold does not change the scores of the others in it."""
    values = np.random.default_rng(0).normal(size=(40, 4))
    labelled = halves(40)
    own = np.flatnonzero(labelled.folds == 2)
    strange = values.copy()
    strange[own[0]] = 1e6
    one, two = (score_features(each, [labelled])[0] for each in (values, strange))
    assert (one[own[1:]] == two[own[1:]]).all()
    assert one[own[0]] != two[own[0]]


@pytest.mark.parametrize('num_read', [0, 3, 8])
def test_steps_of_the_prompt_are_not_scored(num_read):
    """The states after the prompt alone are averaged, though they know the prompt."""
    rng = np.random.default_rng(0)
    inputs_BSI = rng.integers(0, 2, (5, 12, 7)).astype(np.int8)
    params = tokens._init(jax.random.key(0), num_inputs=7)
    states_BH, plain = np.zeros((5, tokens.NUM_CELLS)), np.swapaxes(inputs_BSI, 0, 1).astype(float)
    for step in range(num_read, 12):
        read, _ = lstm(params, plain[: step + 1] @ params['input'])
        states_BH += np.asarray(read[-1]) / (12 - num_read)
    found = tokens.embed(params, inputs_BSI, num_read)
    assert np.allclose(found, states_BH, atol=1e-5)
    other = inputs_BSI.copy()
    other[:, 0] = 1 - other[:, 0]
    assert not np.allclose(tokens.embed(params, other, num_read), found)  # it is read all the same


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


def test_the_context_is_how_far_a_piece_is_from_its_prompt(pool):
    """Nine further inputs, 0 for a piece that is its prompt; prompts themselves are no input."""
    features = [compute_features(as_score(events[GIVEN:]), 'corrected') for events in pool[0]]
    same = beside_prompts(features, features)
    assert (same[:, :-9] == flatten(features)).all()
    assert not same[:, -9:].any()
    one = beside_prompts(features[:1], features[1:2])[0, -9:]
    assert one[0] == features[0]['PC'] - features[1]['PC']
    assert one[3] == pytest.approx(np.linalg.norm(features[0]['PCH'] - features[1]['PCH']))
