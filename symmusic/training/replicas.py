"""Replicas: runs that differ only in their seed, batched along a leading axis R of every leaf of
the state and stepped by one program.

Replica r of seed s has the initial parameters, the order of batches and the dropout of a single run
of seed s + r. A single replica runs the unbatched program; several replicas may differ from it in
rounding. The mesh (`devices`) distributes them over devices. The replicas on one device are updated
together; on a CPU, one after another, as batched products are slower there.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, PartitionSpec

from symmusic.model.model import Architecture, Params
from symmusic.streams import Stream, random_key
from symmusic.training.batch import Data
from symmusic.training.devices import BY_REPLICA, BY_ROW, EVERYWHERE, fetch, place
from symmusic.training.state import Recipe, TrainState, init_state
from symmusic.training.step import end_epoch, held_out_nats, update


def initial_keys(seed: int, num_replicas: int = 1) -> list[jax.Array]:
    """The keys of each replica's initialisation and dropout: replica r's is that of the run of
    `seed` + r alone.
    """
    return [random_key(seed + replica, Stream.TRAINING) for replica in range(num_replicas)]


def init_replicas(
    keys_R: Sequence[jax.Array], architecture: Architecture, recipe: Recipe
) -> TrainState:
    """R runs before their first update, each from its own key, which is consumed.

    They are initialised one after another: several orthogonal initialisers can hang under
    `jit(vmap(...))`, and this way each equals a single run bit for bit.
    """
    return stack([_init(key, architecture, recipe) for key in keys_R])


_init = jax.jit(init_state, static_argnums=(1, 2))


@jax.jit
def stack(states: Sequence[TrainState]) -> TrainState:
    """The states of R single runs as one state of R replicas."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def replica(states: TrainState, index: int) -> TrainState:
    """The state of one replica, without the axis R."""
    return jax.tree.map(lambda leaf: leaf[index], states)


def best_replica(states: TrainState) -> int:
    """The index of the replica with the lowest validation loss, the first of equal ones."""
    return int(np.argmin(jax.device_get(states.best_loss)))


@functools.partial(
    jax.jit, static_argnames=('architecture', 'recipe', 'mesh'), donate_argnames='states'
)
def update_replicas(
    states: TrainState,
    data: Data,
    rows_RUB: jax.Array,
    active_R: jax.Array,
    *,
    architecture: Architecture,
    recipe: Recipe,
    mesh: Mesh | None = None,
) -> tuple[TrainState, jax.Array]:
    """U updates of every active replica, each on its own windows: the states after them and the
    batches' losses [R, U].

    All updates are one program, since launching an update can take longer than the update itself.
    The given states are consumed; the state of an inactive replica is returned unchanged. `mesh` is
    the one that the arguments are placed on, None = one device.
    """
    axis = 'data' if mesh and mesh.shape['data'] > 1 else None

    def several(data, state, rows_UB):
        step = lambda state, rows_B: update(
            state, data, rows_B, architecture=architecture, recipe=recipe, axis=axis
        )
        return lax.scan(step, state, rows_UB)

    return _each(
        several,
        mesh,
        (data, states, rows_RUB, active_R),
        (EVERYWHERE, BY_REPLICA, BY_ROW, BY_REPLICA),
    )


@functools.partial(jax.jit, static_argnames=('recipe', 'mesh'), donate_argnames='states')
def end_epoch_replicas(
    states: TrainState,
    validation_losses_R: jax.Array,
    active_R: jax.Array,
    *,
    recipe: Recipe,
    mesh: Mesh | None = None,
) -> TrainState:
    """`end_epoch` for every active replica. The given states are consumed."""

    def one(_, state, validation_loss):
        return end_epoch(state, validation_loss, recipe=recipe), jnp.float32(0)

    arguments = ((), states, validation_losses_R, active_R)
    return _each(one, mesh, arguments, (EVERYWHERE, BY_REPLICA, BY_REPLICA, BY_REPLICA))[0]


def _each(
    step: Callable, mesh: Mesh | None, arguments: tuple, specs: tuple
) -> tuple[TrainState, jax.Array]:
    """`step(shared, state, input) -> (state, loss)` applied to every active replica; the arguments
    are shared, states, inputs, active [R].
    """

    def on_one_device(shared, states, inputs_R, active_R):
        one = functools.partial(step, shared)
        # a single replica is active, or nothing would be stepped
        if len(active_R) == 1 and (mesh is None or mesh.shape['replica'] == 1):
            return jax.tree.map(
                lambda leaf: leaf[None],
                one(jax.tree.map(lambda leaf: leaf[0], states), inputs_R[0]),
            )
        # On a CPU one after another, so that inactive replicas cost nothing.
        if jax.default_backend() == 'cpu':
            still = lambda state, inputs: (state, jnp.zeros(inputs.shape[:1]))
            return lax.map(
                lambda each: lax.cond(each[2], one, still, each[0], each[1]),
                (states, inputs_R, active_R),
            )
        after, losses_R = jax.vmap(one)(states, inputs_R)
        kept = lambda old, new: jnp.where(active_R.reshape(-1, *[1] * (new.ndim - 1)), new, old)
        return jax.tree.map(kept, states, after), losses_R

    return _spread(on_one_device, mesh, specs, BY_REPLICA)(*arguments)


def _spread(
    function: Callable, mesh: Mesh | None, specs: tuple, out_specs: PartitionSpec
) -> Callable:
    """`function` applied on each device to its own replicas and rows."""
    return (
        jax.shard_map(function, mesh=mesh, in_specs=specs, out_specs=out_specs, check_vma=False)
        if mesh
        else function
    )


@functools.partial(jax.jit, static_argnames=('architecture', 'targets', 'mesh'))
def _held_out_nats(params_R, data, rows_B, *, architecture, targets, mesh):
    """Each device's own sums over its rows, [R, devices of 'data'], so no device waits for
    another.
    """

    def on_one_device(params_R, data, rows_B):
        one = lambda params: held_out_nats(
            params, data, rows_B, architecture=architecture, targets=targets
        )
        if len(jax.tree.leaves(params_R)[0]) == 1:
            sums = jax.tree.map(
                lambda leaf: leaf[None], one(jax.tree.map(lambda leaf: leaf[0], params_R))
            )
        else:
            sums = lax.map(one, params_R)
        return jax.tree.map(lambda leaf_R: leaf_R[:, None], sums)

    return _spread(
        on_one_device,
        mesh,
        (BY_REPLICA, EVERYWHERE, PartitionSpec('data')),
        PartitionSpec('replica', 'data'),
    )(params_R, data, rows_B)


def held_out_losses(
    params_R: Params,
    data: Data,
    *,
    architecture: Architecture,
    targets: str,
    batch_size: int,
    mesh: Mesh | None = None,
) -> np.ndarray:
    """Each replica's loss over all windows of `data`, each counted once: nats per target [R]
    float64.
    """
    num = data.starts_N.shape[0]
    rows = np.full(-(-num // batch_size) * batch_size, -1, np.int32)
    rows[:num] = np.arange(num)
    batches = [
        place(rows_B, mesh, PartitionSpec('data')) for rows_B in rows.reshape(-1, batch_size)
    ]
    sums = [
        _held_out_nats(
            params_R, data, rows_B, architecture=architecture, targets=targets, mesh=mesh
        )
        for rows_B in batches
    ]
    nats_R, num_targets_R = np.array(fetch(sums), np.float64).sum(axis=(0, 3))
    return nats_R / num_targets_R
