"""What it costs to say where a tune ends, for models that are told it and predict only steps."""

import collections
import math
from collections.abc import Sequence

MOST_BARS = 1024  # that a tune may have
WEIGHT = 4.0  # of the smoother distribution, in tunes


class TuneEnds:
    """The distribution of the ends of tunes, counted in training tunes: the number of bars and the
    number of steps in the last bar, both given the metre, each mixed with a smoother distribution
    that is worth `WEIGHT` tunes: the number of bars in any metre, itself mixed with a uniform one
    over 1 to `MOST_BARS`; and a uniform one over the steps of a bar.

    Args:
      tunes: metre, number of steps and steps in a bar of each training tune.
    """

    def __init__(self, tunes: Sequence[tuple[str, int, int]]):
        ends = [(meter, *place_of_end(steps, bar_steps)) for meter, steps, bar_steps in tunes]
        self.num = len(ends)
        self.num_of = collections.Counter(meter for meter, _, _ in ends)
        self.bars = collections.Counter(bars for _, bars, _ in ends)
        self.bars_of = collections.Counter((meter, bars) for meter, bars, _ in ends)
        self.steps_of = collections.Counter((meter, steps) for meter, _, steps in ends)

    def bits(self, meter: str, steps: int, bar_steps: int) -> float:
        """The bits of the end of a tune of so many steps.

        Raises:
          ValueError: it has more than `MOST_BARS` bars.
        """
        bars, last = place_of_end(steps, bar_steps)
        if not 1 <= bars <= MOST_BARS:
            raise ValueError(f'a tune of {bars} bars; must be of 1 to {MOST_BARS}')
        any_meter = _mixed(self.bars[bars], self.num, 1 / MOST_BARS)
        of_bars = _mixed(self.bars_of[meter, bars], self.num_of[meter], any_meter)
        of_last = _mixed(self.steps_of[meter, last], self.num_of[meter], 1 / bar_steps)
        return -math.log2(of_bars * of_last)


def place_of_end(steps: int, bar_steps: int) -> tuple[int, int]:
    """The number of bars, and of steps in the last bar, 1 to `bar_steps`."""
    bars = -(-steps // bar_steps)
    return bars, steps - (bars - 1) * bar_steps


def _mixed(count: int, num: int, smoother: float) -> float:
    return (count + WEIGHT * smoother) / (num + WEIGHT)
