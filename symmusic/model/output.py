"""Summaries -> logits of the next token: the head, and scores that are added to it.

    logits = W s + b  (+ copies)  (+ relative scores)

The summary s is state, context or both. A head alone must learn for each class separately what is
common to all, such as repeating what a lookback reads, or moving by step. These scores learn it
once:

- **Copies**: each lookback, each look ahead with an agreement and the recall point to a token;
  u_l . s + c_l[agreement] is added to its logit (after the pointer of Vinyals et al., 2015, and
  the copying of Gu et al., 2016), unless there is no such token or its agreement is not available.
- **Relative scores**: of the interval from the last note, I s, and of the pitch class, D s, added
  to the logits of pitches. No interval wider than `WIDEST_SCORED` is scored, and none without a
  last note. Training drops the last note as an input, but not here.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from symmusic.model.agreement import NOT_AVAILABLE
from symmusic.model.architecture import AGREEMENT_SIZE, Architecture

WIDEST_SCORED = 20  # semitones


def init_output(key: jax.Array, summary_size: int, architecture: Architecture) -> dict:
    """Random parameters: 'head', Glorot-uniform with zero bias, and where there are such scores
    'copies' and 'relative', all zeros.
    """
    shape = summary_size, architecture.num_classes
    kernel = jax.nn.initializers.glorot_uniform()(key, shape)
    params = {'head': {'kernel': kernel, 'bias': jnp.zeros(architecture.num_classes)}}
    if num := len(architecture.copied):
        params['copies'] = {
            'kernel': jnp.zeros((summary_size, num)),
            'bias': jnp.zeros((num, AGREEMENT_SIZE)),
        }
    if architecture.relative:
        params['relative'] = {
            'interval': jnp.zeros((summary_size, 2 * WIDEST_SCORED + 1)),
            'degree': jnp.zeros((summary_size, 12)),
        }
    return params


def predict(
    params: dict,
    summaries: Sequence[jax.Array],
    rows_K: jax.Array,
    last: jax.Array | None,
    architecture: Architecture,
) -> jax.Array:
    """The logits [..., V] of the summaries, each [..., H], the rows of the input [..., K]
    (`inputs.find_rows`), and the class of the last note (`notes.last_note`).
    """
    logits_V = head(params, *summaries)
    if not (architecture.copied or architecture.relative):
        return logits_V
    summary_H = jnp.concatenate(summaries, axis=-1)
    if architecture.copied:
        logits_V += _copies(params['copies'], summary_H, rows_K, architecture)
    if architecture.relative:
        logits_V += _relative(params['relative'], summary_H, last, architecture)
    return logits_V


def head(params: dict, *summaries: jax.Array) -> jax.Array:
    """The logits [..., V] of the summaries, concatenated: state, context or both."""
    return jnp.concatenate(summaries, axis=-1) @ params['head']['kernel'] + params['head']['bias']


def _copies(params, summary_H, rows_K, architecture):
    """What is added to each logit [..., V]."""
    scores_L, total_V = summary_H @ params['kernel'], 0.0
    classes_V, bins_A = jnp.arange(architecture.num_classes), jnp.arange(AGREEMENT_SIZE)
    for index, (token_block, agreement_block) in enumerate(architecture.copied):
        token = rows_K[..., token_block] - architecture.blocks[token_block].begin
        agreement = rows_K[..., agreement_block] - architecture.blocks[agreement_block].begin
        # a product with one-hot rows, as its gradient is a product too and not scattered additions
        is_bin_A = (agreement[..., None] == bins_A).astype(summary_H.dtype)
        score = scores_L[..., index] + is_bin_A @ params['bias'][index]
        score = jnp.where(agreement >= NOT_AVAILABLE, 0.0, score)
        total_V += jnp.where(token[..., None] == classes_V, score[..., None], 0.0)
    return total_V


def _relative(params, summary_H, last, architecture):
    """What is added to each logit [..., V]."""
    first = architecture.first_pitch
    pitches_P = jnp.arange(architecture.num_classes - first)
    interval_P = pitches_P + first - last[..., None]
    is_scored_P = (jnp.abs(interval_P) <= WIDEST_SCORED) & (last >= 0)[..., None]
    places_P = jnp.clip(interval_P + WIDEST_SCORED, 0, 2 * WIDEST_SCORED)
    scores_P = jnp.take_along_axis(summary_H @ params['interval'], places_P, axis=-1)
    degrees_P = (pitches_P + architecture.lowest_pitch) % 12
    by_degree_P = summary_H @ params['degree'][:, degrees_P]
    total_P = jnp.where(is_scored_P, scores_P, 0.0) + by_degree_P
    return jnp.pad(total_P, (*[(0, 0)] * (total_P.ndim - 1), (first, 0)))
