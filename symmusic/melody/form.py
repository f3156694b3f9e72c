"""The form of a tune: how many bars are left in the section and in the tune.

A count is 0 in the last bar. Counts are capped, and each has a value for 'not known'. With sections
that start at bars 0 and 2 of a tune of 5 bars:

    bar       0 1 2 3 4
    section   1 0 2 1 0
    tune      4 3 2 1 0
"""

from collections.abc import Sequence

import numpy as np

LEFT_SIZES = (17, 33)  # values of each count: 0 to 15, or 0 to 31, bars left, and more
NOT_KNOWN = 255  # above all values


def capped(section_left: np.ndarray, tune_left: np.ndarray) -> np.ndarray:
    """The counts [..., 2] uint8 of bars left in the section and in the tune; negative ones are not
    known.
    """
    left = np.stack(np.broadcast_arrays(section_left, tune_left), axis=-1)
    return np.where(left < 0, NOT_KNOWN, np.minimum(left, np.array(LEFT_SIZES) - 1)).astype(
        np.uint8
    )


def bars_left(num_bars: int, sections: Sequence[int] = ()) -> np.ndarray:
    """The counts [`num_bars`, 2] of every bar of a tune, as in `capped`.

    Args:
      num_bars: of the tune.
      sections: the bars, from 0, at which sections start, in order; the first bar is always one.
        () = not known.
    """
    bars = np.arange(num_bars)
    ends = np.array([*sections, num_bars])
    ends = ends[(ends > 0) & (ends <= num_bars)]
    section_left = ends[np.searchsorted(ends, bars, side='right')] - 1 - bars
    return capped(section_left if len(sections) else np.full(num_bars, -1), num_bars - 1 - bars)
