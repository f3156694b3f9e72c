"""Where a run's replicas and batches lie: a mesh of devices with the axes 'replica' and 'data'.

The state is split over 'replica' and repeated along 'data', a batch is split over both, and the
windows are on every device. On a CPU XLA runs a loop over time on one core, so each core is made a
device of its own. Of several processes, on one host or many, each prepares the same data and
computes for its own devices; the first one alone writes files and speaks.
"""

import ctypes
import math
import os
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from symmusic.errors import UserError

MIN_ROWS = 8  # of a batch on a device: the products of fewer take hardly less time

BY_REPLICA = PartitionSpec('replica')
BY_ROW = PartitionSpec('replica', None, 'data')  # of the batches of several updates
BY_PIECE = PartitionSpec('data')  # of what is drawn from one replica
EVERYWHERE = PartitionSpec()


PROCESSES = 'SYMMUSIC_PROCESSES'


def join_processes(described: str) -> None:
    """Makes this process one of several: 'INDEX/COUNT@HOST:PORT', where the first one is reached,
    or 'auto' under Slurm, Kubernetes, Open MPI or on a TPU slice, which tell themselves. '' is one
    process alone. To be called before JAX is used, after `claim_cores`.

    Raises:
      UserError: the description is none of these, or the others are not there.
    """
    if not described:
        return
    found = re.fullmatch(r'(\d+)/(\d+)@([^@\s]+:\d+)', described)
    if described != 'auto' and not (found and int(found[1]) < int(found[2])):
        raise UserError(
            f'{PROCESSES} = {described!r}: must be INDEX/COUNT@HOST:PORT with INDEX < COUNT, as'
            " 0/2@localhost:1234, or 'auto'"
        )
    explicit = (
        {
            'coordinator_address': found[3],
            'num_processes': int(found[2]),
            'process_id': int(found[1]),
        }
        if found
        else {}
    )
    try:
        jax.distributed.initialize(**explicit)
    except (RuntimeError, ValueError) as error:
        raise UserError(f'{PROCESSES} = {described!r}: {str(error).splitlines()[0]}') from error
    if explicit.get('process_id', 0) or jax.process_index():
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the first process speaks


def claim_cores(num_devices: int, *, deterministic: bool = False) -> None:
    """Makes the CPU `num_devices` devices, one per core if 0, and with `deterministic` XLA take
    only operations for GPUs that give the same bits each time; to be called before JAX is used, and
    of no effect afterwards.

    Also keeps freed memory with the process: every update asks for the same large arrays again, and
    fresh pages cost up to half of it.
    """
    if num_devices == 0:
        num_devices = (
            len(os.sched_getaffinity(0))
            if hasattr(os, 'sched_getaffinity')
            else os.cpu_count() or 1
        )
    try:
        jax.config.update('jax_num_cpu_devices', num_devices)
    except RuntimeError:  # JAX is in use, with the devices it has
        return
    if deterministic:  # read when the first device is asked for
        os.environ['XLA_FLAGS'] = (
            f'{os.environ.get("XLA_FLAGS", "")} --xla_gpu_deterministic_ops=true'.strip()
        )
    if sys.platform == 'linux' and hasattr(libc := ctypes.CDLL(None), 'mallopt'):
        trim_threshold, mmap_max, arena_max = -1, -4, -8  # of glibc's malloc.h
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        # the other arenas, of one thread each, give memory back in spite of the threshold
        libc.mallopt(arena_max, 1)


def make_mesh(num_replicas: int, batch_size: int, devices: list[jax.Device] | None = None) -> Mesh:
    """A mesh over as many of the devices (default: all) as the replicas and then the rows of a
    batch divide into evenly.
    """
    devices = jax.devices() if devices is None else devices
    by_replica = math.gcd(num_replicas, len(devices))
    most = max(1, min(len(devices) // by_replica, batch_size // MIN_ROWS))
    by_row = max(count for count in range(1, most + 1) if batch_size % count == 0)
    return Mesh(
        np.array(devices[: by_replica * by_row]).reshape(by_replica, by_row), ('replica', 'data')
    )


def place(tree, mesh: Mesh | None, spec: PartitionSpec):
    """The arrays of a tree on the mesh, on the first device if None. Every process of the mesh
    calls this with the same arrays.
    """
    if mesh is None:
        return jax.device_put(tree)
    sharding = NamedSharding(mesh, spec)
    if jax.process_count() == 1:
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda array: _place_own_part(array, sharding), tree)


def _place_own_part(array, sharding):
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_place_own_part(jax.random.key_data(array), sharding))
    array = np.asarray(array)
    return jax.make_array_from_callback(array.shape, sharding, lambda part: array[part])


def fetch(tree):
    """The arrays of a tree on the host, also where other processes hold parts of them: then every
    process calls this.
    """
    if jax.process_count() == 1:
        return jax.device_get(tree)
    return jax.tree.map(_fetch_all_parts, tree)


def _fetch_all_parts(array):
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_fetch_all_parts(jax.random.key_data(array)))
    return multihost_utils.process_allgather(array, tiled=True)


def any_process(flags: list[bool]) -> list[bool]:
    """Each flag, true where any process says so; every process calls this."""
    return (
        flags
        if jax.process_count() == 1
        else multihost_utils.process_allgather(np.array(flags)).any(axis=0).tolist()
    )
