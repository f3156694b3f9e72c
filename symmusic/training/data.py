"""Windows on the devices, and the batches that are drawn from them."""

import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from symmusic.corpus.batches import batch_rows
from symmusic.corpus.windows import Windows
from symmusic.training.batch import Data
from symmusic.training.devices import EVERYWHERE, place


def put(windows: Windows, mesh: Mesh | None = None) -> Data:
    """Copies windows to every device of the mesh, or to the first device if the mesh is None."""
    arrays = (
        windows.stream,
        windows.starts,
        windows.positions,
        windows.num_padding,
        windows.first_targets,
    )
    data = Data(
        *map(jnp.asarray, arrays),
        num_steps=windows.num_steps,
        bars=windows.bars,
        left_L2=None if windows.left is None else jnp.asarray(windows.left),
    )
    return place(data, mesh, EVERYWHERE)


def draw_batches(num_windows: int, batch_size: int, seed: int, epochs_R: np.ndarray) -> np.ndarray:
    """The rows [R, num_batches, B] of an epoch, each replica's in the order of its own seed and
    epoch.
    """
    orders = [
        batch_rows(num_windows, batch_size, seed + replica, int(epoch))
        for replica, epoch in enumerate(epochs_R)
    ]
    return np.stack(orders)
