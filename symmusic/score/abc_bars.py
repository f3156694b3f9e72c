"""Bars of ABC that are shorter or longer than their metre, so that later bar lines are shifted."""

import bisect
import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from symmusic.score.abc_fields import TICKS_PER_QUARTER, bar_ticks
from symmusic.score.abc_items import Bar, ChordRest, Item
from symmusic.score.notes import ODD_BARS, Meter

_TOLERANCE = TICKS_PER_QUARTER // 32  # lengths of tuplets and broken rhythm are rounded
_MAX_PARTS = 4  # of one bar
_UNITS = {
    1: 'wholes',
    2: 'halves',
    4: 'quarters',
    8: 'eighths',
    16: 'sixteenths',
    32: 'thirty-seconds',
    64: 'sixty-fourths',
}


class Line(NamedTuple):
    """A bar line as it is played: its tick, its index among the items, whether it ends a section
    and whether an ending starts behind it.
    """

    tick: int
    index: int
    is_section: bool
    is_ending: bool


class _Piece(NamedTuple):
    """What is played between two bar lines; `is_whole` if it is one bar or several."""

    begin: Line
    end: Line
    meter: Meter

    @property
    def ticks(self) -> int:
        return self.end.tick - self.begin.tick

    @property
    def is_whole(self) -> bool:
        return _is_whole(self.ticks, self.meter)


def describe_odd_bars(
    lines: Sequence[Line], meters: Sequence[Meter], items: Sequence[Item], end: int
) -> str | None:
    """The notice about bars that are shorter or longer than their metre; None if there are none.

    The first and the last bar do not count, nor do parts of one bar: on both sides of a bar line,
    or at both ends of a section, its pickup and what completes it.

    Args:
      lines: the bar lines as they are played.
      meters: as they are played, in order of time.
      items: as they are written; they number the bars.
      end: the tick at which the last bar ends.
    """
    odd: dict[int, _Piece] = {}
    pieces = _pieces(lines, meters)
    numbers = _number_bars(items, meters[0]) if pieces else {}
    for piece in _odd_pieces(pieces):
        is_last = end - piece.begin.tick <= bar_ticks(piece.meter)
        if piece.begin.tick > 0 and not is_last:
            odd.setdefault(numbers[piece.end.index], piece)
    if not odd:
        return None
    first = min(odd)
    name, lasts = f'bar {first}' if first else 'the pickup', _describe(odd[first])
    if len(odd) == 1:
        return f'{ODD_BARS}: {name} lasts {lasts}'
    return f'{ODD_BARS}: {len(odd)} bars, the first is {name}, which lasts {lasts}'


def _pieces(lines: Sequence[Line], meters: Sequence[Meter]) -> list[_Piece]:
    """What is between the bar lines; those at one tick count as one. Pieces of no metre or several
    are left out.
    """
    merged = [Line(0, -1, True, False)]
    for line in lines:
        before = merged[-1]
        if before.tick == line.tick:
            merged[-1] = line._replace(
                is_section=before.is_section or line.is_section,
                is_ending=before.is_ending or line.is_ending,
            )
        else:
            merged.append(line)
    starts = [meter.tick for meter in meters]
    pieces = []
    for begin, end in itertools.pairwise(merged):
        place = bisect.bisect_right(starts, begin.tick)
        if place and place == bisect.bisect_left(starts, end.tick):
            pieces.append(_Piece(begin, end, meters[place - 1]))
    return pieces


def _odd_pieces(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Those that are no whole bars, nor parts of a bar that is divided."""
    odd, index = [], 0
    firsts = [place for place, piece in enumerate(pieces) if piece.begin.is_section]
    lasts = [place for place, piece in enumerate(pieces) if piece.end.is_section]
    while index < len(pieces):
        piece = pieces[index]
        num = 1 if piece.is_whole else _num_of_one_bar(pieces[index : index + _MAX_PARTS])
        if not num:
            first = firsts[bisect.bisect_right(firsts, index) - 1] if firsts else 0
            last = lasts[place] if (place := bisect.bisect_left(lasts, index)) < len(lasts) else 0
            is_edge = index in (first, last) and first != last
            if not (is_edge and _is_whole(pieces[first].ticks + pieces[last].ticks, piece.meter)):
                odd.append(piece)
        index += num or 1
    return odd


def _num_of_one_bar(run: Sequence[_Piece]) -> int:
    """How many pieces from the first on are the parts of one bar, or of several if a section or an
    ending starts in between; 0 if they are none.
    """
    ticks, is_edge = 0, False
    for num, piece in enumerate(itertools.takewhile(lambda piece: not piece.is_whole, run), 1):
        ticks += piece.ticks
        is_bar = abs(ticks - bar_ticks(piece.meter)) <= _TOLERANCE
        if num > 1 and (is_bar or (is_edge and _is_whole(ticks, piece.meter))):
            return num
        is_edge = is_edge or piece.end.is_section or piece.end.is_ending
    return 0


def _is_whole(ticks: int, meter: Meter) -> bool:
    bar = bar_ticks(meter)
    return min(ticks % bar, -ticks % bar) <= _TOLERANCE


def _number_bars(items: Sequence[Item], meter: Meter) -> dict[int, int]:
    """The number of the bar that ends at each bar line by its index, as in notation: a pickup is
    bar 0, and the part of a bar that completes another has the number of that one.
    """
    numbers, ticks, number, before = {}, 0, 0, 0
    is_first = True
    for index, item in enumerate(items):
        if isinstance(item, Meter):
            meter = item
        elif isinstance(item, ChordRest):
            ticks += item.ticks
        elif isinstance(item, Bar) and item.ends_bar:
            bar = bar_ticks(meter)
            is_pickup = is_first and ticks < bar - _TOLERANCE
            completes = 0 < before < bar and abs(before + ticks - bar) <= _TOLERANCE
            if ticks and not is_pickup:
                number += not completes
                before = 0 if completes else ticks
            is_first = is_first and not ticks
            numbers[index] = number
            ticks = 0
    return numbers


def _describe(piece: _Piece) -> str:
    """Such as '7 of 8 eighths', in the metre's unit or in the largest one that divides the bar."""
    bar = bar_ticks(piece.meter)
    for unit in (unit for unit in _UNITS if unit >= piece.meter.denominator):
        number = Fraction(piece.ticks * unit, 4 * TICKS_PER_QUARTER)
        whole = Fraction(bar * unit, 4 * TICKS_PER_QUARTER)
        if number.denominator == 1:
            return f'{number} of {whole} {_UNITS[unit]}'
    quarters = piece.ticks / TICKS_PER_QUARTER
    return f'{quarters:.3g} of {bar / TICKS_PER_QUARTER:g} quarters'
