"""Attention over the states of a recurrent layer, and the memory of steps for any attention.

    a = softmax(e),      context = sum_j a_j h_j

with states h_j and scores e of one of the kinds in `scores.KINDS`. One query attends to a whole
window (`attend`), every step to the steps up to itself (`attend_causal`), or the steps come one at
a time (`attend_step`). The last two give the same result.
"""

from collections.abc import Iterator

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike

from symmusic.model.scores import Kind, Params

Summaries = tuple[jax.Array, ...]  # what the head reads, side by side


@flax.struct.dataclass
class Memory:
    """The last M steps, which a step can attend to, as a ring buffer."""

    keys_BMA: jax.Array  # the states' keys
    values_BMH: jax.Array  # what the weights sum: the states, or their values
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
    weights_BT = masked_softmax(
        scores_BT, jnp.ones_like(scores_BT, bool) if mask_BT is None else mask_BT
    )
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
    queries_BTA, keys_BTA = kind.queries(params, states_BTH), kind.keys(params, states_BTH)
    contexts, weights = [], []
    for (first, start, stop), mask_BTK in query_blocks(
        num_steps, memory_steps, mask_BT, block_steps
    ):
        weights_BTK = masked_softmax(
            kind.scores(params, queries_BTA[:, start:stop], keys_BTA[:, first:stop]), mask_BTK
        )
        contexts.append(jnp.einsum('btk,bkh->bth', weights_BTK, states_BTH[:, first:stop]))
        if with_weights:
            weights.append(jnp.pad(weights_BTK, ((0, 0), (0, 0), (first, num_steps - stop))))
    return jnp.concatenate(contexts, axis=1), (
        jnp.concatenate(weights, axis=1) if with_weights else None
    )


def query_blocks(
    num_steps: int, memory_steps: int | None, mask_BT: jax.Array | None, block_steps: int
) -> Iterator[tuple[tuple[int, int, int], jax.Array]]:
    """`(first, start, stop), mask_BTK` of each block of queries: the queries are the steps from
    `start` to `stop`, the keys that they can see those from `first` to `stop`, and the mask (of all
    rows or of one for all) says which of them each sees. Arguments as in `attend_causal`.
    """
    memory_steps = memory_steps or num_steps
    for start in range(0, num_steps, block_steps):
        stop = min(start + block_steps, num_steps)
        first = max(0, start - memory_steps + 1)
        age_TK = jnp.arange(start, stop)[:, None] - jnp.arange(first, stop)
        mask_BTK = ((age_TK >= 0) & (age_TK < memory_steps))[None]
        if mask_BT is not None:
            mask_BTK &= mask_BT[:, None, first:stop]
        yield (first, start, stop), mask_BTK


def init_memory(
    kind: Kind,
    batch: int,
    memory_steps: int,
    num_cells: int,
    attention_size: int,
    dtype: DTypeLike = jnp.float32,
) -> Memory:
    """An empty memory for M = `memory_steps` steps."""
    return empty_memory(batch, memory_steps, kind.key_size(attention_size), num_cells, dtype)


def empty_memory(
    batch: int, memory_steps: int, key_size: int, num_cells: int, dtype: DTypeLike = jnp.float32
) -> Memory:
    """As `init_memory`, of keys and values of these sizes."""
    return Memory(
        keys_BMA=jnp.zeros((batch, memory_steps, key_size), dtype),
        values_BMH=jnp.zeros((batch, memory_steps, num_cells), dtype),
        real_BM=jnp.zeros((batch, memory_steps), bool),
        num_steps=jnp.int32(0),
    )


def remember(
    memory: Memory, key_BA: jax.Array, value_BH: jax.Array, mask_B: jax.Array | None = None
) -> Memory:
    """The memory with one more step in place of its oldest one; `mask_B` is false where it is
    padding.
    """
    place = memory.num_steps % memory.real_BM.shape[1]
    return Memory(
        keys_BMA=memory.keys_BMA.at[:, place].set(key_BA),
        values_BMH=memory.values_BMH.at[:, place].set(value_BH),
        real_BM=memory.real_BM.at[:, place].set(True if mask_B is None else mask_B),
        num_steps=memory.num_steps + 1,
    )


def in_order(memory: Memory, weights_BM: jax.Array) -> jax.Array:
    """Weights of a memory's steps in order of time, the step remembered last at the end."""
    return jnp.roll(weights_BM, -(memory.num_steps % weights_BM.shape[1]), axis=1)


def attend_step(
    kind: Kind, params: Params, memory: Memory, state_BH: jax.Array, mask_B: jax.Array | None = None
) -> tuple[Memory, jax.Array, jax.Array]:
    """`(memory, context_BH, weights_BM)` after one more step: what `attend_causal` with
    `memory_steps` = M gives at this step.

    The state overwrites the oldest one and is itself attended to, except where `mask_B` is false
    (padding). The weights are in order of time, this step's last.
    """
    memory = remember(memory, kind.keys(params, state_BH), state_BH, mask_B)
    scores_BM = kind.scores(params, kind.queries(params, state_BH[:, None]), memory.keys_BMA)[:, 0]
    weights_BM = masked_softmax(scores_BM, memory.real_BM)
    context_BH = jnp.einsum('bm,bmh->bh', weights_BM, memory.values_BMH)
    return memory, context_BH, in_order(memory, weights_BM)


def masked_softmax(scores: jax.Array, mask: jax.Array) -> jax.Array:
    """Softmax over the last axis where `mask` is true; exactly 0 elsewhere, also throughout a row
    where it is true nowhere.
    """
    scores = jnp.where(mask, scores, jnp.finfo(scores.dtype).min)
    exps = jnp.where(
        mask, jnp.exp(scores - lax.stop_gradient(scores.max(axis=-1, keepdims=True))), 0
    )
    total = exps.sum(axis=-1, keepdims=True)
    return exps / jnp.where(total > 0, total, 1)
