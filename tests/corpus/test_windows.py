"""Windows: the counts of the specification, where they start, and that no step is lost if all are
wanted.
"""

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus.duplicates import distinct
from symmusic.corpus.windows import (
    count_windows,
    cut_windows,
    join_windows,
    tune_indices,
    window_starts,
)
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import random_tune, tune

VOCABULARY = MelodyVocabulary(60, 72)
lengths = st.integers(0, 300)
sizes = st.integers(1, 70)
hops = st.integers(1, 40)


def starts(num_steps, window_steps=64, hop_steps=16, **options):
    return list(window_starts(num_steps, window_steps, hop_steps, **options)[0])


@pytest.mark.parametrize(
    ('num_steps', 'all_windows', 'faithful'),
    [
        (0, 0, 0),
        (1, 1, 1),
        (63, 1, 1),
        (64, 1, 1),
        *((n, 1, 0) for n in range(65, 80)),
        (80, 2, 1),
        (96, 3, 2),
        (1120, 67, 66),
    ],
)
def test_counts_of_the_specification(num_steps, all_windows, faithful):
    assert len(starts(num_steps)) == all_windows
    assert len(starts(num_steps, keep_last=False)) == faithful
    if num_steps > 64:
        assert all_windows == num_steps // 16 - 3
    tunes = tune([60] * num_steps)
    assert (
        count_windows(tunes, 64, 16, True)
        == all_windows
        == len(cut_windows([tunes], VOCABULARY, 64, 16))
    )
    assert (
        count_windows(tunes, 64, 16, False)
        == faithful
        == len(cut_windows([tunes], VOCABULARY, 64, 16, keep_last=False))
    )


@pytest.mark.parametrize(
    ('num_steps', 'count'), [(0, 0), (1, 1), (64, 1), (65, 2), (79, 16), (80, 17), (1120, 1057)]
)
def test_counts_at_every_step(num_steps, count):
    assert len(starts(num_steps, hop_steps=1)) == count
    assert len(starts(num_steps, hop_steps=1, keep_last=False)) == (
        count - 1 if num_steps > 64 else count
    )


def test_cover_end():
    assert starts(80, cover_end=True) == [0, 16]
    assert starts(79, cover_end=True) == [0, 15]
    assert starts(79, cover_end=True, keep_last=False) == [0, 15]  # no step is lost
    assert starts(40, cover_end=True) == [-24]
    assert starts(0, cover_end=True) == []


@hypothesis.given(lengths, sizes, hops, st.booleans(), st.booleans())
def test_starts(num_steps, window_steps, hop_steps, keep_last, cover_end):
    found, padding = window_starts(
        num_steps, window_steps, hop_steps, keep_last=keep_last, cover_end=cover_end
    )
    found = list(found)
    assert padding == (max(window_steps - num_steps, 0) if num_steps else 0)
    assert found == sorted(set(found))
    assert all(start + window_steps <= num_steps and start >= -padding for start in found)
    if num_steps > window_steps:
        regular = [
            start
            for start in range(num_steps)
            if start % hop_steps == 0 and start + window_steps <= num_steps
        ]
        if cover_end:
            assert found == sorted({*regular, num_steps - window_steps})
        else:
            assert found == (regular if keep_last else regular[:-1])


@hypothesis.given(lengths.filter(bool), sizes, st.booleans(), st.data())
def test_every_step_is_in_a_window(num_steps, window_steps, keep_last, data):
    found = starts(
        num_steps,
        window_steps,
        data.draw(st.integers(1, window_steps)),
        keep_last=keep_last,
        cover_end=True,
    )
    covered = {step for start in found for step in range(start, start + window_steps)}
    assert covered >= set(range(num_steps))
    assert max(covered) == num_steps - 1


def test_padding_and_positions():
    windows = cut_windows([tune([60, -2, 62]), tune([-2, 61, -1, 62, -2, 63])], VOCABULARY, 4, 2)
    assert windows.tokens().tolist() == [[0, 2, 0, 4], [0, 3, 1, 4], [1, 4, 0, 5]]
    assert windows.num_padding.tolist() == [1, 0, 0]
    # the padded window's first real step is a bar line
    assert windows.positions.tolist() == [15, 0, 2]
    assert len(windows) == 3
    assert windows.tokens().dtype == np.uint8


def test_no_window():
    windows = cut_windows([], VOCABULARY, 4, 2)
    assert (len(windows), windows.tokens().shape, distinct(windows)) == (0, (0, 4), 0)


