"""The bar of a metre: its length in sixteenths, its beats, beams and strong beats."""

import bisect
import dataclasses
import functools
import itertools
import math
from fractions import Fraction

from symmusic.errors import ScoreError

STEPS_PER_QUARTER = 4
STEPS_PER_WHOLE = 4 * STEPS_PER_QUARTER
MAX_BAR_STEPS = 64  # four whole notes; 4/2 has 32


@dataclasses.dataclass(frozen=True)
class Bar:
    """How a bar is divided, in steps of a sixteenth from its start. Metres that are divided alike,
    such as 4/4 and 2/2, have equal bars.

    Attributes:
      steps: its length.
      groups: where its beams begin: with each beat, in 6/8 of three eighths, but no longer than a
        quarter where the beat is not divided by three.
      strong: its strong beats: the first and, of an even number of beats, that of the second half.
      cadence_steps: the least length of a last note: a quarter, or in 6/8 a beat.
    """

    steps: int
    groups: tuple[int, ...]
    strong: tuple[int, ...]
    cadence_steps: int

    @property
    def beat_steps(self) -> int:
        """The longest stretch of steps that all its groups consist of."""
        return math.gcd(self.steps, *self.groups)

    def group_at(self, step: int) -> tuple[int, int]:
        """The start and the end of the group that a step is in."""
        index = bisect.bisect_right(self.groups, step)
        return self.groups[index - 1], (*self.groups, self.steps)[index]


def is_countable(meter: str) -> bool:
    """Whether a metre has a bar, as of `bar_of`."""
    try:
        bar_of(meter)
    except ScoreError:
        return False
    return True


@functools.cache
def bar_of(meter: str) -> Bar:
    """The bar of a metre such as '6/8'.

    Raises:
      ScoreError: its bars are no whole number of sixteenths, or longer than `MAX_BAR_STEPS`.
    """
    numerator, denominator = map(int, meter.split('/'))
    unit = Fraction(STEPS_PER_WHOLE, denominator)
    if (numerator * unit).denominator > 1 or not 0 < numerator * unit <= MAX_BAR_STEPS:
        raise ScoreError(
            'meter', f'{meter}; a bar must be a whole number of sixteenths, at most {MAX_BAR_STEPS}'
        )
    steps = int(numerator * unit)
    if unit < 1:  # shorter than a step: the bar is not divided
        return Bar(steps, (0,), (0,), min(STEPS_PER_QUARTER, steps))
    unit = int(unit)
    beats = _beats(numerator, unit)
    starts = tuple(itertools.accumulate(beats[:-1], initial=0))
    groups = tuple(range(0, steps, STEPS_PER_QUARTER)) if unit >= STEPS_PER_QUARTER else starts
    has_halves = len(beats) % 2 == 0 and len(set(beats)) == 1
    strong = (0, steps // 2) if has_halves else (0,)
    cadence = beats[0] if unit == 2 and set(beats) == {6} else STEPS_PER_QUARTER
    return Bar(steps, groups, strong, min(cadence, steps))


def _beats(numerator: int, unit: int) -> list[int]:
    """The length of each beat, in steps: three units where the numerator is a multiple of three,
    in shorter units than quarters else two, with one of three before them if it is odd.
    """
    is_short = unit < STEPS_PER_QUARTER
    if numerator % 3 == 0 and (numerator > 3 or is_short):
        return [3 * unit] * (numerator // 3)
    if not is_short or numerator == 1:
        return [unit] * numerator
    return [(2 + numerator % 2) * unit] + [2 * unit] * (numerator // 2 - 1)
