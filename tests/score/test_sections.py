"""Tunes in sections: repeats and endings as written, and as our readers and music21 play them."""

import io

import mido
import pytest

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.key import Key
from symmusic.score.layout import Measure, Section, lay_out, to_lines
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi
from symmusic.score.musicxml import format_musicxml
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notes import Note

TICKS_PER_STEP = TICKS_PER_QUARTER // 4

STRUCTURES = ['A', 'AA', 'AAA', 'AAAA', 'AABB', 'AABA', 'ABAC', 'AAB']


def played(structure, num_bars, pickup=0, differing=()):
    """The notes and sections of a tune in 4/4, each bar two halves; the last bar of the sections
    `differing` is their own.
    """
    notes = [Note(16 - pickup, pickup, 79)] if pickup else []
    sections, bar = [], len(notes)
    for place, label in enumerate(structure):
        sections.append(Section(label, bar, num_bars))
        for number in range(num_bars):
            first = 60 + 3 * (ord(label) - ord('A')) + number % 3
            is_own = place in differing and number == num_bars - 1
            second = 72 + place if is_own else 70
            notes += [Note(16 * bar, 8, first), Note(16 * bar + 8, 8, second)]
            bar += 1
    return notes, sections


def read_back(score, left_out=0):
    """The notes of a score in sixteenths from the start of the pickup's bar."""
    steps = score.ticks_per_quarter // 4
    return [
        (note.onset // steps + left_out, note.duration // steps, note.pitch) for note in score.notes
    ]


def as_rows(notes):
    return [(note.onset, note.duration, note.pitch) for note in notes]


def test_two_alike_are_repeated():
    bars = [0, 1, 2, 3] * 2 + [7, 8]
    sections = [Section('A', 0, 4), Section('A', 4, 4), Section('B', 8, 2)]
    assert lay_out(bars, sections) == [
        Measure((0, 4), 'A', opens=True),
        Measure((1, 5)),
        Measure((2, 6)),
        Measure((3, 7), closes=True, is_last=True),
        Measure((8,), 'B'),
        Measure((9,), is_last=True),
    ]


def test_other_last_bars_are_endings_and_other_bars_are_written_out():
    sections = [Section('A', 1, 2), Section('A', 3, 2)]
    assert lay_out(['pickup', 0, 1, 0, 2], sections) == [
        Measure((0,), 'A'),
        Measure((1, 3), opens=True),
        Measure((2,), closes=True, ending=1),
        Measure((4,), ending=2, is_last=True),
    ]
    assert not any(each.closes for each in lay_out(['pickup', 0, 1, 5, 1], sections))
    assert [each.played for each in lay_out(range(3))] == [(0,), (1,), (2,)]


def test_lines_have_four_bars_and_keep_endings_together():
    notes_of_bars = [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 8, 9, 9, 9, 9, 9]
    sections = [Section('A', 0, 8), Section('A', 8, 8), Section('B', 16, 5)]
    lines = to_lines(lay_out(notes_of_bars, sections))
    assert [[each.played[0] for each in line] for line in lines] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7, 15],
        [16, 17, 18, 19],
        [20],
    ]
    lines = to_lines(lay_out(range(9)), has_pickup=True)
    assert [len(line) for line in lines] == [5, 4]


@pytest.mark.parametrize('pickup', [0, 6])
@pytest.mark.parametrize('num_bars', [1, 2, 5, 8])
@pytest.mark.parametrize('structure', STRUCTURES)
def test_abc_plays_what_was_played(structure, num_bars, pickup):
    for differing in ((), (1,), (1, 3)):
        notes, sections = played(structure, num_bars, pickup, differing)
        form = {'pickup': pickup, 'sections': sections}
        score = read_abc_tune(format_abc(notes, key=Key(0), **form))
        assert read_back(score, -pickup % 16) == as_rows(notes)
        assert score.notices == ()


def test_abc_is_written_as_notation_programs_expect_it():
    notes, sections = played('AABA', 2, 4, (1,))
    text = format_abc(notes, key=Key(0), pickup=4, sections=sections)
    assert text.split('K:C\n')[1].splitlines() == [
        'P:A',
        'g4 |: C8 ^A8 |1 ^C8 ^A8 :|2 ^C8 ^c8 ||'.replace('^A', '_B')
        .replace('^C', '_D')
        .replace('^c', '_d'),
        'P:B',
        '_E8 _B8 | E8 _B8 ||',
        'P:A',
        'C8 _B8 | _D8 _B8 |]',
    ]


@pytest.mark.parametrize('pickup', [0, 4])
@pytest.mark.parametrize('structure', STRUCTURES)
def test_musicxml_plays_what_was_played(structure, pickup, tmp_path):
    """By our reader and by music21, with endings and without."""
    music21 = pytest.importorskip('music21')
    for num_bars, differing in ((2, (1, 3)), (3, ())):
        notes, sections = played(structure, num_bars, pickup, differing)
        text = format_musicxml(notes, key=Key(0), pickup=pickup, sections=sections)
        path = tmp_path / 'tune.musicxml'
        path.write_text(text)
        assert read_back(read_musicxml(path), -pickup % 16) == as_rows(notes)
        part = music21.converter.parse(text, format='musicxml').parts[0]
        brackets = part.recurse().getElementsByClass('RepeatBracket')
        num_pairs = text.count('<repeat direction="backward"/>')
        assert [each.number for each in brackets] == ['1', '2'] * (len(brackets) // 2)
        assert len(brackets) == 2 * sum(each.ending == 1 for each in measures_of(notes, sections))
        marks = [each.content for each in part.recurse().getElementsByClass('RehearsalMark')]
        assert len(marks) == len(structure) - num_pairs
        found = part.expandRepeats().flatten().notes
        assert [note.pitch.midi for note in found] == [note.pitch for note in notes]


def measures_of(notes, sections):
    """The layout, with the pitches of each bar compared."""
    last = sections[-1]
    bars = [
        [note.pitch for note in notes if note.onset // 16 == bar]
        for bar in range(last.first + last.num_bars)
    ]
    return lay_out(bars, sections)


@pytest.mark.parametrize('pickup', [0, 4])
def test_midi_plays_all_and_marks_sections(pickup):
    notes, sections = played('AAB', 2, pickup)
    ticks = [
        Note(note.onset * TICKS_PER_STEP, note.duration * TICKS_PER_STEP, note.pitch)
        for note in notes
    ]
    data = format_midi(ticks, pickup=pickup, sections=sections)
    assert read_back(parse_midi(data), -pickup % 16) == as_rows(notes)
    tick, marked = 0, []
    for message in mido.MidiFile(file=io.BytesIO(data)).tracks[0]:
        tick += message.time
        if message.type == 'marker':
            marked.append((message.text, tick // TICKS_PER_STEP))
    assert marked == [('A', 0), ('A', 32 + pickup), ('B', 64 + pickup)]
