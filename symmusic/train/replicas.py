"""Replicas: runs that differ in nothing but their seed, stepped by one program. They are a leading axis R before every leaf of the state.

Replica r of seed s begins, orders its batches and drops out as the run of seed s + r alone. A single replica is no batch of one but the
plain program; several round differently from it (vmapped products), from the last bits on.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.model.model import Architecture, Params
from symmusic.train.state import Recipe, TrainState, init_state
from symmusic.train.step import Data, end_epoch, held_out_nats, update


def init_replicas(keys_R: Sequence[jax.Array], architecture: Architecture, recipe: Recipe) -> TrainState:
    """R runs before their first update, each from its own key, which it consumes.

    One after the other: under `jit(vmap(...))` several orthogonal initialisers can hang, and this way they are a lone run's to the bit.
    """
    init = jax.jit(init_state, static_argnums=(1, 2))
    return stack([init(key, architecture, recipe) for key in keys_R])


def stack(states: Sequence[TrainState]) -> TrainState:
    """R runs of one state each as one state of R replicas."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def replica(states: TrainState, index: int) -> TrainState:
    """One of the replicas, as a run alone has it."""
    return jax.tree.map(lambda leaf: leaf[index], states)


def best_replica(states: TrainState) -> int:
    """The one with the lowest validation loss, of equal ones the first."""
    return int(np.argmin(jax.device_get(states.best_loss)))


@functools.partial(jax.jit, static_argnames=('architecture', 'recipe'), donate_argnames='states')
def update_replicas(
    states: TrainState, data: Data, rows_RB: jax.Array, active_R: jax.Array, *, architecture: Architecture, recipe: Recipe
) -> tuple[TrainState, jax.Array]:
    """One update of every active replica, each on its own windows: the states after it and the batches' losses [R].

    The states given are consumed; that of a replica which is not active is handed on as it is.
    """
    one = functools.partial(update, architecture=architecture, recipe=recipe)
    return _each(lambda state, rows_B: one(state, data, rows_B), states, rows_RB, active_R)


@functools.partial(jax.jit, static_argnames=('recipe',), donate_argnames='states')
def end_epoch_replicas(states: TrainState, validation_losses_R: jax.Array, active_R: jax.Array, *, recipe: Recipe) -> TrainState:
    """`end_epoch` of every active replica. The states given are consumed."""
    return _each(lambda state, loss: (end_epoch(state, loss, recipe=recipe), ()), states, validation_losses_R, active_R)[0]


def _each(step: Callable, states: TrainState, inputs_R: jax.Array, active_R: jax.Array) -> tuple[TrainState, jax.Array]:
    if inputs_R.shape[0] == 1:  # alone, it is active: else nothing would be stepped
        after = step(jax.tree.map(lambda leaf: leaf[0], states), inputs_R[0])
        return jax.tree.map(lambda leaf: leaf[None], after)
    after, outputs_R = jax.vmap(step)(states, inputs_R)

    def kept(old, new):
        return jnp.where(active_R.reshape(-1, *[1] * (new.ndim - 1)), new, old)

    return jax.tree.map(kept, states, after), outputs_R


@functools.partial(jax.jit, static_argnames=('architecture', 'targets'))
def _held_out_nats(params_R, data, rows_B, *, architecture, targets):
    one = functools.partial(held_out_nats, architecture=architecture, targets=targets)
    if jax.tree.leaves(params_R)[0].shape[0] == 1:
        return jax.tree.map(lambda leaf: leaf[None], one(jax.tree.map(lambda leaf: leaf[0], params_R), data, rows_B))
    return jax.vmap(lambda params: one(params, data, rows_B))(params_R)


def held_out_losses(params_R: Params, data: Data, *, architecture: Architecture, targets: str, batch_size: int) -> np.ndarray:
    """Nats per target [R] float64 of each replica's parameters over all windows of `data`, each counted once."""
    num = data.starts_N.shape[0]
    rows = np.full(-(-num // batch_size) * batch_size, -1, np.int32)
    rows[:num] = np.arange(num)
    sums = [_held_out_nats(params_R, data, rows_B, architecture=architecture, targets=targets) for rows_B in rows.reshape(-1, batch_size)]
    nats_R, num_targets_R = np.sum(np.array(jax.device_get(sums), np.float64), axis=0)
    return nats_R / num_targets_R
