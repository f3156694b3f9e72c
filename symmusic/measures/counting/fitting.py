"""Fits the weights of a mixture: a convex problem of about a thousand variables, which L-BFGS alone
solves in hundreds of iterations. Here a share of the steps gives a first solution and the curvature
there. With variables rescaled by the curvature, all steps need about twenty iterations more.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.linalg
import scipy.optimize

from symmusic.measures.counting.contexts import NUM_AGREEMENTS
from symmusic.measures.counting.mixture import NUM_COUNTS, Mixture, Predictions, mix_logs

SUM = 1.5  # of the initial weights, towards which the penalty draws the fit
PENALTY = 6.0  # penalty in nats for weights at a distance of 1 from the initial ones
EVERY, LEAST = 4, 4000  # every fourth step gives the first solution, or more if these are too few
FIRST_ITERATIONS, MOST_ITERATIONS = 60, 500
CHUNK = 512  # steps at once, so that they fit in a processor's cache


def fit_mixture(predictions: Predictions, labels_L: np.ndarray) -> Mixture:
    """The weights that minimise the mean loss of the labels plus the penalty."""
    num_models, num_agreements = predictions.logs_LKV.shape[1], predictions.agreements_LA.shape[1]
    num_parts = NUM_COUNTS + num_agreements * NUM_AGREEMENTS
    start = np.zeros((num_parts, num_models))
    start[:NUM_COUNTS] = SUM / num_models
    start = start.ravel()
    every = min(EVERY, max(len(labels_L) // LEAST, 1))
    few = Problem.of(predictions.rows(slice(None, None, every)), labels_L[::every], start, every)
    near = few.minimise(start, np.eye(len(start)), FIRST_ITERATIONS)
    factor = np.linalg.cholesky(few.curvature(near))
    scale = scipy.linalg.solve_triangular(factor, np.eye(len(start)), lower=True, trans='T')
    whole = Problem.of(predictions, labels_L, start)
    return whole.unpack(whole.minimise(near, scale, MOST_ITERATIONS))


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """The loss of a mixture in nats plus the penalty, as a function of its P parts for each of K
    models, flattened.

    Attributes:
      chunks: the steps.
      start: where the penalty is 0, [P * K].
      share: what a step counts, so that the penalty weighs the same for some of the steps as for
        all.
    """

    chunks: Sequence['Chunk']
    start: np.ndarray
    share: float

    @classmethod
    def of(
        cls, predictions: Predictions, labels_L: np.ndarray, start: np.ndarray, share: float = 1.0
    ) -> 'Problem':
        """The problem of L steps with their predictions, which the classes `labels_L` followed."""
        places = [slice(first, first + CHUNK) for first in range(0, len(labels_L), CHUNK)]
        chunks = [Chunk.of(predictions.rows(rows), labels_L[rows]) for rows in places]
        return cls(chunks, start, share)

    def unpack(self, flat: np.ndarray) -> Mixture:
        """The mixture of flattened parts."""
        parts_PK = flat.reshape(-1, self.chunks[0].logs_LKV.shape[1])
        by_agreement = parts_PK[NUM_COUNTS:].reshape(-1, NUM_AGREEMENTS, parts_PK.shape[1])
        return Mixture(parts_PK[:NUM_COUNTS], by_agreement)

    def slopes(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """The value and its derivatives."""
        mixture, away = self.unpack(flat), flat - self.start
        loss, slopes = PENALTY * (away**2).sum(), 2 * PENALTY * away
        for chunk in self.chunks:
            nats, own_PK = chunk.slopes(mixture)
            loss, slopes = loss + self.share * nats, slopes + self.share * own_PK.ravel()
        return loss, slopes

    def curvature(self, flat: np.ndarray) -> np.ndarray:
        """The second derivatives [P * K, P * K]."""
        mixture, size = self.unpack(flat), len(flat)
        found = sum(chunk.curvature(mixture) for chunk in self.chunks)
        return self.share * found.reshape(size, size) + 2 * PENALTY * np.eye(size)

    def minimise(self, first: np.ndarray, scale: np.ndarray, most: int) -> np.ndarray:
        """The parts where the value is least, found from `first` in at most `most` iterations of
        L-BFGS on variables z with parts = first + scale @ z.
        """
        num_steps = self.share * sum(len(chunk.labels_L) for chunk in self.chunks)

        def mean(variables: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slopes = self.slopes(first + scale @ variables)
            return loss / num_steps, scale.T @ slopes / num_steps

        # fitted so closely that rounding, which depends on the order of the steps, hardly changes a
        # prediction
        options = {'maxiter': most, 'maxcor': 30, 'ftol': 1e-10, 'gtol': 1e-9}
        found = scipy.optimize.minimize(
            mean, np.zeros(len(first)), jac=True, method='L-BFGS-B', options=options
        )
        return first + scale @ found.x


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some of the steps that a mixture is fitted on.

    Attributes:
      logs_LKV: as in `Predictions`.
      labels_L: what followed.
      counted_LK: as in `Predictions`.
      marks_LM: 1 at the row of each agreement in `Mixture.by_agreement`, whose first two axes are
        joined, else 0: sums over steps are then products of matrices.
    """

    logs_LKV: np.ndarray
    labels_L: np.ndarray
    counted_LK: np.ndarray
    marks_LM: np.ndarray

    @classmethod
    def of(cls, predictions: Predictions, labels_L: np.ndarray) -> 'Chunk':
        """The chunk of L steps with their predictions, which the classes `labels_L` followed."""
        marks_LAC = predictions.agreements_LA[:, :, None] == np.arange(NUM_AGREEMENTS)
        marks_LM = marks_LAC.reshape(len(labels_L), -1).astype(float)
        return cls(predictions.logs_LKV, labels_L, predictions.counted_LK.astype(int), marks_LM)

    def slopes(self, mixture: Mixture) -> tuple[float, np.ndarray]:
        """The loss in nats, and its derivatives by the parts of the weights, [P, K]."""
        steps, num_models = np.arange(len(self.labels_L)), self.logs_LKV.shape[1]
        mixed_LV = self._mixed(mixture)
        excess_LV = np.exp(mixed_LV)
        excess_LV[steps, self.labels_L] -= 1
        slopes_LK = np.matmul(self.logs_LKV, excess_LV[:, :, None])[:, :, 0].astype(np.float64)
        places_LK = self.counted_LK * num_models + np.arange(num_models)
        by_count = np.bincount(places_LK.ravel(), slopes_LK.ravel(), NUM_COUNTS * num_models)
        loss = -float(mixed_LV[steps, self.labels_L].sum(dtype=np.float64))
        by_agreement = self.marks_LM.T @ slopes_LK
        return loss, np.concatenate([by_count.reshape(NUM_COUNTS, -1), by_agreement])

    def curvature(self, mixture: Mixture) -> np.ndarray:
        """The second derivatives [P, K, P, K] of the loss: for each step the covariance of the
        models' log probabilities, where both parts apply.
        """
        shares_LV = np.exp(self._mixed(mixture))
        means_LK = np.matmul(self.logs_LKV, shares_LV[:, :, None])
        away_LKV = self.logs_LKV - means_LK
        covariance_LKK = np.matmul(away_LKV * shares_LV[:, None], away_LKV.swapaxes(1, 2))
        counts_LKC = self.counted_LK[:, :, None] == np.arange(NUM_COUNTS)
        marks_LKM = np.broadcast_to(
            self.marks_LM[:, None], (*self.counted_LK.shape, self.marks_LM.shape[1])
        )
        applies_LKP = np.concatenate([counts_LKC, marks_LKM], axis=2).astype(np.float32)
        found_KPKP = [
            applies_LKP[:, index].T
            @ (covariance_LKK[:, index, :, None] * applies_LKP).reshape(len(applies_LKP), -1)
            for index in range(applies_LKP.shape[1])
        ]
        num_models, num_parts = applies_LKP.shape[1:]
        shape = num_models, num_parts, num_models, num_parts
        return np.array(found_KPKP, np.float64).reshape(shape).transpose(1, 0, 3, 2)

    def _mixed(self, mixture: Mixture) -> np.ndarray:
        num_models = self.logs_LKV.shape[1]
        weights_LK = mixture.by_count[self.counted_LK, np.arange(num_models)]
        weights_LK = weights_LK + self.marks_LM @ mixture.by_agreement.reshape(-1, num_models)
        return mix_logs(weights_LK.astype(np.float32), self.logs_LKV)
