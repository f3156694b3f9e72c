"""A melody in notation: bars of notes and rests of plain values, tied where necessary, and each
pitch's spelling in its key.
"""

import dataclasses
from collections.abc import Sequence

from symmusic.score.key import LETTERS, Key
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER
from symmusic.score.notes import Note

# sixteenths: whole, half, quarter, eighth, sixteenth, and dotted ones
VALUES = (16, 12, 8, 6, 4, 3, 2, 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Spelling:
    """A pitch's letter, its sharps (flats are negative) and its octave; middle C is C4."""

    letter: str
    alter: int
    octave: int


@dataclasses.dataclass(frozen=True, slots=True)
class Sign:
    """A written note, or a rest if `pitch` is None, of one of `VALUES`, which starts at `step` of
    its bar.
    """

    pitch: int | None
    step: int
    value: int
    tied_from: bool = False  # to the sign before
    tied_on: bool = False


def altered(letter: str, num_fifths: int) -> int:
    """The alteration of a letter by a signature: 1, 0 or -1."""
    return (LETTERS.index(letter) < num_fifths) - (6 - LETTERS.index(letter) < -num_fifths)


def spell(pitch: int, key: Key) -> Spelling:
    """The spelling of a pitch that is nearest to the key on the line of fifths; minor keys include
    the raised sixth and seventh degrees.
    """
    # twelve names on the line: from the tonic's flat second to its sharp fourth, for C major D flat
    # to F sharp; or from the lowest of the signature, which in locrian is the fifth
    lowest = min(key.place - 5, key.fifths - 1)
    place = lowest + (pitch * 7 - lowest) % 12
    letter, alter = LETTERS[(place + 1) % 7], (place + 1) // 7
    natural = 'C D EF G A B'.index(letter)
    return Spelling(letter, alter, (pitch - alter - natural) // 12 - 1)


def to_bars(notes: Sequence[Note], num_bars: int = 1, pickup: int = 0) -> list[list[Sign]]:
    """At least `num_bars` full bars of signs, from notes in sixteenths, one after another; silence
    is written as rests.

    With a `pickup` the first bar has only this many sixteenths, its last ones; no note starts
    before them.
    """
    num_bars = max([num_bars, *(-(-note.end // STEPS_PER_BAR) for note in notes)])
    bars: list[list[Sign]] = [[] for _ in range(num_bars)]
    step = STEPS_PER_BAR - pickup if pickup else 0
    for note in notes:
        _write(bars, None, step, note.onset)
        _write(bars, note.pitch, note.onset, note.end)
        step = note.end
    _write(bars, None, step, num_bars * STEPS_PER_BAR)
    return bars


def _write(bars: list[list[Sign]], pitch: int | None, begin: int, end: int) -> None:
    step = begin
    while step < end:
        bar, at = divmod(step, STEPS_PER_BAR)
        value = next(
            value
            for value in VALUES
            if value <= min(end, (bar + 1) * STEPS_PER_BAR) - step and _is_plain(at, value)
        )
        sounds = pitch is not None
        bars[bar].append(
            Sign(pitch, at, value, sounds and step > begin, sounds and step + value < end)
        )
        step += value


def _is_plain(at: int, value: int) -> bool:
    """Whether a value may start there: beats stay visible, except for a syncopated quarter, half or
    dotted half note.
    """
    if at % STEPS_PER_QUARTER == 0:
        return (
            value <= STEPS_PER_QUARTER
            or at == 0
            or (at == STEPS_PER_QUARTER and value == 8)
            or (at == 8 and value <= 8)
            or (at == 4 and value == 12)
        )
    return value <= STEPS_PER_QUARTER - at % STEPS_PER_QUARTER or (value == 4 and at in (2, 10))
