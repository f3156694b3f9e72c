"""A program of `test_devices`: on eight devices of the CPU (JAX_NUM_CPU_DEVICES), replicas and
batches split as the mesh allows.
"""

import re
import sys

import jax
import numpy as np

from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Rule, sample
from symmusic.model.model import init_params
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.data import put
from symmusic.training.devices import BY_PIECE, BY_REPLICA, BY_ROW, EVERYWHERE, make_mesh, place
from symmusic.training.replicas import (
    end_epoch_replicas,
    held_out_losses,
    init_replicas,
    initial_keys,
    update_replicas,
)
from tests.training.toy import ARCHITECTURE, RECIPE, VOCABULARY, make_windows

BATCH_SIZE, NUM_UPDATES = 32, 4


def train(num_replicas: int, num_devices: int, workdir=None):
    """Four updates and the end of an epoch, with the last of several replicas inactive: `(losses,
    held-out losses, parameters, mesh)`.
    """
    mesh = make_mesh(num_replicas, BATCH_SIZE, jax.devices()[:num_devices])
    data = put(make_windows(40, 0), mesh)
    states = place(
        init_replicas(initial_keys(5, num_replicas), ARCHITECTURE, RECIPE), mesh, BY_REPLICA
    )
    active_R = place(np.arange(num_replicas) < max(1, num_replicas - 1), mesh, BY_REPLICA)
    rng, losses = np.random.default_rng(1), []
    for _ in range(NUM_UPDATES // 2):
        rows_RUB = rng.integers(0, 40, (num_replicas, 2, BATCH_SIZE), np.int32)
        states, losses_RU = update_replicas(
            states,
            data,
            place(rows_RUB, mesh, BY_ROW),
            active_R,
            architecture=ARCHITECTURE,
            recipe=RECIPE,
            mesh=mesh,
        )
        losses.append(np.asarray(losses_RU))
    how = {
        'architecture': ARCHITECTURE,
        'targets': RECIPE.targets,
        'batch_size': BATCH_SIZE,
        'mesh': mesh,
    }
    held_out_R = held_out_losses(states.average_params, data, **how)
    states = end_epoch_replicas(
        states,
        place(held_out_R.astype(np.float32), mesh, BY_REPLICA),
        active_R,
        recipe=RECIPE,
        mesh=mesh,
    )
    if workdir:
        Checkpoints(workdir).save(
            states, Card(ARCHITECTURE, RECIPE, VOCABULARY, {}, {}, num_replicas=num_replicas)
        )
    return np.array(losses), held_out_R, jax.device_get((states.params, states.best_params)), mesh


SPLITS = {
    (2, 8): (2, 4),
    (1, 2): (1, 2),
    (1, 8): (1, 4),
    (3, 8): (1, 4),
    (2, 2): (2, 1),
    (8, 2): (2, 1),
    (8, 8): (8, 1),
}


def main(workdir: str, num_splits: int) -> None:
    """Prints a line for each (replicas, devices) that agrees with one device; a checkpoint of
    several is read by one.
    """
    for (num_replicas, num_devices), shape in list(SPLITS.items())[:num_splits]:
        folder = f'{workdir}/{num_replicas}-{num_devices}'
        *several, mesh = train(num_replicas, num_devices, folder)
        assert mesh.devices.shape == shape, (num_replicas, num_devices, mesh.devices.shape)
        expected = train(num_replicas, 1)[:3]
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-5),
            tuple(several),
            expected,
        )
        states, _ = Checkpoints(folder).restore()
        jax.tree.map(
            np.testing.assert_array_equal,
            jax.device_get((states.params, states.best_params)),
            several[2],
        )
        print(num_replicas, 'replicas on', num_devices, 'devices agree')


def draw_pieces() -> None:
    """Pieces drawn on all devices are those of one, and no device waits for another."""
    params = init_params(jax.random.key(3), ARCHITECTURE)
    prompt_BT = np.random.default_rng(3).integers(0, ARCHITECTURE.num_classes, (64, 9))
    drawn = []
    for devices in (jax.devices()[:1], jax.devices()):
        mesh = make_mesh(1, len(prompt_BT), devices)
        keys_B = jax.random.split(jax.random.key(4), len(prompt_BT))
        pieces = place((prompt_BT, prompt_BT % 16, keys_B), mesh, BY_PIECE)
        reader = make_reader(place(params, mesh, EVERYWHERE), ARCHITECTURE, 6, memory_steps=8)
        compiled = sample.lower(reader, *pieces, Rule(), num_steps=6).compile()
        assert not re.search('all-gather|all-reduce|all-to-all|collective', compiled.as_text())
        drawn.append(sample(reader, *pieces, Rule(), num_steps=6))
        assert len(drawn[-1].tokens_BN.sharding.device_set) == len(devices)
    np.testing.assert_array_equal(*(each.tokens_BN for each in drawn))
    print('pieces are alike')


if __name__ == '__main__':
    draw_pieces()
    main(sys.argv[1], int(sys.argv[2]))
