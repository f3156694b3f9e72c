"""Where the sections of a score start, as it is played: repeats, double bars, endings, labels."""

from fractions import Fraction

import pytest

from symmusic.score.abc_fields import TICKS_PER_QUARTER
from symmusic.score.notes import Meter, Note
from symmusic.score.sections import nearest_bar, section_starts
from symmusic.score.voices import Measure, play, read_voices
from tests.score.abc_bodies import read
from tests.score.pieces import music_xml


@pytest.mark.parametrize(
    ('body', 'starts'),
    [
        ('CD|EF|GA|]', []),  # a bar line at the end divides nothing
        ('|:CD|EF:|', [0, 4]),
        ('|:CD|EF:||:GA|Bc:|', [0, 4, 8, 12]),
        ('CD|EF||GA|Bc|]', [0, 4]),
        ('CD|EF|]GA|[|Bc|]', [0, 4, 6]),
        ('CD|EF::GA|Bc:|', [0, 4, 8, 12]),
        # an ending belongs to its section, and the one after the last ending starts a new one
        ('|:CD|1EF:|2GA||Bc|', [0, 4, 8]),
        ('|:CD||1EF:|2GA|]Bc|', [0, 4, 8]),
        ('|:CD|1EF|2GA||Bc|', [0, 4, 8]),
        # pickups
        ('G|:CD|E:|', [0, 1, 4]),
        ('G|CD|E||F|GA|B||', [0, 4]),
        # labels, and parts that are played in another order
        ('CD|\nP:second\nEF|[P:B]GA|', [0, 2, 4]),
        ('\nP:A\nCD|EF|\nP:B\nGA|', [0, 4]),
    ],
)
def test_abc(body, starts):
    score = read(body)
    assert score.sections == tuple(TICKS_PER_QUARTER * start for start in starts)


def test_an_order_of_parts():
    score = read('\nP:A\nCD|EF|\nP:B\nGA|', P='ABA')
    assert score.sections == tuple(TICKS_PER_QUARTER * start for start in (0, 4, 6))


END, BEGIN, PLAIN, DOUBLE = {'closes': True}, {'opens': True}, {}, {'is_last': True}
FIRST, SECOND = {'passes': frozenset({1})}, {'passes': frozenset({2})}


@pytest.mark.parametrize(
    ('measures', 'starts'),
    [
        ([PLAIN, PLAIN, DOUBLE], []),
        ([PLAIN, DOUBLE, PLAIN], [2]),
        ([PLAIN, END, PLAIN], [2, 4]),
        ([PLAIN, BEGIN, PLAIN | END], [1, 3]),
        ([PLAIN, FIRST | END, SECOND, PLAIN], [2, 4]),
        ([PLAIN | DOUBLE, FIRST | END, SECOND | DOUBLE, PLAIN], [2, 4]),
    ],
)
def test_measures(measures, starts):
    notes = [Note(10 * index, 10, 60) for index in range(len(measures))]
    made = [Measure(10 * index, 10 * index + 10, **fields) for index, fields in enumerate(measures)]
    played, _, sections = play(notes, [Meter(0, 4, 4)], made)
    assert sections == [10 * start for start in starts]
    found = section_starts(sections, played[-1].end)
    assert found == ((0, *sections) if sections else ())


def test_music_xml(tmp_path):
    """Bars C D || E :| F of one note each: the repeat goes back to the start."""
    double = '<barline location="right"><bar-style>light-light</bar-style></barline>'
    backward = '<barline location="right"><repeat direction="backward"/></barline>'
    bars = music_xml([[(name, 4, '')] for name in ('C5', 'D5', 'E5', 'F5')]).split('</measure>')
    bars[1] += double
    bars[2] += backward
    path = tmp_path / 'piece.musicxml'
    path.write_text('</measure>'.join(bars))
    (voice,) = read_voices(path)
    assert [start // voice.ticks_per_quarter for start in voice.sections] == [0, 8, 12, 20, 24]


def test_starts():
    assert section_starts([0, 9, 4, 9, 12, -1], 12) == (0, 4, 9)
    assert section_starts([0, 12], 12) == ()


@pytest.mark.parametrize(
    ('tick', 'shift', 'bar'), [(0, 0, 0), (0, 9, 1), (0, 5, 0), (0, 6, 0), (0, 7, 1), (23, 0, 2)]
)
def test_nearest_bar(tick, shift, bar):
    """Of bars of 12 ticks; a pickup of half a bar is in the bar that it ends."""
    assert nearest_bar(tick, Fraction(shift), Fraction(12)) == bar
