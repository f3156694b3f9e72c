"""Quantisation, monophony, phrases and events: each rule of the specification by hand, and round
trips as properties.
"""

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.melody.events import (
    NO_EVENT,
    NOTE_OFF,
    StepNote,
    extract_phrases,
    from_events,
    quantize,
    to_events,
    to_notes,
)
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Meter, Note, Score, Tempo
from tests.score.midi_bytes import melody, midi, off, on, tempo, track

HOLD, OFF = NO_EVENT, NOTE_OFF


def steps(*notes, ticks_per_quarter=480, pickup=0, align_pickup=True, **fields):
    """(onset, end) in steps of notes (onset, duration) in ticks."""
    score = Score(
        tuple(Note(*note, 60) for note in notes), ticks_per_quarter, pickup=pickup, **fields
    )
    return [(note.onset, note.end) for note in quantize(score, align_pickup=align_pickup)]


def phrases(*notes):
    return [
        [(note.onset, note.end, note.pitch) for note in phrase]
        for phrase in extract_phrases((StepNote(*note) for note in notes), 16)
    ]


def events(*notes):
    return to_events([StepNote(*note) for note in notes], 16).tolist()


# Quantisation


def test_alphabet():
    assert (NO_EVENT, NOTE_OFF) == (-2, -1)


def test_rounds_half_up():
    # 120 ticks a step: 59 is nearer to 0, 60 lies half-way and goes up, as 180 does.
    assert steps((59, 120), (60, 120), (180, 120), (179, 1)) == [(0, 1), (1, 2), (2, 3), (1, 2)]


def test_ends_are_rounded_on_their_own():
    assert steps((50, 120)) == [(0, 1)]  # to 170: step 1
    assert steps((50, 130)) == [(0, 2)]  # to 180: step 2


def test_empty_note_lasts_a_step():
    assert steps((240, 0), (240, 10), (0, 59)) == [(2, 3), (2, 3), (0, 1)]


def test_thirty_seconds():
    # At 0, 60, 120, 180 ticks: 0, 1/2 -> 1, 1, 3/2 -> 2.
    assert steps(*((60 * index, 60) for index in range(4))) == [(0, 1), (1, 2), (1, 2), (2, 3)]


