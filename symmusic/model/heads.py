"""Causal self-attention in several heads (Vaswani et al., 2017) with rotary positions (Su et al.,
2021).

    q, k, v = three products of n,    n = the normalised states
    a = softmax(q_t . k_j / sqrt(D)),    output_t = (the sum over j of a_j v_j of each head) W

where j goes over the last M steps up to t that are no padding. D is the number of cells of a head.
Queries and keys are rotated by angles that grow with the step, one for each pair of cells, so that
their product depends on the distance t - j and not on t.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from symmusic.model.architecture import Architecture
from symmusic.model.attention import (
    Memory,
    Summaries,
    empty_memory,
    in_order,
    masked_softmax,
    query_blocks,
    remember,
)
from symmusic.model.lstm import multiply

Params = dict[str, jax.Array]  # 'norm' [H], 'project' [H, 3H], 'output' [H, H]
BASE = 10_000  # of the angles: the slowest pair rotates once in about 2 pi times as many steps
EPSILON = 1e-6


def init_heads(key: jax.Array, num_cells: int, scale: float = 1.0) -> Params:
    """Glorot-uniform matrices; `scale` is a factor of the output's."""
    glorot, keys = jax.nn.initializers.glorot_uniform(), jax.random.split(key, 4)
    shape = (num_cells, num_cells)
    return {
        'norm': jnp.zeros(num_cells),
        'project': jnp.concatenate([glorot(each, shape) for each in keys[:3]], axis=1),
        'output': scale * glorot(keys[3], shape),
    }


def normalise(states_H: jax.Array, scale_H: jax.Array) -> jax.Array:
    """States divided by their root mean square (Zhang and Sennrich, 2019), times 1 + `scale_H`, so
    that weight decay draws the factor to 1.
    """
    mean_square = (states_H * states_H).mean(axis=-1, keepdims=True)
    return states_H * jax.lax.rsqrt(mean_square + EPSILON) * (1 + scale_H)


def attend_causal(
    params: Params,
    states_BTH: jax.Array,
    num_heads: int,
    memory_steps: int | None = None,
    mask_BT: jax.Array | None = None,
    block_steps: int = 64,
    dtype: str = 'float32',
) -> tuple[jax.Array, jax.Array]:
    """`(outputs_BTH, weights_BTT)` of each step over the steps up to its own; the weights (row:
    query, column: key) are the means over the heads.

    Args:
      params: of `init_heads`.
      states_BTH: the states, not normalised.
      num_heads: N.
      memory_steps: how many steps a step sees, its own included; None = all up to its own.
      mask_BT: true where a step may be attended to; a step that sees none has the output 0.
      block_steps: queries per block; changes time and memory, not the result.
      dtype: to what the operands of the products with the parameters are rounded.
    """
    num_steps = states_BTH.shape[1]
    queries_BTND, keys_BTND, values_BTND = _project(
        params, states_BTH, num_heads, jnp.arange(num_steps), dtype
    )
    contexts, weights = [], []
    for (first, start, stop), mask_BTK in query_blocks(
        num_steps, memory_steps, mask_BT, block_steps
    ):
        scores_BNTK = jnp.einsum(
            'btnd,bknd->bntk', queries_BTND[:, start:stop], keys_BTND[:, first:stop]
        )
        weights_BNTK = masked_softmax(scores_BNTK, mask_BTK[:, None])
        contexts.append(jnp.einsum('bntk,bknd->btnd', weights_BNTK, values_BTND[:, first:stop]))
        widths = ((0, 0), (0, 0), (first, num_steps - stop))
        weights.append(jnp.pad(weights_BNTK.mean(axis=1), widths))
    contexts_BTH = jnp.concatenate(contexts, axis=1).reshape(states_BTH.shape)
    return multiply(contexts_BTH, params['output'], dtype), jnp.concatenate(weights, axis=1)


def at_last_step(apply_all: Callable) -> Callable:
    """The `apply_last` of a kind of network (`model.BODIES`): what its `apply_all` gives at the
    last step.
    """

    def apply_last(
        params: dict,
        rows_BTK: jax.Array,
        architecture: Architecture,
        keys_B: jax.Array | None = None,
    ) -> tuple[Summaries, jax.Array | None]:
        (states_BTH,), weights_BTT = apply_all(
            params, rows_BTK, architecture, keys_B, with_weights=True
        )
        return (states_BTH[:, -1],), weights_BTT[:, -1]

    return apply_last


def init_memory(
    batch: int, memory_steps: int, num_cells: int, dtype: DTypeLike = jnp.float32
) -> Memory:
    """An empty memory of the keys and values, of all heads side by side, of M steps."""
    return empty_memory(batch, memory_steps, num_cells, num_cells, dtype)


def attend_step(
    params: Params,
    memory: Memory,
    state_BH: jax.Array,
    num_heads: int,
    mask_B: jax.Array | None = None,
) -> tuple[Memory, jax.Array, jax.Array]:
    """`(memory, output_BH, weights_BM)` after one more step: what `attend_causal` with
    `memory_steps` = M gives at this step; the weights are in order of time, this step's last.
    """
    (batch, memory_steps), shape = memory.real_BM.shape, state_BH.shape
    query_B1ND, key_B1ND, value_B1ND = _project(
        params, state_BH[:, None], num_heads, memory.num_steps[None]
    )
    memory = remember(memory, key_B1ND.reshape(shape), value_B1ND.reshape(shape), mask_B)
    by_head = (batch, memory_steps, num_heads, -1)
    scores_BNM = jnp.einsum('bnd,bmnd->bnm', query_B1ND[:, 0], memory.keys_BMA.reshape(by_head))
    weights_BNM = masked_softmax(scores_BNM, memory.real_BM[:, None])
    context_BND = jnp.einsum('bnm,bmnd->bnd', weights_BNM, memory.values_BMH.reshape(by_head))
    output_BH = multiply(context_BND.reshape(shape), params['output'])
    return memory, output_BH, in_order(memory, weights_BNM.mean(axis=1))


def _project(
    params: Params, states_BTH: jax.Array, num_heads: int, places_T: jax.Array, dtype='float32'
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Queries, divided by sqrt(D), keys and values [B, T, N, D] of steps at these places."""
    normal_BTH = normalise(states_BTH, params['norm'])
    all_BTJ = multiply(normal_BTH, params['project'], dtype)
    by_head = (*states_BTH.shape[:2], num_heads, -1)
    queries_BTND, keys_BTND, values_BTND = (
        each.reshape(by_head) for each in jnp.split(all_BTJ, 3, axis=-1)
    )
    size = queries_BTND.shape[-1]
    return (
        rotate(queries_BTND, places_T) / np.sqrt(size).item(),
        rotate(keys_BTND, places_T),
        values_BTND,
    )


def rotate(vectors_BTND: jax.Array, places_T: jax.Array) -> jax.Array:
    """Vectors whose cells i and D / 2 + i are a point of the plane, rotated about the origin by
    place / BASE^(2 i / D).
    """
    half = vectors_BTND.shape[-1] // 2
    speeds_D = jnp.asarray(BASE ** -(np.arange(half) / half), vectors_BTND.dtype)
    angles_T1D = (places_T[:, None] * speeds_D)[:, None]
    cos, sin = jnp.cos(angles_T1D), jnp.sin(angles_T1D)
    left, right = vectors_BTND[..., :half], vectors_BTND[..., half:]
    return jnp.concatenate([left * cos - right * sin, left * sin + right * cos], axis=-1)
