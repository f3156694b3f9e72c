"""Places in the bars of several metres."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.model.places import bar_steps, first_place, later, meters_of, steps_in_bar

BARS = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


def test_by_hand():
    places = np.arange(7)
    assert_array_equal(meters_of(places, (4, 3)), [0, 0, 0, 0, 1, 1, 1])
    assert_array_equal(steps_in_bar(places, (4, 3)), [0, 1, 2, 3, 0, 1, 2])
    assert_array_equal(bar_steps(places, (4, 3)), [4, 4, 4, 4, 3, 3, 3])
    assert_array_equal(later(places, 1, (4, 3)), [1, 2, 3, 0, 5, 6, 4])
    assert [first_place(meter, (4, 3)) for meter in (0, 1)] == [0, 4]


@given(BARS, st.data())
def test_later_stays_in_its_metre(bars, data):
    meter = data.draw(st.integers(0, len(bars) - 1))
    first, steps = first_place(meter, bars), data.draw(st.integers(-40, 40))
    found = later(np.array(first), steps, bars)
    assert meters_of(found, bars) == meter
    assert steps_in_bar(found, bars) == steps % bars[meter]
    assert bar_steps(found, bars) == bars[meter]
    assert later(found, -steps, bars) == first
