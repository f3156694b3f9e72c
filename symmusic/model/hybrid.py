"""Networks of kind 'hybrid': LSTM layers, to whose last states causal self-attention in several
heads is added.

    summary = h + attention(h)

The parameters are 'layers' (`layers`) and 'attention' (`heads`).
"""

from collections.abc import Sequence

import flax.struct
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from symmusic.model import heads
from symmusic.model.architecture import Architecture
from symmusic.model.attention import Memory, Summaries
from symmusic.model.dropout import drop
from symmusic.model.layers import init_layers, init_states, run_layers, step_layers
from symmusic.model.layers import input_layers as input_layers
from symmusic.model.layers import with_input_layers as with_input_layers


@flax.struct.dataclass
class Carry:
    """What is remembered between two steps."""

    layers: tuple  # each layer's hidden_BH and cell_BH
    memory: Memory


def init_params(keys: Sequence[jax.Array], architecture: Architecture) -> dict:
    """Random parameters, from two keys."""
    layers_key, attention_key = keys
    return {
        'layers': init_layers(layers_key, architecture),
        'attention': heads.init_heads(attention_key, architecture.num_cells),
    }


def summary_size(architecture: Architecture) -> int:
    """How many cells the head reads."""
    return architecture.num_cells


def apply_all(
    params: dict,
    rows_BTK: jax.Array,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    ahead_states: tuple | None = None,
    memory_steps: int | None = None,
    mask_BT: jax.Array | None = None,
    with_weights: bool = False,
) -> tuple[Summaries, jax.Array | None]:
    """As `model.apply_all`; the weights are the means over the heads."""
    states_TBH = run_layers(params['layers'], rows_BTK, architecture, keys_B, ahead_states)
    states_BTH = jnp.swapaxes(states_TBH, 0, 1)
    outputs_BTH, weights_BTT = heads.attend_causal(
        params['attention'],
        states_BTH,
        architecture.num_heads,
        memory_steps,
        mask_BT,
        dtype=architecture.product_dtype,
    )
    # forward layers have the numbers from 0 on, backward ones those from L on (`ahead`)
    number = 2 * architecture.num_layers
    outputs_BTH = drop(keys_B, number, outputs_BTH, architecture.dropout_rate)
    return (states_BTH + outputs_BTH,), weights_BTT if with_weights else None


apply_last = heads.at_last_step(apply_all)


def init_carry(
    architecture: Architecture, batch: int, memory_steps: int, dtype: DTypeLike
) -> Carry:
    """As `model.init_carry`."""
    return Carry(
        init_states(architecture, batch, dtype),
        heads.init_memory(batch, memory_steps, architecture.num_cells, dtype),
    )


def apply_step(
    params: dict,
    carry: Carry,
    rows_BK: jax.Array,
    architecture: Architecture,
    mask_B: jax.Array | None = None,
    ahead_states: tuple | None = None,
) -> tuple[Carry, Summaries, jax.Array | None]:
    """As `model.apply_step`; the weights are the means over the heads."""
    layers, hidden_BH = step_layers(
        params['layers'], carry.layers, rows_BK, architecture, ahead_states
    )
    memory, output_BH, weights_BM = heads.attend_step(
        params['attention'], carry.memory, hidden_BH, architecture.num_heads, mask_B
    )
    return Carry(layers, memory), (hidden_BH + output_BH,), weights_BM
