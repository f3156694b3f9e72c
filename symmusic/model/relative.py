"""Scores of intervals as scores of pitches: an output relative to the last note.

intervals   -2 -1  0  1  2      pitches      0  1  2      place of each pitch's
scores       a  b  c  d  e      after 1      b  c  d      interval from note 1
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def lay_at_pitches(scores_NI: jax.Array, notes_N: jax.Array) -> jax.Array:
    """The score [N, V] of each pitch 0..V-1 from scores [N, 2 V - 1] of the intervals
    -(V-1)..V-1 above the notes `notes_N`.

    Its gradient is a gather as well: autodiff's scatter is many times slower on a CPU.
    """
    num_pitches = (scores_NI.shape[-1] + 1) // 2
    places_NV = jnp.arange(num_pitches) - notes_N[..., None] + num_pitches - 1
    return jnp.take_along_axis(scores_NI, places_NV, axis=-1)


def _forward(scores_NI, notes_N):
    return lay_at_pitches(scores_NI, notes_N), notes_N


def _backward(notes_N, slopes_NV):
    num_pitches = slopes_NV.shape[-1]
    pitches_NI = jnp.arange(2 * num_pitches - 1) - (num_pitches - 1) + notes_N[..., None]
    is_there_NI = (pitches_NI >= 0) & (pitches_NI < num_pitches)
    found_NI = jnp.take_along_axis(slopes_NV, jnp.clip(pitches_NI, 0, num_pitches - 1), axis=-1)
    return jnp.where(is_there_NI, found_NI, 0), None


lay_at_pitches.defvjp(_forward, _backward)
