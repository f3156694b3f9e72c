"""Two critics that learn to distinguish two classes of pieces: logistic regression on the nine
features, and a small LSTM over the tokens.

Their form and training were fixed beforehand, using only validation tunes and Markov models
(BUILD.md). Each piece is scored by a critic that has seen no piece of its tune family: there is one
critic for every set and fold.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
import scipy.optimize
import scipy.special
from jax import lax

from symmusic.critics.auc import NUM_FOLDS, LabelledPieces
from symmusic.measures.features import FEATURES
from symmusic.model.lstm import init_lstm, lstm
from symmusic.streams import Stream, generator, random_key

# L2 penalty of the features critic: half of it times the squared weights is added to the loss
PENALTY = 0.01
# standardised features are clipped at this: a transition seen once must not dominate
MOST_DEVIATIONS = 5
NUM_CELLS = 32  # of the tokens critic, as all below
NUM_UPDATES = 100
BATCH_SIZE = 64  # half of each class
LEARNING_RATE = 0.01  # of Adam, with cosine decay to 0
# in bars: whether the token so long before was the same is an input, as music repeats itself
LOOKBACK = (1, 2, 4)
CHUNK = 5  # updates per step of the progress bar


def flatten(pieces: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """The nine features of N pieces concatenated, [N, 317]; NaN where undefined."""
    return np.array(
        [np.concatenate([np.ravel(features[name]) for name in FEATURES]) for features in pieces]
    )


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


def score_tokens(
    tokens_MT: np.ndarray,
    num_tokens: int,
    num_given: int,
    sets: Sequence[LabelledPieces],
    seed: int,
    progress: Callable[..., Iterable],
    bar_steps: int,
    beat_steps: int,
) -> list[np.ndarray]:
    """Scores [N] of each set's pieces by an LSTM that reads the prompt and its continuation, a beat
    at a time; the states of the continuation are averaged.

    The critics of all sets and folds are trained in one program, vmapped.

    Args:
      tokens_MT: the pool: prompt and continuation of each piece, both in whole bars.
      num_tokens: size of the vocabulary.
      num_given: steps in the prompt.
      sets: pieces to be distinguished.
      seed: seed of initial parameters and of the order of training pieces.
      progress: a progress bar such as `symmusic.progress.bar`.
      bar_steps: steps in a bar.
      beat_steps: steps read at once; a bar is a multiple of it.
    """
    inputs_MSI = jnp.asarray(_beats(tokens_MT, num_tokens, bar_steps, beat_steps))
    heard = num_given // beat_steps
    runs = [(labelled, fold) for labelled in sets for fold in range(NUM_FOLDS)]
    rows_URB = np.stack(
        [
            _batches(labelled, fold, generator(seed, Stream.CRITIC_BATCHES, index))
            for index, (labelled, fold) in enumerate(runs)
        ],
        axis=1,
    )
    keys_R = jax.random.split(random_key(seed, Stream.CRITIC_PARAMETERS), len(runs))
    params_R = lax.map(functools.partial(_init, num_inputs=inputs_MSI.shape[2]), keys_R)
    state_R = params_R, jax.vmap(_optimizer().init)(params_R)
    for begin in progress(range(0, NUM_UPDATES, CHUNK), f'{CHUNK} updates'):
        state_R = _train(
            state_R, inputs_MSI, jnp.asarray(rows_URB[begin : begin + CHUNK]), heard=heard
        )
    held_out = [labelled.rows[labelled.folds == fold] for labelled, fold in runs]
    padded_RN = np.zeros((len(runs), max(map(len, held_out))), int)
    for row, rows in zip(padded_RN, held_out, strict=True):
        row[: len(rows)] = rows
    judged_RN = np.asarray(
        _judge(state_R[0], inputs_MSI, jnp.asarray(padded_RN), heard=heard), np.float64
    )
    scores = [np.zeros(len(labelled.rows)) for labelled in sets]
    for index, (labelled, fold) in enumerate(runs):
        scores[index // NUM_FOLDS][labelled.folds == fold] = judged_RN[
            index, : len(held_out[index])
        ]
    return scores


def _beats(tokens_MT: np.ndarray, num_tokens: int, bar_steps: int, beat_steps: int) -> np.ndarray:
    """The inputs int8 [M, S, I] of each beat: its tokens one-hot, for each token and lookback
    whether the earlier token was the same, and the beat of the bar one-hot. One-hot inputs rather
    than indices make the gradient a matrix product instead of a scatter.
    """
    tokens_MT = np.asarray(tokens_MT, int)
    num_beats, per_bar = tokens_MT.shape[1] // beat_steps, bar_steps // beat_steps
    blocks = [tokens_MT[:, :, None] == np.arange(num_tokens)]
    for steps in (num_bars * bar_steps for num_bars in LOOKBACK):
        same_MT = np.zeros(tokens_MT.shape, bool)
        same_MT[:, steps:] = tokens_MT[:, steps:] == tokens_MT[:, : tokens_MT.shape[1] - steps]
        blocks.append(same_MT[:, :, None])
    steps_MSI = np.concatenate(blocks, axis=2).reshape(len(tokens_MT), num_beats, -1)
    beats_SI = np.eye(per_bar, dtype=bool)[np.arange(num_beats) % per_bar]
    return np.concatenate(
        [steps_MSI, np.broadcast_to(beats_SI, (len(tokens_MT), *beats_SI.shape))], axis=2
    ).astype(np.int8)


def _batches(labelled: LabelledPieces, fold: int, rng: np.random.Generator) -> np.ndarray:
    """Rows [U, B] of pieces outside the fold: the first half of each batch is of the first class;
    each class is reshuffled after every pass.
    """
    halves, num = [], NUM_UPDATES * BATCH_SIZE // 2
    for is_first in (True, False):
        rows = labelled.rows[(labelled.folds != fold) & (labelled.is_first == is_first)]
        orders = [rng.permutation(rows) for _ in range(-(-num // len(rows)))]
        halves.append(np.concatenate(orders)[:num].reshape(NUM_UPDATES, -1))
    return np.concatenate(halves, axis=1)


def _init(key, *, num_inputs):
    return init_lstm(key, num_inputs, NUM_CELLS) | {
        'head': jnp.zeros(NUM_CELLS),
        'head_bias': jnp.zeros(()),
    }


def _score(params, inputs_BSI, heard):
    """The log-odds [B] of the first class."""
    inputs_SBI = jnp.swapaxes(inputs_BSI, 0, 1).astype(jnp.float32)
    states_SBH, _ = lstm(params, inputs_SBI @ params['input'])
    return states_SBH[heard:].mean(axis=0) @ params['head'] + params['head_bias']


def _optimizer():
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, NUM_UPDATES)),
    )


@functools.partial(jax.jit, static_argnames=('heard',))
def _train(state_R, inputs_MSI, rows_URB, *, heard):
    """A few updates of every critic, each on its own batches."""
    labels_B = (jnp.arange(BATCH_SIZE) < BATCH_SIZE // 2).astype(jnp.float32)

    def update(params, moments, rows_B):
        def loss(params):
            return optax.sigmoid_binary_cross_entropy(
                _score(params, inputs_MSI[rows_B], heard), labels_B
            ).mean()

        changes, moments = _optimizer().update(jax.grad(loss)(params), moments, params)
        return optax.apply_updates(params, changes), moments

    return lax.scan(
        lambda state_R, rows_RB: (jax.vmap(update)(*state_R, rows_RB), None), state_R, rows_URB
    )[0]


@functools.partial(jax.jit, static_argnames=('heard',))
def _judge(params_R, inputs_MSI, rows_RN, *, heard):
    return jax.vmap(lambda params, rows_N: _score(params, inputs_MSI[rows_N], heard))(
        params_R, rows_RN
    )
