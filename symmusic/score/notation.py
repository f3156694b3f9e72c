"""A melody in notation: bars of notes and rests of plain values, tied where necessary, and each
pitch's spelling in its key.
"""

import dataclasses
from collections.abc import Sequence

from symmusic.score.bar import STEPS_PER_QUARTER, Bar
from symmusic.score.key import LETTERS, Key
from symmusic.score.notes import Note

# sixteenths: whole, half, quarter, eighth, sixteenth, and dotted ones
VALUES = (24, 16, 12, 8, 6, 4, 3, 2, 1)


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


def to_bars(
    notes: Sequence[Note], bar: Bar, num_bars: int = 1, pickup: int = 0
) -> list[list[Sign]]:
    """At least `num_bars` full bars of signs, from notes in sixteenths, one after another; silence
    is written as rests.

    With a `pickup` the first bar has only this many sixteenths, its last ones; no note starts
    before them.
    """
    num_bars = max([num_bars, *(-(-note.end // bar.steps) for note in notes)])
    bars: list[list[Sign]] = [[] for _ in range(num_bars)]
    step = bar.steps - pickup if pickup else 0
    for note in notes:
        _write(bars, bar, None, step, note.onset)
        _write(bars, bar, note.pitch, note.onset, note.end)
        step = note.end
    _write(bars, bar, None, step, num_bars * bar.steps)
    return bars


def _write(bars: list[list[Sign]], bar: Bar, pitch: int | None, begin: int, end: int) -> None:
    step = begin
    while step < end:
        number, at = divmod(step, bar.steps)
        value = next(
            value
            for value in VALUES
            if value <= min(end - step, bar.steps - at) and _is_plain(bar, at, value)
        )
        sounds = pitch is not None
        bars[number].append(
            Sign(pitch, at, value, sounds and step > begin, sounds and step + value < end)
        )
        step += value


def _is_plain(bar: Bar, at: int, value: int) -> bool:
    """Whether a value may start there: the groups of the bar stay visible, except for whole groups
    tied together and, within half a bar of quarters, a syncopated or a dotted quarter.
    """
    begin, end = bar.group_at(at)
    has_quarters = end - begin == STEPS_PER_QUARTER
    # in 2/4 a syncopated quarter may cross the middle
    middles = bar.strong[1:] if len(bar.groups) > 2 else ()
    if at > begin:
        is_syncopated = value == STEPS_PER_QUARTER and at - begin == 2 and has_quarters
        within = end - at if has_quarters or (at - begin) % 2 == 0 else min(end - at, 3)
        return value <= within or (is_syncopated and not _crosses(middles, at, value))
    if value <= end - begin or at + value in (*bar.groups, bar.steps):
        return True
    return has_quarters and value % 2 == 0 and not _crosses(middles, at, value)


def _crosses(places: Sequence[int], at: int, value: int) -> bool:
    return any(at < place < at + value for place in places)
