"""The base rate: the loss of a model that always predicts the class frequencies of the training
targets.
"""

import numpy as np

from symmusic.corpus.windows import (
    Windows,
)


def target_counts(windows: Windows, num_classes: int, *, all_steps: bool) -> np.ndarray:
    """How often each class [V] is a target: at the last step of each window, or at all steps from
    its first target on.
    """
    counts = np.zeros(num_classes, np.int64)
    for begin in range(0, len(windows), 4096):
        rows = np.arange(begin, min(begin + 4096, len(windows)))
        tokens = windows.tokens(rows)[:, 1:]
        counted = np.arange(1, windows.num_steps) >= windows.first_targets[rows][:, None]
        targets = tokens[counted] if all_steps else tokens[:, -1]
        # a blank, one past the last class, is not a target
        counts += np.bincount(targets, minlength=num_classes + 1)[:num_classes]
    return counts


def base_rate(train_counts: np.ndarray, counts: np.ndarray) -> float:
    """Nats per target of the constant answer: the class frequencies of the training targets (plus
    one each), measured on `counts`.
    """
    frequencies = (train_counts + 1) / (train_counts + 1).sum()
    return float(-(counts * np.log(frequencies)).sum() / counts.sum())
