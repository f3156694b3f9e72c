"""The network: one-hot tokens -> LSTM layers, each followed by dropout -> optional attention ->
logits of the next token.
"""

import jax
import jax.numpy as jnp

from symmusic.model import attention, lstm
from symmusic.model.agreement import find_agreements
from symmusic.model.ahead import look_ahead
from symmusic.model.architecture import Architecture
from symmusic.model.dropout import dropout
from symmusic.model.ensemble import Ensemble, ensembled
from symmusic.model.inputs import find_rows, project, project_rows
from symmusic.model.looks import tokens_ahead, tokens_back
from symmusic.model.notes import find_notes

# 'layers': a list of {'forward': lstm.Params; 'backward' if bidirectional; 'bridge' if infilling};
# 'attention' if there is one; 'head'. Or an ensemble of such
Params = dict | Ensemble


def init_params(key: jax.Array, architecture: Architecture) -> dict:
    """Random parameters: Glorot-uniform weights, LSTM layers as in `init_lstm`, a head with zero
    bias.

    The orthogonal initialisers can hang under `jit(vmap(...))`: initialise replicas with `lax.map`.
    """
    layers_key, attention_key, head_key = jax.random.split(key, 3)
    directions = _directions(architecture)
    layers = []
    sizes = dict.fromkeys(('forward', 'backward'), architecture.blocks[-1].end)
    if architecture.infilling:
        sizes['backward'] = architecture.own_blocks[-1].end
    for layer_key in jax.random.split(layers_key, architecture.num_layers):
        keys = jax.random.split(layer_key, len(directions) + architecture.infilling)
        layer = {
            d: lstm.init_lstm(k, sizes[d], architecture.num_cells)
            for d, k in zip(directions, keys, strict=False)
        }
        if architecture.infilling:
            shape = (architecture.num_cells, 4 * architecture.num_cells)
            layer['bridge'] = jax.nn.initializers.glorot_uniform()(keys[-1], shape)
        layers.append(layer)
        sizes = dict.fromkeys(sizes, architecture.state_size)
    params = {'layers': layers}
    summary_size = architecture.state_size
    if kind := architecture.kind:
        params['attention'] = kind.init(
            attention_key, architecture.state_size, architecture.attention_size
        )
        summary_size *= 1 + kind.head_sees_query
    kernel = jax.nn.initializers.glorot_uniform()(
        head_key, (summary_size, architecture.num_classes)
    )
    params['head'] = {'kernel': kernel, 'bias': jnp.zeros(architecture.num_classes)}
    return params


