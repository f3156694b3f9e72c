"""Windows that slide over a melody, all of those that hold a step reading it at once.

A window of W steps is read anew for every token that is drawn, from a zero state, as a model of
last-step targets was trained. But window n + 1 reads what window n reads, one step later: so W
windows are under way at any time, a step advances them all by one large product, and the oldest of
them is through. Reading one window after the other takes as many sums, in W small products.

    tokens             a b c d e f
    window 0           > > > |
    window 1             > > > |
    window 2               > > > |

Each > is one step of one window, | the token that it predicts.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model import lstm
from symmusic.model.architecture import Architecture
from symmusic.model.inputs import find_rows, project, project_rows
from symmusic.model.model import Params, head

# about so many windows, of all pieces together, are advanced by one product: their gates stay in a
# core's cache
ROWS = 512


@flax.struct.dataclass
class Windows:
    """The windows under way: a ring of K blocks of N windows that begin one step after the other,
    of each of B pieces.
    """

    layers: tuple[jax.Array, ...]  # each layer's hidden and cell state [K, 2, B, N, H]
    num_read: jax.Array  # int32 scalar: steps read


def can_slide(architecture: Architecture) -> bool:
    """Whether a window's state is all there is to keep of it: in one direction, where no step looks
    at others.
    """
    return not (architecture.bidirectional or architecture.lookback or architecture.kind)


def init_windows(architecture: Architecture, batch: int, window_steps: int) -> Windows:
    """Before the first step."""
    block_windows = min(window_steps, max(1, ROWS // batch))
    # one more: the windows under way seldom begin with a block
    num_blocks = -(-window_steps // block_windows) + 1
    shape = (num_blocks, 2, batch, block_windows, architecture.num_cells)
    return Windows(tuple(jnp.zeros(shape) for _ in range(architecture.num_layers)), jnp.int32(0))


def slide(
    params: Params,
    windows: Windows,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    window_steps: int,
    num_windows: int,
) -> tuple[Windows, jax.Array]:
    """`(windows, logits_BV)` of one more token: `apply_last` of the last `window_steps` tokens,
    without dropout, to rounding.

    Args:
      params: of the model.
      windows: of `init_windows`.
      token_B: the token.
      position_B: its step in the bar, ignored (may be None) where the architecture has no
        positions.
      architecture: of `params`, one that `can_slide`.
      window_steps: W; the first logits that mean anything are those after so many tokens.
      num_windows: how many windows' logits are wanted in all: later ones are not begun.
    """
    batch, num_cells = token_B.shape[0], architecture.num_cells
    num_blocks, _, _, block_windows, _ = windows.layers[0].shape
    oldest, newest = (
        jnp.maximum(windows.num_read - window_steps + 1, 0),
        jnp.minimum(windows.num_read, num_windows - 1),
    )

    def locate(window):
        return window // block_windows % num_blocks, 0, 0, window % block_windows, 0

    rows_BK = find_rows(token_B, position_B, [], architecture)
    projected_BG = project_rows(params['layers'][0]['forward'], rows_BK, architecture)
    projected_RG = jnp.repeat(projected_BG, block_windows, axis=0)

    def advance(number, layers):
        """All windows of a block, as R = B N rows."""
        block, advanced, hidden_RH = number % num_blocks, [], None
        for layer, states_K2BNH in zip(params['layers'], layers, strict=True):
            weights = layer['forward']
            inputs_RG = projected_RG if hidden_RH is None else project(weights, hidden_RH)
            sizes = 1, 1, batch, block_windows, num_cells
            carry = (
                lax.dynamic_slice(states_K2BNH, (block, part, 0, 0, 0), sizes).reshape(
                    -1, num_cells
                )
                for part in range(2)
            )
            hidden_RH, carry = lstm.lstm_step(weights, inputs_RG, tuple(carry))
            # As one array, so that all that is read is read before: where it is not, XLA copies the
            # whole ring.
            states_2BNH = jnp.stack(carry).reshape(2, batch, block_windows, num_cells)
            advanced.append(lax.dynamic_update_index_in_dim(states_K2BNH, states_2BNH, block, 0))
        return tuple(advanced)

    empty = jnp.zeros((1, 2, batch, 1, num_cells))
    layers = tuple(
        lax.dynamic_update_slice(states_K2BNH, empty, locate(windows.num_read))
        for states_K2BNH in windows.layers
    )
    layers = lax.fori_loop(oldest // block_windows, newest // block_windows + 1, advance, layers)
    hidden_BH = lax.dynamic_slice(layers[-1], locate(oldest), (1, 1, batch, 1, num_cells))[
        0, 0, :, 0
    ]
    return Windows(layers, windows.num_read + 1), head(params, hidden_BH)
