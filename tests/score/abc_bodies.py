"""The body of an ABC tune, read: what the tests of the reader compare."""

from symmusic.score.abc import read_abc_tune
from symmusic.score.abc_fields import TICKS_PER_QUARTER

LETTERS = dict(
    zip('CDEFGABcdefgab', (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79, 81, 83), strict=True)
)


def read(body, **fields):
    header = {'M': '4/4', 'L': '1/4', 'K': 'C'} | fields
    key = header.pop('K')
    return read_abc_tune(
        'X:1\nT:Made up\n'
        + ''.join(f'{name}:{value}\n' for name, value in header.items())
        + f'K:{key}\n{body}\n'
    )


def pitches(body, **fields):
    return [note.pitch for note in read(body, **fields).notes]


def lengths(body, **fields):
    """Durations in quarters."""
    return [note.duration / TICKS_PER_QUARTER for note in read(body, **fields).notes]


def onsets(body, **fields):
    return [note.onset / TICKS_PER_QUARTER for note in read(body, **fields).notes]


def naturals(letters):
    return [LETTERS[letter] for letter in letters]
