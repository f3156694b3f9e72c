"""Dynamic evaluation (Krause et al., 2018): a network keeps learning from the notes that it has
predicted, including those of earlier melodies.
"""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.benchmark.fitting import Fitted, Reader
from symmusic.benchmark.network import Shape, losses, score

ROUNDED = 64  # rows are padded to multiples of this many steps, so that few programs are compiled


@dataclasses.dataclass(frozen=True)
class Adaptation:
    """How a network adapts after every `segment_notes` notes: by a step of `learning_rate` times
    their gradient, divided by the root mean square of the last gradients in training, and by a
    share `decay` of the way back to the trained parameters. Values were chosen on validation
    melodies of set 3.
    """

    segment_notes: int = 8
    learning_rate: float = 0.0001
    decay: float = 0.02
    floor: float = 1e-4  # added to the root mean squares


def adapt(
    fitted: Fitted, reader: Reader, indices: Sequence[int], shape: Shape, how: Adaptation
) -> list[np.ndarray]:
    """The log probabilities [L - 1, V] of the set's pitches at each note but the first of the
    melodies `indices`, in this order.
    """
    now, found, absent = fitted.params, [], reader.absent()
    for index in indices:
        steps = reader.steps(index)
        length = len(steps.target)
        rows = reader.pack([steps], 1, -(-length // ROUNDED) * ROUNDED)
        parts = []
        for begin in range(1, length, how.segment_notes):
            now, logs_SV = _turn(now, fitted.params, fitted.rms, rows, begin, absent, shape, how)
            parts.append(np.asarray(logs_SV)[: length - begin, reader.places])
        found.append(np.concatenate([np.zeros((0, len(reader.places)), np.float32), *parts]))
    return found


@functools.partial(jax.jit, static_argnames=('shape', 'how'))
def _turn(now, trained, rms, steps, begin, absent, shape, how):
    """The parameters after a segment, and the log probabilities [S, V] of its notes before it."""
    time = jnp.arange(steps['target'].shape[1])
    is_own = (time >= begin) & (time < begin + how.segment_notes)

    def loss(now):
        logits_BTV = score(now, steps, shape)
        places = begin + jnp.arange(how.segment_notes)
        own_SV = jnp.take(logits_BTV[0], places, axis=0, mode='clip')
        nats = (losses(logits_BTV, steps)[0] * is_own).sum()
        num_own = jnp.maximum((is_own & (steps['target'][0] >= 0)).sum(), 1)
        return nats / num_own, jax.nn.log_softmax(own_SV + absent)

    slopes, logs_SV = jax.grad(loss, has_aux=True)(now)

    def move(value, slope, square, start):
        step = how.learning_rate * slope / (jnp.sqrt(square) + how.floor)
        return value - step + how.decay * (start - value)

    return jax.tree.map(move, now, slopes, rms, trained), logs_SV
