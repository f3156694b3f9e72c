"""A critic of tokens: a small LSTM that reads a piece, with or without its prompt.

Architecture and training were fixed in advance, using only validation tunes and Markov models. Each
piece is scored by a critic that has seen no piece of its tune family: there is one critic for every
set and fold.
"""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from symmusic.critics.auc import NUM_FOLDS, LabelledPieces
from symmusic.model.lstm import init_lstm, lstm, multiply
from symmusic.streams import Stream, generator, random_key

NUM_CELLS = 32
NUM_UPDATES = 100
BATCH_SIZE = 64  # half of each class
LEARNING_RATE = 0.01  # of Adam, with cosine decay to 0
# in bars: whether the token this long before was the same is an input, as music repeats itself
LOOKBACK = (1, 2, 4)


@dataclasses.dataclass(frozen=True)
class CriticOutputs:
    """The critics' outputs for N pieces, each from the critic of its fold: the log-odds [N] of the
    first class, and the mean states [N, H] from which they are computed.
    """

    scores: np.ndarray
    states: np.ndarray


def score_tokens(
    tokens_MT: np.ndarray,
    num_tokens: int,
    num_given: int,
    sets: Sequence[LabelledPieces],
    seed: int,
    bar_steps: int,
    beat_steps: int,
) -> list[CriticOutputs]:
    """Scores each set's pieces by an LSTM that reads the prompt and its continuation, a beat at a
    time; the prompt is context only, its states do not count.

    The critics of all sets and folds are trained in one program. Only those of one set run side by
    side, as more would not fit in a processor's cache.

    Args:
      tokens_MT: the pool: prompt and continuation of each piece, both in whole bars.
      num_tokens: size of the vocabulary.
      num_given: steps in the prompt, 0 without one.
      sets: pieces to be distinguished.
      seed: seed of initial parameters and of the order of training pieces.
      bar_steps: steps in a bar.
      beat_steps: steps read at once; a bar is a multiple of it.
    """
    beats_MSI = _beats(tokens_MT, num_tokens, bar_steps, beat_steps)
    num_read, is_used_I = num_given // beat_steps, beats_MSI.any(axis=(0, 1))
    inputs_MSI = jnp.asarray(beats_MSI[:, :, is_used_I])  # only inputs that are not 0 in all pieces
    runs = [(labelled, fold) for labelled in sets for fold in range(NUM_FOLDS)]
    rows_RUB = np.stack(
        [
            _batches(labelled, fold, generator(seed, Stream.CRITIC_BATCHES, index))
            for index, (labelled, fold) in enumerate(runs)
        ]
    )
    keys_R = jax.random.split(random_key(seed, Stream.CRITIC_PARAMETERS), len(runs))
    params_R = lax.map(functools.partial(_init, num_inputs=len(is_used_I)), keys_R)
    params_R['input'] = params_R['input'][:, is_used_I]
    state_R = params_R, jax.vmap(_optimizer().init)(params_R)
    state_R = _train(state_R, inputs_MSI, jnp.asarray(rows_RUB), num_read=num_read)
    held_out = [labelled.rows[labelled.folds == fold] for labelled, fold in runs]
    padded_RN = np.zeros((len(runs), max(map(len, held_out))), int)
    for row, rows in zip(padded_RN, held_out, strict=True):
        row[: len(rows)] = rows
    scores_RN, states_RNH = (
        np.asarray(each, np.float64)
        for each in _apply(state_R[0], inputs_MSI, jnp.asarray(padded_RN), num_read=num_read)
    )
    outputs = [
        CriticOutputs(np.zeros(len(labelled.rows)), np.zeros((len(labelled.rows), NUM_CELLS)))
        for labelled in sets
    ]
    for index, (labelled, fold) in enumerate(runs):
        own, num = labelled.folds == fold, len(held_out[index])
        outputs[index // NUM_FOLDS].scores[own] = scores_RN[index, :num]
        outputs[index // NUM_FOLDS].states[own] = states_RNH[index, :num]
    return outputs


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


def embed(params: dict, inputs_BSI: jax.Array, num_read: int) -> jax.Array:
    """The mean [B, H] of the states after the prompt, whose beats are the first `num_read`."""
    inputs_SBI = jnp.swapaxes(inputs_BSI, 0, 1).astype(jnp.float32)
    states_SBH, _ = lstm(params, multiply(inputs_SBI, params['input']))
    return states_SBH[num_read:].mean(axis=0)


def _score(params, states_BH):
    """The log-odds [B] of the first class."""
    return states_BH @ params['head'] + params['head_bias']


def _optimizer():
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, NUM_UPDATES)),
    )


@functools.partial(jax.jit, static_argnames=('num_read',))
def _train(state_R, inputs_MSI, rows_RUB, *, num_read):
    """All updates of every critic, each on its own batches."""
    labels_B = (jnp.arange(BATCH_SIZE) < BATCH_SIZE // 2).astype(jnp.float32)

    def update(state, rows_B):
        params, moments = state

        def loss(params):
            return optax.sigmoid_binary_cross_entropy(
                _score(params, embed(params, inputs_MSI[rows_B], num_read)), labels_B
            ).mean()

        changes, moments = _optimizer().update(jax.grad(loss)(params), moments, params)
        return (optax.apply_updates(params, changes), moments), None

    def train(critic):
        state, rows_UB = critic
        return lax.scan(update, state, rows_UB)[0]

    return lax.map(train, (state_R, rows_RUB), batch_size=NUM_FOLDS)


@functools.partial(jax.jit, static_argnames=('num_read',))
def _apply(params_R, inputs_MSI, rows_RN, *, num_read):
    def apply(critic):
        params, rows_N = critic
        states_NH = embed(params, inputs_MSI[rows_N], num_read)
        return _score(params, states_NH), states_NH

    return lax.map(apply, (params_R, rows_RN), batch_size=NUM_FOLDS)
