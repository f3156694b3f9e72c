"""Where the bars of a MIDI file are: pickups, short bars and time signatures without notes, as
notation programs write them.
"""

import itertools
import xml.etree.ElementTree as ElementTree

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.corpus.prepare import Settings, prepare_score
from symmusic.errors import ScoreError
from symmusic.melody.events import from_events, quantize
from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.bar import bar_of
from symmusic.score.key import Key
from symmusic.score.meter import find_bars, sounding_meters
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi
from symmusic.score.musicxml import format_musicxml
from symmusic.score.notes import Meter, Note
from tests.score.midi_bytes import meter, midi, off, on, tempo, track
from tests.score.test_notation import METERS

TICKS_PER_STEP = TICKS_PER_QUARTER // 4

TICKS = 480


def of_bars(*bars, conductor_only=True):
    """A file of bars `(numerator, denominator, sounds)`: a time signature where the metre changes,
    and in each bar that sounds quarters of rising pitch, its last one shorter where need be.
    """
    conductor, notes, tick = [], [], 0
    marked, played, before = 0, 0, None
    pitch = 60
    for numerator, denominator, sounds in bars:
        if (numerator, denominator) != before:
            conductor.append((tick - marked, meter(numerator, denominator)))
            marked, before = tick, (numerator, denominator)
        end = tick + 4 * TICKS * numerator // denominator
        for begin in range(tick, end, TICKS) if sounds else ():
            stop = min(begin + TICKS, end)
            notes += [(begin - played, on(pitch)), (stop - begin - 1, off(pitch))]
            played, pitch = stop - 1, 60 + (pitch - 59) % 24
        tick = end
    return midi(track(*conductor), track(*notes), division=TICKS)


def full(numerator, denominator, times=1):
    return [(numerator, denominator, True)] * times


def silent(numerator, denominator, times=1):
    return [(numerator, denominator, False)] * times


def found(*bars):
    score = parse_midi(of_bars(*bars))
    return [str(meter) for meter in score.meters], score.pickup / TICKS


@pytest.mark.parametrize(
    ('numerator', 'denominator'), [(1, 4), (2, 4), (3, 4), (1, 8), (3, 8), (5, 8), (7, 16)]
)
@pytest.mark.parametrize('own', [(4, 4), (2, 2)])
def test_a_pickup_has_a_time_signature_of_its_own(numerator, denominator, own):
    first, rest = full(numerator, denominator), full(*own, 4)
    pickup = 4 * numerator / denominator
    named = '/'.join(map(str, own))
    assert found(*first, *rest) == ([named], pickup)
    # and the last bar is shorter by that much
    numerator, denominator = 16 - round(16 * numerator / denominator), 16
    assert found(*first, *rest, *full(numerator, denominator)) == ([named], pickup)
    # bar lines do not move
    events = prepare_score(parse_midi(of_bars(*first, *rest)), 'a', Settings()).events
    onsets = [note.onset for note in from_events(events)]
    assert onsets[0] == 16 - 4 * pickup
    assert [onset for onset in onsets if onset % 16 == 0] == [16, 32, 48, 64]


def test_other_metres_have_pickups_too():
    assert found(*full(1, 4), *full(3, 4, 6)) == (['3/4'], 1)
    assert found(*full(1, 8), *full(6, 8, 6), *full(5, 8)) == (['6/8'], 0.5)


def test_short_bars_around_a_repeat():
    """As MuseScore exports it, which plays repeats."""
    once = [*full(1, 4), *full(4, 4, 3), *full(3, 4)]
    assert found(*once, *once) == (['4/4', '4/4'], 1)
    assert found(*full(4, 4, 2), *full(2, 4, 2), *full(4, 4, 2)) == (['4/4', '4/4'], 0)
    assert found(*full(2, 4, 2), *full(4, 4, 2)) == (['4/4'], 0)


def test_a_short_last_bar():
    for numerator in (1, 2, 3):
        assert found(*full(4, 4, 3), *full(numerator, 4)) == (['4/4'], 0)
    assert found(*full(4, 4, 3), *full(2, 4, 2)) == (['4/4'], 0)


