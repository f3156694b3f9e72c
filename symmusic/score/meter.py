"""Metres: where the bars of a score are, and which tunes have bars of whole steps."""

import bisect
import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from symmusic.errors import ScoreError
from symmusic.score.bar import SIXTEENTHS, bar_of, name_of
from symmusic.score.notes import Meter, Note, Score


class Span(NamedTuple):
    """The span, in ticks, of one time signature, the length of its bars, and whether a note starts
    in it.
    """

    begin: int
    end: int
    bar: Fraction
    meter: Meter
    sounds: bool


def find_bars(
    meters: Sequence[Meter], notes: Sequence[Note], ticks_per_quarter: int
) -> tuple[list[Meter], int]:
    """The time signatures of a piece, and the ticks before its first full bar.

    Notation programs write a bar that is shorter than its metre with a time signature of its own.
    The metre of a piece is the one whose bars fill most of it. Other metres may fill up to a bar
    before it (the pickup) and after it, and in between one bar from bar line to bar line (a short
    bar before a repeat and the pickup after it), or whole bars of silence. Silence at either end
    does not count. If other metres fill more than that, all of them are kept.

    Args:
      meters: in order of time; each starts a bar.
      notes: in order of time.
      ticks_per_quarter: for both.
    """
    spans = _spans(meters, notes, ticks_per_quarter)
    if not spans:
        return list(meters), 0
    lengths: dict[Fraction, Fraction] = {}
    for span in spans:  # with the last bar filled up
        whole = -((span.begin - span.end) // span.bar) * span.bar
        lengths[span.bar] = lengths.get(span.bar, Fraction(0)) + whole
    bar = max(lengths, key=lambda length: (lengths[length], length))
    own = [index for index, span in enumerate(spans) if span.bar == bar]
    if own[:2] == [0, 1] and spans[1].begin - spans[0].begin < bar:
        own = own[1:]  # the same metre again after less than a bar
    line = spans[own[0]].begin
    fits = line - spans[0].begin <= bar
    for left, right in itertools.pairwise([*own, len(spans)]):
        between = spans[left + 1 : right]
        if between:
            end = spans[right].begin if right < len(spans) else None
            fits &= _fits(between, line, bar, end)
    if not fits:
        return [span.meter for span in spans], 0
    return [spans[index].meter for index in own], int(line % bar)


def measure_first(ticks: int, bar: Fraction | int) -> tuple[int, int]:
    """`Score.pickup` and `Score.overfull` of a piece with `ticks` before its first bar line."""
    if ticks < bar:
        return ticks, 0
    return 0, ticks if ticks % bar else 0


def overfull_start(meters: Sequence[Meter], ticks_per_quarter: int) -> int:
    """`Score.overfull` of a piece that states the metre of its first bar again for the second, as
    notation programs write a pickup.
    """
    if len(meters) < 2 or str(meters[0]) != str(meters[1]):
        return 0
    bar = Fraction(4 * ticks_per_quarter * meters[0].numerator, meters[0].denominator)
    ticks = meters[1].tick - meters[0].tick
    return measure_first(ticks, bar)[1] if ticks < 2 * bar else 0


def check_first_bar(score: Score) -> None:
    """Checks that the bars of a score start where its bar lines are.

    Raises:
      ScoreError: with the reason 'pickup': its first bar is overfull.
    """
    if score.overfull:
        found, bar = (
            Fraction(ticks) / score.ticks_per_quarter
            for ticks in (score.overfull, bar_ticks(score))
        )
        raise ScoreError(
            'pickup',
            f'{_quarters(found)} before the first bar line; must be less than a bar of'
            f' {sounding_meters(score)[0]}, which has {_quarters(bar)}, or whole bars',
        )


def _quarters(number: Fraction) -> str:
    return f'{float(number):g} quarter{"s" * (number != 1)}'


def _fits(between: Sequence[Span], line: int, bar: Fraction, end: int | None) -> bool:
    """Whether spans of other metres leave the bar lines where they are; `end` is None for the last
    spans.
    """
    begin = between[0].begin
    if (begin - line) % bar:
        return False
    if end is None:
        return between[-1].end - begin <= bar
    return (end - begin) % bar == 0 and (end - begin == bar or not any(s.sounds for s in between))


def _spans(meters: Sequence[Meter], notes: Sequence[Note], ticks_per_quarter: int) -> list[Span]:
    """The spans from the first to the last in which a note starts. The first time signature also
    applies to notes before it.
    """
    onsets = [note.onset for note in notes]
    begun = {meter.tick: meter for meter in meters}  # the last of several at one tick
    begins = sorted(begun)
    if onsets and begins and onsets[0] < begins[0]:
        begun[0] = begun[begins[0]]
        begins.insert(0, 0)
    last = max([note.end for note in notes] + begins[-1:], default=0)
    spans = []
    for begin, end in itertools.pairwise([*begins, last]):
        meter = begun[begin]
        bar = Fraction(4 * ticks_per_quarter * meter.numerator, meter.denominator)
        num_notes = bisect.bisect_left(onsets, end) - bisect.bisect_left(onsets, begin)
        # a note of length 0 can start at the very end
        sounds = num_notes > 0 or (end == last and begin <= max(onsets, default=-1))
        spans.append(Span(begin, end, bar, meter, sounds))
    sounding = [index for index, span in enumerate(spans) if span.sounds]
    return spans[sounding[0] : sounding[-1] + 1] if sounding else []


def sounding_meters(score: Score) -> list[Meter]:
    """The time signatures that apply to a note, without those after the last note."""
    if len(score.meters) < 2:
        return list(score.meters)
    last = max((note.onset for note in score.notes), default=0)
    return [meter for meter in score.meters if meter.tick <= last] or list(score.meters[:1])


def bar_ticks(score: Score) -> Fraction:
    """The ticks of a bar in a score's first metre, or in 4/4 if it states none."""
    meter = next(iter(sounding_meters(score)), Meter(0, 4, 4))
    return Fraction(4 * score.ticks_per_quarter * meter.numerator, meter.denominator)


def check_meter(
    score: Score, meters: Sequence[str] = ('all',), steps_per_quarter: int = SIXTEENTHS
) -> str:
    """The metre of a score; the first one if it has several metres whose bars are divided alike.

    A score that states no metre is refused, because its bar lines are unknown.

    Args:
      score: the score.
      meters: the allowed metres, such as '4/4'; 'all' allows every metre with whole steps per bar.
      steps_per_quarter: the grid.

    Raises:
      ScoreError: with the reason 'no meter', 'meter' (another one, or of unsuitable bars) or
        'change of meter', the detail naming the metres found.
    """
    is_any = 'all' in meters
    steps = name_of(steps_per_quarter)
    kept = f'all of whole {steps} per bar' if is_any else ', '.join(meters)
    if not score.meters:
        raise ScoreError('no meter', f'must state one; kept are {kept}')
    found = [str(meter) for meter in sounding_meters(score)]
    for meter in found:
        if not is_any and meter not in meters:
            raise ScoreError('meter', f'{meter}; kept are {kept}')
    if len({bar_of(meter, steps_per_quarter) for meter in found}) > 1:
        detail = f'{", ".join(dict.fromkeys(found))}; must be one metre, with at most a bar before'
        raise ScoreError('change of meter', detail)
    return found[0]


def check_single(score: Score) -> None:
    """Checks that a score has one time signature and one instrument, as the thesis requires.

    Raises:
      ScoreError: with the reason 'several time signatures' (even if they are equal) or 'several
        instruments'.
    """
    num_meters = max(len(score.meters), score.num_meters)
    if num_meters > 1:
        raise ScoreError('several time signatures', f'the file states {num_meters}')
    if score.num_instruments > 1:
        raise ScoreError('several instruments', f'{score.num_instruments} play in the file')
