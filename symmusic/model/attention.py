"""Attention over the states of a recurrent layer.

    a = softmax(e),      context = sum_j a_j h_j

with states h_j and scores e of one of the kinds in `scores.KINDS`. One query attends to a whole
window (`attend`), every step to the steps up to itself (`attend_causal`), or the steps come one at
a time (`attend_step`). The last two give the same result.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model.scores import Kind, Params


@flax.struct.dataclass
class Memory:
    """The last M steps, which a step can attend to, as a ring buffer."""

    keys_BMA: jax.Array  # the states' keys
    states_BMH: jax.Array  # the states
    real_BM: jax.Array  # bool: a step was written here and was not padding
    # int32 scalar: steps written so far; the next one goes to index num_steps mod M
    num_steps: jax.Array


def attend(
    kind: Kind,
    params: Params,
    query_BH: jax.Array,
    states_TBH: jax.Array,
    mask_BT: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """`(context_BH, weights_BT)` of one query over all states, or over those where `mask_BT` is
    true; zeros if it is true nowhere.

    States come time first, as the layers return them: a transpose would copy them, and their
    gradient again.
    """
    keys_BTA = jnp.swapaxes(kind.keys(params, states_TBH), 0, 1)
    scores_BT = kind.scores(params, kind.queries(params, query_BH[:, None]), keys_BTA)[:, 0]
    weights_BT = _softmax(scores_BT, jnp.ones_like(scores_BT, bool) if mask_BT is None else mask_BT)
    return (weights_BT.T[..., None] * states_TBH).sum(axis=0), weights_BT


def attend_causal(
    kind: Kind,
    params: Params,
    states_BTH: jax.Array,
    memory_steps: int | None = None,
    mask_BT: jax.Array | None = None,
    block_steps: int = 64,
    with_weights: bool = False,
) -> tuple[jax.Array, jax.Array | None]:
    """`(contexts_BTH, weights_BTT)`: each step's state is the query over the states up to its own.

    Computed in blocks of queries, each against only the keys that it can see: about half of the
    T x T scores. The largest arrays kept for the backward pass are the weights [B, T, T].

    Args:
      kind: the kind of score.
      params: from the kind's `init`.
      states_BTH: the states, used as both queries and keys.
      memory_steps: how many states a step sees, its own included; None = all up to its own.
      mask_BT: true where a state may be attended to; a step that sees none has the context 0.
      block_steps: queries per block; changes time and memory, not the result.
      with_weights: return weights_BTT (row: query, column: key); None otherwise.
    """
    num_steps = states_BTH.shape[1]
    memory_steps = memory_steps or num_steps
    queries_BTA, keys_BTA = kind.queries(params, states_BTH), kind.keys(params, states_BTH)
    contexts, weights = [], []
    for start in range(0, num_steps, block_steps):
        stop = min(start + block_steps, num_steps)
        first = max(0, start - memory_steps + 1)
        age_TK = jnp.arange(start, stop)[:, None] - jnp.arange(first, stop)
        mask_BTK = ((age_TK >= 0) & (age_TK < memory_steps))[None]
        if mask_BT is not None:
            mask_BTK &= mask_BT[:, None, first:stop]
        weights_BTK = _softmax(
            kind.scores(params, queries_BTA[:, start:stop], keys_BTA[:, first:stop]), mask_BTK
        )
        contexts.append(jnp.einsum('btk,bkh->bth', weights_BTK, states_BTH[:, first:stop]))
        if with_weights:
            weights.append(jnp.pad(weights_BTK, ((0, 0), (0, 0), (first, num_steps - stop))))
    return jnp.concatenate(contexts, axis=1), (
        jnp.concatenate(weights, axis=1) if with_weights else None
    )


def init_memory(
    kind: Kind,
    batch: int,
    memory_steps: int,
    num_cells: int,
    attention_size: int,
    dtype=jnp.float32,
) -> Memory:
    """An empty memory for M = `memory_steps` steps."""
    return Memory(
        keys_BMA=jnp.zeros((batch, memory_steps, kind.key_size(attention_size)), dtype),
        states_BMH=jnp.zeros((batch, memory_steps, num_cells), dtype),
        real_BM=jnp.zeros((batch, memory_steps), bool),
        num_steps=jnp.int32(0),
    )


def attend_step(
    kind: Kind, params: Params, memory: Memory, state_BH: jax.Array, mask_B: jax.Array | None = None
) -> tuple[Memory, jax.Array, jax.Array]:
    """`(memory, context_BH, weights_BM)` after one more step: what `attend_causal` with
    `memory_steps` = M gives at this step.

    The state overwrites the oldest one and is itself attended to, except where `mask_B` is false
    (padding). The weights are in order of time, this step's last.
    """
    memory_steps = memory.real_BM.shape[1]
    place = memory.num_steps % memory_steps
    memory = Memory(
        keys_BMA=memory.keys_BMA.at[:, place].set(kind.keys(params, state_BH)),
        states_BMH=memory.states_BMH.at[:, place].set(state_BH),
        real_BM=memory.real_BM.at[:, place].set(True if mask_B is None else mask_B),
        num_steps=memory.num_steps + 1,
    )
    scores_BM = kind.scores(params, kind.queries(params, state_BH[:, None]), memory.keys_BMA)[:, 0]
    weights_BM = _softmax(scores_BM, memory.real_BM)
    context_BH = jnp.einsum('bm,bmh->bh', weights_BM, memory.states_BMH)
    return memory, context_BH, jnp.roll(weights_BM, -(place + 1), axis=1)


def _softmax(scores, mask):
    """Softmax over the last axis where `mask` is true; exactly 0 elsewhere, also throughout a row
    where it is true nowhere.
    """
    scores = jnp.where(mask, scores, jnp.finfo(scores.dtype).min)
    exps = jnp.where(
        mask, jnp.exp(scores - lax.stop_gradient(scores.max(axis=-1, keepdims=True))), 0
    )
    total = exps.sum(axis=-1, keepdims=True)
    return exps / jnp.where(total > 0, total, 1)
