"""The network of the benchmark: one LSTM layer that reads the last pitch, the last interval and
what followed the same notes earlier in the melody, and scores pitches, intervals and the recalled
pitch.
"""

import dataclasses

import jax
import jax.numpy as jnp

from symmusic.benchmark.notes import NUM_MATCHES, RESET
from symmusic.model import lstm
from symmusic.model.relative import lay_at_pitches

NEVER = -1e4  # before a sigmoid: 0


@dataclasses.dataclass(frozen=True)
class Shape:
    """Sizes and dropout of a network over `num_pitches` pitches, which also reads what is given in
    `num_given` classes.
    """

    num_pitches: int
    num_cells: int = 128
    embedding_size: int = 64
    dropout_rate: float = 0.5
    input_dropout_rate: float = 0.1
    num_given: int = 0


def init_network(key: jax.Array, shape: Shape) -> dict:
    """Random parameters."""
    keys = jax.random.split(key, 3)
    num, size = shape.num_pitches, shape.embedding_size
    num_rows = num + 2 * num + 2 * num + NUM_MATCHES + shape.num_given
    num_scores = num + 2 * num - 1 + NUM_MATCHES
    return {
        'embedding': jax.random.normal(keys[0], (num_rows, size)) / 2,
        'lstm': lstm.init_lstm(keys[1], size, shape.num_cells),
        'head': jax.nn.initializers.glorot_uniform()(keys[2], (shape.num_cells, num_scores)) / 2,
        'bias': jnp.zeros(num_scores),
    }


def score(
    params: dict, steps: dict[str, jax.Array], shape: Shape, key: jax.Array | None = None
) -> jax.Array:
    """The logits [B, T, V] of the targets of steps [B, T]; with a key, after dropout: of embeddings
    per step, and of recurrent states and outputs with masks that stay the same for all steps.
    """
    num = shape.num_pitches
    none = steps['recalled'] == num
    offset = jnp.where(none, num, steps['recalled'] - steps['last']) + num - 1
    places = [
        steps['last'],
        num + steps['interval'] + num - 1,
        3 * num + offset,
        5 * num + steps['match'],
    ]
    if shape.num_given:
        places += list(jnp.moveaxis(5 * num + NUM_MATCHES + steps['given'], -1, 0))
    hot_BTK = sum(jax.nn.one_hot(place, len(params['embedding'])) for place in places)
    read_BTE = lstm.multiply(hot_BTK, params['embedding'])
    layer, out_mask = params['lstm'], 1.0
    if key is not None:
        keys = jax.random.split(key, 3)
        read_BTE = read_BTE * _mask(keys[0], read_BTE.shape, shape.input_dropout_rate)
        rows = _mask(keys[1], (shape.num_cells, 1), shape.dropout_rate)
        layer = layer | {'recurrent': layer['recurrent'] * rows}
        out_mask = _mask(keys[2], (len(read_BTE), 1, shape.num_cells), shape.dropout_rate)
    projected_BTG = lstm.multiply(read_BTE, layer['input'])
    projected_BTG = jnp.where(steps['target'][..., None] == RESET, NEVER, projected_BTG)
    outputs_TBH, _ = lstm.lstm(layer, jnp.swapaxes(projected_BTG, 0, 1))
    outputs_BTH = jnp.swapaxes(outputs_TBH, 0, 1) * out_mask
    scores_BTS = lstm.multiply(outputs_BTH, params['head']) + params['bias']
    logits_BTV = scores_BTS[..., :num]
    logits_BTV += lay_at_pitches(scores_BTS[..., num : 3 * num - 1], steps['last'])
    copying_BTM = scores_BTS[..., 3 * num - 1 :]
    of_match_BT = (copying_BTM * jax.nn.one_hot(steps['match'], NUM_MATCHES)).sum(-1)
    return logits_BTV + of_match_BT[..., None] * jax.nn.one_hot(steps['recalled'], num)


def losses(logits_BTV: jax.Array, steps: dict[str, jax.Array]) -> jax.Array:
    """The nats [B, T] of each target, 0 where there is none."""
    logs_BTV = jax.nn.log_softmax(logits_BTV)
    target_BT = steps['target']
    hot_BTV = jax.nn.one_hot(target_BT, logits_BTV.shape[-1])  # zeros at RESET
    return -(logs_BTV * hot_BTV).sum(-1)


def _mask(key: jax.Array, shape: tuple[int, ...], rate: float) -> jax.Array:
    return jax.random.bernoulli(key, 1 - rate, shape) / (1 - rate)
