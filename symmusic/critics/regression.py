"""A critic of features: logistic regression on the nine features of a piece, alone or beside their
difference from those of its prompt. Each piece is scored by a critic that has seen no piece of its
tune family: there is one critic for every set and fold.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.optimize
import scipy.special

from symmusic.critics.auc import LabelledPieces
from symmusic.measures.features import FEATURES

# L2 penalty: half of it times the squared weights is added to the loss
PENALTY = 0.01
# standardised features are clipped at this: a transition seen once must not dominate
MOST_DEVIATIONS = 5


def flatten(pieces: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """The nine features of N pieces concatenated, [N, 317]; NaN where undefined."""
    return np.array(
        [np.concatenate([np.ravel(features[name]) for name in FEATURES]) for features in pieces]
    )


def beside_prompts(
    pieces: Sequence[Mapping[str, np.ndarray]], prompts: Sequence[Mapping[str, np.ndarray]]
) -> np.ndarray:
    """`flatten` followed by what the context tells, [N, 326]: for each feature how far the piece is
    from its prompt, a difference of numbers or a Euclidean distance. A prompt is the same in both
    classes and is not scored itself.
    """
    distances_NK = [
        [
            piece[name] - prompt[name]
            if np.ndim(piece[name]) == 0
            else np.linalg.norm(piece[name] - prompt[name])
            for name in FEATURES
        ]
        for piece, prompt in zip(pieces, prompts, strict=True)
    ]
    return np.concatenate([flatten(pieces), distances_NK], axis=1)


def score_features(values_MF: np.ndarray, sets: Sequence[LabelledPieces]) -> list[np.ndarray]:
    """Scores [N] of each set's pieces by logistic regression with an L2 penalty, on features
    standardised with the statistics of the training folds.

    An undefined feature (not finite) is replaced by the training folds' mean, and an additional 0/1
    input marks it.
    """
    scores = []
    for labelled in sets:
        own_NF = values_MF[labelled.rows]
        scores.append(np.zeros(len(own_NF)))
        for fold in np.unique(labelled.folds):
            held_out = labelled.folds == fold
            inputs_NF = _standardised(own_NF, ~held_out)
            weights_F, bias = _fit_line(inputs_NF[~held_out], labelled.is_first[~held_out])
            scores[-1][held_out] = inputs_NF[held_out] @ weights_F + bias
    return scores


def _standardised(values_NF: np.ndarray, is_training: np.ndarray) -> np.ndarray:
    """Features standardised by the mean and deviation of the training pieces and clipped at
    `MOST_DEVIATIONS`, followed by the inputs that mark undefined ones.
    """
    known_NF = np.isfinite(values_NF)
    num_F = np.maximum(known_NF[is_training].sum(axis=0), 1)
    mean_F = np.where(known_NF, values_NF, 0)[is_training].sum(axis=0) / num_F
    filled_NF = np.where(known_NF, values_NF, mean_F)
    inputs_NF = np.concatenate([filled_NF, ~known_NF[:, ~known_NF.all(axis=0)]], axis=1)
    mean_F, deviation_F = inputs_NF[is_training].mean(axis=0), inputs_NF[is_training].std(axis=0)
    constant_F = deviation_F <= 1e-12 * np.maximum(np.abs(mean_F), 1)
    return np.clip(
        (inputs_NF - mean_F) / np.where(constant_F, 1, deviation_F),
        -MOST_DEVIATIONS,
        MOST_DEVIATIONS,
    )


def _fit_line(inputs_NF: np.ndarray, is_first: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights [F] and bias that minimise the mean logistic loss plus the penalty, a convex
    problem.
    """
    inputs_NF = np.concatenate([inputs_NF, np.ones((len(inputs_NF), 1))], axis=1)
    penalties_F = np.append(np.full(inputs_NF.shape[1] - 1, PENALTY), 0.0)

    def loss(weights_F):
        logits_N = inputs_NF @ weights_F
        slopes_N = (scipy.special.expit(logits_N) - is_first) / len(is_first)
        value = (np.logaddexp(0, logits_N) - is_first * logits_N).mean() + (
            penalties_F * weights_F**2
        ).sum() / 2
        return value, slopes_N @ inputs_NF + penalties_F * weights_F

    def curvature(weights_F):
        shares_N = scipy.special.expit(inputs_NF @ weights_F)
        return (inputs_NF.T * (shares_N * (1 - shares_N) / len(is_first))) @ inputs_NF + np.diag(
            penalties_F
        )

    start_F = np.zeros(inputs_NF.shape[1])
    weights_F = scipy.optimize.minimize(
        loss, start_F, jac=True, hess=curvature, method='Newton-CG'
    ).x
    return weights_F[:-1], float(weights_F[-1])
