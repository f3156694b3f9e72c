"""`Plan`: the bars left at each step, for models that read them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.melody.form import NOT_KNOWN, bars_left


@dataclasses.dataclass(frozen=True)
class Plan:
    """The bars left (`melody.form`) at each of the S steps of a prompt and the new ones after it.

    Attributes:
      section_left: [S] uint8, in the section; `NOT_KNOWN` where it is not known.
      tune_left: [S] uint8, in the tune.
    """

    section_left: np.ndarray
    tune_left: np.ndarray

    def of_pieces(self, num_pieces: int) -> np.ndarray:
        """The counts [`num_pieces`, S, 2] of pieces that all follow the plan."""
        left_S2 = np.stack([self.section_left, self.tune_left], axis=-1)
        return np.broadcast_to(left_S2, (num_pieces, *left_S2.shape))


def plan_of_bars(
    num_bars: int, bar_steps: int, sections: Sequence[int] = (), *, num_padding: int = 0
) -> Plan:
    """The plan of a tune that ends with the new bars after a prompt.

    Args:
      num_bars: of the prompt and the new ones.
      bar_steps: steps in a bar.
      sections: the bars, from 0, at which sections start, the prompt's first bar always being one;
        the last section ends with the last bar. () = not known.
      num_padding: steps of padding before the first bar, at which nothing is known.
    """
    left_S2 = np.repeat(bars_left(num_bars, sections), bar_steps, axis=0)
    return Plan(*np.pad(left_S2, ((num_padding, 0), (0, 0)), constant_values=NOT_KNOWN).T)
