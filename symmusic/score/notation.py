"""A melody in notation: bars of notes and rests of plain values or in triplets, tied where
necessary, and each pitch's spelling in its key.
"""

import bisect
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from symmusic.score.bar import Bar
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
    """A written note, or a rest if `pitch` is None, which starts at `step` of its bar and lasts
    `value` steps; `tuplet` is its place in a triplet, 'start', 'continue' or 'stop', '' in none.
    """

    pitch: int | None
    step: int
    value: int
    tied_from: bool = False  # tied to the previous sign
    tied_on: bool = False
    tuplet: str = ''

    def written(self, bar: Bar) -> Fraction:
        """The written value in sixteenths: one of `VALUES`; in a triplet 4, 2, 1 or 1/2."""
        return Fraction(self.value, bar.sixteenth) * (Fraction(3, 2) if self.tuplet else 1)


def altered(letter: str, num_fifths: int) -> int:
    """The alteration of a letter by a signature: 1, 0 or -1."""
    return (LETTERS.index(letter) < num_fifths) - (6 - LETTERS.index(letter) < -num_fifths)


def accidentals(signs: Sequence[Sign], key: Key) -> list[int | None]:
    """The accidental that each sign of a bar is written with, as `Spelling.alter` (0 is a natural):
    where it differs from the last one of its letter and octave in the bar, or from the signature.
    """
    latest: dict[tuple[str, int], int] = {}
    found = []
    for sign in signs:
        if sign.pitch is None or sign.tied_from:
            found.append(None)
            continue
        spelled = spell(sign.pitch, key)
        place = spelled.letter, spelled.octave
        is_new = spelled.alter != latest.get(place, altered(spelled.letter, key.fifths))
        found.append(spelled.alter if is_new else None)
        latest[place] = spelled.alter
    return found


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
    notes: Sequence[Note], bar: Bar, num_bars: int = 1, pickup: int = 0, short: int = 0
) -> list[list[Sign]]:
    """At least `num_bars` full bars of signs, from notes in steps, one after another; silence is
    written as rests.

    With a `pickup` the first bar has only this many steps, its last ones; no note starts before
    them. A rest fills up a pickup of no whole sixteenths, or that starts within a triplet. The last
    bar is without its last `short` steps if they are silent whole sixteenths.
    """
    num_bars = max([num_bars, *(-(-note.end // bar.steps) for note in notes)])
    bars: list[list[Sign]] = [[] for _ in range(num_bars)]
    step = bar.steps - pickup if pickup else 0
    step -= step % bar.sixteenth
    triplets = _find_triplets({note.onset for note in notes} | {note.end for note in notes}, bar)
    step, _ = triplets.get(step, (step, 0))
    for note in notes:
        _write(bars, bar, triplets, None, step, note.onset)
        _write(bars, bar, triplets, note.pitch, note.onset, note.end)
        step = note.end
    end = num_bars * bar.steps
    is_whole = short % bar.sixteenth == 0 and end - short not in triplets
    _write(bars, bar, triplets, None, step, end - short if is_whole else end)
    return bars


def _find_triplets(edges: Iterable[int], bar: Bar) -> dict[int, tuple[int, int]]:
    """The start and the end of the triplet that each step is in, of those in one: a quarter, an
    eighth or a sixteenth with edges of notes between its sixteenths, all on its thirds.
    """
    places = sorted(edges)
    found = {}
    for edge in places:
        if edge % bar.sixteenth == 0:
            continue
        at = edge % bar.steps
        first, last = (edge - at + each for each in bar.group_at(at))
        for size in (4 * bar.sixteenth, 2 * bar.sixteenth, bar.sixteenth):
            begin = edge - (edge - first) % size
            inside = slice(
                bisect.bisect_right(places, begin), bisect.bisect_left(places, begin + size)
            )
            inner = places[inside]
            if begin + size <= last and all((each - begin) % (size // 3) == 0 for each in inner):
                break
        found |= dict.fromkeys(range(begin, begin + size), (begin, begin + size))
    return found


def _write(
    bars: list[list[Sign]],
    bar: Bar,
    triplets: Mapping[int, tuple[int, int]],
    pitch: int | None,
    begin: int,
    end: int,
) -> None:
    step = begin
    while step < end:
        number, at = divmod(step, bar.steps)
        tuplet = ''
        if step in triplets:
            first, last = triplets[step]
            value = min(end, last) - step
            tuplet = 'start' if step == first else 'stop' if step + value == last else 'continue'
        else:
            value = next(
                value
                for value in (bar.sixteenth * each for each in VALUES)
                if value <= min(end - step, bar.steps - at)
                and _is_plain(bar, at, value)
                and triplets.keys().isdisjoint(range(step, step + value))
            )
        sounds = pitch is not None
        bars[number].append(
            Sign(pitch, at, value, sounds and step > begin, sounds and step + value < end, tuplet)
        )
        step += value


def _is_plain(bar: Bar, at: int, value: int) -> bool:
    """Whether a value may start there: the groups of the bar stay visible, except for whole groups
    tied together and, within half a bar of quarters, a syncopated or a dotted quarter.
    """
    begin, end = bar.group_at(at)
    eighth = 2 * bar.sixteenth
    has_quarters = end - begin == bar.steps_per_quarter
    # in 2/4 a syncopated quarter may cross the middle
    middles = bar.strong[1:] if len(bar.groups) > 2 else ()
    if at > begin:
        is_syncopated = value == 2 * eighth and at - begin == eighth and has_quarters
        is_on_eighth = (at - begin) % eighth == 0
        within = end - at if has_quarters or is_on_eighth else min(end - at, 3 * bar.sixteenth)
        return value <= within or (is_syncopated and not _crosses(middles, at, value))
    if value <= end - begin or at + value in (*bar.groups, bar.steps):
        return True
    return has_quarters and value % eighth == 0 and not _crosses(middles, at, value)


def _crosses(places: Sequence[int], at: int, value: int) -> bool:
    return any(at < place < at + value for place in places)