def test_a_time_signature_without_notes():
    assert found(*full(4, 4, 3), *silent(3, 4, 5)) == (['4/4'], 0)
    assert found(*full(4, 4, 3), *silent(3, 4), *silent(2, 4)) == (['4/4'], 0)
    assert found(*silent(3, 4), *full(4, 4, 3)) == (['4/4'], 3)
    assert found(*silent(2, 4), *full(1, 4), *full(4, 4, 3)) == (['4/4'], 3)
    assert found(*silent(4, 4, 2), *full(3, 4, 3)) == (['3/4'], 2)
    assert found(*full(4, 4, 2), *silent(3, 4, 4), *full(4, 4, 2)) == (['4/4', '4/4'], 0)


def test_at_one_tick_the_last_one_of_the_first_track_holds():
    notes = [(0, on(60)), (1920, off(60))]
    for tracks in (
        (track((0, meter(3, 4)), (0, tempo(60)), (0, meter(4, 4)), (0, tempo(90)), *notes),),
        (track((0, meter(4, 4)), (0, tempo(90))), track((0, meter(3, 4)), (0, tempo(60)), *notes)),
    ):
        score = parse_midi(midi(*tracks))
        assert [str(each) for each in score.meters] == ['4/4']
        assert [round(each.qpm) for each in score.tempi] == [90]
        assert score.num_meters == 2


def test_the_same_time_signature_again_starts_a_bar():
    notes = [item for _ in range(9) for item in ((0, on(60)), (480, off(60)))]

    def pickup_of(*ticks):
        marks = [(after - before, meter(4, 4)) for before, after in itertools.pairwise((0, *ticks))]
        score = parse_midi(midi(track(*marks), track(*notes)))
        assert {str(each) for each in score.meters} == {'4/4'}
        return score.pickup

    assert pickup_of(0) == pickup_of(0, 1920) == pickup_of(0, 2400) == 0
    assert pickup_of(0, 480) == pickup_of(480) == 480


def test_a_last_bar_counts_as_a_whole_one():
    notes = [Note(tick, 1, 60) for tick in range(5)]
    meters = [Meter(0, 3, 4), Meter(3, 4, 4)]
    assert find_bars(meters, notes, 1) == (meters[1:], 3)


def test_a_metre_that_starts_within_a_bar_is_a_change():
    notes = [Note(tick, 1, 60) for tick in range(20)]
    for marks in ([(0, 4), (10, 2), (14, 4)], [(0, 4), (18, 2)]):
        meters = [Meter(tick, numerator, 4) for tick, numerator in marks]
        assert find_bars(meters, notes, 1) == (meters, 0)


@pytest.mark.parametrize(
    'bars',
    [
        (*full(4, 4, 3), *full(3, 4, 3)),
        (*full(3, 4, 2), *full(4, 4, 3)),
        (*full(4, 4, 2), *full(2, 4), *full(4, 4, 2)),
        (*full(4, 4, 2), *full(3, 4, 4), *full(4, 4, 4)),
        (*full(4, 4, 2), *silent(3, 4), *full(4, 4, 2)),
        (*full(1, 4), *full(4, 4, 2), *full(1, 4), *full(4, 4, 2)),
        (*full(5, 4), *full(4, 4, 4)),
        (*full(4, 4, 4), *full(5, 4)),
    ],
)
def test_a_change_of_metre_is_one(bars):
    with pytest.raises(ScoreError) as caught:
        prepare_score(parse_midi(of_bars(*bars)), 'a', Settings())
    assert caught.value.reason == 'meter'


def test_the_thesis_takes_one_time_signature():
    strict = Settings(meters=('4/4',), align_pickups=False, strict=True)
    prepare_score(parse_midi(of_bars(*full(4, 4, 3))), 'a', strict)
    for bars in ([*full(1, 4), *full(4, 4, 3)], [*full(4, 4, 3), *silent(3, 4)]):
        score = parse_midi(of_bars(*bars))
        with pytest.raises(ScoreError) as caught:
            prepare_score(score, 'a', strict)
        assert caught.value.reason == 'several time signatures'


