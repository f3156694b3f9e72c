"""A program of `test_devices`: on eight devices of the CPU (JAX_NUM_CPU_DEVICES), replicas and batches split as the mesh allows."""

import sys

import jax
import numpy as np

from symmusic.train import loop
from symmusic.train.checkpoint import Card, Checkpoints
from symmusic.train.devices import BY_REPLICA, BY_ROW, make_mesh, place
from symmusic.train.replicas import end_epoch_replicas, held_out_losses, init_replicas, update_replicas
from tests.train.toy import ARCHITECTURE, RECIPE, VOCABULARY, make_windows

BATCH_SIZE, NUM_UPDATES = 32, 4


def train(num_replicas: int, num_devices: int, workdir=None):
    """Four updates and an epoch's end, the last replica of several not active: `(losses, held-out losses, parameters, mesh)`."""
    mesh = make_mesh(num_replicas, BATCH_SIZE, jax.devices()[:num_devices])
    data = loop.put(make_windows(40, 0), mesh)
    states = place(init_replicas(loop.initial_keys(5, num_replicas), ARCHITECTURE, RECIPE), mesh, BY_REPLICA)
    active_R = place(np.arange(num_replicas) < max(1, num_replicas - 1), mesh, BY_REPLICA)
    rng, losses = np.random.default_rng(1), []
    for _ in range(NUM_UPDATES):
        rows_RB = rng.integers(0, 40, (num_replicas, BATCH_SIZE), np.int32)
        states, loss_R = update_replicas(
            states, data, place(rows_RB, mesh, BY_ROW), active_R, architecture=ARCHITECTURE, recipe=RECIPE, mesh=mesh
        )
        losses.append(np.asarray(loss_R))
    how = {'architecture': ARCHITECTURE, 'targets': RECIPE.targets, 'batch_size': BATCH_SIZE, 'mesh': mesh}
    held_out_R = held_out_losses(states.average_params, data, **how)
    states = end_epoch_replicas(states, place(held_out_R.astype(np.float32), mesh, BY_REPLICA), active_R, recipe=RECIPE, mesh=mesh)
    if workdir:
        Checkpoints(workdir).save(states, Card(ARCHITECTURE, RECIPE, VOCABULARY, {}, {}, num_replicas=num_replicas))
    return np.array(losses), held_out_R, jax.device_get((states.params, states.best_params)), mesh


SPLITS = {(2, 8): (2, 4), (1, 2): (1, 2), (1, 8): (1, 4), (3, 8): (1, 4), (2, 2): (2, 1), (8, 2): (2, 1), (8, 8): (8, 1)}


def main(workdir: str, num_splits: int) -> None:
    """Prints a line for each (replicas, devices) that agrees with one device; a checkpoint of several is read by one."""
    for (num_replicas, num_devices), shape in list(SPLITS.items())[:num_splits]:
        folder = f'{workdir}/{num_replicas}-{num_devices}'
        *several, mesh = train(num_replicas, num_devices, folder)
        assert mesh.devices.shape == shape, (num_replicas, num_devices, mesh.devices.shape)
        expected = train(num_replicas, 1)[:3]
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-5), tuple(several), expected)
        states, _ = Checkpoints(folder).restore()
        jax.tree.map(np.testing.assert_array_equal, jax.device_get((states.params, states.best_params)), several[2])
        print(num_replicas, 'replicas on', num_devices, 'devices agree')


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]))
