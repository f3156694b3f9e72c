"""Prediction by partial matching, against probabilities worked out by hand."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from symmusic.benchmark.ppm import LONG_TERM, PPM, SHORT_TERM, combine

melodies = st.lists(st.integers(0, 3), min_size=1, max_size=12).map(np.array)


def test_by_hand():
    """After a b a the contexts are a, followed by b once, and the empty one: a twice, b once. The
    first has been followed by one note alone and is used; escape C.
    """
    model = PPM(3, LONG_TERM)
    found = model.predict(np.array([0, 1, 0, 1]), learn=True)
    np.testing.assert_allclose(found[0], 1 / 3)
    # context a: b 1/2, escape 1/2; empty: without b a has 2 of 2, escape 2: a 2/4, b 1/4, escape
    # 2/4; uniform over the 1 + 1 others of which c is one
    b, a, c = 1 / 2 + 1 / 2 * 1 / 4, 1 / 2 * 2 / 4, 1 / 2 * 2 / 4 * 1 / 2
    rest = 1 / 2 * 2 / 4 * 1 / 2
    whole = np.array([a + rest, b + rest, c])
    np.testing.assert_allclose(found[3], whole / whole.sum())


@pytest.mark.parametrize('method', [LONG_TERM, SHORT_TERM])
@hypothesis.given(st.lists(melodies, max_size=3), melodies)
@hypothesis.settings(max_examples=25, deadline=None)
def test_they_are_distributions(method, learnt, melody):
    model = PPM(4, method)
    model.learn(learnt)
    for learn in (False, True):
        found = model.predict(melody, learn=learn)
        assert (found > 0).all()
        np.testing.assert_allclose(found.sum(axis=1), 1)


@hypothesis.given(melodies)
@hypothesis.settings(max_examples=25, deadline=None)
def test_a_fixed_model_learns_nothing(melody):
    model = PPM(4, LONG_TERM)
    model.learn([np.array([0, 1, 2, 0, 1])])
    first = model.predict(melody, learn=False)
    np.testing.assert_array_equal(first, model.predict(melody, learn=False))
    model.predict(melody, learn=True)
    again = model.predict(melody, learn=False)
    rows = np.arange(len(melody))
    assert again[rows, melody].prod() > first[rows, melody].prod()


def test_an_update_excluded_note_is_counted_where_it_was_new():
    """The second time b is counted after a alone, as it is not new there."""
    model = PPM(3, SHORT_TERM)
    model.learn([np.array([0, 1, 0, 1])])
    assert model._root.counts == {0: 2, 1: 2}
    assert model._root.excluded == {0: 2, 1: 1}
    assert model._root.longer[0].excluded == {1: 2}


def test_the_surer_prediction_counts_more():
    sure, unsure = np.array([[0.9, 0.05, 0.05]]), np.array([[0.3, 0.3, 0.4]])
    mean = combine(sure, unsure, 0.0)
    np.testing.assert_allclose(mean, (sure + unsure) / 2)
    assert combine(sure, unsure, 2.0)[0, 0] > mean[0, 0]
    np.testing.assert_allclose(combine(sure, unsure, 2.0).sum(), 1)
