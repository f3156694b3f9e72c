"""The network: one-hot tokens -> LSTM layers, each followed by dropout -> attention or none -> logits of the next token."""

import dataclasses
import functools

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model import attention, lstm
from symmusic.model.dropout import dropout
from symmusic.model.scores import KINDS, Kind

Params = dict  # 'layers': a list of {'forward': lstm.Params, and 'backward' in both directions}, 'attention' where there is one, 'head'


@dataclasses.dataclass(frozen=True)
class Architecture:
    """All that decides the shapes of the parameters and what is computed with them; hashable, a static argument of `jit`."""

    num_classes: int  # V, of tokens in and out
    num_layers: int = 2
    num_cells: int = 64  # per direction
    bidirectional: bool = False  # every layer reads in both directions: only the token after the window can be predicted
    attention: str = 'none'  # or one of `scores.KINDS`
    attention_size: int = 32  # A; 'bahdanau' only
    dropout_rate: float = 0.4  # after each LSTM layer
    num_positions: int = 0  # steps in the bar, if the position in the bar is a second input; 0 = it is not
    padding: int = 0  # the token before the first; `num_classes`, the blank, is one that is no class: an input of zeros
    lookback: tuple[int, ...] = ()  # further inputs: the tokens that many steps before the one to be predicted (1 = the present one)

    def __post_init__(self):
        if self.attention not in ('none', *KINDS):
            raise ValueError(f'attention is {self.attention!r}, not one of {", ".join(map(repr, ("none", *KINDS)))}')

    @property
    def kind(self) -> Kind | None:
        """Of attention, None without."""
        return KINDS.get(self.attention)

    @property
    def state_size(self) -> int:
        """Cells of a layer, both directions' together."""
        return self.num_cells * (2 if self.bidirectional else 1)

    @property
    def input_size(self) -> int:
        """Rows of the first layer's input matrix: classes, positions, classes of each lookback."""
        return self.num_classes * (1 + len(self.lookback)) + self.num_positions


@flax.struct.dataclass
class Carry:
    """What a one-directional model remembers between two steps."""

    layers: tuple[lstm.Carry, ...]  # each layer's hidden_BH and cell_BH
    history_BM: jax.Array  # the last M tokens, M the longest lookback, the latest last; padding before the first
    memory: attention.Memory | None  # the steps that attention looks back at; None without attention


def init_params(key: jax.Array, architecture: Architecture) -> Params:
    """Random parameters: Glorot-uniform, LSTM layers as in `init_lstm`, a head without preference.

    Under `jit(vmap(...))` the orthogonal initialisers can hang: initialise replicas with `lax.map`.
    """
    layers_key, attention_key, head_key = jax.random.split(key, 3)
    directions = _directions(architecture)
    input_size, layers = architecture.input_size, []
    for layer_key in jax.random.split(layers_key, architecture.num_layers):
        direction_keys = jax.random.split(layer_key, len(directions))
        layers.append({d: lstm.init_lstm(k, input_size, architecture.num_cells) for d, k in zip(directions, direction_keys, strict=True)})
        input_size = architecture.state_size
    params = {'layers': layers}
    summary_size = architecture.state_size
    if kind := architecture.kind:
        params['attention'] = kind.init(attention_key, architecture.state_size, architecture.attention_size)
        summary_size *= 1 + kind.head_sees_query
    kernel = jax.nn.initializers.glorot_uniform()(head_key, (summary_size, architecture.num_classes))
    params['head'] = {'kernel': kernel, 'bias': jnp.zeros(architecture.num_classes)}
    return params


