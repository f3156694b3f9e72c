"""The sections of a score: where they start, as it is played."""

import math
from collections.abc import Iterable
from fractions import Fraction


def section_starts(ticks: Iterable[int], end: int) -> tuple[int, ...]:
    """The ticks at which sections start, in order and the first at 0, given those of the repeats,
    double bars and labels of a score whose last note ends at `end`; () if none is within it.
    """
    inner = {tick for tick in ticks if 0 < tick < end}
    return (0, *sorted(inner)) if inner else ()


def nearest_bar(tick: int, shift: Fraction, bar: Fraction) -> int:
    """The bar, from 0, whose bar line is nearest to a tick, the first bar line being `shift` ticks
    before tick 0; of two that are equally near the first.

    So a pickup shorter than half a bar belongs to the section after it.
    """
    return math.ceil((tick + shift) / bar - Fraction(1, 2))
