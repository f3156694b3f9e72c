"""The layers of the benchmark's Transformer: decoder-only, normalised before each sublayer, with
rotary positions, as those of `model.transformer`. A step attends to the steps of its own melody.
"""

import math

import jax
import jax.numpy as jnp

from symmusic.benchmark.notes import RESET
from symmusic.model.attention import masked_softmax
from symmusic.model.dropout import drop
from symmusic.model.heads import init_heads, normalise, rotate
from symmusic.model.lstm import multiply
from symmusic.model.transformer import MLP_FACTOR


def init_layers(key: jax.Array, num_layers: int, size: int) -> dict[str, dict]:
    """Random parameters of layers of `size` cells, by number; matrices that add to the states are
    smaller the more of them there are.
    """
    glorot, scale = jax.nn.initializers.glorot_uniform(), 1 / math.sqrt(2 * num_layers)
    layers = {}
    for index, layer_key in enumerate(jax.random.split(key, num_layers)):
        attention_key, up_key, down_key = jax.random.split(layer_key, 3)
        layers[str(index)] = {
            'attention': init_heads(attention_key, size, scale),
            'norm': jnp.zeros(size),
            'up': glorot(up_key, (size, MLP_FACTOR * size)),
            'down': scale * glorot(down_key, (MLP_FACTOR * size, size)),
        }
    return layers


def apply_layers(
    layers: dict[str, dict],
    states_BTH: jax.Array,
    target_BT: jax.Array,
    num_heads: int,
    rate: float = 0.0,
    keys_B: jax.Array | None = None,
) -> jax.Array:
    """The states [B, T, H] after the layers; with keys, one for each row, after dropout of `rate`
    behind each sublayer. A melody starts where the target is `RESET`.
    """
    is_seen_BTT = seen(target_BT)
    for index in range(len(layers)):
        layer = layers[str(index)]
        read_BTH = _attend(layer['attention'], states_BTH, is_seen_BTT, num_heads)
        states_BTH += drop(keys_B, 2 * index, read_BTH, rate)
        hidden = jax.nn.gelu(multiply(normalise(states_BTH, layer['norm']), layer['up']))
        states_BTH += drop(keys_B, 2 * index + 1, multiply(hidden, layer['down']), rate)
    return states_BTH


def seen(target_BT: jax.Array) -> jax.Array:
    """Which steps [B, T, T] (row: query) a step sees: those of its melody up to itself."""
    melody_BT = jnp.cumsum(target_BT == RESET, axis=1)
    steps = jnp.arange(target_BT.shape[1])
    return (melody_BT[:, :, None] == melody_BT[:, None]) & (steps[:, None] >= steps)


def _attend(params, states_BTH, is_seen_BTT, num_heads):
    by_head = (*states_BTH.shape[:2], num_heads, -1)
    projected = multiply(normalise(states_BTH, params['norm']), params['project'])
    queries, keys, values = (each.reshape(by_head) for each in jnp.split(projected, 3, axis=-1))
    places = jnp.arange(states_BTH.shape[1])
    queries = rotate(queries, places) / math.sqrt(queries.shape[-1])
    scores_BNTK = jnp.einsum('btnd,bknd->bntk', queries, rotate(keys, places))
    weights_BNTK = masked_softmax(scores_BNTK, is_seen_BTT[:, None])
    contexts = jnp.einsum('bntk,bknd->btnd', weights_BNTK, values).reshape(states_BTH.shape)
    return multiply(contexts, params['output'])