melodies = st.tuples(
    st.integers(0, 15),  # the pickup
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12), st.integers(40, 90)), min_size=6),
)


def lay_out(pickup, rows, bar_steps=16):
    """(step, steps, pitch) of notes from the pickup on, with which the first starts."""
    step, notes = bar_steps - pickup if pickup else 0, []
    for rest, steps, pitch in rows:
        step += rest if notes else 0
        notes.append((step, steps, pitch))
        step += steps
    return notes


@hypothesis.given(melodies)
def test_a_written_pickup_starts_at_once_and_is_read_back(given):
    pickup, rows = given
    laid = lay_out(pickup, rows)
    hypothesis.assume(laid[-1][0] >= 32)
    notes = [
        Note(step * TICKS_PER_STEP, steps * TICKS_PER_STEP, pitch) for step, steps, pitch in laid
    ]
    score = parse_midi(format_midi(notes, pickup=pickup))
    assert score.notes[0].onset == 0
    assert score.pickup == pickup * TICKS_PER_STEP
    assert [str(meter) for meter in score.meters] == ['4/4']
    assert [(note.onset, note.end - note.onset, note.pitch) for note in quantize(score)] == laid


@hypothesis.given(melodies, METERS)
@hypothesis.settings(deadline=None)
def test_every_metre_comes_back(given, meter):
    """From MIDI and from ABC, with the pickup."""
    steps = bar_of(meter).steps
    pickup, rows = given[0] % steps, given[1]
    laid = lay_out(pickup, rows, steps)
    hypothesis.assume(laid[-1][0] >= 3 * steps)
    notes = [Note(*(TICKS_PER_STEP * each for each in note[:2]), note[2]) for note in laid]
    abc = format_abc([Note(*note) for note in laid], key=Key(0), meter=meter, pickup=pickup)
    for score in (
        parse_midi(format_midi(notes, meter=meter, pickup=pickup)),
        read_abc_tune(abc),
    ):
        assert score.pickup * 4 == pickup * score.ticks_per_quarter
        assert [str(each) for each in sounding_meters(score)] == [meter]
        assert [(note.onset, note.end - note.onset, note.pitch) for note in quantize(score)] == laid


def as_musescore(xml):
    """MusicXML as MuseScore exports it to MIDI: each bar's length as its time signature where that
    changes, notes one tick short, ties joined.
    """
    steps = {'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}
    conductor, notes, tick, marked, before = [], [], 0, 0, None
    for measure in ElementTree.fromstring(xml.split('\n', 2)[2]).iter('measure'):
        lengths = [int(note.findtext('duration')) for note in measure.iter('note')]
        total, unit = sum(lengths), 16
        while total % 2 == 0 and unit > 4:
            total, unit = total // 2, unit // 2
        if (total, unit) != before:
            conductor.append((tick - marked, meter(total, unit)))
            marked, before = tick, (total, unit)
        for note, length in zip(measure.iter('note'), lengths, strict=True):
            place, end = note.find('pitch'), tick + 120 * length
            if place is not None:
                pitch = 12 * (int(place.findtext('octave')) + 1) + steps[place.findtext('step')]
                pitch += int(place.findtext('alter') or 0)
                if any(tie.get('type') == 'stop' for tie in note.iter('tie')):
                    notes[-1][1] = end
                else:
                    notes.append([tick, end, pitch])
            tick = end
    items, played = [], 0
    for begin, end, pitch in notes:
        items += [(begin - played, on(pitch)), (end - 1 - begin, off(pitch))]
        played = end - 1
    return midi(track(*conductor), track(*items))


@hypothesis.given(melodies)
def test_our_musicxml_is_read_back_from_musescore(given):
    pickup, rows = given
    laid = lay_out(pickup, rows)
    hypothesis.assume(laid[-1][0] >= 32)
    xml = format_musicxml([Note(*note) for note in laid], key=Key(0), pickup=pickup)
    score = parse_midi(as_musescore(xml))
    assert score.pickup == pickup * 120
    assert [str(meter) for meter in score.meters] == ['4/4']
    assert [(note.onset, note.end - note.onset, note.pitch) for note in quantize(score)] == laid
