"""The grid of twelve steps per quarter: its bars, and triplets and swing in notation, which our
readers read back to the same notes.
"""

import itertools
from fractions import Fraction

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.errors import ScoreError
from symmusic.melody.events import StepNote, count_moved, quantize, to_notes
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.bar import GRIDS, Bar, bar_of
from symmusic.score.key import Key
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import format_midi, ticks_of
from symmusic.score.musicxml import format_musicxml
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notation import VALUES, to_bars
from symmusic.score.notes import Meter, Note, Score
from tests.score.test_notation import METERS, joined

HALF = Fraction(1, 2)
# lengths in twelfths of a quarter, of whole bars of 4/4, 3/4 and 6/8
PATTERNS = {
    'triplets': [4] * 36,
    'swing': [8, 4] * 12,
    'sixteenths': [3] * 48,
    'eighths': [6] * 24,
    'mixed': [4, 4, 4, 12, 8, 4, 3, 3, 6, 3, 1, 2, 6, 6, 2, 4, 36, 5, 7, 12, 18, 6],
}


def melody(lengths):
    """Notes of these lengths one after another, the last of each five followed by a rest."""
    onsets = itertools.accumulate(lengths, initial=0)
    notes = [
        Note(onset, length, 60 + index % 7)
        for index, (onset, length) in enumerate(zip(onsets, lengths, strict=False))
    ]
    return [note for index, note in enumerate(notes) if index % 5 != 3]


@st.composite
def melodies(draw):
    """Notes on the grid, one after another, with rests between some."""
    lengths = st.tuples(st.integers(0, 30), st.integers(1, 60), st.integers(40, 90))
    notes, step = [], 0
    for gap, length, pitch in draw(st.lists(lengths, min_size=1, max_size=10)):
        notes.append(Note(step + gap, length, pitch))
        step = notes[-1].end
    return notes


def in_steps(score):
    """The notes of a score in twelfths of a quarter, which hold them exactly."""
    unit = Fraction(score.ticks_per_quarter, 12)
    return [(note.onset / unit, note.duration / unit, note.pitch) for note in score.notes]


def as_read(notes, first=0):
    return [(note.onset - first, note.duration, note.pitch) for note in notes]


def test_bars_by_hand():
    assert bar_of('4/4', 12) == Bar(48, (0, 12, 24, 36), (0, 24), 12, 12)
    assert bar_of('6/8', 12) == Bar(36, (0, 18), (0, 18), 18, 12)
    assert bar_of('3/16', 12) == Bar(9, (0,), (0,), 9, 12)
    assert bar_of('4/4') != bar_of('4/4', 12)


@hypothesis.given(st.integers(1, 40), st.sampled_from([1, 2, 4, 8, 16, 32, 64]))
def test_a_bar_is_the_same_music_on_every_grid(numerator, denominator):
    meter = f'{numerator}/{denominator}'
    if (16 * numerator) % denominator or numerator > 4 * denominator:
        for grid in GRIDS:
            with pytest.raises(ScoreError, match=meter):
                bar_of(meter, grid)
        return
    coarse, fine = (bar_of(meter, grid) for grid in GRIDS)
    assert fine.sixteenth == 3
    for name in ('steps', 'cadence_steps', 'beat_steps'):
        assert getattr(fine, name) == 3 * getattr(coarse, name)
    for name in ('groups', 'strong'):
        assert getattr(fine, name) == tuple(3 * each for each in getattr(coarse, name))


@hypothesis.given(melodies(), METERS)
def test_bars_are_full_and_hold_the_notes(notes, meter):
    bar = bar_of(meter, 12)
    bars = to_bars(notes, bar)
    for signs in bars:
        assert sum(sign.value for sign in signs) == bar.steps
        for sign in signs:
            assert sign.written(bar) in ((4, 2, 1, HALF) if sign.tuplet else VALUES)
        tuplets = [sign for sign in signs if sign.tuplet]
        while tuplets:  # each of three equal parts, one or two of which are joined
            num = [sign.tuplet for sign in tuplets].index('stop') + 1
            values = sorted(sign.value for sign in tuplets[:num])
            assert tuplets[0].tuplet == 'start'
            assert values in ([values[0]] * 3, [values[0], 2 * values[0]])
            tuplets = tuplets[num:]
    placed = [
        (index * bar.steps + sign.step, sign) for index, signs in enumerate(bars) for sign in signs
    ]
    assert joined(placed) == [(note.pitch, note.onset, note.end) for note in notes]


@hypothesis.given(melodies(), METERS)
def test_notes_on_sixteenths_are_written_as_on_their_grid(notes, meter):
    coarse = to_bars(notes, bar_of(meter))
    fine = to_bars([Note(3 * n.onset, 3 * n.duration, n.pitch) for n in notes], bar_of(meter, 12))
    assert [[(s.pitch, 3 * s.step, 3 * s.value) for s in signs] for signs in coarse] == [
        [(s.pitch, s.step, s.value) for s in signs] for signs in fine
    ]


@hypothesis.given(melodies(), METERS)
@hypothesis.settings(deadline=None)
def test_our_reader_reads_the_abc_back(notes, meter):
    text = format_abc(notes, key=Key(0), meter=meter, steps_per_quarter=12)
    assert in_steps(read_abc_tune(text)) == as_read(notes)


