"""One-hot inputs, as rows of the first layer's input matrix."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model.architecture import LEFT, Architecture
from symmusic.model.lstm import multiply
from symmusic.model.places import meters_of, steps_in_bar


def find_rows(
    tokens: jax.Array,
    positions: jax.Array | None,
    others: Sequence[jax.Array],
    architecture: Architecture,
    left: jax.Array | None = None,
) -> jax.Array:
    """The indices where the input of a step is 1, in a new last axis K: the input is the one-hot
    token, followed by the one-hot step in the bar, the one-hot metre, the one-hot counts of `left`
    (in a last axis; None: not known) and `others`, which are those of the blocks that follow: the
    one-hot tokens of the lookbacks and looks ahead, the agreements and the last notes.
    """
    tokens_left = [tokens, *others]
    blocks = architecture.blocks[: len(architecture.own_blocks) + len(others)]
    num_rows, found = blocks[-1].end, []
    for block in blocks:
        if block.name == 'step in bar':
            found.append(block.begin + steps_in_bar(positions, architecture.bars))
        elif block.name == 'metre':
            found.append(block.begin + meters_of(positions, architecture.bars))
        elif block.name in LEFT:
            if left is None:
                found.append(jnp.full_like(tokens, num_rows))
                continue
            values = left[..., LEFT.index(block.name)].astype(tokens.dtype)
            found.append(jnp.where(values < block.size, block.begin + values, num_rows))
        else:
            rows = block.begin + (token := tokens_left.pop(0))
            # a blank: past the last row
            is_token = token < block.size
            found.append(jnp.where(is_token, rows, num_rows) if architecture.has_blank else rows)
    return jnp.stack(found, axis=-1)


def project_rows(layer: dict, rows_K: jax.Array, architecture: Architecture) -> jax.Array:
    """The product x W of an input x that is 1 at the indices of `find_rows` and 0 elsewhere; the
    index past the last row adds 0.
    """
    table_IG = (
        jnp.pad(layer['input'], ((0, 1), (0, 0))) if architecture.has_blank else layer['input']
    )
    blocks = architecture.blocks[: rows_K.shape[-1]]
    return _sum_rows(tuple(block.size for block in blocks), table_IG, rows_K)


def project(layer: dict, states_H: jax.Array, dtype: str = 'float32') -> jax.Array:
    """The product x W of the states of the layer below."""
    return multiply(states_H, layer['input'], dtype)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _sum_rows(sizes, table_IG, indices_K):
    """The sum over K of `table_IG[indices_K]`, where each k has its own block of `sizes[k]` rows;
    rows past the blocks are zeros.
    """
    # One gather after the other: a single one would first write K times the sum to memory.
    return sum(table_IG[indices_K[..., k]] for k in range(indices_K.shape[-1]))


def _sum_rows_forward(sizes, table_IG, indices_K):
    return _sum_rows(sizes, table_IG, indices_K), (indices_K, table_IG.shape[0])


def _sum_rows_backward(sizes, residuals, d_sum_G):
    indices_K, num_rows = residuals
    # The barrier keeps XLA from recomputing the indices from the windows for every row.
    indices_KN = lax.optimization_barrier(indices_K.reshape(-1, len(sizes)).T)
    ways = {
        'cpu': functools.partial(add_rows, num_rows),
        'default': functools.partial(multiply_rows, sizes, num_rows),
    }
    return lax.platform_dependent(indices_KN, d_sum_G.reshape(-1, d_sum_G.shape[-1]), **ways), None


_sum_rows.defvjp(_sum_rows_forward, _sum_rows_backward)


def add_rows(num_rows: int, indices_KN: jax.Array, rows_NG: jax.Array) -> jax.Array:
    """The table [`num_rows`, G] of the sum of the rows of each index, added one by one: on a CPU 2
    to 4 times as fast as a product.
    """
    table_IG = jnp.zeros((num_rows, rows_NG.shape[1]), rows_NG.dtype)
    for indices_N in indices_KN:
        table_IG = table_IG.at[indices_N].add(rows_NG, mode='promise_in_bounds')
    return table_IG


def multiply_rows(
    sizes: tuple[int, ...], num_rows: int, indices_KN: jax.Array, rows_NG: jax.Array
) -> jax.Array:
    """As `add_rows`, 0 past the blocks, by one product with one-hot rows per block: scattered
    additions on a GPU have no fixed order.
    """
    blocks, begin = [], 0
    for size, indices_N in zip(sizes, indices_KN, strict=True):
        # laid out as the product reads it
        is_row_IN = jnp.arange(begin, begin + size)[:, None] == indices_N
        blocks.append(is_row_IN.astype(rows_NG.dtype) @ rows_NG)
        begin += size
    return jnp.pad(jnp.concatenate(blocks), ((0, num_rows - begin), (0, 0)))
