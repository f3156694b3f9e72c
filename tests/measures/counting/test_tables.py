"""Counts and smoothed probabilities by hand, and against dictionaries."""

import collections

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.measures.counting.tables import count, look_up, smooth

steps = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)


def columns(pairs):
    contexts, tokens = np.array(pairs).T
    return contexts.astype(np.uint64), tokens


@given(steps)
def test_counts_are_a_dictionary_s(pairs):
    expected = collections.Counter(pairs)
    found = look_up(count(*columns(pairs), 4), np.arange(8, dtype=np.uint64), 4)
    assert_array_equal(found, [[expected[c, w] for w in range(4)] for c in range(8)])


def test_probabilities_by_hand():
    """After context 7: token 0 three times, token 2 once; T = 2, n = 4; of context 9 nothing."""
    table = count(np.array([7, 7, 8, 7, 7], np.uint64), np.array([0, 2, 1, 0, 0]), 3)
    counts = look_up(table, np.array([9, 7], np.uint64), 3)
    assert counts.tolist() == [[0, 0, 0], [3, 0, 1]]
    lower = np.array([[0.5, 0.25, 0.25]] * 2)
    expected = [lower[0], [(3 + 2 * 0.5) / 6, 2 * 0.25 / 6, (1 + 2 * 0.25) / 6]]
    assert_allclose(smooth(counts, lower), expected)


@given(steps)
def test_probabilities_sum_to_one(pairs):
    contexts, tokens = columns(pairs)
    found = smooth(
        look_up(count(contexts, tokens, 4), np.arange(8, dtype=np.uint64), 4),
        np.full((8, 4), 0.25, np.float32),
    )
    assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert (found > 0).all()