@hypothesis.given(melodies(), METERS, st.data())
@hypothesis.settings(deadline=None)
def test_a_pickup_keeps_its_place(notes, meter, data):
    """One that starts within a triplet is filled up with a rest."""
    steps = bar_of(meter, 12).steps
    pickup = data.draw(st.integers(1, steps - 1))
    first = steps - pickup
    notes = [Note(first + note.onset, note.duration, note.pitch) for note in notes]
    how = {'key': Key(0), 'meter': meter, 'pickup': pickup, 'steps_per_quarter': 12}
    scale = ticks_of(12) // 12
    ticks = [Note(scale * note.onset, scale * note.duration, note.pitch) for note in notes]
    for score in (read_abc_tune(format_abc(notes, **how)), parse_midi(format_midi(ticks, **how))):
        unit = score.ticks_per_quarter // 12
        onset = steps - score.pickup // unit + score.notes[0].onset // unit
        if score.pickup:  # else no bar line follows
            assert onset % steps == notes[0].onset % steps
        assert as_read(notes, notes[0].onset) == [
            (onset - in_steps(score)[0][0], length, pitch)
            for onset, length, pitch in in_steps(score)
        ]


@pytest.mark.parametrize('name', PATTERNS)
@pytest.mark.parametrize('meter', ['4/4', '3/4', '6/8'])
def test_every_format_reads_back(name, meter, tmp_path):
    notes = melody(PATTERNS[name])
    ticks = to_notes(
        [StepNote(note.onset, note.end, note.pitch) for note in notes], 480, steps_per_quarter=12
    )
    how = {'key': Key(1), 'meter': meter, 'steps_per_quarter': 12}
    path = tmp_path / 'tune.musicxml'
    path.write_text(format_musicxml(notes, **how))
    for score in (
        read_abc_tune(format_abc(notes, **how)),
        parse_midi(format_midi(ticks, **how)),
        read_musicxml(path),
    ):
        assert in_steps(score) == as_read(notes)
        assert score.meters == (Meter(0, *map(int, meter.split('/'))),)
        assert count_moved(score, 12) == 0
        assert [(note.onset, note.end, note.pitch) for note in quantize(score, 12)] == [
            (note.onset, note.end, note.pitch) for note in notes
        ]


def body(lengths, meter='4/4'):
    notes = melody(lengths)[:3]
    return format_abc(notes, key=Key(0), meter=meter, steps_per_quarter=12).splitlines()[-1]


def test_abc_by_hand():
    assert body([4, 4, 4]) == '(3C2_D2=D2 z12 |]'
    assert body([8, 4, 12]).startswith('(3:2:2C4_D2 =D4')
    assert body([2, 2, 2]).startswith('(3C_D=Dz4')
    assert body([3, 3, 6]).startswith('C_D=D2 z12')
    assert body([6, 4, 2]).startswith('C2(3:2:2_D2=D')
    assert body([4, 4, 4], '6/8').startswith('(3C2_D2=D2z2')


def test_notes_between_the_steps_are_counted():
    triplets = Score(tuple(Note(each * 160, 160, 60) for each in range(6)), 480)
    assert count_moved(triplets, 12) == 0
    assert count_moved(triplets, 4) == 6
    # as near as ticks allow
    edges = [round(each * 220 / 3) for each in range(7)]
    rounded = tuple(Note(tick, after - tick, 60) for tick, after in itertools.pairwise(edges))
    assert count_moved(Score(rounded, 220), 12) == 0
    assert count_moved(Score((Note(0, 100, 60),), 480), 12) == 1
    # a pickup of a triplet eighth: the bar line, not the first note, is on the grid
    upbeat = Score((Note(0, 160, 60), Note(160, 480, 60)), 480, (Meter(0, 4, 4),), pickup=160)
    assert count_moved(upbeat, 4) == 1
    assert count_moved(upbeat, 4, align_pickup=False) == 2


def test_ticks_that_a_step_does_not_divide():
    with pytest.raises(ValueError, match='220'):
        to_notes([StepNote(0, 1, 60)], 220, steps_per_quarter=12)


@hypothesis.given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 700)), max_size=8),
    st.sampled_from([1, 24, 220, 480, 10080]),
    st.sampled_from(GRIDS),
    st.sampled_from([Meter(0, 4, 4), Meter(0, 6, 8), Meter(0, 5, 64)]),
    st.integers(0, 100),
    st.booleans(),
)
def test_moved_notes_by_the_definition(places, ticks, grid, meter, pickup, aligned):
    notes = tuple(Note(onset, duration, 60) for onset, duration in sorted(places))
    score = Score(notes, ticks, (meter,), pickup=pickup)
    bar = Fraction(4 * ticks * meter.numerator, meter.denominator)
    shift = bar - pickup if aligned and pickup else 0
    step = Fraction(ticks, grid)
    num = sum(
        any(
            abs((tick + shift) / step - round((tick + shift) / step)) * step > HALF for tick in ends
        )
        for ends in ((note.onset, note.end) for note in notes)
    )
    assert count_moved(score, grid, align_pickup=aligned) == num
