"""Names of pitches."""

from symmusic.pitches import parse_pitch, pitch_name


def test_every_natural_pitch_is_read():
    names = [f'{letter}{octave}' for octave in range(-1, 10) for letter in 'CDEFGAB']
    pitches = [12 * octave + step for octave in range(11) for step in (0, 2, 4, 5, 7, 9, 11)]
    assert [parse_pitch(name) for name in names] == [
        pitch if pitch < 128 else None for pitch in pitches
    ]


def test_there_and_back():
    assert [parse_pitch(pitch_name(pitch)) for pitch in range(128)] == list(range(128))


def test_by_hand():
    assert [parse_pitch(name) for name in ('f#5', 'B♭3', 'Cb4', 'E#4')] == [78, 58, 59, 65]
    assert [parse_pitch(name) for name in ('C', 'H4', 'C10', 'Cb-1', '60', 'C##4')] == [None] * 6
