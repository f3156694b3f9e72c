"""The LSTM layers of a network, each followed by dropout: from rows of inputs to the last layer's
states.

A layer is {'forward': lstm.Params}, with 'backward' if it reads in both directions and, if the
network is for infilling, 'bridge', through which the forward direction reads the state that the
backward one has at the step to be predicted (`ahead`). A network for infilling may have fewer
backward layers than forward ones, and smaller ones; the first layers have them.
"""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from symmusic.model import lstm
from symmusic.model.architecture import Architecture
from symmusic.model.dropout import dropout
from symmusic.model.inputs import project, project_rows

Layers = list[dict]


def init_layers(key: jax.Array, architecture: Architecture) -> Layers:
    """Random layers, as in `init_lstm`."""
    directions, layers = _directions(architecture), []
    cells = {'forward': architecture.num_cells, 'backward': architecture.backward_size}
    sizes = dict.fromkeys(cells, architecture.blocks[-1].end)
    if architecture.infilling:
        sizes['backward'] = architecture.own_blocks[-1].end
    for index, layer_key in enumerate(jax.random.split(key, architecture.num_layers)):
        keys = jax.random.split(layer_key, len(directions) + architecture.infilling)
        layer = {
            d: lstm.init_lstm(k, sizes[d], cells[d])
            for d, k in zip(directions, keys, strict=False)
            if d == 'forward' or index < architecture.num_backward
        }
        if architecture.infilling and 'backward' in layer:
            shape = (cells['backward'], 4 * cells['forward'])
            layer['bridge'] = jax.nn.initializers.glorot_uniform()(keys[-1], shape)
        layers.append(layer)
        sizes = cells if architecture.infilling else dict.fromkeys(cells, architecture.state_size)
    return layers


def run_layers(
    layers: Layers,
    rows_BTK: jax.Array,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    ahead_states: tuple | None = None,
) -> jax.Array:
    """The last layer's states_TBH, after dropout."""
    rows_TBK = jnp.swapaxes(rows_BTK, 0, 1)  # the loops read one step after another
    states_TBH = None
    for index, layer in enumerate(layers):
        directions = []
        for direction in ('forward',) if architecture.infilling else _directions(architecture):
            weights = layer[direction]
            if states_TBH is None:
                projected_TBG = project_rows(weights, rows_TBK, architecture)
            else:
                projected_TBG = project(weights, states_TBH, architecture.product_dtype)
            if ahead_states is not None and 'bridge' in layer:
                projected_TBG += lstm.multiply(
                    ahead_states[index], layer['bridge'], architecture.product_dtype
                )
            directions.append(
                lstm.lstm(
                    weights, projected_TBG, reverse=direction == 'backward', **architecture.how
                )[0]
            )
        states_TBH = jnp.concatenate(directions, axis=-1)
        if keys_B is not None:
            states_TBH = dropout(
                jax.vmap(jax.random.fold_in, (0, None))(keys_B, index),
                states_TBH,
                architecture.dropout_rate,
            )
    return states_TBH


def init_states(architecture: Architecture, batch: int, dtype: DTypeLike = jnp.float32) -> tuple:
    """Each layer's hidden_BH and cell_BH before the first step."""
    return tuple(
        lstm.init_lstm_carry(batch, architecture.num_cells, dtype)
        for _ in range(architecture.num_layers)
    )


def step_layers(
    layers: Layers,
    states: tuple,
    rows_BK: jax.Array,
    architecture: Architecture,
    ahead_states: tuple | None = None,
) -> tuple[tuple, jax.Array]:
    """Each layer's hidden_BH and cell_BH after one more step, and what `run_layers` without dropout
    gives at it, [B, H].
    """
    after, hidden_BH = [], None
    for index, (layer, carry) in enumerate(zip(layers, states, strict=True)):
        weights = layer['forward']
        projected_BG = (
            project_rows(weights, rows_BK, architecture)
            if hidden_BH is None
            else project(weights, hidden_BH)
        )
        if ahead_states is not None and 'bridge' in layer:
            projected_BG += lstm.multiply(ahead_states[index], layer['bridge'])
        hidden_BH, carry = lstm.lstm_step(weights, projected_BG, carry)
        after.append(carry)
    return tuple(after), hidden_BH


def input_layers(params: dict) -> dict[str, dict]:
    """By name, what reads the inputs: {'input': [I, G], 'bias': [G], ...}."""
    first = params['layers'][0]
    return {name: first[name] for name in ('forward', 'backward') if name in first}


def with_input_layers(params: dict, changed: dict[str, dict]) -> dict:
    """The parameters with other `input_layers`."""
    first = {**params['layers'][0], **changed}
    return {**params, 'layers': [first, *params['layers'][1:]]}


def _directions(architecture: Architecture) -> tuple[str, ...]:
    return ('forward', 'backward') if architecture.bidirectional else ('forward',)
