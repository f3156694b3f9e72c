"""Combines the predictions of a network and a count model in a log-linear mixture,

    p(v) ~ network(v) ^ a * counts(v) ^ b

whose weights a and b depend on how sure the count model is. They are fitted on the validation
melodies of a fold.
"""

import numpy as np
import scipy.optimize

# bounds on the count model's largest probability, between its classes of confidence
LIMITS = (0.15, 0.4)
START = (1.0, 0.2)
PENALTY = 2.0  # penalty in nats for a weight at a distance of 1 from the initial one


def fit_weights(network_NV: np.ndarray, counts_NV: np.ndarray, notes_N: np.ndarray) -> np.ndarray:
    """The weights [classes, 2] that minimise the loss of the notes plus the penalty.

    Args:
      network_NV: log probabilities.
      counts_NV: log probabilities.
      notes_N: what followed, indices of pitches.
    """
    start = np.tile(START, (len(LIMITS) + 1, 1))
    sure_N, rows = _sureness(counts_NV), np.arange(len(notes_N))
    logs_N2V = np.stack([network_NV, counts_NV], axis=1).astype(np.float64)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(start.shape)
        mixed_NV = _mixed(weights[sure_N], logs_N2V)
        excess_NV = np.exp(mixed_NV)
        excess_NV[rows, notes_N] -= 1
        slopes_N2 = (logs_N2V * excess_NV[:, None]).sum(axis=-1)
        away = weights - start
        slopes = 2 * PENALTY * away
        np.add.at(slopes, sure_N, slopes_N2)
        return -mixed_NV[rows, notes_N].sum() + PENALTY * (away**2).sum(), slopes.ravel()

    found = scipy.optimize.minimize(objective, start.ravel(), jac=True, method='L-BFGS-B')
    return found.x.reshape(start.shape)


def mix(weights: np.ndarray, network_NV: np.ndarray, counts_NV: np.ndarray) -> np.ndarray:
    """The log probabilities [N, V] of the mixture."""
    logs_N2V = np.stack([network_NV, counts_NV], axis=1).astype(np.float64)
    return _mixed(weights[_sureness(counts_NV)], logs_N2V)


def _sureness(counts_NV: np.ndarray) -> np.ndarray:
    return np.searchsorted(LIMITS, np.exp(counts_NV.max(axis=-1)))


def _mixed(weights_N2: np.ndarray, logs_N2V: np.ndarray) -> np.ndarray:
    logs_NV = (weights_N2[..., None] * logs_N2V).sum(axis=1)
    logs_NV -= logs_NV.max(axis=-1, keepdims=True)
    return logs_NV - np.log(np.exp(logs_NV).sum(axis=-1, keepdims=True))