def test_triplets():
    # Eighth triplets at 0, 160, 320 ticks: 0, 4/3 -> 1, 8/3 -> 3.
    assert steps(*((160 * index, 160) for index in range(4))) == [(0, 1), (1, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize('ticks_per_quarter', [1, 2, 3, 4, 5, 24, 96, 220, 384, 480, 1024, 0x7FFF])
def test_any_resolution(ticks_per_quarter):
    quarters = [(index * ticks_per_quarter, ticks_per_quarter) for index in range(5)]
    assert steps(*quarters, ticks_per_quarter=ticks_per_quarter) == [
        (4 * index, 4 * index + 4) for index in range(5)
    ]


def test_coarse_resolution():
    # 3 ticks a quarter: 0, 4/3, 8/3 steps.
    assert steps((0, 1), (1, 1), (2, 1), ticks_per_quarter=3) == [(0, 1), (1, 3), (3, 4)]


@hypothesis.given(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(1, 2000))
def test_as_the_formula_in_seconds(onset, duration, ticks_per_quarter):
    """`int(seconds * 4 * qpm / 60 + 0.5)`, computed exactly: with x = 4 * tick / ticks_per_quarter,
    floor(x + 1/2).
    """
    ((begin, end),) = steps((onset, duration), ticks_per_quarter=ticks_per_quarter)

    def nearest(step, tick):
        return -ticks_per_quarter <= 2 * (4 * tick - step * ticks_per_quarter) < ticks_per_quarter

    assert nearest(begin, onset)
    assert end > begin
    assert nearest(end, onset + duration) or (end == begin + 1 and nearest(begin, onset + duration))


@hypothesis.given(st.integers(1, 960), st.integers(0, 400), st.integers(0, 200))
def test_what_is_on_the_grid_stays(ticks, onset, length):
    assert steps((ticks * onset, ticks * length), ticks_per_quarter=4 * ticks) == [
        (onset, onset + max(length, 1))
    ]


def test_tempo_does_not_matter():
    slow = (Tempo(0, 40.0), Tempo(500, 222.0))
    assert steps((480, 480), tempi=slow, meters=(Meter(0, 4, 4),)) == steps((480, 480)) == [(4, 8)]
    change = midi(track((0, on(60)), (240, off(60)), (0, tempo(33)), (0, on(62)), (480, off(62))))
    assert quantize(parse_midi(change)) == [StepNote(0, 2, 60), StepNote(2, 6, 62)]


def test_pickup_moves_to_the_end_of_its_bar():
    notes = ((0, 480), (480, 480))  # a quarter before the bar line
    assert steps(*notes, pickup=480) == [(12, 16), (16, 20)]
    assert steps(*notes, pickup=480, align_pickup=False) == [(0, 4), (4, 8)]
    assert steps(*notes, pickup=0) == [(0, 4), (4, 8)]
    assert steps((0, 220), (220, 220), ticks_per_quarter=220, pickup=110) == [(14, 18), (18, 22)]


@hypothesis.given(st.integers(1, 15), st.integers(1, 300), st.integers(0, 64))
def test_the_bar_line_is_a_multiple_of_16(pickup, ticks, later):
    ((onset, _),) = steps(
        (ticks * (pickup + 16 * later), ticks), ticks_per_quarter=4 * ticks, pickup=pickup * ticks
    )
    assert onset == 16 * (later + 1)


# Monophony


def test_highest_of_a_chord():
    assert phrases((0, 4, 60), (0, 8, 67), (0, 2, 64)) == [[(0, 8, 67)]]


def test_a_note_cuts_and_the_remainder_does_not_return():
    assert phrases((0, 16, 60), (4, 8, 72)) == [[(0, 4, 60), (4, 8, 72)]]
    # a lower one cuts as well
    assert phrases((0, 16, 72), (4, 8, 60)) == [[(0, 4, 72), (4, 8, 60)]]


def test_the_skipped_note_of_a_chord_has_no_effect():
    # The low note would sound until 40; only the high one counts, so a bar and more is silent.
    assert phrases((0, 4, 67), (0, 40, 60), (20, 24, 62)) == [[(0, 4, 67)], [(20, 24, 62)]]


def test_neither_order_nor_equal_notes_matter():
    assert phrases((4, 8, 62), (0, 4, 60), (0, 4, 60)) == [[(0, 4, 60), (4, 8, 62)]]


def test_phrase_ends_at_a_silent_bar():
    assert phrases((0, 4, 60), (19, 20, 62)) == [[(0, 4, 60), (19, 20, 62)]]  # 15 silent steps
    assert phrases((0, 4, 60), (20, 21, 62)) == [[(0, 4, 60)], [(20, 21, 62)]]  # 16: one bar
    assert phrases((0, 1, 60), (100, 101, 62), (200, 201, 64), (201, 202, 65)) == [
        [(0, 1, 60)],
        [(100, 101, 62)],
        [(200, 201, 64), (201, 202, 65)],
    ]


def test_silence_at_the_start_ends_nothing():
    assert phrases((70, 72, 60)) == [[(70, 72, 60)]]
    assert phrases() == []


step_notes = st.lists(
    st.tuples(st.integers(0, 120), st.integers(1, 24), st.integers(0, 127)).map(
        lambda row: StepNote(row[0], row[0] + row[1], row[2])
    ),
    max_size=25,
)


@hypothesis.given(step_notes)
def test_monophony(notes):
    found = extract_phrases(notes, 16)
    flat = [note for phrase in found for note in phrase]
    assert {note.onset for note in flat} == {note.onset for note in notes}
    for note in flat:
        assert note.pitch == max(other.pitch for other in notes if other.onset == note.onset)
    for before, after in itertools.pairwise(flat):
        assert before.onset < before.end <= after.onset
    for phrase in found:
        assert all(after.onset - before.end < 16 for before, after in itertools.pairwise(phrase))
    assert all(after[0].onset - before[-1].end >= 16 for before, after in itertools.pairwise(found))


@hypothesis.given(step_notes)
def test_monophony_is_idempotent(notes):
    flat = [note for phrase in extract_phrases(notes, 16) for note in phrase]
    assert [note for phrase in extract_phrases(flat, 16) for note in phrase] == flat


# Events


def test_events():
    # a quarter, a rest, the same pitch again, and a last note whose end is not written
    assert events((0, 4, 60), (6, 7, 60), (7, 9, 62)) == [
        60,
        HOLD,
        HOLD,
        HOLD,
        OFF,
        HOLD,
        60,
        62,
        HOLD,
    ]


def test_empty_leading_bars_vanish():
    assert events((32, 34, 60)) == [60, HOLD]
    assert events((16, 17, 60), (17, 18, 62)) == [60, 62]


def test_rest_in_the_first_bar_stays():
    assert events((3, 5, 60)) == [HOLD, HOLD, HOLD, 60, HOLD]
    assert events((35, 37, 60)) == [HOLD, HOLD, HOLD, 60, HOLD]
    assert events((31, 33, 60)) == [*[HOLD] * 15, 60, HOLD]


def test_final_note_off_is_stripped_and_no_bar_filled():
    assert events((0, 1, 60)) == [60]
    assert len(events((0, 17, 60))) == 17


def test_no_notes():
    assert events() == []
    assert to_events([], 16).dtype == np.int8
    assert from_events([]) == []


def test_highest_pitch_fits():
    assert events((0, 1, 127), (1, 2, 0)) == [127, 0]


def test_from_events_that_no_file_gives():
    assert from_events([OFF, OFF, HOLD, 60, HOLD, OFF, OFF, 62]) == [
        StepNote(3, 5, 60),
        StepNote(7, 8, 62),
    ]
    assert from_events([HOLD, HOLD]) == []


def test_from_a_file():
    data = melody((60, 4), (None, 2), (64, 2), (64, 1), (62, 3), division=96)
    (notes,) = extract_phrases(quantize(parse_midi(data)), 16)
    assert to_events(notes, 16).tolist() == [
        60,
        HOLD,
        HOLD,
        HOLD,
        OFF,
        HOLD,
        64,
        HOLD,
        64,
        62,
        HOLD,
        HOLD,
    ]


@st.composite
def monophonic(draw):
    """Notes in order, not overlapping, the first within the first bar."""
    step, notes = draw(st.integers(0, 15)), []
    for rest, length, pitch in draw(
        st.lists(
            st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(0, 127)),
            min_size=1,
            max_size=20,
        )
    ):
        step += rest if notes else 0
        notes.append(StepNote(step, step + length, pitch))
        step += length
    return notes


@hypothesis.given(monophonic())
def test_notes_to_events_and_back(notes):
    written = to_events(notes, 16)
    assert len(written) == notes[-1].end
    assert from_events(written) == notes
    assert written[-1] != NOTE_OFF
    assert np.count_nonzero(written >= 0) == len(notes)


@hypothesis.given(monophonic(), st.integers(0, 5))
def test_empty_bars_before_have_no_effect(notes, bars):
    later = [StepNote(note.onset + 16 * bars, note.end + 16 * bars, note.pitch) for note in notes]
    np.testing.assert_array_equal(to_events(later, 16), to_events(notes, 16))


@hypothesis.given(st.lists(st.integers(-2, 127), max_size=60))
def test_events_to_notes_and_back(drawn):
    """Any events, sampled ones too: their notes are monophonic and give the same events again."""
    notes = from_events(drawn)
    assert all(before.end <= after.onset for before, after in itertools.pairwise(notes))
    assert [(note.onset, note.pitch) for note in notes] == [
        (step, event) for step, event in enumerate(drawn) if event >= 0
    ]
    if notes and notes[0].onset < 16:
        assert from_events(to_events(notes, 16)) == notes


@hypothesis.given(monophonic(), st.sampled_from([4, 96, 220, 480]))
def test_steps_to_ticks_and_back(notes, ticks_per_quarter):
    ticks = to_notes(notes, ticks_per_quarter, velocity=64)
    assert all(note.velocity == 64 and 4 * note.onset % ticks_per_quarter == 0 for note in ticks)
    assert quantize(Score(tuple(ticks), ticks_per_quarter)) == notes