@hypothesis.given(
    st.lists(st.lists(st.integers(0, 90), max_size=3), max_size=5),
    st.integers(1, 40),
    hops,
    st.booleans(),
    st.booleans(),
)
def test_cut_windows(tunes, window_steps, hop_steps, keep_last, cover_end):
    """Compared with the direct way: pad each phrase and slice it."""
    options = {'keep_last': keep_last, 'cover_end': cover_end}
    phrases = [
        [random_tune(10 * i + j, length).phrases[0] for j, length in enumerate(each)]
        for i, each in enumerate(tunes)
    ]
    made = [tune(*each, gaps=(1,) * max(len(each) - 1, 0)) for each in phrases]
    expected = []
    for phrase in itertools.chain(*phrases):
        tokens = [0] * window_steps + VOCABULARY.encode(phrase).tolist()
        for start in window_starts(len(phrase), window_steps, hop_steps, **options)[0]:
            expected.append(
                (
                    tokens[window_steps + start : 2 * window_steps + start],
                    start % 16,
                    max(-start, 0),
                )
            )
    windows = cut_windows(made, VOCABULARY, window_steps, hop_steps, **options)
    found = zip(
        windows.tokens().tolist(),
        windows.positions.tolist(),
        windows.num_padding.tolist(),
        strict=True,
    )
    assert list(found) == expected
    if not cover_end:
        assert sum(count_windows(each, window_steps, hop_steps, keep_last) for each in made) == len(
            windows
        )
    assert distinct(windows) == len({tuple(tokens) for tokens, _, _ in expected})
    rows = np.arange(len(windows))[::-2]
    assert (
        windows.select(rows).tokens().tolist()
        == windows.tokens(rows).tolist()
        == [expected[row][0] for row in rows]
    )


def test_first_targets():
    """A window of 4 steps at hop 2 over 7; counted once, the second has 2 new steps and the one
    that covers the end has 1.

    steps    0 1 2 3 4 5 6
    first    x T T T          step 0 has nothing before it
    second       x x T T
    last           x x x T
    """
    tunes = [tune([60] * 7), tune([60] * 3)]
    each = cut_windows(tunes, VOCABULARY, 4, 2, cover_end=True)
    # of the short tune, padded by one step, the first real one
    assert each.first_targets.tolist() == [1, 1, 1, 1]
    once = cut_windows(tunes, VOCABULARY, 4, 2, cover_end=True, count_once=True)
    assert once.first_targets.tolist() == [1, 2, 3, 1]
    assert once.num_padding.tolist() == [0, 0, 0, 1]
    assert once.select(np.array([2])).first_targets.tolist() == [3]


@hypothesis.given(lengths.filter(bool), st.integers(2, 70), st.data())
def test_every_step_counts_once(num_steps, window_steps, data):
    # at less overlap a first step has nothing before it
    hop_steps = data.draw(st.integers(1, window_steps - 1))
    windows = cut_windows(
        [tune([60] * num_steps)],
        VOCABULARY,
        window_steps,
        hop_steps,
        cover_end=True,
        count_once=True,
    )
    counted = [
        start - window_steps + step
        for start, first in zip(
            windows.starts.tolist(), windows.first_targets.tolist(), strict=True
        )
        for step in range(first, window_steps)
    ]
    # the first step of all, where no padding stands before it
    skipped = 0 if num_steps < window_steps else 1
    assert counted == list(range(skipped, num_steps))


@hypothesis.given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.sampled_from('ab')),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 99),
)
def test_which_tune_a_window_is_from(drawn, seed):
    """Cut one by one and style by style, joined, and some of them selected."""

    def cut(tunes):
        return cut_windows(tunes, VOCABULARY, 8, 4, cover_end=True, count_once=True)

    tunes = [tune(*([60] * num for num in nums), style=style) for nums, style in drawn]
    styles = sorted({each.style for each in tunes})
    windows = join_windows([cut([one for one in tunes if one.style == each]) for each in styles])
    expected = [
        index
        for style in styles
        for index, each in enumerate(tunes)
        if each.style == style
        for _ in range(len(cut([each])))
    ]
    rows = np.flatnonzero(np.random.default_rng(seed).random(len(windows)) < 0.7)
    assert (
        tune_indices(windows.select(rows), tunes, VOCABULARY).tolist()
        == np.array(expected)[rows].tolist()
    )
    with pytest.raises(ValueError, match='is not of these tunes'):
        tune_indices(windows, [*tunes, tune([60])], VOCABULARY)
