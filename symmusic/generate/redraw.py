"""Redraws pieces that are empty or unwanted."""

import functools
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np

from symmusic.errors import UserError
from symmusic.generate.sample import Drawn, Limit
from symmusic.wording import count

# from the drawn events of B pieces, in the model's key, to whether each is to be drawn again: [B]
Judge = Callable[[Sequence[np.ndarray]], np.ndarray]


def draw_again(
    draw: Callable[[int], Drawn], is_unwanted: Callable[[Drawn], np.ndarray], max_rounds: int
) -> tuple[Drawn, np.ndarray]:
    """Draws pieces, then redraws the unwanted ones in at most `max_rounds` rounds.

    Args:
      draw: draws B pieces, given the number of the round; 0 is the first draw.
      is_unwanted: whether each piece is to be drawn again, bool [B].
      max_rounds: after the first.

    Returns:
      the pieces, and how often each was drawn again [B].
    """
    drawn = draw(0)
    num_redraws = np.zeros(len(drawn.tokens_BN), int)
    for round_ in range(1, max_rounds + 1):
        again = is_unwanted(drawn)
        if not again.any():
            break
        num_redraws[again] += 1
        drawn = jax.tree.map(functools.partial(_replaced, again), drawn, draw(round_))
    return drawn, num_redraws


def is_poor(events: np.ndarray, *, if_stuck: bool) -> bool:
    """Whether a piece has no note or, with `if_stuck`, a single pitch."""
    num_pitches = len(np.unique(events[events >= 0]))
    return num_pitches == 0 or (if_stuck and num_pitches == 1)


def check_stuck(drawn: Drawn, limits: Mapping[str, Limit]) -> None:
    """Checks that the limits left each piece at least one class to draw at each step.

    Raises:
      UserError: a limit left nothing to draw.
    """
    for field, stuck_B in count_by_limit(drawn, limits, 'stuck_B').items():
        if num_stuck := int((stuck_B > 0).sum()):
            raise UserError(
                f'config.sample.{field} = {limits[field].num_symbols}: {num_stuck} of'
                f' {count(len(stuck_B), "piece")} reached a step at which everything that the'
                ' other wishes and given notes allow would have copied more; must be larger, or'
                ' with fewer wishes, or with more config.sample.max_redraws'
            )


def count_by_limit(drawn: Drawn, limits: Mapping[str, Limit], name: str) -> dict[str, np.ndarray]:
    """The count [B] called `name` in the final state of each limit. The limits are the last
    constraints of `drawn`.
    """
    states = drawn.states[len(drawn.states) - len(limits) :]
    return {
        field: np.asarray(getattr(state, name)) for field, state in zip(limits, states, strict=True)
    }


def _replaced(rows: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.where(rows.reshape(-1, *[1] * (old.ndim - 1)), new, old)
