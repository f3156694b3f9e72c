"""Networks of kind 'lstm': LSTM layers and, optionally, one of the attentions of `scores`.

The parameters are 'layers' (`layers`) and, if there is one, 'attention'.
"""

from collections.abc import Sequence

import flax.struct
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from symmusic.model import attention
from symmusic.model.architecture import Architecture
from symmusic.model.attention import Summaries
from symmusic.model.layers import init_layers, init_states, run_layers, step_layers
from symmusic.model.layers import input_layers as input_layers
from symmusic.model.layers import with_input_layers as with_input_layers
from symmusic.model.scores import Kind


@flax.struct.dataclass
class Carry:
    """What is remembered between two steps."""

    layers: tuple  # each layer's hidden_BH and cell_BH
    memory: attention.Memory | None  # the steps that attention can see; None without attention


def init_params(keys: Sequence[jax.Array], architecture: Architecture) -> dict:
    """Random parameters, from two keys."""
    layers_key, attention_key = keys
    params = {'layers': init_layers(layers_key, architecture)}
    if kind := architecture.attention_kind:
        params['attention'] = kind.init(
            attention_key, architecture.state_size, architecture.attention_size
        )
    return params


def summary_size(architecture: Architecture) -> int:
    """How many cells the head reads: the state, and before it the context of attention."""
    kind = architecture.attention_kind
    return architecture.state_size * (2 if kind and kind.head_sees_query else 1)


def apply_last(
    params: dict, rows_BTK: jax.Array, architecture: Architecture, keys_B: jax.Array | None = None
) -> tuple[Summaries, jax.Array | None]:
    """As `model.apply_last`: each direction's state after the last step that it reads is the query
    over all states of the last layer.
    """
    states_TBH = run_layers(params['layers'], rows_BTK, architecture, keys_B)
    num_cells = architecture.num_cells
    summary_BH = jnp.concatenate(
        [states_TBH[-1, :, :num_cells], states_TBH[0, :, num_cells:]], axis=-1
    )
    if not (kind := architecture.attention_kind):
        return (summary_BH,), None
    context_BH, weights_BT = attention.attend(kind, params['attention'], summary_BH, states_TBH)
    return _summaries(kind, context_BH, summary_BH), weights_BT


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
    """As `model.apply_all`."""
    states_TBH = run_layers(params['layers'], rows_BTK, architecture, keys_B, ahead_states)
    states_BTH = jnp.swapaxes(states_TBH, 0, 1)
    if not (kind := architecture.attention_kind):
        return (states_BTH,), None
    contexts_BTH, weights_BTT = attention.attend_causal(
        kind, params['attention'], states_BTH, memory_steps, mask_BT, with_weights=with_weights
    )
    return _summaries(kind, contexts_BTH, states_BTH), weights_BTT


def init_carry(
    architecture: Architecture, batch: int, memory_steps: int, dtype: DTypeLike
) -> Carry:
    """As `model.init_carry`."""
    layers = init_states(architecture, batch, dtype)
    if not (kind := architecture.attention_kind):
        return Carry(layers, None)
    memory = attention.init_memory(
        kind, batch, memory_steps, architecture.num_cells, architecture.attention_size, dtype
    )
    return Carry(layers, memory)


def apply_step(
    params: dict,
    carry: Carry,
    rows_BK: jax.Array,
    architecture: Architecture,
    mask_B: jax.Array | None = None,
    ahead_states: tuple | None = None,
) -> tuple[Carry, Summaries, jax.Array | None]:
    """As `model.apply_step`."""
    layers, hidden_BH = step_layers(
        params['layers'], carry.layers, rows_BK, architecture, ahead_states
    )
    if not (kind := architecture.attention_kind):
        return Carry(layers, None), (hidden_BH,), None
    memory, context_BH, weights_BM = attention.attend_step(
        kind, params['attention'], carry.memory, hidden_BH, mask_B
    )
    return Carry(layers, memory), _summaries(kind, context_BH, hidden_BH), weights_BM


def _summaries(kind: Kind, context: jax.Array, state: jax.Array) -> Summaries:
    return (context, state) if kind.head_sees_query else (context,)
