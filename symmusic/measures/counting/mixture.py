"""Log-linear mixture of K predictions (Mahoney, 2005, "Adaptive weighing of context models for
lossless data compression"; here with fixed weights and many classes):

    p(w) ~ prod_k p_k(w) ^ weight_k

The weight of a prediction depends on how often its context was counted and on how long the melody
has agreed with what came before. `fitting` fits the weights.
"""

import dataclasses

import numpy as np

COUNT_LIMITS = (1, 2, 4, 16, 64)  # between the classes of how often a context was counted
NUM_COUNTS = len(COUNT_LIMITS) + 1


@dataclasses.dataclass(frozen=True)
class Predictions:
    """What K models predict at L steps.

    Attributes:
      logs_LKV: float32 log probabilities of each class.
      counted_LK: how often each model's context was counted, as a class from 0 to NUM_COUNTS - 1.
      agreements_LA: each of `contexts.AGREEMENTS`, 0 to NUM_AGREEMENTS - 1.
    """

    logs_LKV: np.ndarray
    counted_LK: np.ndarray
    agreements_LA: np.ndarray

    def __len__(self) -> int:
        return len(self.logs_LKV)

    def rows(self, rows: slice) -> 'Predictions':
        """The predictions at some of the steps."""
        return Predictions(self.logs_LKV[rows], self.counted_LK[rows], self.agreements_LA[rows])

    def beside(self, logs_LV: np.ndarray) -> 'Predictions':
        """The predictions with those of one more model, which has no counts."""
        return Predictions(
            np.concatenate([self.logs_LKV, logs_LV[:, None]], axis=1),
            np.pad(self.counted_LK, ((0, 0), (0, 1))),
            self.agreements_LA,
        )


@dataclasses.dataclass(frozen=True)
class Mixture:
    """The parts whose sum is a weight: by how often the context was counted, [NUM_COUNTS, K], and
    by each agreement, [A, NUM_AGREEMENTS, K].
    """

    by_count: np.ndarray
    by_agreement: np.ndarray

    def weights(self, predictions: Predictions) -> np.ndarray:
        """The weights [L, K] float32."""
        num_models = self.by_count.shape[1]
        weights_LK = self.by_count[predictions.counted_LK, np.arange(num_models)]
        for parts, agreement_L in zip(self.by_agreement, predictions.agreements_LA.T, strict=True):
            weights_LK = weights_LK + parts[agreement_L]
        return weights_LK.astype(np.float32)

    def mix(self, predictions: Predictions) -> np.ndarray:
        """The log probabilities [L, V] float32 of the mixture."""
        return mix_logs(self.weights(predictions), predictions.logs_LKV)


def mix_logs(weights_LK: np.ndarray, logs_LKV: np.ndarray) -> np.ndarray:
    """The log probabilities [L, V] of K models mixed with these weights."""
    logs_LV = np.matmul(weights_LK[:, None], logs_LKV)[:, 0]
    logs_LV -= logs_LV.max(axis=1, keepdims=True)
    return logs_LV - np.log(np.exp(logs_LV).sum(axis=1, keepdims=True))


def count_class(totals: np.ndarray) -> np.ndarray:
    """The class of how often a context was counted."""
    return np.searchsorted(COUNT_LIMITS, totals, side='right').astype(np.uint8)
