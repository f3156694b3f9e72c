"""Bars left in sections and tunes, compared with counting them one by one."""

import hypothesis
import numpy as np
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.melody.form import LEFT_SIZES, NOT_KNOWN, bars_left, capped


def test_by_hand():
    assert bars_left(5, (0, 2)).T.tolist() == [[1, 0, 2, 1, 0], [4, 3, 2, 1, 0]]
    assert bars_left(3, (2,)).T.tolist() == [[1, 0, 0], [2, 1, 0]]
    assert bars_left(3).T.tolist() == [[NOT_KNOWN] * 3, [2, 1, 0]]
    assert bars_left(0).shape == (0, 2)


@hypothesis.given(st.integers(1, 80), st.sets(st.integers(0, 79), min_size=1))
def test_counted_one_by_one(num_bars, sections):
    found = bars_left(num_bars, sorted(sections))
    for bar in range(num_bars):
        following = bar + 1
        while following < num_bars and following not in sections:
            following += 1
        assert found[bar].tolist() == [min(following - bar - 1, 16), min(num_bars - bar - 1, 32)]


def test_caps():
    found = capped(np.array([-1, 0, 15, 16, 900]), np.array([31, 32, 300, -1, 0]))
    assert_array_equal(found, [[255, 31], [0, 32], [15, 32], [16, 255], [16, 0]])
    assert found.dtype == np.uint8
    assert max(LEFT_SIZES) < NOT_KNOWN
