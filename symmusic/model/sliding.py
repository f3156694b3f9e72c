"""Windows that slide over a melody; all windows that contain a step read it at once.

A model trained on last-step targets reads a new window of W steps, from a zero state, for every
token that is drawn. But window n + 1 reads the steps of window n from its second one on. So W
windows are under way at any time, a step advances all of them by one large product, and the oldest
one is finished. Reading one window after another takes as many operations, but in W small products.

    tokens             a b c d e f
    window 0           > > > |
    window 1             > > > |
    window 2               > > > |

Each > is one step of a window, | the token that it predicts.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model import lstm
from symmusic.model.architecture import Architecture
from symmusic.model.ensemble import each, mean_of, repeated
from symmusic.model.groups import picked
from symmusic.model.inputs import find_rows, project, project_rows
from symmusic.model.model import Params
from symmusic.model.output import head

# about this many windows, over all pieces, are advanced by one product: their gates fit a core's
# cache
ROWS = 512


@flax.struct.dataclass
class SlidingWindows:
    """The windows under way: for each of B pieces a ring of K blocks of N windows, each starting
    one step after the one before.
    """

    # each layer's hidden and cell state [K, 2, B, N, H]; of an ensemble with a leading axis R
    layers: tuple[jax.Array, ...]
    num_read: jax.Array  # int32 scalar: steps read


def can_slide(architecture: Architecture) -> bool:
    """Whether a window's recurrent state is all that must be kept of it: the model is
    unidirectional and has no attention, and no input depends on where the window starts.
    """
    return not (
        architecture.bidirectional
        or architecture.lookback
        or architecture.attention_kind
        or architecture.has_heads
        or architecture.last_notes
    )


def init_windows(
    architecture: Architecture, batch: int, window_steps: int, num_networks: int | None = None
) -> SlidingWindows:
    """The windows before the first step; `num_networks` is that of an ensemble."""
    block_windows = min(window_steps, max(1, ROWS // batch))
    # one more: the oldest window under way is seldom the first of its block
    num_blocks = -(-window_steps // block_windows) + 1
    shape = (num_blocks, 2, batch, block_windows, architecture.num_cells)
    layers = tuple(jnp.zeros(shape) for _ in range(architecture.num_layers))
    return SlidingWindows(repeated(layers, num_networks), jnp.int32(0))


def slide(
    params: Params,
    windows: SlidingWindows,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    window_steps: int,
    num_windows: int,
    left_B2: jax.Array | None = None,
) -> tuple[SlidingWindows, jax.Array]:
    """`(windows, logits_BV)` after one more token: `apply_last` on the last `window_steps` tokens,
    without dropout, up to rounding.

    Args:
      params: of the model.
      windows: from `init_windows` or the step before.
      token_B: the token.
      position_B: its place in the bar, ignored (may be None) unless the architecture
        `needs_places`.
      architecture: that of `params`; must satisfy `can_slide`.
      window_steps: W; the logits are meaningful from the W-th token on.
      num_windows: how many windows' logits are wanted in total; no more are started.
      left_B2: `left_BT2` of `apply_last` at this step.
    """
    block_windows = windows.layers[0].shape[-2]
    oldest = jnp.maximum(windows.num_read - window_steps + 1, 0)
    newest = jnp.minimum(windows.num_read, num_windows - 1)
    rows_BK = find_rows(token_B, position_B, [], architecture, left_B2)

    def advance(params, layers):
        projected_BG = project_rows(params['layers'][0]['forward'], rows_BK, architecture)
        projected_RG = jnp.repeat(projected_BG, block_windows, axis=0)
        layers = lax.fori_loop(
            oldest // block_windows,
            newest // block_windows + 1,
            lambda number, layers: _advance_block(params, layers, number, projected_RG),
            _with_new(layers, windows.num_read),
        )
        return layers, head(params, _hidden_of(layers[-1], oldest))

    layers, logits_BV = each(advance, params, windows.layers)
    logits_BV, _ = mean_of(params, logits_BV, None)
    return SlidingWindows(layers, windows.num_read + 1), logits_BV


def take_rows(windows: SlidingWindows, of_BK: jax.Array) -> SlidingWindows:
    """The windows of the rows `of_BK` of each group, as `groups.picked` has it."""
    return windows.replace(layers=picked(windows.layers, of_BK, axis=-3))


def _with_new(layers: tuple[jax.Array, ...], num_read: jax.Array) -> tuple[jax.Array, ...]:
    """The layers' states with zeros for the window that starts at this step."""
    _, _, batch, _, num_cells = layers[0].shape
    empty = jnp.zeros((1, 2, batch, 1, num_cells))
    return tuple(
        lax.dynamic_update_slice(states_K2BNH, empty, _place_of(states_K2BNH, num_read))
        for states_K2BNH in layers
    )


def _advance_block(
    params: Params, layers: tuple[jax.Array, ...], number: jax.Array, projected_RG: jax.Array
) -> tuple[jax.Array, ...]:
    """The layers' states after one more step of all windows of a block, as R = B N rows; `number`
    counts blocks from the first window on.
    """
    num_blocks, _, batch, block_windows, num_cells = layers[0].shape
    block, sizes = number % num_blocks, (1, 1, batch, block_windows, num_cells)
    advanced, hidden_RH = [], None
    for layer, states_K2BNH in zip(params['layers'], layers, strict=True):
        weights = layer['forward']
        inputs_RG = projected_RG if hidden_RH is None else project(weights, hidden_RH)
        carry = (
            lax.dynamic_slice(states_K2BNH, (block, part, 0, 0, 0), sizes).reshape(-1, num_cells)
            for part in range(2)
        )
        hidden_RH, carry = lstm.lstm_step(weights, inputs_RG, tuple(carry))
        # One array, so that everything is read before the write; otherwise XLA copies the whole
        # ring.
        states_2BNH = jnp.stack(carry).reshape(2, batch, block_windows, num_cells)
        advanced.append(lax.dynamic_update_index_in_dim(states_K2BNH, states_2BNH, block, 0))
    return tuple(advanced)


def _hidden_of(states_K2BNH: jax.Array, window: jax.Array) -> jax.Array:
    """The hidden state [B, H] of a window."""
    _, _, batch, _, num_cells = states_K2BNH.shape
    sizes = (1, 1, batch, 1, num_cells)
    return lax.dynamic_slice(states_K2BNH, _place_of(states_K2BNH, window), sizes)[0, 0, :, 0]


def _place_of(states_K2BNH: jax.Array, window: jax.Array) -> tuple:
    """Where a window's states start in the ring."""
    num_blocks, _, _, block_windows, _ = states_K2BNH.shape
    return window // block_windows % num_blocks, 0, 0, window % block_windows, 0
