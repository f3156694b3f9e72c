"""The order of batches."""

import numpy as np

from symmusic.streams import Stream, generator


def batch_rows(num_windows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """The batches of one epoch: rows [num_batches, batch_size] int32, each window once in random
    order, filled up with -1.

    Depends only on its arguments, so that a resumed run continues in the same order.
    """
    order = generator(seed, Stream.BATCH_ORDER, epoch).permutation(num_windows).astype(np.int32)
    rows = np.full(-(-num_windows // batch_size) * batch_size, -1, np.int32)
    rows[:num_windows] = order
    return rows.reshape(-1, batch_size)
