"""The meter filter."""

import pytest

from symmusic.errors import ScoreError
from symmusic.score.abc import read_abc_tune
from symmusic.score.meter import check_meter, check_single, sounding_meters
from symmusic.score.midi import parse_midi
from symmusic.score.notes import Meter, Note, Score
from tests.score.midi_bytes import melody, meter, midi, off, on, track

BOTH = ('4/4', '2/2')


def score(*meters):
    return Score(
        tuple(Note(4 * index, 1, 60) for index in range(max(len(meters), 1))),
        4,
        meters=tuple(Meter(4 * index, *meter) for index, meter in enumerate(meters)),
    )


@pytest.mark.parametrize(
    ('meters', 'allowed'),
    [
        (((4, 4),), BOTH),
        (((2, 2),), BOTH),
        (((4, 4), (2, 2)), BOTH),
        (((4, 4), (4, 4)), ('4/4',)),
        (((3, 4),), ('3/4',)),
    ],
)
def test_passes(meters, allowed):
    check_meter(score(*meters), allowed)


@pytest.mark.parametrize(
    ('meters', 'allowed', 'reason', 'named'),
    [
        ((), BOTH, 'no meter', '4/4, 2/2'),
        (((3, 4),), BOTH, 'meter', '3/4'),
        (((4, 4), (3, 4)), BOTH, 'meter', '3/4'),
        (((2, 2),), ('4/4',), 'meter', '2/2'),
        (((2, 4),), BOTH, 'meter', '2/4'),
        (((4, 2),), BOTH, 'meter', '4/2'),
        (((8, 8),), BOTH, 'meter', '8/8'),
    ],
)
def test_refuses(meters, allowed, reason, named):
    with pytest.raises(ScoreError, match=named) as caught:
        check_meter(score(*meters), allowed)
    assert caught.value.reason == reason


def test_one_time_signature_and_one_instrument():
    check_single(score((4, 4)))
    with pytest.raises(ScoreError, match='states 2') as caught:
        check_single(score((4, 4), (4, 4)))
    assert caught.value.reason == 'several time signatures'
    notes = (0, on(60)), (4, off(60))
    check_single(parse_midi(midi(track((0, meter(4, 4)), *notes))))
    for channel in (1, 9):  # drums are an instrument, too
        second = track((0, on(40, channel=channel)), (4, off(40, channel=channel)))
        with pytest.raises(ScoreError, match='2 play') as caught:
            check_single(parse_midi(midi(track((0, meter(4, 4)), *notes), second)))
        assert caught.value.reason == 'several instruments'


def test_a_metre_after_the_last_note_is_none():
    notes = (Note(0, 4, 60), Note(8, 4, 62))
    late = Score(notes, 4, (Meter(0, 4, 4), Meter(9, 3, 4)))
    check_meter(late, ('4/4',))
    assert [str(each) for each in sounding_meters(late)] == ['4/4']
    for tick in (0, 8):
        with pytest.raises(ScoreError, match='3/4'):
            check_meter(Score(notes, 4, (Meter(0, 4, 4), Meter(tick, 3, 4))), ('4/4',))


def test_of_a_file():
    check_meter(parse_midi(melody((60, 4))), ('4/4',))
    with pytest.raises(ScoreError, match='6/8'):
        check_meter(parse_midi(melody((60, 4), meters=((6, 8),))), BOTH)


def test_of_a_tune_whose_parts_have_an_order():
    body = 'X:1\nM:2/2\nL:1/4\nP:{}\nK:C\nG4|\nP:A\nC4|\nP:B\nD4|'
    for order in ('BA', ''):
        score = read_abc_tune(body.format(order))
        check_meter(score, ('2/2',))
        assert score.meters == (Meter(0, 2, 2),)
