"""Notation: bars of plain values, spelling, and ABC and MusicXML that our reader and music21 read
back to the same notes.
"""

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.bar import bar_of
from symmusic.score.key import MODES, Key
from symmusic.score.musicxml import format_musicxml
from symmusic.score.notation import VALUES, Sign, Spelling, accidentals, altered, spell, to_bars
from symmusic.score.notes import Meter, Note

NASTY = 'A <b>&amp;</b> % \\"é"\n\x00K:F#\ud800'
KEYS = st.builds(Key.of, st.integers(0, 11), st.sampled_from(list(MODES)))
METERS = st.sampled_from(
    [
        '4/4',
        '2/2',
        '2/4',
        '3/4',
        '5/4',
        '3/8',
        '6/8',
        '7/8',
        '9/8',
        '12/8',
        '3/2',
        '4/2',
        '6/4',
        '3/16',
        '5/16',
    ]
)


@st.composite
def melodies(draw, low=0, high=127):
    """Notes in sixteenths, one after the other, with rests between some."""
    notes, step = [], 0
    for gap, length, pitch in draw(
        st.lists(
            st.tuples(st.integers(0, 20), st.integers(1, 40), st.integers(low, high)), max_size=12
        )
    ):
        notes.append(Note(step + gap, length, pitch))
        step = notes[-1].end
    return notes


def joined(signs):
    """The notes and rests of signs, with ties joined: (pitch, onset, end)."""
    spans = []
    for start, sign in signs:
        if sign.tied_from:
            pitch, onset, end = spans.pop()
            assert (pitch, end) == (sign.pitch, start)
            spans.append((pitch, onset, start + sign.value))
        else:
            spans.append((sign.pitch, start, start + sign.value))
    return [span for span in spans if span[0] is not None]


