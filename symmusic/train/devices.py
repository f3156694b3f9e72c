"""Where a run's replicas and batches lie: a mesh of devices with the axes 'replica' and 'data'.

The state is split over 'replica' and repeated along 'data', a batch is split over both, and the windows are on every device. On a CPU XLA
runs a loop over time on one core, so each core is made a device of its own.
"""

import ctypes
import math
import os
import sys

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

MIN_ROWS = 8  # of a batch on a device: the products of fewer take hardly less time

BY_REPLICA = PartitionSpec('replica')
BY_ROW = PartitionSpec('replica', 'data')
BY_PIECE = PartitionSpec('data')  # of what is drawn from one replica
EVERYWHERE = PartitionSpec()


def claim_cores(num_devices: int) -> None:
    """Makes the CPU `num_devices` devices, one per core if 0; to be called before JAX is used, and of no effect afterwards.

    Also keeps freed memory with the process: every update asks for the same large arrays again, and fresh pages cost up to half of it.
    """
    if num_devices == 0:
        num_devices = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    try:
        jax.config.update('jax_num_cpu_devices', num_devices)
    except RuntimeError:  # JAX is in use, with the devices it has
        return
    if sys.platform == 'linux' and hasattr(libc := ctypes.CDLL(None), 'mallopt'):
        trim_threshold, mmap_max, arena_max = -1, -4, -8  # of glibc's malloc.h
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(arena_max, 1)  # the other arenas, of one thread each, give memory back in spite of the threshold


def make_mesh(num_replicas: int, batch_size: int, devices: list[jax.Device] | None = None) -> Mesh:
    """A mesh over as many of the devices (default: all) as the replicas and then the rows of a batch divide into evenly."""
    devices = jax.devices() if devices is None else devices
    by_replica = math.gcd(num_replicas, len(devices))
    most = max(1, min(len(devices) // by_replica, batch_size // MIN_ROWS))
    by_row = max(count for count in range(1, most + 1) if batch_size % count == 0)
    return Mesh(np.array(devices[: by_replica * by_row]).reshape(by_replica, by_row), ('replica', 'data'))


def place(tree, mesh: Mesh | None, spec: PartitionSpec):
    """The arrays of a tree on the mesh, on the first device if None."""
    return jax.device_put(tree, NamedSharding(mesh, spec) if mesh else None)
