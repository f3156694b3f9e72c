"""The grid of steps, and the bar of a metre on it: its length, beats, beams and strong beats."""

import bisect
import dataclasses
import functools
import itertools
import math
from fractions import Fraction

from symmusic.errors import ScoreError

GRIDS = (4, 12)  # steps per quarter: sixteenths; these and triplets of eighths
SIXTEENTHS = GRIDS[0]
MAX_WHOLES = 4  # in a bar; 4/2 has two


@dataclasses.dataclass(frozen=True)
class Bar:
    """How a bar is divided, in steps from its start. Metres that are divided alike, such as 4/4 and
    2/2, have equal bars.

    Attributes:
      steps: its length.
      groups: where its beams begin: with each beat, in 6/8 of three eighths, but no longer than a
        quarter where the beat is not divided by three.
      strong: its strong beats: the first and, of an even number of beats, that of the second half.
      cadence_steps: the least length of a last note: a quarter, or in 6/8 a beat.
      steps_per_quarter: the grid, one of `GRIDS`.
    """

    steps: int
    groups: tuple[int, ...]
    strong: tuple[int, ...]
    cadence_steps: int
    steps_per_quarter: int = SIXTEENTHS

    @property
    def sixteenth(self) -> int:
        """The steps of a sixteenth."""
        return self.steps_per_quarter // SIXTEENTHS

    @property
    def beat_steps(self) -> int:
        """The longest length, in steps, of which all its groups are multiples."""
        return math.gcd(self.steps, *self.groups)

    def group_at(self, step: int) -> tuple[int, int]:
        """The start and the end of the group that a step is in."""
        index = bisect.bisect_right(self.groups, step)
        return self.groups[index - 1], (*self.groups, self.steps)[index]


def is_countable(meter: str) -> bool:
    """Whether a metre has a bar, as in `bar_of`."""
    try:
        bar_of(meter)
    except ScoreError:
        return False
    return True


@functools.cache
def bar_of(meter: str, steps_per_quarter: int = SIXTEENTHS) -> Bar:
    """The bar of a metre such as '6/8' on a grid.

    Raises:
      ScoreError: its bars are not a whole number of steps, or are longer than `MAX_WHOLES` whole
        notes.
    """
    numerator, denominator = map(int, meter.split('/'))
    unit = Fraction(4 * steps_per_quarter, denominator)
    if (numerator * unit).denominator > 1 or not 0 < numerator <= MAX_WHOLES * denominator:
        raise ScoreError(
            'meter',
            f'{meter}; a bar must be a whole number of {name_of(steps_per_quarter)}, at most'
            f' {MAX_WHOLES} whole notes',
        )
    steps = int(numerator * unit)
    if unit.denominator > 1:  # not a whole number of steps: the bar is not divided
        return Bar(steps, (0,), (0,), min(steps_per_quarter, steps), steps_per_quarter)
    unit = int(unit)
    beats = _beats(numerator, unit, steps_per_quarter)
    starts = tuple(itertools.accumulate(beats[:-1], initial=0))
    groups = tuple(range(0, steps, steps_per_quarter)) if unit >= steps_per_quarter else starts
    has_halves = len(beats) % 2 == 0 and len(set(beats)) == 1
    strong = (0, steps // 2) if has_halves else (0,)
    is_compound = 2 * unit == steps_per_quarter and set(beats) == {3 * unit}
    cadence = beats[0] if is_compound else steps_per_quarter
    return Bar(steps, groups, strong, min(cadence, steps), steps_per_quarter)


def name_of(steps_per_quarter: int, num: int = 2) -> str:
    """The name of `num` steps of a grid, such as 'sixteenths' or 'twelfths of a quarter'."""
    one, rest = {4: ('sixteenth', ''), 12: ('twelfth', ' of a quarter')}[steps_per_quarter]
    return f'{one}{"s" * (num != 1)}{rest}'


def _beats(numerator: int, unit: int, steps_per_quarter: int) -> list[int]:
    """The length of each beat, in steps: three units where the numerator is a multiple of three,
    in shorter units than quarters else two, with one of three before them if it is odd.
    """
    is_short = unit < steps_per_quarter
    if numerator % 3 == 0 and (numerator > 3 or is_short):
        return [3 * unit] * (numerator // 3)
    if not is_short or numerator == 1:
        return [unit] * numerator
    return [(2 + numerator % 2) * unit] + [2 * unit] * (numerator // 2 - 1)


COMMON = bar_of('4/4')
