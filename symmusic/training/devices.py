"""Where a run's replicas and batches are placed: a mesh of devices with the axes 'replica' and
'data'.

The state is sharded over 'replica' and replicated along 'data', a batch is sharded over both, and
the windows are on every device. On a CPU XLA runs a loop over time on one core, so each core is
made a device of its own. With several processes, on one host or many, each prepares the same data
and computes on its own devices; only the first one writes files and prints.
"""

import ctypes
import math
import os
import re
import sys
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from symmusic.errors import UserError

MIN_ROWS = 8  # least rows of a batch per device: fewer rows take hardly less time

BY_REPLICA = PartitionSpec('replica')
BY_ROW = PartitionSpec('replica', None, 'data')  # sharding of the batches of several updates
BY_PIECE = PartitionSpec('data')  # sharding of what is drawn from one replica
EVERYWHERE = PartitionSpec()

Tree = TypeVar('Tree')  # a pytree of arrays
PROCESSES = 'SYMMUSIC_PROCESSES'


def join_processes(described: str) -> None:
    """Makes this process one of several. Call it before JAX is used and after `claim_cores`.

    Args:
      described: 'INDEX/COUNT@HOST:PORT', the address of the first process; or 'auto' under Slurm,
        Kubernetes, Open MPI or on a TPU slice, where it is detected; or '' for a single process.

    Raises:
      UserError: the description is none of these, or the other processes cannot be reached.
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the first process prints


def claim_cores(num_devices: int, *, deterministic: bool = False) -> None:
    """Divides the CPU into `num_devices` devices, one per core if 0. Call it before JAX is used; it
    has no effect afterwards.

    With `deterministic`, XLA uses only GPU operations that give the same bits every time.

    Also keeps freed memory in the process: every update allocates the same large arrays again, and
    fresh pages can cost half of its time.
    """
    if num_devices == 0:
        num_devices = (
            len(os.sched_getaffinity(0))
            if hasattr(os, 'sched_getaffinity')
            else os.cpu_count() or 1
        )
    try:
        jax.config.update('jax_num_cpu_devices', num_devices)
    except RuntimeError:  # JAX is in use already and keeps its devices
        return
    if deterministic:  # XLA reads this when the first device is requested
        os.environ['XLA_FLAGS'] = (
            f'{os.environ.get("XLA_FLAGS", "")} --xla_gpu_deterministic_ops=true'.strip()
        )
    if sys.platform == 'linux' and hasattr(libc := ctypes.CDLL(None), 'mallopt'):
        trim_threshold, mmap_max, arena_max = -1, -4, -8  # from glibc's malloc.h
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        # other arenas, one per thread, return memory to the system in spite of the threshold
        libc.mallopt(arena_max, 1)


def make_mesh(
    num_replicas: int, batch_size: int, devices: list[jax.Device] | None = None, group: int = 1
) -> Mesh:
    """A mesh over as many devices (default: all) as the work divides into evenly: first the
    replicas, then the rows of a batch, in groups that stay together.
    """
    devices = jax.devices() if devices is None else devices
    by_replica = math.gcd(num_replicas, len(devices))
    most = max(1, min(len(devices) // by_replica, batch_size // MIN_ROWS))
    by_row = max(count for count in range(1, most + 1) if batch_size % (count * group) == 0)
    return Mesh(
        np.array(devices[: by_replica * by_row]).reshape(by_replica, by_row), ('replica', 'data')
    )


def place(tree: Tree, mesh: Mesh | None, spec: PartitionSpec) -> Tree:
    """The arrays of a tree placed on the mesh, or on the first device if it is None. Every process
    of the mesh calls this with the same arrays.
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


def fetch(tree: Tree) -> Tree:
    """The arrays of a tree copied to the host. If other processes hold parts of them, every process
    calls this.
    """
    if jax.process_count() == 1:
        return jax.device_get(tree)
    return jax.tree.map(_fetch_all_parts, tree)


def _fetch_all_parts(array):
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_fetch_all_parts(jax.random.key_data(array)))
    return multihost_utils.process_allgather(array, tiled=True)


def any_process(flags: list[bool]) -> list[bool]:
    """Each flag, true if it is true in any process; every process calls this."""
    return (
        flags
        if jax.process_count() == 1
        else multihost_utils.process_allgather(np.array(flags)).any(axis=0).tolist()
    )