def count_params(params: Params) -> int:
    """The number of trainable numbers."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def apply_last(
    params: Params, tokens_BT: jax.Array, positions_BT: jax.Array | None, architecture: Architecture, keys_B: jax.Array | None = None
) -> tuple[jax.Array, jax.Array | None]:
    """`(logits_BV, weights_BT)`: the token after the window; weights are attention's, None without it.

    The window's summary is each direction's state after its last step: the forward one at T-1, the backward one at 0. It is attention's
    query over all states of the last layer; which of the two the head sees, see `scores`.

    Args:
      params: of `init_params`.
      tokens_BT: int classes.
      positions_BT: int steps in the bar, ignored (may be None) where the architecture has no positions.
      architecture: of `params`.
      keys_B: consumed by dropout, one per window, so that a window's is the same in any batch; None = no dropout.
    """
    states_BTH = _run_layers(params, tokens_BT, positions_BT, architecture, keys_B)
    num_cells = architecture.num_cells
    summary_BH = jnp.concatenate([states_BTH[:, -1, :num_cells], states_BTH[:, 0, num_cells:]], axis=-1)
    if not (kind := architecture.kind):
        return _head(params, summary_BH), None
    context_BH, weights_BT = attention.attend(kind, params['attention'], summary_BH, states_BTH)
    return _head(params, context_BH, *[summary_BH] * kind.head_sees_query), weights_BT


def apply_all(
    params: Params,
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    memory_steps: int | None = None,
    mask_BT: jax.Array | None = None,
    with_weights: bool = False,
) -> tuple[jax.Array, jax.Array | None]:
    """`(logits_BTV, weights_BTT)`: after every step the token that follows it, from the steps up to it alone.

    Args:
      params: of `init_params`.
      tokens_BT: int classes.
      positions_BT: int steps in the bar, ignored (may be None) where the architecture has no positions.
      architecture: of `params`; ValueError if bidirectional, whose states have seen the tokens to be predicted.
      keys_B: as in `apply_last`.
      memory_steps: how many steps attention sees, the present one included; None = all.
      mask_BT: false at steps that attention must not look at, the padding; the LSTM layers read them nevertheless.
      with_weights: return attention's weights_BTT; None otherwise.
    """
    _require_one_direction(architecture)
    states_BTH = _run_layers(params, tokens_BT, positions_BT, architecture, keys_B)
    if not (kind := architecture.kind):
        return _head(params, states_BTH), None
    contexts_BTH, weights_BTT = attention.attend_causal(
        kind, params['attention'], states_BTH, memory_steps, mask_BT, with_weights=with_weights
    )
    return _head(params, contexts_BTH, *[states_BTH] * kind.head_sees_query), weights_BTT


def init_carry(architecture: Architecture, batch: int, memory_steps: int, dtype=jnp.float32) -> Carry:
    """The carry before the first step, for `apply_step`; attention will see `memory_steps` steps. ValueError if bidirectional."""
    _require_one_direction(architecture)
    layers = tuple(lstm.init_lstm_carry(batch, architecture.num_cells, dtype) for _ in range(architecture.num_layers))
    history_BM = jnp.full((batch, max(architecture.lookback, default=0)), architecture.padding, jnp.int32)
    if not (kind := architecture.kind):
        return Carry(layers, history_BM, None)
    memory = attention.init_memory(kind, batch, memory_steps, architecture.num_cells, architecture.attention_size, dtype)
    return Carry(layers, history_BM, memory)


def apply_step(
    params: Params,
    carry: Carry,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    mask_B: jax.Array | None = None,
) -> tuple[Carry, jax.Array, jax.Array | None]:
    """`(carry, logits_BV, weights_BM)` of one more token: `apply_all` with the carry's `memory_steps`, at this step, without dropout.

    Weights are in the order of time, this step's the last; None without attention. `mask_B` is this step's `mask_BT`.
    """
    history_BM = jnp.concatenate([carry.history_BM, token_B[:, None]], axis=1)[:, 1:]
    inputs_BK = _inputs(token_B, position_B, [history_BM[:, -steps] for steps in architecture.lookback], architecture)
    layers, hidden_BH = [], None
    for layer, layer_carry in zip(params['layers'], carry.layers, strict=True):
        layer = layer['forward']
        projected_BG = _project_rows(layer, inputs_BK, architecture) if hidden_BH is None else _project(layer, hidden_BH)
        hidden_BH, layer_carry = lstm.lstm_step(layer['recurrent'], projected_BG, layer_carry)
        layers.append(layer_carry)
    if not (kind := architecture.kind):
        return Carry(tuple(layers), history_BM, None), _head(params, hidden_BH), None
    memory, context_BH, weights_BM = attention.attend_step(kind, params['attention'], carry.memory, hidden_BH, mask_B)
    return Carry(tuple(layers), history_BM, memory), _head(params, context_BH, *[hidden_BH] * kind.head_sees_query), weights_BM


def _directions(architecture):
    return ('forward', 'backward') if architecture.bidirectional else ('forward',)


def _run_layers(params, tokens_BT, positions_BT, architecture, keys_B):
    """The last layer's states_BTH, after dropout."""
    num_steps = tokens_BT.shape[1]
    padding = {'constant_values': architecture.padding}
    lookbacks = [jnp.pad(tokens_BT, ((0, 0), (steps - 1, 0)), **padding)[:, :num_steps] for steps in architecture.lookback]
    inputs_TBK = jnp.swapaxes(_inputs(tokens_BT, positions_BT, lookbacks, architecture), 0, 1)  # the loops read a step after the other
    states_TBH = None
    for index, layer in enumerate(params['layers']):
        directions = []
        for direction in _directions(architecture):
            weights = layer[direction]
            projected_TBG = _project_rows(weights, inputs_TBK, architecture) if states_TBH is None else _project(weights, states_TBH)
            directions.append(lstm.lstm(weights['recurrent'], projected_TBG, reverse=direction == 'backward')[0])
        states_TBH = jnp.concatenate(directions, axis=-1)
        if keys_B is not None:
            drop = lambda key, states_TH, index=index: dropout(jax.random.fold_in(key, index), states_TH, architecture.dropout_rate)
            states_TBH = jax.vmap(drop, in_axes=(0, 1), out_axes=1)(keys_B, states_TBH)
    return jnp.swapaxes(states_TBH, 0, 1)


