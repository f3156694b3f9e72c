"""A network's full distribution at each target; `likelihood` computes only the loss of the
label.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.measures.likelihood import Targets, gather_batch
from symmusic.model.model import Architecture, Params, apply_all, apply_last
from symmusic.training.batch import Data

BATCH_SIZE = 32


def model_log_probabilities(
    params: Params,
    data: Data,
    targets: Targets,
    *,
    architecture: Architecture,
    kind: str,
) -> np.ndarray:
    """The log probabilities [K, V] float32 of a network at each target, without dropout; `kind` is
    what it was trained on, 'all' steps or the 'last' one.
    """
    found_KV = np.empty((len(targets), architecture.num_classes), np.float32)
    for begin in range(0, data.starts_N.shape[0], BATCH_SIZE):
        rows_B = np.full(BATCH_SIZE, -1, np.int32)
        rows = np.arange(begin, min(begin + BATCH_SIZE, data.starts_N.shape[0]))
        rows_B[: len(rows)] = rows
        batch = gather_batch(data, rows_B)
        logs_BTV = np.asarray(
            _log_probabilities(params, batch, architecture=architecture, kind=kind)
        )
        first, end = np.searchsorted(targets.rows, [begin, begin + BATCH_SIZE])
        steps = targets.steps[first:end] - 1 if kind == 'all' else 0
        found_KV[first:end] = logs_BTV[targets.rows[first:end] - begin, steps]
    return found_KV


def label_losses(logs_KV: np.ndarray, targets: Targets) -> np.ndarray:
    """The loss of each target, [K] nats, from log probabilities."""
    return -logs_KV[np.arange(len(targets)), targets.labels].astype(np.float64)


@functools.partial(jax.jit, static_argnames=('architecture', 'kind'))
def _log_probabilities(params, batch, *, architecture, kind):
    """[B, S - 1, V], of last steps [B, 1, V]; as in `training.step.target_losses`."""
    inputs_BT, positions_BT = batch.tokens_BS[:, :-1], batch.positions_BS[:, :-1]
    if kind == 'last':
        logits_BTV = apply_last(params, inputs_BT, positions_BT, architecture)[0][:, None]
    else:
        is_music_BT = jnp.arange(inputs_BT.shape[1]) >= batch.num_padding_B[:, None]
        logits_BTV, _ = apply_all(
            params, inputs_BT, positions_BT, architecture, mask_BT=is_music_BT
        )
    return jax.nn.log_softmax(logits_BTV)
