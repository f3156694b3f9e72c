"""How a tune in sections is written: which of the bars that are played, between which signs.

A section that is played twice in a row is written once, between repeat signs. If only its last bar
differs, it gets a first and a second ending:

    played   A: 0 1 2 3   A: 4 5 6 7   B: 8 9 10 11
    written  |: 0 1 2 |1 3 :|2 7 || 8 9 10 11 |]
"""

import dataclasses
from collections.abc import Iterator, Sequence

BARS_PER_LINE = 4


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of a tune as it is played: its label, such as 'A', the index of its first bar, from
    0, and its number of bars.
    """

    label: str
    first: int
    num_bars: int

    @property
    def bars(self) -> range:
        """The indices of its bars."""
        return range(self.first, self.first + self.num_bars)


@dataclasses.dataclass(frozen=True)
class Measure:
    """A written bar.

    Attributes:
      played: the indices, from 0, of the bars as which it is played; several if it is repeated.
      label: the label of the section that starts with it, or with the bar after it if it is a
        pickup; '' = none.
      opens: whether a repeat starts before it.
      closes: whether a repeat ends after it.
      ending: the number of the ending that this bar is; 0 = none.
      is_last: whether it is the last one of its section.
    """

    played: tuple[int, ...]
    label: str = ''
    opens: bool = False
    closes: bool = False
    ending: int = 0
    is_last: bool = False


def lay_out(bars: Sequence[object], sections: Sequence[Section] = ()) -> list[Measure]:
    """The written bars of a tune.

    Args:
      bars: the content of each played bar, compared to find repeats.
      sections: in order, without gaps; bars before the first are a pickup. () = all bars are
        written as they are played.
    """
    if not sections:
        return [Measure((number,)) for number in range(len(bars))]
    measures = [Measure((number,)) for number in range(sections[0].first)]
    rest = list(sections)
    while rest:
        # a label is placed before the pickup
        begin = 0 if rest[0] is sections[0] else len(measures)
        label = rest[0].label
        if len(rest) > 1 and _is_repeated(bars, *rest[:2]):
            measures += _repeated(bars, *rest[:2])
            del rest[:2]
        else:
            own = rest.pop(0).bars
            measures += [Measure((bar,), is_last=bar == own[-1]) for bar in own]
        measures[begin] = dataclasses.replace(measures[begin], label=label)
    return measures


def _is_repeated(bars: Sequence[object], first: Section, second: Section) -> bool:
    """Whether two sections differ at most in their last bars."""
    pairs = list(zip(first.bars, second.bars, strict=False))
    return (first.label, first.num_bars) == (second.label, second.num_bars) and all(
        bars[one] == bars[other] for one, other in pairs[:-1]
    )


def _repeated(bars: Sequence[object], first: Section, second: Section) -> Iterator[Measure]:
    pairs = list(zip(first.bars, second.bars, strict=True))
    end, other_end = pairs[-1]
    has_endings = bars[end] != bars[other_end]
    for place, pair in enumerate(pairs[: -1 if has_endings else None]):
        is_last = pair == pairs[-1]
        yield Measure(pair, opens=place == 0, closes=is_last, is_last=is_last)
    if has_endings:
        yield Measure((end,), opens=len(pairs) == 1, closes=True, ending=1)
        yield Measure((other_end,), ending=2, is_last=True)


def to_lines(
    measures: Sequence[Measure], *, has_pickup: bool = False, num_bars: int = BARS_PER_LINE
) -> list[list[Measure]]:
    """The measures in lines of `num_bars`. A section starts a line, a pickup is on the line of the
    bar after it, and a second ending on the line of the first.
    """
    lines: list[list[Measure]] = []
    num_full = 0  # in the last line
    for number, measure in enumerate(measures):
        is_full = num_full == num_bars and measure.ending < 2
        if not lines or measure.label or is_full:
            lines.append([])
            num_full = 0
        lines[-1].append(measure)
        num_full += not (has_pickup and number == 0)
    return lines
