"""Rows of a batch in groups of equal size, side by side."""

from typing import Any

import jax
import jax.numpy as jnp


def picked(tree: Any, of_BK: jax.Array, axis: int = 0) -> Any:
    """The rows `of_BK` of each group, in a tree with R rows on an axis; scalars are shared."""

    def pick(leaf):
        if not leaf.ndim:
            return leaf
        groups = jnp.moveaxis(leaf, axis, 0)
        groups = groups.reshape(len(of_BK), len(groups) // len(of_BK), *groups.shape[1:])
        rows = jax.vmap(lambda group, of_K: group[of_K])(groups, of_BK)
        return jnp.moveaxis(rows.reshape(of_BK.size, *rows.shape[2:]), 0, axis)

    return jax.tree.map(pick, tree)
