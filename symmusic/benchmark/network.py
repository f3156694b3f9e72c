"""The networks of the benchmark: an LSTM layer, or the layers of a Transformer, that read the last
pitch, the last interval and what followed the same notes earlier in the melody, and score pitches,
intervals and the recalled pitch.
"""

import dataclasses

import jax
import jax.numpy as jnp

from symmusic.benchmark.notes import NUM_MATCHES, RESET
from symmusic.benchmark.transformer import apply_layers, init_layers
from symmusic.model import lstm
from symmusic.model.heads import normalise
from symmusic.model.relative import lay_at_pitches

NEVER = -1e4  # before a sigmoid: 0


@dataclasses.dataclass(frozen=True)
class Shape:
    """Sizes and dropout of a network over `num_pitches` pitches, which also reads what is given in
    `num_given` classes: of an LSTM, or of a Transformer of `num_layers` layers if these are not 0.
    """

    num_pitches: int
    num_cells: int = 128
    embedding_size: int = 64
    dropout_rate: float = 0.5
    input_dropout_rate: float = 0.1
    num_given: int = 0
    num_layers: int = 0
    num_heads: int = 4
    layer_dropout_rate: float = 0.2


def init_network(key: jax.Array, shape: Shape) -> dict:
    """Random parameters."""
    keys = jax.random.split(key, 3)
    num, size = shape.num_pitches, shape.embedding_size
    num_rows = num + 2 * num + 2 * num + NUM_MATCHES + shape.num_given
    num_scores = num + 2 * num - 1 + NUM_MATCHES
    if shape.num_layers:
        body = {
            'layers': init_layers(keys[1], shape.num_layers, shape.num_cells),
            'norm': jnp.zeros(shape.num_cells),
        }
    else:
        body = {'lstm': lstm.init_lstm(keys[1], size, shape.num_cells)}
    return {
        'embedding': jax.random.normal(keys[0], (num_rows, size)) / 2,
        **body,
        'head': jax.nn.initializers.glorot_uniform()(keys[2], (shape.num_cells, num_scores)) / 2,
        'bias': jnp.zeros(num_scores),
    }


def score(
    params: dict, steps: dict[str, jax.Array], shape: Shape, key: jax.Array | None = None
) -> jax.Array:
    """The logits [B, T, V] of the targets of steps [B, T]; with a key, after dropout."""
    num = shape.num_pitches
    read_BTE = lstm.multiply(_hot_rows(steps, num, len(params['embedding'])), params['embedding'])
    body = _apply_transformer if shape.num_layers else _apply_lstm
    outputs_BTH = body(params, read_BTE, steps['target'], shape, key)
    scores_BTS = lstm.multiply(outputs_BTH, params['head']) + params['bias']
    logits_BTV = scores_BTS[..., :num]
    logits_BTV += lay_at_pitches(scores_BTS[..., num : 3 * num - 1], steps['last'])
    copying_BTM = scores_BTS[..., 3 * num - 1 :]
    of_match_BT = (copying_BTM * jax.nn.one_hot(steps['match'], NUM_MATCHES)).sum(-1)
    return logits_BTV + of_match_BT[..., None] * jax.nn.one_hot(steps['recalled'], num)


def _hot_rows(steps, num, num_rows):
    """How often [B, T, K] each row of the embedding is read."""
    none = steps['recalled'] == num
    offset = jnp.where(none, num, steps['recalled'] - steps['last']) + num - 1
    places = [
        steps['last'],
        num + steps['interval'] + num - 1,
        3 * num + offset,
        5 * num + steps['match'],
    ]
    if 'given' in steps:
        places += list(jnp.moveaxis(5 * num + NUM_MATCHES + steps['given'], -1, 0))
    return sum(jax.nn.one_hot(place, num_rows) for place in places)


def _apply_lstm(params, read_BTE, target_BT, shape, key):
    """Outputs [B, T, H]. Dropout is of embeddings per step, and of recurrent states and outputs
    with masks that stay the same for all steps.
    """
    layer, out_mask = params['lstm'], 1.0
    if key is not None:
        keys = jax.random.split(key, 3)
        read_BTE = read_BTE * _mask(keys[0], read_BTE.shape, shape.input_dropout_rate)
        rows = _mask(keys[1], (shape.num_cells, 1), shape.dropout_rate)
        layer = layer | {'recurrent': layer['recurrent'] * rows}
        out_mask = _mask(keys[2], (len(read_BTE), 1, shape.num_cells), shape.dropout_rate)
    projected_BTG = lstm.multiply(read_BTE, layer['input'])
    projected_BTG = jnp.where(target_BT[..., None] == RESET, NEVER, projected_BTG)
    outputs_TBH, _ = lstm.lstm(layer, jnp.swapaxes(projected_BTG, 0, 1))
    return jnp.swapaxes(outputs_TBH, 0, 1) * out_mask


def _apply_transformer(params, read_BTH, target_BT, shape, key):
    """Outputs [B, T, H]. Dropout is of embeddings and of what each sublayer adds per step, and of
    outputs with a mask that stays the same for all steps.
    """
    keys_B, out_mask = None, 1.0
    if key is not None:
        keys = jax.random.split(key, 3)
        read_BTH = read_BTH * _mask(keys[0], read_BTH.shape, shape.input_dropout_rate)
        keys_B = jax.random.split(keys[1], len(read_BTH))
        out_mask = _mask(keys[2], (len(read_BTH), 1, shape.num_cells), shape.dropout_rate)
    rate = shape.layer_dropout_rate
    states_BTH = apply_layers(params['layers'], read_BTH, target_BT, shape.num_heads, rate, keys_B)
    return normalise(states_BTH, params['norm']) * out_mask


def losses(logits_BTV: jax.Array, steps: dict[str, jax.Array]) -> jax.Array:
    """The nats [B, T] of each target, 0 where there is none."""
    logs_BTV = jax.nn.log_softmax(logits_BTV)
    target_BT = steps['target']
    hot_BTV = jax.nn.one_hot(target_BT, logits_BTV.shape[-1])  # zeros at RESET
    return -(logs_BTV * hot_BTV).sum(-1)


def _mask(key: jax.Array, shape: tuple[int, ...], rate: float) -> jax.Array:
    return jax.random.bernoulli(key, 1 - rate, shape) / (1 - rate)
