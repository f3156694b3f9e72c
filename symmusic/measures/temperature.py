"""The temperature at which a model's predictions have the lowest loss, and its confidence. Pure
functions.

Sampling at the temperature at which real continuations are likeliest makes the drawn ones as varied
as the model can tell: below it they vary too little, above it too much (temperature scaling; Guo et
al., 2017). Letters: K predicted steps.
"""

import dataclasses
import functools

import numpy as np

GRID = np.round(np.arange(0.5, 2.01, 0.05), 2)
MARGIN = 0.001  # differences in nats per step that are negligible


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The loss and the entropy of predictions, all in nats per step.

    Attributes:
      temperature: the one nearest to 1 among those of the grid whose loss is within `MARGIN` of the
        lowest.
      at_best: the loss there.
      at_one: the loss at temperature 1.
      entropy: of the predictions at temperature 1; equal to the loss if they are calibrated.
      num_steps: K.
    """

    temperature: float
    at_best: float
    at_one: float
    entropy: float
    num_steps: int


def log_softmax(logits_KV: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """The logarithms [K, V] of the probabilities at a temperature."""
    logits_KV = np.asarray(logits_KV, np.float64) / temperature
    logits_KV = logits_KV - logits_KV.max(axis=1, keepdims=True)
    return logits_KV - np.log(np.exp(logits_KV).sum(axis=1, keepdims=True))


def cost(logits_KV: np.ndarray, labels_K: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """The nats [K] of labels at a temperature."""
    return -np.take_along_axis(log_softmax(logits_KV, temperature), labels_K[:, None], 1)[:, 0]


def entropy(logits_KV: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """The entropies [K] of predictions at a temperature, in nats."""
    logs_KV = log_softmax(logits_KV, temperature)
    return -(np.exp(logs_KV) * logs_KV).sum(axis=1)


def calibrate(logits_KV: np.ndarray, labels_K: np.ndarray) -> Calibration:
    """Finds the best temperature of `GRID` for K >= 1 predictions."""
    mean_cost = functools.cache(lambda index: cost(logits_KV, labels_K, GRID[index]).mean())
    best, last = 0, len(GRID) - 1
    while best < last:  # the loss is convex in 1 / temperature, so it has one minimum
        middle = (best + last) // 2
        best, last = (
            (best, middle) if mean_cost(middle) <= mean_cost(middle + 1) else (middle + 1, last)
        )
    lowest, one = mean_cost(best), int(np.argmin(np.abs(GRID - 1)))
    while best != one and mean_cost(nearer := best + int(np.sign(one - best))) <= lowest + MARGIN:
        best = nearer
    return Calibration(
        temperature=float(GRID[best]),
        at_best=float(mean_cost(best)),
        at_one=float(cost(logits_KV, labels_K).mean()),
        entropy=float(entropy(logits_KV).mean()),
        num_steps=len(labels_K),
    )
