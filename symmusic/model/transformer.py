"""Networks of kind 'transformer': a decoder-only Transformer (Vaswani et al., 2017), normalised
before each sublayer (Xiong et al., 2020).

    x = rows of the input matrix, summed, + bias
    in each layer: x = x + attention(x),  x = x + MLP(x),  MLP(x) = W2 gelu(W1 normalise(x))
    summary = normalise(x)

The hidden layer of the MLP is `MLP_FACTOR` times as wide as x. Dropout follows the inputs and each
sublayer.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from symmusic.model import heads
from symmusic.model.architecture import Architecture
from symmusic.model.attention import Memory, Summaries
from symmusic.model.dropout import drop
from symmusic.model.heads import normalise
from symmusic.model.inputs import project_rows
from symmusic.model.lstm import multiply

MLP_FACTOR = 4

# 'embedding': {'input' [I, H], 'bias' [H]}; 'layers': a list of {'attention': heads.Params, 'norm'
# [H], 'up' [H, 4H], 'down' [4H, H]}; 'norm' [H]
Params = dict
Carry = tuple[Memory, ...]  # of each layer


def init_params(keys: Sequence[jax.Array], architecture: Architecture) -> Params:
    """Random parameters, from two keys: Glorot-uniform matrices, those that add to x smaller the
    more of them there are (as in GPT-2; Radford et al., 2019).
    """
    layers_key, inputs_key = keys
    glorot, size = jax.nn.initializers.glorot_uniform(), architecture.num_cells
    scale, layers = 1 / math.sqrt(2 * architecture.num_layers), []
    for key in jax.random.split(layers_key, architecture.num_layers):
        attention_key, up_key, down_key = jax.random.split(key, 3)
        layers.append(
            {
                'attention': heads.init_heads(attention_key, size, scale),
                'norm': jnp.zeros(size),
                'up': glorot(up_key, (size, MLP_FACTOR * size)),
                'down': scale * glorot(down_key, (MLP_FACTOR * size, size)),
            }
        )
    table = glorot(inputs_key, (architecture.blocks[-1].end, size))
    embedding = {'input': table, 'bias': jnp.zeros(size)}
    return {'embedding': embedding, 'layers': layers, 'norm': jnp.zeros(size)}


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
    """As `model.apply_all`; the weights are the means over heads and layers."""
    rate, num_layers = architecture.dropout_rate, architecture.num_layers
    states_BTH, weights = _embed(params, rows_BTK, architecture), []
    states_BTH = drop(keys_B, 2 * num_layers, states_BTH, rate)
    for index, layer in enumerate(params['layers']):
        outputs_BTH, weights_BTT = heads.attend_causal(
            layer['attention'],
            states_BTH,
            architecture.num_heads,
            memory_steps,
            mask_BT,
            dtype=architecture.product_dtype,
        )
        weights.append(weights_BTT)
        states_BTH += drop(keys_B, 2 * index, outputs_BTH, rate)
        outputs_BTH = _mlp(layer, states_BTH, architecture.product_dtype)
        states_BTH += drop(keys_B, 2 * index + 1, outputs_BTH, rate)
    return (normalise(states_BTH, params['norm']),), _mean(weights) if with_weights else None


apply_last = heads.at_last_step(apply_all)


def init_carry(
    architecture: Architecture, batch: int, memory_steps: int, dtype: DTypeLike
) -> Carry:
    """As `model.init_carry`."""
    return tuple(
        heads.init_memory(batch, memory_steps, architecture.num_cells, dtype)
        for _ in range(architecture.num_layers)
    )


def apply_step(
    params: dict,
    carry: Carry,
    rows_BK: jax.Array,
    architecture: Architecture,
    mask_B: jax.Array | None = None,
    ahead_states: tuple | None = None,
) -> tuple[Carry, Summaries, jax.Array | None]:
    """As `model.apply_step`; the weights are the means over heads and layers."""
    state_BH, memories, weights = _embed(params, rows_BK, architecture), [], []
    for layer, memory in zip(params['layers'], carry, strict=True):
        memory, output_BH, weights_BM = heads.attend_step(
            layer['attention'], memory, state_BH, architecture.num_heads, mask_B
        )
        state_BH += output_BH
        state_BH += _mlp(layer, state_BH)
        memories.append(memory)
        weights.append(weights_BM)
    return tuple(memories), (normalise(state_BH, params['norm']),), _mean(weights)


def input_layers(params: Params) -> dict[str, dict]:
    """By name, what reads the inputs: {'input': [I, H], 'bias': [H]}."""
    return {'embedding': params['embedding']}


def with_input_layers(params: Params, changed: dict[str, dict]) -> Params:
    """The parameters with other `input_layers`."""
    return {**params, **changed}


def _embed(params, rows_K, architecture):
    embedding = params['embedding']
    return project_rows(embedding, rows_K, architecture) + embedding['bias']


def _mlp(layer, states_H, dtype: str = 'float32'):
    hidden = jax.nn.gelu(multiply(normalise(states_H, layer['norm']), layer['up'], dtype))
    return multiply(hidden, layer['down'], dtype)


def _mean(weights):
    return sum(weights) / len(weights)
