"""The tokens that the first layer reads beside the last one: some bars back, and ahead of a gap."""

import jax
import jax.numpy as jnp

from symmusic.model.ahead import Ahead
from symmusic.model.architecture import Architecture
from symmusic.model.places import bar_steps


def tokens_ahead(
    ahead: Ahead | None, tokens: jax.Array, architecture: Architecture
) -> list[jax.Array]:
    """The tokens of the looks ahead, each [B] or [T, B] as `tokens`; blanks where not known."""
    if not architecture.infilling:
        return []
    if ahead is None:
        return [jnp.full_like(tokens, architecture.num_classes)] * len(architecture.lookback)
    return [ahead.tokens[..., index] for index in range(len(architecture.lookback))]


def tokens_back(
    tokens_BT: jax.Array, positions_BT: jax.Array | None, architecture: Architecture
) -> list[jax.Array]:
    """The tokens [B, T] of each lookback, padding where it reaches before the first step."""
    return earlier(tokens_BT, positions_BT, architecture, architecture.padding, num_ahead=1)


def earlier(
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    filling: int,
    num_ahead: int = 0,
) -> list[jax.Array]:
    """The tokens [B, T] as far as each lookback before the step that is `num_ahead` steps after
    each, `filling` before the first step.
    """
    num_steps = tokens_BT.shape[1]
    if len(architecture.bars) == 1:
        return [
            jnp.pad(tokens_BT, ((0, 0), (steps - num_ahead, 0)), constant_values=filling)[
                :, :num_steps
            ]
            for steps in architecture.lookback
        ]
    steps_T, found = jnp.arange(num_ahead, num_steps + num_ahead), []
    for num_bars in architecture.lookback:
        steps_BT = steps_T - num_bars * bar_steps(positions_BT, architecture.bars)
        tokens = jnp.take_along_axis(tokens_BT, jnp.maximum(steps_BT, 0), axis=1)
        found.append(jnp.where(steps_BT >= 0, tokens, filling))
    return found


def token_back(
    history_BM: jax.Array, position_B: jax.Array | None, architecture: Architecture
) -> list[jax.Array]:
    """The token [B] of each lookback from the last M tokens, M the longest lookback."""
    if len(architecture.bars) == 1:
        return [history_BM[:, -steps] for steps in architecture.lookback]
    found = []
    for num_bars in architecture.lookback:
        place_B = history_BM.shape[1] - num_bars * bar_steps(position_B, architecture.bars)
        found.append(jnp.take_along_axis(history_BM, place_B[:, None], axis=1)[:, 0])
    return found
