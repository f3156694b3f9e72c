"""Excerpts, shuffled notes and draws: the scale of every overlap area."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.measures.estimate import Mean
from symmusic.measures.excerpts import as_score, cut_excerpts, draw_rows, shuffle_notes
from symmusic.measures.families import Families
from symmusic.measures.features import FEATURES
from symmusic.measures.scale import (
    interval,
    measure,
    measure_draws,
    resample_overall,
    select,
)
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events
from tests.corpus.tunes import random_tune, tune

REST = [NOTE_OFF] + [NO_EVENT] * 14


def test_excerpts_start_at_bar_lines_and_sound():
    """Bars: notes, rest, notes, notes. A bar that sounds for less than 30 % is left out, whatever
    follows it.
    """
    bar = [60, NO_EVENT, 62, NO_EVENT] * 4
    phrase = [*bar, 60, *REST, *bar, *bar]
    found = cut_excerpts([tune(phrase, file='a.mid')], 16)
    assert found.places == (('a.mid', 1), ('a.mid', 3), ('a.mid', 4))
    assert found.events_NT.tolist() == [bar, bar, bar]
    continued = cut_excerpts([tune(phrase, file='a.mid')], 16, continued=16)
    assert continued.places == (('a.mid', 1), ('a.mid', 3))
    assert continued.events_NT[0].tolist() == [*bar, 60, *REST]
    assert len(cut_excerpts([tune(bar)], 32)) == 0


def test_a_held_note_counts_as_sounding():
    phrase = [60] + [NO_EVENT] * 31
    assert cut_excerpts([tune(phrase)], 16).events_NT.tolist() == [
        [60] + [NO_EVENT] * 15,
        [NO_EVENT] * 16,
    ]


@hypothesis.given(
    st.lists(st.sampled_from([NO_EVENT, NO_EVENT, NOTE_OFF, 60, 62, 64]), min_size=1, max_size=64),
    st.integers(0, 99),
)
def test_shuffling_keeps_pitches_lengths_and_silences(events, seed):
    events = np.array(events, np.int8)
    shuffled = shuffle_notes(events, np.random.default_rng(seed), 16)
    before, after = from_events(events), from_events(shuffled)
    assert len(shuffled) == len(events)
    assert sorted(note.pitch for note in after) == sorted(note.pitch for note in before)
    assert sorted(note.end - note.onset for note in after) == sorted(
        note.end - note.onset for note in before
    )
    if before:
        assert after[0].onset == before[0].onset


def test_shuffling_depends_on_the_generator_and_moves_something():
    events = random_tune(0, 64).phrases[0]
    one, same, other = (
        shuffle_notes(events, np.random.default_rng(seed), 16).tolist() for seed in (1, 1, 2)
    )
    assert one == same
    assert one not in (other, events.tolist())


def test_events_are_measured_as_their_file_would_be():
    score = as_score(np.array([60, NO_EVENT, NOTE_OFF, 64], np.int8))
    assert [(note.onset, note.duration, note.pitch) for note in score.notes] == [
        (0, 110, 60),
        (165, 55, 64),
    ]
    pieces = measure(
        np.array([[60, NO_EVENT], [NO_EVENT, NO_EVENT], [60, 62]], np.int8), 'corrected'
    )
    assert pieces.names == ('00000', '00002')  # the empty one is left out
    assert pieces.features['NC'].tolist() == [1, 2]
    assert len(measure(np.full((2, 4), NO_EVENT, np.int8), 'corrected')) == 0


def test_rows_of_a_draw_differ():
    rows = draw_rows(30, 20, 5, np.random.default_rng(0))
    assert rows.shape == (5, 20)
    assert all(len(set(row.tolist())) == 20 for row in rows)
    # a small pool is drawn from again
    assert draw_rows(3, 20, 2, np.random.default_rng(0)).max() == 2


def test_draws_against_the_same_reference():
    rng = np.random.default_rng(0)
    pool = measure(np.array([random_tune(seed, 64).phrases[0] for seed in range(40)]), 'corrected')
    sets = {
        'same': [select(pool, rows) for rows in draw_rows(40, 20, 3, rng)],
        'empty': [measure(np.full((2, 4), NO_EVENT, np.int8), 'corrected')] * 3,
    }
    rows = draw_rows(40, 20, 3, rng)
    found = measure_draws(pool, rows, sets, 'corrected')
    assert [len(draws) for draws in found.values()] == [3, 3]
    assert all(draw.averages['overall'].oa > 0.7 for draw in found['same'])
    assert all(draw.averages['overall'].oa is None for draw in found['empty'])
    assert set(found['same'][0].features) == set(FEATURES)
    found = measure_draws(pool, rows, {'empty': sets['empty']}, 'thesis')
    assert all(draw.averages['overall'].oa is None for draw in found['empty'])


def test_resampled_overlap():
    """Of every family once it is the mean of the draws; of other tunes it is another. A piece
    without notes is left out.
    """
    pool = measure(np.array([random_tune(seed, 64).phrases[0] for seed in range(40)]), 'corrected')
    events_NT = np.array([random_tune(100 + seed, 64).phrases[0] for seed in range(24)])
    events_NT[13] = NO_EVENT
    draws = [measure(each, 'corrected') for each in np.split(events_NT, 2)]
    rows = draw_rows(40, 12, 2, np.random.default_rng(0))
    members = np.arange(24) % 8
    every, others = np.ones(8), np.array([2, 2, 2, 2, 0, 0, 0, 0])
    families = Families(members, np.stack([every, others, np.zeros(8)]))
    found = resample_overall(pool, rows, draws, families)
    expected = measure_draws(pool, rows, {'model': draws}, 'corrected')
    areas = [draw.averages['overall'].oa for draw in expected['model']]
    assert found[0] == pytest.approx(np.mean(areas), abs=0.005)
    assert 0 < found[1] < 1
    assert found[1] != pytest.approx(found[0], abs=1e-4)
    assert np.isnan(found[2])


def test_interval_of_draws():
    cells = interval([0.5, 0.7, None, 0.6])
    assert (cells.num, cells.value) == (3, pytest.approx(0.6))
    assert 0.5 <= cells.low < 0.6 < cells.high <= 0.7
    assert interval([0.5, None]) == Mean(0.5, None, None, 1)
    assert interval([None]) == Mean(None, None, None, 0)
