"""Pieces of several voices, hand-made in Humdrum and MusicXML: notes in quarters, as a reader of
the score would count them.
"""

import subprocess
import sys
import time

import hypothesis
import pytest
from hypothesis import strategies as st

from symmusic.errors import ScoreError
from symmusic.score.notes import Meter, Note
from symmusic.score.voices import TICKS_PER_QUARTER, Measure, join_ties, play, read_voices
from tests.score.pieces import FOUR_TWO, music_xml


def notes(score):
    return [
        (note.onset / TICKS_PER_QUARTER, note.duration / TICKS_PER_QUARTER, note.pitch)
        for note in score.notes
    ]


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return read_voices(path)


def test_humdrum(tmp_path):
    top, bottom = read(tmp_path, 'a.krn', FOUR_TWO)
    # the tie over the bar line is one note
    assert notes(top) == [(0, 4, 67), (4, 6, 74), (10, 2, 72), (12, 4, 71)]
    assert notes(bottom) == [(8, 8, 55)]
    assert [str(meter) for meter in (*top.meters, *bottom.meters)] == ['4/2', '4/2']
    assert (top.title, top.pickup, top.num_instruments) == ('Agnus: Soprano', 0, 1)


def test_chords_ties_grace_notes_and_pickup(tmp_path):
    tied = '<tie type="start"/>', '<tie type="stop"/>'
    bars = [
        [('G4', 1, '')],
        [('C4', 2, ''), ('+E4', 2, ''), ('D4', 0, '<grace/>'), ('F4', 2, tied[0])],
        [('F4', 1, tied[1]), ('A4', 1, tied[0]), ('B4', 2, '')],
    ]
    (voice,) = read(tmp_path, 'a.xml', music_xml(bars))
    assert notes(voice) == [(0, 1, 67), (1, 2, 64), (3, 3, 65), (6, 1, 69), (7, 2, 71)]
    assert voice.pickup == TICKS_PER_QUARTER
    assert [str(meter) for meter in voice.meters] == ['4/4']


@pytest.mark.parametrize('text', ['', 'not a score', '<?xml version="1.0"?><score-partwise><part'])
def test_bad_files(tmp_path, text):
    with pytest.raises(ScoreError) as error:
        read(tmp_path, 'a.xml', text)
    assert error.value.reason in ('damaged score', 'no voices')
    assert '\n' not in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(OSError, match='none'):
        read_voices(tmp_path / 'none.krn')


def test_music21_is_imported_by_reading_alone():
    code = 'import sys, symmusic.corpus.pieces; print({"music21", "jax"} & set(sys.modules))'
    assert (
        subprocess.run(
            [sys.executable, '-c', code], capture_output=True, text=True, check=True
        ).stdout
        == 'set()\n'
    )


@hypothesis.given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(60, 62), st.booleans()), max_size=12)
)
def test_ties(drawn):
    """Joined notes cover the same time at the same pitches, and start again exactly where no tie
    leads.
    """
    sounds, tick, begins = [], 0, 0
    for index, (duration, pitch, leads_on) in enumerate(drawn):
        sounds.append((Note(tick, duration, pitch), leads_on))
        tick += duration
        begins += not (index and drawn[index - 1][2] and drawn[index - 1][1] == pitch)
    joined = join_ties(sounds)
    assert len(joined) == begins
    covered = [note.pitch for note in joined for _ in range(note.duration)]
    assert covered == [note.pitch for note, _ in sounds for _ in range(note.duration)]


def played(*measures):
    """The order of measures a, b, ... as one letter each."""
    notes = [Note(10 * index, 10, 60 + index) for index in range(len(measures))]
    made = [Measure(10 * index, 10 * index + 10, **fields) for index, fields in enumerate(measures)]
    found, _, _ = play(notes, [Meter(0, 4, 4)], made)
    assert [note.onset for note in found] == list(range(0, 10 * len(found), 10))
    return ''.join('abcdefgh'[note.pitch - 60] for note in found)


END, BEGIN, PLAIN = {'closes': True}, {'opens': True}, {}
FIRST, SECOND = {'passes': frozenset({1})}, {'passes': frozenset({2})}
THIRD = {'passes': frozenset({3})}


@pytest.mark.parametrize(
    ('measures', 'order'),
    [
        ([PLAIN, PLAIN], 'ab'),
        ([PLAIN, END, PLAIN], 'ababc'),
        ([PLAIN, END, PLAIN, END], 'ababcdcd'),
        ([PLAIN, BEGIN | END, PLAIN], 'abbc'),
        ([PLAIN, BEGIN, END, PLAIN], 'abcbcd'),
        ([PLAIN, FIRST | END, SECOND, PLAIN], 'abacd'),
        ([BEGIN, FIRST | END, SECOND, PLAIN, END], 'abacdede'),
        ([PLAIN, FIRST, FIRST | END, SECOND | END, PLAIN], 'abcade'),
        ([PLAIN, END | {'times': 3}, PLAIN, END], 'abababcdcd'),
        ([PLAIN, {'passes': frozenset({1, 2})} | END, THIRD, PLAIN], 'ababacd'),
        ([PLAIN, FIRST | END, SECOND | END, THIRD, PLAIN], 'abacade'),
        ([PLAIN, FIRST | END, SECOND, BEGIN, FIRST | END, SECOND], 'abacdedf'),
        ([PLAIN, FIRST | END, SECOND, SECOND | END, THIRD, PLAIN], 'abacdaef'),
    ],
)
def test_order(measures, order):
    assert played(*measures) == order


def test_meters_are_played_too():
    notes = [Note(0, 10, 60), Note(10, 10, 62)]
    measures = [Measure(0, 10), Measure(10, 20, closes=True)]
    assert play(notes, [Meter(0, 4, 4), Meter(10, 3, 4)], measures)[1] == [
        Meter(0, 4, 4),
        Meter(10, 3, 4),
        Meter(20, 4, 4),
        Meter(30, 3, 4),
    ]
    assert play(notes, [Meter(0, 4, 4)], measures)[1] == [Meter(0, 4, 4)]


def test_repeats_of_a_file_are_played(tmp_path):
    """Bars C D :| E |: F :| of one note each."""
    backward, forward = (
        '<barline location="right"><repeat direction="backward"/></barline>',
        '<barline location="left"><repeat direction="forward"/></barline>',
    )
    text = music_xml([[('C5', 4, '')], [('D5', 4, '')], [('E5', 4, '')], [('F5', 4, '')]])
    bars = text.split('</measure>')
    bars[1] += backward
    bars[3] = bars[3].replace('<note>', forward + '<note>', 1) + backward
    path = tmp_path / 'piece.musicxml'
    path.write_text('</measure>'.join(bars))
    (voice,) = read_voices(path)
    assert [note.pitch for note in voice.notes] == [72, 74, 72, 74, 76, 77, 77]
    assert [note.onset // voice.ticks_per_quarter for note in voice.notes] == [
        0,
        4,
        8,
        12,
        16,
        20,
        24,
    ]


def test_the_time_of_playing_grows_with_the_length():
    """Four times as many bars take less than eight times as long: a scan of all notes for each bar
    takes sixteen times as long.
    """

    def seconds(num_bars):
        notes = [Note(10 * index, 10, 60) for index in range(num_bars)]
        measures = [Measure(10 * index, 10 * index + 10) for index in range(num_bars)]
        begun = time.process_time()
        play(notes, [Meter(0, 4, 4)], measures)
        return time.process_time() - begun

    assert min(seconds(8000) for _ in range(3)) < 8 * min(seconds(2000) for _ in range(5))
