"""Markov models, compared with counting by hand and with dictionaries."""

import collections

import hypothesis
import numpy as np
import pytest
import scipy.stats
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symmusic.measures.markov import (
    choose_order,
    fit_markov,
    nats,
    sample_markov,
    stream_nats,
)

sequences = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=30), min_size=1, max_size=4)


def reference(train, num_classes, order, history):
    """P(w | history) [V] by dictionaries, directly from the formula."""
    probabilities = [1 / num_classes] * num_classes
    for k in range(min(order, len(history)) + 1):
        after = collections.Counter(
            each[i + k]
            for each in train
            for i in range(len(each) - k)
            if list(each[i : i + k]) == list(history[len(history) - k :])
        )
        total, kinds = sum(after.values()), len(after)
        if total:
            probabilities = [
                (after[w] + kinds * p) / (total + kinds) for w, p in enumerate(probabilities)
            ]
    return probabilities


def test_by_hand():
    """A b a b a: after b always a. T(b) = 1, so P(a|b) = (2 + P_0(a)) / 3 with P_0(a) = (3 + 2/2) /
    (5 + 2) = 4/7.
    """
    markov = fit_markov([np.array([0, 1, 0, 1, 0])], 2, 1)
    assert_allclose(markov.probabilities([[1]]), [[(2 + 4 / 7) / 3, 3 / 7 / 3]])
    assert_allclose(markov.probabilities(np.zeros((1, 0))), [[4 / 7, 3 / 7]])


@hypothesis.given(sequences, st.integers(0, 4), st.lists(st.integers(0, 4), max_size=6))
def test_probabilities_are_the_reference_s(train, order, history):
    markov = fit_markov([np.array(each, np.uint8) for each in train], 5, order)
    (ours,) = markov.probabilities(np.array([history], int).reshape(1, -1))
    assert_allclose(ours, reference(train, 5, order, history), rtol=1e-12)
    assert ours.sum() == pytest.approx(1)
    assert (ours > 0).all()


@hypothesis.given(
    sequences, st.integers(0, 4), st.lists(st.integers(0, 4), min_size=1, max_size=12)
)
def test_nats_are_the_reference_s(train, order, sequence):
    markov = fit_markov([np.array(each) for each in train], 5, order)
    expected = [
        -np.log(reference(train, 5, order, sequence[:step])[sequence[step]])
        for step in range(1, len(sequence))
    ]
    assert_allclose(nats(markov, np.array(sequence, np.uint8)), expected, rtol=1e-10)


@hypothesis.given(
    sequences,
    st.integers(0, 3),
    st.lists(st.integers(0, 4), min_size=2, max_size=8),
    st.integers(1, 5),
)
def test_nats_among_the_first_classes(train, order, sequence, num_targets):
    """As the reference's probabilities of those classes, divided by their sum."""
    markov = fit_markov([np.array(each) for each in train], 5, order)
    for step, loss in enumerate(nats(markov, np.array(sequence), num_targets), 1):
        shares = reference(train, 5, order, sequence[:step])[:num_targets]
        expected = (
            -np.log(shares[sequence[step]] / sum(shares))
            if sequence[step] < num_targets
            else np.inf
        )
        assert loss == pytest.approx(expected, rel=1e-9, abs=1e-12)


@hypothesis.given(sequences, st.integers(0, 4), sequences, st.sampled_from([None, 3]))
def test_nats_of_a_stream_are_those_of_its_sequences(train, order, unseen, num_targets):
    """By a model of that order, and by the same part of a model of a higher one."""
    train, unseen = ([np.array(each) for each in group] for group in (train, unseen))
    markov = fit_markov(train, 5, order)
    depths = np.concatenate([np.arange(len(each)) for each in unseen])
    places = np.flatnonzero(depths)
    expected = np.concatenate([nats(markov, each, num_targets) for each in unseen])
    for same in (markov, fit_markov(train, 5, order + 1).of_order(order)):
        found = stream_nats(same, np.concatenate(unseen), places, depths[places], num_targets)
        assert found.tolist() == expected.tolist()


def test_a_higher_order_learns_what_a_lower_one_cannot():
    """0 1 2 1 over and over: what follows 1 depends on the one before."""
    tune = np.tile([0, 1, 2, 1], 50)
    means = [nats(fit_markov([tune], 3, order), tune).mean() for order in (0, 1, 2)]
    assert means[0] > means[1] + 0.3 > means[2] + 0.6
    assert means[2] < 0.1


def test_the_best_order_is_that_of_the_unseen_sequences():
    """0 1 2 1 needs two tokens of history; random tokens are overfitted by any."""
    rng = np.random.default_rng(0)
    patterned, random = np.tile([0, 1, 2, 1], 5), rng.integers(0, 4, 200)
    models = [
        {order: fit_markov([each], 4, order) for order in (0, 1, 2, 3)}
        for each in (patterned, random)
    ]
    assert choose_order(models[0], [np.tile([2, 1, 0, 1], 5)]) in (2, 3)
    assert choose_order(models[1], [rng.integers(0, 4, 2000), np.zeros(1, int)]) == 0
    with pytest.raises(ValueError, match='no sequence'):
        choose_order(models[0], [np.zeros(1, int)])


def test_sampled_frequencies_are_the_probabilities():
    rng = np.random.default_rng(0)
    markov = fit_markov([rng.integers(0, 3, 60)], 3, 2)
    drawn = sample_markov(markov, np.tile([[2, 0, 1]], (20_000, 1)), 2, np.random.default_rng(1))
    assert drawn.shape == (20_000, 2)
    first = markov.probabilities([[0, 1]])[0]
    assert (
        scipy.stats.chisquare(np.bincount(drawn[:, 0], minlength=3), 20_000 * first).pvalue > 1e-3
    )
    second = drawn[drawn[:, 0] == 2, 1]
    expected = markov.probabilities([[1, 2]])[0] * len(second)
    assert scipy.stats.chisquare(np.bincount(second, minlength=3), expected).pvalue > 1e-3


def test_drawing_depends_on_the_generator_alone():
    markov = fit_markov([np.arange(5) % 4], 4, 3)
    one, same, other = (
        sample_markov(markov, [[0, 1]], 12, np.random.default_rng(seed)).tolist()
        for seed in (0, 0, 1)
    )
    assert one == same != other


def test_what_cannot_be_counted():
    with pytest.raises(ValueError, match='63 bits'):
        fit_markov([np.arange(5)], 130, 9)
    with pytest.raises(ValueError, match='no token'):
        fit_markov([np.zeros(0, int)], 4, 1)
