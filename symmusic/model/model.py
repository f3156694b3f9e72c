"""The network: one-hot tokens -> LSTM layers, each followed by dropout -> optional attention ->
logits of the next token.
"""

import flax.struct
import jax
import jax.numpy as jnp

from symmusic.model import attention, lstm
from symmusic.model.agreement import Agreement, agree_step, find_agreements, init_agreement
from symmusic.model.ahead import Ahead, look_ahead
from symmusic.model.architecture import Architecture
from symmusic.model.dropout import dropout
from symmusic.model.inputs import find_rows, project, project_rows
from symmusic.model.looks import token_back, tokens_ahead, tokens_back
from symmusic.model.notes import Notes, find_notes, init_notes, note_step

# 'layers': a list of {'forward': lstm.Params; 'backward' if bidirectional; 'bridge' if infilling};
# 'attention' if there is one; 'head'
Params = dict


@flax.struct.dataclass
class Carry:
    """What a one-directional model remembers between two steps."""

    layers: tuple[lstm.Carry, ...]  # each layer's hidden_BH and cell_BH
    # the last M tokens, M the longest lookback, the latest last; padding before the first
    history_BM: jax.Array
    # the steps that attention can see; None without attention
    memory: attention.Memory | None
    agreement: Agreement | None  # this and the next: None of an architecture without them
    notes: Notes | None


def init_params(key: jax.Array, architecture: Architecture) -> Params:
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
    _require_one_direction(architecture)
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


def init_carry(
    architecture: Architecture, batch: int, memory_steps: int, dtype=jnp.float32
) -> Carry:
    """The carry before the first step, for `apply_step`; attention will see `memory_steps` steps.

    Raises:
      ValueError: the architecture is bidirectional and not for infilling.
    """
    _require_one_direction(architecture)
    layers = tuple(
        lstm.init_lstm_carry(batch, architecture.num_cells, dtype)
        for _ in range(architecture.num_layers)
    )
    history_BM = jnp.full((batch, architecture.longest_lag), architecture.padding, jnp.int32)
    counted = init_agreement(architecture, batch), init_notes(architecture, batch)
    if not (kind := architecture.kind):
        return Carry(layers, history_BM, None, *counted)
    memory = attention.init_memory(
        kind, batch, memory_steps, architecture.num_cells, architecture.attention_size, dtype
    )
    return Carry(layers, history_BM, memory, *counted)


def apply_step(
    params: Params,
    carry: Carry,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    mask_B: jax.Array | None = None,
    ahead: Ahead | None = None,
    left_B2: jax.Array | None = None,
) -> tuple[Carry, jax.Array, jax.Array | None]:
    """`(carry, logits_BV, weights_BM)` after one more token: what `apply_all` with the carry's
    `memory_steps` and without dropout gives at this step.

    Weights are in order of time, this step's last; None without attention. `mask_B` is `mask_BT` at
    this step, `left_B2` is `left_BT2`, and `ahead` the result of `look_ahead` at this step, None if
    nothing is known in advance.
    """
    history_BM = jnp.concatenate([carry.history_BM, token_B[:, None]], axis=1)[:, 1:]
    lookbacks = token_back(history_BM, position_B, architecture)
    agreement, bins = agree_step(carry.agreement, token_B, position_B, architecture)
    notes, values = note_step(carry.notes, token_B, architecture)
    others = lookbacks + tokens_ahead(ahead, token_B, architecture) + bins + values
    rows_BK = find_rows(token_B, position_B, others, architecture, left_B2)
    layers, hidden_BH = [], None
    for index, (layer, layer_carry) in enumerate(zip(params['layers'], carry.layers, strict=True)):
        weights = layer['forward']
        projected_BG = (
            project_rows(weights, rows_BK, architecture)
            if hidden_BH is None
            else project(weights, hidden_BH)
        )
        if ahead is not None:
            projected_BG += lstm.multiply(ahead.states[index], layer['bridge'])
        hidden_BH, layer_carry = lstm.lstm_step(weights, projected_BG, layer_carry)
        layers.append(layer_carry)
    if not (kind := architecture.kind):
        carry = Carry(tuple(layers), history_BM, None, agreement, notes)
        return carry, head(params, hidden_BH), None
    memory, context_BH, weights_BM = attention.attend_step(
        kind, params['attention'], carry.memory, hidden_BH, mask_B
    )
    return (
        Carry(tuple(layers), history_BM, memory, agreement, notes),
        head(params, context_BH, *[hidden_BH] * kind.head_sees_query),
        weights_BM,
    )


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


def head(params: Params, *summaries: jax.Array) -> jax.Array:
    """The logits [..., V] of the summaries, concatenated: state, context or both."""
    return jnp.concatenate(summaries, axis=-1) @ params['head']['kernel'] + params['head']['bias']


def _require_one_direction(architecture):
    if architecture.bidirectional and not architecture.infilling:
        raise ValueError(
            'a bidirectional model has seen every token of its window: it predicts only the one'
            ' after it (apply_last)'
        )
