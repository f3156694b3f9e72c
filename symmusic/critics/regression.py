"""A critic of features: least squares with a Gaussian kernel and an L2 penalty on the nine features
of a piece, with or without their difference from those of its prompt. Unlike a linear critic it
detects which features occur together. Each piece is scored by a critic that has seen no piece of
its tune family: there is one critic for every set and fold. Its settings were chosen on validation
tunes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.linalg

from symmusic.critics.auc import LabelledPieces
from symmusic.measures.features import FEATURES, SHAPES

# Training pieces on which a kernel is centred: with all, 1,600, the AUC is higher by 0.01 at most.
NUM_CENTRES = 400
PENALTY = 0.1  # times the squared norm of the scores in the kernel's space
# standardised features are clipped at this: a transition seen once must not dominate
MOST_DEVIATIONS = 5
# Of the inputs of `flatten`: halfway between equal weight of each input and of each feature, as
# most of the 317 are cells of two matrices.
SIZES = [int(np.prod(SHAPES.get(name, (1,)))) for name in FEATURES]
WEIGHTS = np.repeat(np.power(SIZES, -0.25), SIZES)


def flatten(pieces: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """The nine features of N pieces concatenated, [N, 317]; NaN where undefined. Histograms and
    matrices by their square roots, so that the variance of a count does not depend on its size.
    """
    return np.array([np.concatenate([_inputs(each[name]) for name in FEATURES]) for each in pieces])


def _inputs(feature: np.ndarray) -> np.ndarray:
    return np.sqrt(np.ravel(feature)) if np.ndim(feature) else np.ravel(feature)


def beside_prompts(
    pieces: Sequence[Mapping[str, np.ndarray]], prompts: Sequence[Mapping[str, np.ndarray]]
) -> np.ndarray:
    """`flatten` followed by each feature's distance between the piece and its prompt, [N, 326]: a
    difference of numbers or a Euclidean distance. The prompt itself is not scored, as it is the
    same in both classes.
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


def score_features(
    values_MF: np.ndarray,
    sets: Sequence[LabelledPieces],
    weights_F: np.ndarray | float = 1.0,
) -> list[np.ndarray]:
    """Scores [N] of each set's pieces by the critics of its folds, on features standardised with
    the statistics of the training folds and multiplied by `weights_F`.

    An undefined feature (not finite) is replaced by the training folds' mean, and an additional 0/1
    input marks it.
    """
    scores = []
    for labelled in sets:
        own_NF = values_MF[labelled.rows]
        scores.append(np.zeros(len(own_NF)))
        for fold in np.unique(labelled.folds):
            is_training = labelled.folds != fold
            inputs_NF = _standardised(own_NF, is_training)
            inputs_NF[:, : own_NF.shape[1]] *= weights_F
            found_N = _score(inputs_NF, labelled.is_first, is_training)
            scores[-1][~is_training] = found_N[~is_training]
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


def _score(inputs_NF: np.ndarray, is_first: np.ndarray, is_training: np.ndarray) -> np.ndarray:
    """Scores [N], higher for the first class: kernel ridge regression on the training pieces, with
    kernels centred on evenly spaced training pieces only (subset of regressors; Smola and Bartlett,
    2001). The kernel width is the median distance.
    """
    rows = np.flatnonzero(is_training)
    centres = rows[np.linspace(0, len(rows) - 1, min(NUM_CENTRES, len(rows))).astype(int)]
    squares_N = (inputs_NF**2).sum(axis=1)
    squared_NC = squares_N[:, None] + squares_N[centres] - 2 * inputs_NF @ inputs_NF[centres].T
    width = np.median(squared_NC[is_training]) or 1.0
    kernel_NC = np.exp(-np.maximum(squared_NC, 0) / (2 * width))
    own_NC = kernel_NC[is_training] - kernel_NC[is_training].mean(axis=0)
    labels_N = is_first[is_training] - is_first[is_training].mean()
    # the small ridge keeps the matrix regular if pieces are equal
    norm_CC = PENALTY * (kernel_NC[centres] + 1e-6 * np.eye(len(centres)))
    weights_C = scipy.linalg.solve(own_NC.T @ own_NC + norm_CC, own_NC.T @ labels_N, assume_a='pos')
    return kernel_NC @ weights_C