@given(melodies(), METERS, st.integers(1, 5))
def test_bars_are_full_and_hold_the_notes(notes, meter, num_bars):
    bar = bar_of(meter)
    bars = to_bars(notes, bar, num_bars)
    assert len(bars) == max([num_bars, *(-(-note.end // bar.steps) for note in notes)])
    for signs in bars:
        assert sum(sign.value for sign in signs) == bar.steps
        assert [sign.step for sign in signs] == [
            sum(each.value for each in signs[:index]) for index in range(len(signs))
        ]
        assert all(sign.value in VALUES for sign in signs)
    placed = [
        (index * bar.steps + sign.step, sign) for index, signs in enumerate(bars) for sign in signs
    ]
    assert joined(placed) == [(note.pitch, note.onset, note.end) for note in notes]
    followed = [after.tied_from for _, after in placed[1:]] + [False]
    assert [sign.tied_on for _, sign in placed] == followed


@given(melodies(), METERS, st.data(), st.sampled_from([0, 73]))
@settings(deadline=None)
def test_a_pickup_stays_one(notes, meter, data, program):
    """In the bars, and to our reader of ABC."""
    steps = bar_of(meter).steps
    pickup = data.draw(st.integers(1, steps - 1))
    first = steps - pickup
    notes = [dataclasses.replace(note, onset=note.onset + first) for note in notes] + [
        Note(500, 4, 60)
    ]
    notes = [Note(first, 1, 72), *(note for note in notes if note.onset > first)]
    bars = to_bars(notes, bar_of(meter), pickup=pickup)
    assert [sum(sign.value for sign in signs) for signs in bars] == [
        pickup,
        *[steps] * (len(bars) - 1),
    ]
    text = format_abc(notes, key=Key(0), meter=meter, pickup=pickup, program=program)
    score = read_abc_tune(text)
    sixteenth = score.ticks_per_quarter // 4
    assert score.pickup == pickup * sixteenth
    assert [(note.onset, note.pitch) for note in score.notes] == [
        ((note.onset - first) * sixteenth, note.pitch) for note in notes
    ]
    assert ('%%MIDI program 73' in text) == (program == 73)
    root = ElementTree.fromstring(
        format_musicxml(notes, key=Key(0), meter=meter, pickup=pickup, program=program).encode()
    )
    measures = list(root.iter('measure'))
    assert [measure.get('number') for measure in measures] == [
        str(number) for number in range(len(bars))
    ]
    assert [measure.get('implicit') for measure in measures[:2]] == ['yes', None]
    assert root.findtext('.//midi-program') == str(program + 1)


def values(begin, end, meter='4/4'):
    return [
        sign.value
        for signs in to_bars([Note(begin, end - begin, 60)], bar_of(meter))
        for sign in signs
        if sign.pitch
    ]


def test_values_by_hand():
    assert values(0, 16) == [16]
    assert values(0, 7) == [6, 1]
    assert values(4, 12) == [8]
    assert values(2, 6) == [4]  # a syncopated quarter
    assert values(6, 10) == [2, 2]  # not over the middle of the bar
    assert values(1, 4) == [3]
    assert values(3, 9) == [1, 4, 1]
    assert values(12, 20) == [4, 4]
    assert values(0, 12, '6/8') == [12]
    assert values(0, 8, '6/8') == [6, 2]
    assert values(4, 8, '6/8') == [2, 2]
    assert values(2, 6, '6/8') == [4]
    assert values(1, 6, '6/8') == [3, 2]
    assert values(0, 18, '9/8') == [12, 6]
    assert values(6, 24, '9/8') == [12, 6]
    assert values(4, 10, '3/4') == [6]
    assert values(0, 24, '3/2') == [24]
    assert values(2, 6, '2/4') == [4]
    assert values(0, 14, '7/8') == [6, 8]


@given(st.integers(0, 127), KEYS)
def test_a_spelling_has_one_sign_at_most_except_in_distant_keys(pitch, key):
    spelled = spell(pitch, key)
    assert 'C D EF G A B'.index(spelled.letter) + spelled.alter + 12 * (spelled.octave + 1) == pitch
    assert abs(spelled.alter) <= (1 if abs(key.fifths) < 2 else 2)
    if (pitch * 7 - key.fifths + 1) % 12 < 7:  # on the line of fifths
        # the key's own notes need no accidental
        assert spelled.alter == altered(spelled.letter, key.fifths)


def test_spellings_by_hand():
    assert spell(68, Key(0, 'minor')) == Spelling('G', 1, 4)  # the leading note of A minor
    assert spell(70, Key(0)) == Spelling('B', -1, 4)
    assert spell(66, Key(1)) == Spelling('F', 1, 4)
    assert spell(59, Key(-6)) == Spelling('C', -1, 4)  # C flat 4 in G flat major lies below C4
    assert spell(65, Key(0, 'locrian')) == Spelling('F', 0, 4)  # the flat fifth of B


def test_accidentals_by_hand():
    """In D major: once in a bar for each octave, and none behind a tie or of the signature."""
    key = Key(2)
    signs = [Sign(72, 0, 1, tied_from=True)]
    signs += [Sign(pitch, 0, 1) for pitch in (72, 72, 73, 60, 66, None, 72)]
    assert accidentals(signs, key) == [None, 0, None, 1, 0, None, None, 0]
    bar = [Note(4 * step, 4, pitch) for step, pitch in enumerate((72, 72, 73, 66))]
    xml = format_musicxml(bar, key=key)
    assert re.findall('<accidental>(.*?)</accidental>', xml) == ['natural', 'sharp']


def test_abc_by_hand():
    notes = [Note(0, 4, 67), Note(4, 2, 66), Note(6, 2, 65), Note(8, 12, 72), Note(24, 8, 77)]
    assert (
        format_abc(notes, title='Hand', key=Key(1), qpm=99.6)
        == 'X:1\nT:Hand\nM:4/4\nL:1/16\nQ:1/4=99.6\nK:G\nG4 F2=F2 c8- | c4 z4 =f8 |]\n'
    )


@given(melodies(), KEYS, st.text(max_size=20), st.floats(20, 400), METERS)
@settings(deadline=None)
def test_our_reader_reads_the_abc_back(notes, key, title, qpm, meter):
    text = format_abc(notes, title=title, key=key, qpm=qpm, num_bars=2, meter=meter)
    if not notes:
        return
    score = read_abc_tune(text)
    ticks = score.ticks_per_quarter // 4
    assert [(note.onset, note.duration, note.pitch) for note in score.notes] == [
        (n.onset * ticks, n.duration * ticks, n.pitch) for n in notes
    ]
    assert score.meters[0] == Meter(0, *map(int, meter.split('/')))
    assert abs(score.tempi[0].qpm - qpm) <= 0.001


@given(melodies(), KEYS, st.text(max_size=20), st.floats(20, 400), METERS)
def test_musicxml_holds_the_notes(notes, key, title, qpm, meter):
    root = ElementTree.fromstring(
        format_musicxml(notes, title=title, key=key, qpm=qpm, num_bars=2, meter=meter).encode()
    )
    steps = bar_of(meter).steps
    assert f'{root.findtext(".//beats")}/{root.findtext(".//beat-type")}' == meter
    spans, step = [], 0
    for measure in root.iter('measure'):
        assert sum(int(note.findtext('duration')) for note in measure.iter('note')) == steps
        for note in measure.iter('note'):
            value, pitch = int(note.findtext('duration')), note.find('pitch')
            if pitch is not None:
                natural, alter = (
                    'C D EF G A B'.index(pitch.findtext('step')),
                    int(pitch.findtext('alter', '0')),
                )
                number = natural + alter + 12 * (int(pitch.findtext('octave')) + 1)
                if note.find("tie[@type='stop']") is not None:
                    assert spans[-1][0] == number
                    spans[-1] = (number, spans[-1][1], step + value)
                else:
                    spans.append((number, step, step + value))
            step += value
    assert spans == [(note.pitch, note.onset, note.end) for note in notes]


def test_a_title_is_a_title():
    for write in (format_abc, format_musicxml):
        text = write([Note(0, 4, 60)], title=NASTY, key=Key(0))
        assert '\ud800' not in text
        assert '\x00' not in text
        text.encode()
    abc = format_abc([Note(0, 4, 60)], title=NASTY, key=Key(0))
    assert re.findall('^K:.*', abc, re.M) == ['K:C']
    assert read_abc_tune(abc).title == 'A <b>&amp;</b> % \\"é" K:F#'
    assert 'T:100\\% of \\\\' in format_abc([Note(0, 4, 60)], title='100% of \\', key=Key(0))
    root = ElementTree.fromstring(
        format_musicxml([Note(0, 4, 60)], title=NASTY, key=Key(0)).encode()
    )
    assert root.findtext('work/work-title').startswith('A <b>&amp;</b> %')


@pytest.mark.parametrize('form', ['abc', 'musicxml'])
@pytest.mark.parametrize(
    ('key', 'meter'),
    [
        (Key(0), '4/4'),
        (Key(0, 'minor'), '6/8'),
        (Key(-6), '9/8'),
        (Key(4, 'minor'), '3/4'),
        (Key(1, 'dorian'), '2/4'),
        (Key(0), '5/4'),
        (Key(0), '7/8'),
        (Key(0), '3/2'),
    ],
    ids=str,
)
def test_music21_reads_it(form, key, meter):
    from music21 import converter

    notes = [
        Note(3, 6, 66),
        Note(9, 2, 65),
        Note(11, 1, 66),
        Note(12, 9, 70),
        Note(30, 20, 61),
        Note(50, 1, 59),
        Note(51, 1, 60),
        Note(52, 3, 49),
    ]
    write = {'abc': format_abc, 'musicxml': format_musicxml}[form]
    score = converter.parse(
        write(notes, title='Made up', key=key, qpm=90.0, meter=meter), format=form
    ).stripTies()
    found = [
        (int(note.offset * 4), int(note.quarterLength * 4), note.pitch.midi)
        for note in score.flatten().notes
    ]
    assert found == [(note.onset, note.duration, note.pitch) for note in notes]
    assert score.flatten().getElementsByClass('KeySignature')[0].sharps == key.fifths
    assert score.flatten().getElementsByClass('TimeSignature')[0].ratioString == meter
    mark = score.flatten().getElementsByClass('MetronomeMark')[0]
    assert mark.getQuarterBPM() == 90
    beat = {'3/8': 1.5, '6/8': 1.5, '9/8': 1.5, '12/8': 1.5}.get(meter, 1)
    assert mark.referent.quarterLength == beat


def test_beams_by_hand():
    lengths = [2, 1, 1, 3, 1, 1, 3, 4]
    onsets = [sum(lengths[:index]) for index in range(len(lengths))]
    text = format_musicxml(
        [Note(*each, 60) for each in zip(onsets, lengths, strict=True)], key=Key(0)
    )
    found = [
        [beam.text for beam in note.iter('beam')]
        for note in ElementTree.fromstring(text.encode()).iter('note')
    ]
    assert found == [
        ['begin'],
        ['continue', 'begin'],
        ['end', 'end'],
        ['begin'],
        ['end', 'backward hook'],
        ['begin', 'forward hook'],
        ['end'],
        [],
    ]


def beams(lengths, meter):
    """The beams of notes of these lengths from step 0 on, those of each level joined."""
    onsets = [sum(lengths[:index]) for index in range(len(lengths))]
    notes = [Note(*each, 60) for each in zip(onsets, lengths, strict=True)]
    root = ElementTree.fromstring(format_musicxml(notes, key=Key(0), meter=meter).encode())
    return [[beam.text for beam in note.iter('beam')] for note in root.iter('note')]


def test_beams_by_metre():
    three = [['begin'], ['continue'], ['end']]
    two = [['begin'], ['end']]
    assert beams([2] * 6, '6/8') == 2 * three
    assert beams([2] * 6, '3/4') == 3 * two
    assert beams([2] * 9, '9/8') == 3 * three
    assert beams([2] * 7, '7/8') == three + 2 * two
    assert beams([3, 1, 2, 4, 2], '6/8') == [
        ['begin'],
        ['continue', 'backward hook'],
        ['end'],
        [],
        [],
    ]
    assert beams([2, 1, 3, 6], '6/8') == [['begin'], ['continue', 'forward hook'], ['end'], []]


def test_abc_groups_by_metre():
    notes = [Note(2 * index, 2, 60) for index in range(6)]
    bodies = {meter: format_abc(notes, key=Key(0), meter=meter) for meter in ('6/8', '3/4')}
    assert bodies['6/8'].splitlines()[-1] == 'C2C2C2 C2C2C2 |]'
    assert bodies['3/4'].splitlines()[-1] == 'C2C2 C2C2 C2C2 |]'
    assert 'M:6/8' in bodies['6/8'].splitlines()