def _inputs(tokens, positions, lookbacks, architecture):
    """The rows of the first layer's input matrix that are 1 at a step, in a new last axis K: the input is the one-hot token, beside it the
    one-hot position and the one-hot tokens looked back at.
    """
    num_classes, num_positions = architecture.num_classes, architecture.num_positions

    def rows(begin, tokens):
        if architecture.padding < num_classes:
            return begin + tokens
        return jnp.where(tokens < num_classes, begin + tokens, architecture.input_size)  # a blank: past the last row

    blocks = [rows(0, tokens)]
    if num_positions:
        blocks.append(num_classes + positions)
    blocks += [rows(num_classes + num_positions + index * num_classes, lookback) for index, lookback in enumerate(lookbacks)]
    return jnp.stack(blocks, axis=-1)


def _project_rows(layer, inputs_K, architecture):
    """The product x W + b of an input that is 1 in rows `inputs_K` and 0 elsewhere; the row past the last one is 0."""
    has_blank = architecture.padding >= architecture.num_classes
    table_IG = jnp.pad(layer['input'], ((0, 1), (0, 0))) if has_blank else layer['input']
    sizes = [architecture.num_classes] * (1 + len(architecture.lookback))
    if architecture.num_positions:
        sizes.insert(1, architecture.num_positions)
    return _sum_rows(tuple(sizes), table_IG, inputs_K) + layer['bias']


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _sum_rows(sizes, table_IG, indices_K):
    """The sum over K of `table_IG[indices_K]`, where each k has a block of `sizes[k]` rows to itself; rows past the blocks are zeros.

    The gradient is one product per block, as a scatter adds in no fixed order on a GPU and one by one on a CPU.
    """
    # A gather after the other: all at once would write K times the sum to memory first.
    return sum(table_IG[indices_K[..., k]] for k in range(indices_K.shape[-1]))


def _sum_rows_forward(sizes, table_IG, indices_K):
    return _sum_rows(sizes, table_IG, indices_K), (indices_K, table_IG.shape[0])


def _sum_rows_backward(sizes, residuals, d_sum_G):
    indices_K, num_rows = residuals
    d_sum_NG = d_sum_G.reshape(-1, d_sum_G.shape[-1])
    blocks, begin = [], 0
    # The barrier keeps XLA from computing the indices anew, from the windows on, for every row.
    for size, indices_N in zip(sizes, lax.optimization_barrier(indices_K.reshape(-1, len(sizes)).T), strict=True):
        rows_IN = jnp.arange(begin, begin + size)[:, None] == indices_N  # one-hot, lying as the product reads it
        blocks.append(rows_IN.astype(d_sum_G.dtype) @ d_sum_NG)
        begin += size
    return jnp.pad(jnp.concatenate(blocks), ((0, num_rows - begin), (0, 0))), None


_sum_rows.defvjp(_sum_rows_forward, _sum_rows_backward)


def _project(layer, states_H):
    # As a product of two matrices: the weights' gradient over several axes at once takes XLA a third longer on a CPU.
    projected_NG = states_H.reshape(-1, states_H.shape[-1]) @ layer['input'] + layer['bias']
    return projected_NG.reshape(*states_H.shape[:-1], -1)


def _head(params, *summaries):
    return jnp.concatenate(summaries, axis=-1) @ params['head']['kernel'] + params['head']['bias']


def _require_one_direction(architecture):
    if architecture.bidirectional:
        raise ValueError('a bidirectional model has seen every token of its window: it predicts only the one after it (apply_last)')
