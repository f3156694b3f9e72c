"""Repetition: both measures by hand, and the block over draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmusic.measures.estimate import Estimate
from symmusic.measures.families import resample_families
from symmusic.measures.structure import (
    LAGS,
    Repetition,
    count_repeated,
    count_similar,
    measure_structure,
    repeated_bars,
    self_similarity,
)
from symmusic.report.comparison_file import as_json
from symmusic.report.repetition import repetition_section
from tests.report.sections import as_text

HOLD, OFF = -2, -1


def bar(*pitches):
    """A bar of 16 steps that starts with these events."""
    return [*pitches, *[HOLD] * (16 - len(pitches))]


A, B, EMPTY, REST = bar(60, 62), bar(60, HOLD, 62), bar(), bar(OFF)


@pytest.mark.parametrize(
    ('prompt', 'piece', 'share'),
    [
        ([A], [A], 1),
        ([A], [B], 0),
        ([B], [A, A], 1 / 2),  # the second is the first again
        ([A], [B, A, B, B], 3 / 4),
        ([A], [A, EMPTY], 1),  # a bar without an onset does not count
        ([EMPTY], [REST, EMPTY], None),
    ],
)
def test_repeated_bars(prompt, piece, share):
    assert (
        repeated_bars(np.array([np.concatenate(prompt)]), np.array([np.concatenate(piece)]), 16)
        == share
    )


def test_repeated_bars_of_several_pieces():
    prompts, pieces = (
        np.array([np.concatenate([A])] * 2),
        np.array([np.concatenate([A, B]), np.concatenate([EMPTY, B])]),
    )
    assert repeated_bars(prompts, pieces, 16) == 1 / 3


@pytest.mark.parametrize(
    ('lag', 'prompt', 'piece', 'share'),
    [
        (1, [A], [A], 1),
        (1, [A], [B], 1 / 3),  # 60 at the same step; 62 two steps after the start or one
        (1, [A], [bar(61, 62)], 1 / 2),
        (2, [A, EMPTY], [A, EMPTY], 1),
        (2, [A, EMPTY], [EMPTY, A], 0),
        (2, [A], [B], None),  # reaches before the prompt
        (2, [A], [B, A], 1),
        (1, [EMPTY], [REST, EMPTY], None),
    ],
)
def test_self_similarity(lag, prompt, piece, share):
    assert self_similarity(
        np.array([np.concatenate(prompt)]), np.array([np.concatenate(piece)]), lag, 16
    ) == pytest.approx(share)


@given(st.integers(0, 1000), st.sampled_from(LAGS), st.integers(1, 4), st.integers(1, 8))
def test_self_similarity_is_the_count_by_hand(seed, lag, prompt_bars, num_bars):
    rng = np.random.default_rng(seed)
    prompts, pieces = (
        rng.choice([HOLD, OFF, 60, 62], (3, bars * 16)).astype(np.int8)
        for bars in (prompt_bars, num_bars)
    )
    same, begun = 0, 0
    for prompt, piece in zip(prompts, pieces, strict=True):
        events = [*prompt, *piece]
        for step in range(len(prompt), len(events)):
            if step >= lag * 16:
                now, before = events[step], events[step - lag * 16]
                begun += now >= 0 or before >= 0
                same += now >= 0 and now == before
    assert self_similarity(prompts, pieces, lag, 16) == (
        pytest.approx(same / begun) if begun else None
    )


def test_sets_of_two_families():
    prompts = np.array([np.concatenate([A])] * 4)
    sets = {'model': np.array([A, A, B, A]), 'real_continuations': np.array([A] * 4)}
    families = resample_families([0, 0, 1, 1], np.random.default_rng(0))
    blocks = measure_structure(prompts, sets, families, 16)
    assert blocks['real_continuations'].lags[1] == Estimate(1, 1, 1)
    assert blocks['real_continuations'].difference.value == 0
    assert blocks['real_continuations'].more == Estimate(0, 0, 0)
    # The third piece: of three steps with an onset one is the same; the others have two each.
    model = blocks['model']
    assert model.lags[1].value == pytest.approx(7 / 9)
    assert model.difference.value == pytest.approx(2 / 9)
    assert model.repeated_bars.value == pytest.approx(3 / 4)
    assert model.more.value == pytest.approx(-1 / 4)
    assert -1 <= model.more.low < -1 / 4 < model.more.high
    assert model.lags[2].value is None
    text = as_text(repetition_section(blocks, {'model': 'the model'}))
    assert '| the model | 0.778 [' in text
    assert '| -0.250 [' in text
    assert 'too short to look back 2 or 4 or 8 bars' in text
    alone = measure_structure(prompts, {'model': sets['model']}, families, 16)
    assert alone['model'].difference is None
    assert alone['model'].more is None
    assert 'difference' not in as_json({'structure': Repetition(alone)})['structure']['model']


def test_counts_of_each_piece():
    prompts, pieces = np.array([A] * 3), np.array([A, B, EMPTY])
    similar, begins = count_similar(prompts, pieces, 1, 16)
    assert (similar.tolist(), begins.tolist()) == ([2, 1, 0], [2, 3, 2])
    repeated, bars = count_repeated(prompts, pieces, 16)
    assert (repeated.tolist(), bars.tolist()) == ([1, 0, 0], [1, 1, 0])
