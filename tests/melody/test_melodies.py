"""Melodies as arrays are those of their events, one by one."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from symmusic.corpus.prepare import as_melody
from symmusic.melody.melodies import Melodies
from symmusic.originality.copies import find_all_symbols, find_longest_runs, find_symbols

EVENTS = st.lists(st.sampled_from([-2, -2, -1, 60, 62, 127, 0]), max_size=20)
ROWS = st.lists(st.tuples(EVENTS, st.integers(0, 3), st.sampled_from([12, 16])), max_size=6)


@given(ROWS)
@settings(max_examples=60)
def test_melodies_of_events(rows):
    rows = [(np.array(events, np.int8), bar, steps) for events, bar, steps in rows]
    plain = [as_melody(*row) for row in rows]
    events, bars, steps = ([row[place] for row in rows] for place in range(3))
    first_steps = [(bar - 1) * each for bar, each in zip(bars, steps, strict=True)]
    found = Melodies(events, first_steps, steps)
    assert list(found) == found[:] == plain
    assert [melody.bar_steps for melody in found] == steps
    symbols = find_all_symbols(found)
    assert list(map(np.ndarray.tolist, symbols)) == [find_symbols(each).tolist() for each in plain]
    assert find_longest_runs(plain[:2], found) == find_longest_runs(plain[:2], plain)
