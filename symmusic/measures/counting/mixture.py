"""Log-linear mixture of K predictions (Mahoney, 2005, "Adaptive weighing of context models for
lossless data compression"; here with fixed weights and many classes):

    p(w) ~ prod_k p_k(w) ^ weight_k

The weight of a prediction depends on how often its context was counted and on how long the melody
has agreed with what came before. Fitting the weights is a convex problem.
"""

import dataclasses

import numpy as np
import scipy.optimize

from symmusic.measures.counting.contexts import NUM_AGREEMENTS

COUNT_LIMITS = (1, 2, 4, 16, 64)  # between the classes of how often a context was counted
NUM_COUNTS = len(COUNT_LIMITS) + 1
START = 1.5  # sum of the initial weights, towards which the penalty draws the fit
PENALTY = 6.0  # penalty in nats for weights at a distance of 1 from the initial ones
MOST_ITERATIONS = 500
CHUNK = 512  # steps at once, so that they fit in a processor's cache


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
        return _mixed(self.weights(predictions), predictions.logs_LKV)


def _mixed(weights_LK: np.ndarray, logs_LKV: np.ndarray) -> np.ndarray:
    logs_LV = np.matmul(weights_LK[:, None], logs_LKV)[:, 0]
    logs_LV -= logs_LV.max(axis=1, keepdims=True)
    return logs_LV - np.log(np.exp(logs_LV).sum(axis=1, keepdims=True))


def count_class(totals: np.ndarray) -> np.ndarray:
    """The class of how often a context was counted."""
    return np.searchsorted(COUNT_LIMITS, totals, side='right').astype(np.uint8)


def fit_mixture(predictions: Predictions, labels_L: np.ndarray) -> Mixture:
    """The weights that minimise the mean loss of the labels plus the penalty."""
    num_models = predictions.logs_LKV.shape[1]
    cut, num_agreements = NUM_COUNTS * num_models, predictions.agreements_LA.shape[1]
    shapes = (NUM_COUNTS, num_models), (num_agreements, NUM_AGREEMENTS, num_models)

    def unpack(flat: np.ndarray) -> Mixture:
        return Mixture(flat[:cut].reshape(shapes[0]), flat[cut:].reshape(shapes[1]))

    start = np.concatenate([np.full(cut, START / num_models), np.zeros(np.prod(shapes[1]))])

    chunks = [
        Chunk.of(predictions.rows(rows), labels_L[rows])
        for rows in (slice(begin, begin + CHUNK) for begin in range(0, len(labels_L), CHUNK))
    ]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        mixture, away = unpack(flat), flat - start
        loss, by_count, by_agreement = PENALTY * (away**2).sum(), 0, 0
        for chunk in chunks:
            found = chunk.slopes(mixture)
            loss, by_count = loss + found[0], by_count + found[1]
            by_agreement = by_agreement + found[2]
        slope = np.concatenate([by_count.ravel(), by_agreement.ravel()]) + 2 * PENALTY * away
        return loss / len(labels_L), slope / len(labels_L)

    # fitted so closely that rounding, which depends on the order of the steps, hardly changes a
    # prediction
    options = {'maxiter': MOST_ITERATIONS, 'maxcor': 30, 'ftol': 1e-9, 'gtol': 1e-6}
    fitted = scipy.optimize.minimize(objective, start, jac=True, method='L-BFGS-B', options=options)
    return unpack(fitted.x)


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some of the steps that a mixture is fitted on.

    Attributes:
      logs_LKV: as in `Predictions`.
      labels_L: what followed.
      places_LK: the place of each weight's part in `Mixture.by_count`.
      marks_LP: 1 at the row of each agreement in `Mixture.by_agreement`, whose first two axes are
        joined, else 0: sums over steps are then products of matrices.
    """

    logs_LKV: np.ndarray
    labels_L: np.ndarray
    places_LK: np.ndarray
    marks_LP: np.ndarray

    @classmethod
    def of(cls, predictions: Predictions, labels_L: np.ndarray) -> 'Chunk':
        """The chunk of L steps with their predictions, which the classes `labels_L` followed."""
        num_models = predictions.logs_LKV.shape[1]
        places_LK = predictions.counted_LK.astype(np.int64) * num_models + np.arange(num_models)
        marks_LAC = predictions.agreements_LA[:, :, None] == np.arange(NUM_AGREEMENTS)
        marks_LP = marks_LAC.reshape(len(labels_L), -1).astype(float)
        return cls(predictions.logs_LKV, labels_L, places_LK, marks_LP)

    def slopes(self, mixture: Mixture) -> tuple[float, np.ndarray, np.ndarray]:
        """The loss in nats, and its derivatives by the parts of the weights."""
        steps, shape = np.arange(len(self.labels_L)), mixture.by_agreement.shape
        weights_LK = mixture.by_count.ravel()[self.places_LK]
        weights_LK += self.marks_LP @ mixture.by_agreement.reshape(-1, shape[2])
        mixed_LV = _mixed(weights_LK.astype(np.float32), self.logs_LKV)
        excess_LV = np.exp(mixed_LV)
        excess_LV[steps, self.labels_L] -= 1
        slopes_LK = np.matmul(self.logs_LKV, excess_LV[:, :, None])[:, :, 0].astype(np.float64)
        size = mixture.by_count.size
        by_count = np.bincount(self.places_LK.ravel(), slopes_LK.ravel(), size)
        loss = -float(mixed_LV[steps, self.labels_L].sum(dtype=np.float64))
        return (
            loss,
            by_count.reshape(mixture.by_count.shape),
            (self.marks_LP.T @ slopes_LK).reshape(shape),
        )