@ensembled
def apply_last(
    params: Params,
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    left_BT2: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """`(logits_BV, weights_BT)`: logits of the token after the window, and attention's weights
    (None without attention).

    The window's summary is each direction's state after the last step that it reads: the forward
    one at T-1, the backward one at 0. It is attention's query over all states of the last layer.
    `scores` says whether the head sees the query beside the context.

    Args:
      params: of `init_params`.
      tokens_BT: int classes.
      positions_BT: int `places`, ignored (may be None) unless the architecture `needs_places`.
      architecture: that of `params`.
      keys_B: one dropout key per window, consumed, so that a window's dropout is the same in any
        batch; None = no dropout.
      left_BT2: the bars left (`melody.form`) at the step after each, in the section and in the
        tune, ignored unless the architecture reads them; None = not known.

    Raises:
      ValueError: the architecture is for infilling.
    """
    if architecture.infilling:
        raise ValueError('a model for infilling predicts step by step (apply_all, apply_step)')
    states_TBH = _run_layers(
        params, tokens_BT, positions_BT, architecture, keys_B, left_BT2=left_BT2
    )
    num_cells = architecture.num_cells
    summary_BH = jnp.concatenate(
        [states_TBH[-1, :, :num_cells], states_TBH[0, :, num_cells:]], axis=-1
    )
    if not (kind := architecture.kind):
        return head(params, summary_BH), None
    context_BH, weights_BT = attention.attend(kind, params['attention'], summary_BH, states_TBH)
    return head(params, context_BH, *[summary_BH] * kind.head_sees_query), weights_BT


@ensembled
def apply_all(
    params: Params,
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    memory_steps: int | None = None,
    mask_BT: jax.Array | None = None,
    with_weights: bool = False,
    future_BT: jax.Array | None = None,
    left_BT2: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """`(logits_BTV, weights_BTT)`: for every step the logits of the next token, given the steps up
    to it and what is known in advance, and attention's weights.

    Args:
      params: of `init_params`.
      tokens_BT: int classes.
      positions_BT: int `places`, ignored (may be None) unless the architecture `needs_places`.
      architecture: that of `params`.
      keys_B: as in `apply_last`.
      memory_steps: how many steps attention sees, the current one included; None = all.
      mask_BT: false at steps that attention must not see, the padding; the LSTM layers still read
        them.
      with_weights: return attention's weights_BTT; None otherwise.
      future_BT: for an infilling model, the token that follows each step where it is known in
        advance, elsewhere the blank; None = nothing is known.
      left_BT2: as in `apply_last`.

    Raises:
      ValueError: the architecture is bidirectional and not for infilling, so that its states have
        seen the tokens to be predicted.
    """
    require_one_direction(architecture)
    ahead = (
        None
        if future_BT is None
        else look_ahead(params, future_BT, positions_BT, architecture, keys_B, left_BT2)
    )
    states_TBH = _run_layers(params, tokens_BT, positions_BT, architecture, keys_B, ahead, left_BT2)
    states_BTH = jnp.swapaxes(states_TBH, 0, 1)
    if not (kind := architecture.kind):
        return head(params, states_BTH), None
    contexts_BTH, weights_BTT = attention.attend_causal(
        kind, params['attention'], states_BTH, memory_steps, mask_BT, with_weights=with_weights
    )
    return head(params, contexts_BTH, *[states_BTH] * kind.head_sees_query), weights_BTT


def _directions(architecture):
    return ('forward', 'backward') if architecture.bidirectional else ('forward',)


def _run_layers(params, tokens_BT, positions_BT, architecture, keys_B, ahead=None, left_BT2=None):
    """The last layer's states_TBH, after dropout."""
    lookbacks = tokens_back(tokens_BT, positions_BT, architecture)
    lookbacks += [tokens_TB.T for tokens_TB in tokens_ahead(ahead, tokens_BT.T, architecture)]
    others = lookbacks + find_agreements(tokens_BT, positions_BT, architecture)
    others += find_notes(tokens_BT, architecture, keys_B)
    # the loops read one step after another
    rows_BTK = find_rows(tokens_BT, positions_BT, others, architecture, left_BT2)
    rows_TBK = jnp.swapaxes(rows_BTK, 0, 1)
    states_TBH = None
    for index, layer in enumerate(params['layers']):
        directions = []
        for direction in ('forward',) if architecture.infilling else _directions(architecture):
            weights = layer[direction]
            if states_TBH is None:
                projected_TBG = project_rows(weights, rows_TBK, architecture)
            else:
                projected_TBG = project(weights, states_TBH, architecture.product_dtype)
            if ahead is not None:
                projected_TBG += lstm.multiply(
                    ahead.states[index], layer['bridge'], architecture.product_dtype
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


def head(params: dict, *summaries: jax.Array) -> jax.Array:
    """The logits [..., V] of the summaries, concatenated: state, context or both."""
    return jnp.concatenate(summaries, axis=-1) @ params['head']['kernel'] + params['head']['bias']


def require_one_direction(architecture: Architecture) -> None:
    """Checks that the architecture can predict every step.

    Raises:
      ValueError: it is bidirectional and not for infilling.
    """
    if architecture.bidirectional and not architecture.infilling:
        raise ValueError(
            'a bidirectional model has seen every token of its window: it predicts only the one'
            ' after it (apply_last)'
        )
