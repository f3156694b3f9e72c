"""Tempi as notation marks them, and their way through every format."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_writer import format_abc
from symmusic.score.key import Key
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import format_midi
from symmusic.score.musicxml import format_musicxml
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notes import Note
from symmusic.score.tempo import beat_of, mark_tempo, name_tempo


@pytest.mark.parametrize(
    ('meters', 'beat'),
    [
        (('6/8', '9/8', '12/8', '3/8'), Fraction(3, 8)),
        (('6/4', '9/4'), Fraction(3, 4)),
        (('6/16', '3/16'), Fraction(3, 16)),
        (('4/4', '3/4', '2/2', '2/4', '5/8', '7/8', '3/2'), Fraction(1, 4)),
    ],
)
def test_the_beat_of_a_metre(meters, beat):
    assert {beat_of(meter) for meter in meters} == {beat}


@pytest.mark.parametrize(
    ('qpm', 'meter', 'mark'),
    [
        (150.0, '6/8', (Fraction(3, 8), '100')),
        (120.0, '6/8', (Fraction(3, 8), '80')),
        (100.0, '9/8', (Fraction(1, 4), '100')),  # 66.667 would not be exact
        (100.5, '12/8', (Fraction(3, 8), '67')),
        (99.6, '4/4', (Fraction(1, 4), '99.6')),
        (60_000_000 / 487_000, '3/4', (Fraction(1, 4), '123.203')),
        (160.0, '2/2', (Fraction(1, 4), '160')),
        (180.0, '6/4', (Fraction(3, 4), '60')),
    ],
)
def test_marks_by_hand(qpm, meter, mark):
    assert mark_tempo(qpm, meter) == mark


def test_tempi_in_words():
    assert name_tempo(150, '6/8') == '100 dotted quarters per minute'
    assert name_tempo(92.5, '4/4') == '92.5 quarters per minute'
    assert name_tempo(180, '6/4') == '60 dotted halves per minute'
    assert name_tempo(45, '6/16') == '60 notes of 3/16 per minute'


@given(st.floats(20, 900), st.sampled_from(['4/4', '3/8', '6/8', '9/8', '12/8', '6/4', '7/8']))
def test_a_mark_is_the_tempo_to_a_thousandth(qpm, meter):
    beat, number = mark_tempo(qpm, meter)
    assert abs(float(number) - qpm / (4 * float(beat))) <= 0.0005 + 1e-9


@pytest.mark.parametrize(
    ('stated', 'meter', 'written'),
    [
        ('3/8=100', '6/8', '3/8=100'),
        ('3/8=127', '9/8', '3/8=127'),
        ('1/8=300', '12/8', '3/8=100'),
        ('1/4=112', '6/8', '1/4=112'),
        ('1/2=80', '4/4', '1/4=160'),
        ('1/4=92.5', '3/4', '1/4=92.5'),
    ],
)
def test_stated_tempi_come_back(stated, meter, written, tmp_path):
    """Exactly through ABC and MusicXML; through MIDI as near as its microseconds are."""
    text = f'X:1\nT:Tempo\nM:{meter}\nL:1/8\nQ:{stated}\nK:C\nC6|\n'
    qpm = read_abc_tune(text).tempi[0].qpm
    how = {'qpm': qpm, 'meter': meter, 'key': Key(0)}
    abc = format_abc([Note(0, 4, 60)], **how)
    assert f'\nQ:{written}\n' in abc
    assert read_abc_tune(abc).tempi[0].qpm == qpm
    path = tmp_path / 'tempo.musicxml'
    path.write_text(format_musicxml([Note(0, 4, 60)], **how))
    assert f'<sound tempo="{qpm:g}"/>' in path.read_text()
    assert [tempo.qpm for tempo in read_musicxml(path).tempi] == [pytest.approx(qpm, abs=1e-9)]
    midi = parse_midi(format_midi([Note(0, 220, 60)], qpm=qpm, meter=meter))
    assert 60_000_000 / midi.tempi[0].qpm == pytest.approx(60_000_000 / qpm, abs=0.5)


@given(st.integers(10_000, 3_000_000))
@settings(deadline=None)
def test_a_tempo_of_midi_comes_back_from_abc(microseconds):
    """To a thousandth of a beat per minute."""
    qpm = 60_000_000 / microseconds
    if qpm <= 2000:
        text = format_abc([Note(0, 4, 60)], key=Key(0), qpm=qpm, meter='6/8')
        assert abs(read_abc_tune(text).tempi[0].qpm - qpm) <= 0.001
