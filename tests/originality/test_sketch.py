"""The sketch of tunes finds every run that they have, and few others."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.melody.events import StepNote
from symmusic.originality import sketch
from symmusic.originality.copies import find_longest_runs
from symmusic.originality.sketch import find_shared, levels_by_size, longest_shared, make_sketch


def melody(rng, num_notes, num_pitches=40):
    lengths = rng.choice([1, 2, 4], num_notes)
    ends = np.cumsum(lengths)
    pitches = 50 + rng.integers(num_pitches, size=num_notes)
    return [
        StepNote(int(end - length), int(end), int(pitch))
        for end, length, pitch in zip(ends, lengths, pitches, strict=True)
    ]


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 6), st.sampled_from([2, 3, 40]))
def test_a_run_is_never_shorter_than_it_is(seed, num_notes, num_pitches):
    rng = np.random.default_rng(seed)
    tunes = [melody(rng, 30, num_pitches) for _ in range(5)]
    own = make_sketch(tunes, num_notes)
    other = melody(rng, 20, num_pitches)
    exact = find_longest_runs([other], tunes)[0].score
    found = longest_shared(own, other)
    assert found >= exact or exact < own.least
    assert found == 0 or found >= own.least
    moved = [StepNote(each.onset + 3, each.end + 3, each.pitch - 5) for each in tunes[0]]
    assert find_shared(own, moved) == [(0, 30)]


def stretched(rate):
    """The share of runs in stretches of at least three that are found by chance."""
    return rate**3 * (3 - 2 * rate)


def test_runs_of_other_tunes_are_found_as_often_as_stated():
    rng = np.random.default_rng(0)
    own = make_sketch([melody(rng, 20_000)])
    assert 0.08 < own.false_rate < 0.1
    other = melody(rng, 20_000)
    found = find_shared(own, other)
    num_runs = sum(end - begin - 9 for begin, end in found)
    assert num_runs >= 3 * len(found)
    assert abs(num_runs / 19_991 - stretched(own.false_rate)) < 0.001


def test_levels_are_those_of_passages_and_a_sketch_has_a_largest_size(monkeypatch):
    rng = np.random.default_rng(0)
    tunes = [melody(rng, 40) for _ in range(30)]
    own = make_sketch(tunes)
    assert levels_by_size(own, tunes, rng) == {12: 12, 16: 16, 24: 24, 32: 32}
    assert levels_by_size(own, [melody(rng, 13)] * 30, rng) == {12: 11}
    monkeypatch.setattr(sketch, 'MOST_BYTES', 100)
    assert make_sketch(tunes) is None
    assert longest_shared(make_sketch([]), tunes[0]) == 0
