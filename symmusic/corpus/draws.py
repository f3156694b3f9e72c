"""Windows drawn at random: some of them, shares of several styles, and the split by window."""

from collections.abc import Sequence

import numpy as np

from symmusic.corpus.windows import Windows
from symmusic.streams import SplitStream, split_generator


def draw_windows(windows: Windows, num: int, seed: int) -> Windows:
    """At most `num` of the windows (0: all of them), drawn by `seed`, in their order."""
    if not 0 < num < len(windows):
        return windows
    rng = split_generator(seed, SplitStream.SHARES)
    return windows.select(np.sort(rng.choice(len(windows), num, replace=False)))


def split_windows(windows: Windows, seed: int) -> tuple[Windows, Windows]:
    """Training and validation windows, 80/20 (a fifth is rounded up), drawn by `seed`, each part in
    the windows' order.
    """
    order = split_generator(seed, SplitStream.WINDOWS).permutation(len(windows))
    num_validation = -(-len(windows) // 5)
    validation, train = np.split(order, [num_validation])
    return windows.select(np.sort(train)), windows.select(np.sort(validation))


def draw_shares(windows: Sequence[Windows], max_num: int, seed: int) -> list[Windows]:
    """Equally many windows of each style, drawn by `seed`: as many as the smallest style has, at
    most `max_num` in total (0: no limit).
    """
    num = min(map(len, windows))
    if max_num:
        num = min(num, max(max_num // len(windows), 1))
    return [draw_windows(each, num, seed) for each in windows]
