"""A model's logits at each step of given continuations, read as in sampling."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from symmusic.generate.manner import Manner
from symmusic.generate.readers import Reader, make_reader
from symmusic.model.model import Architecture, Params
from symmusic.model.places import later
from symmusic.training.devices import BY_PIECE, EVERYWHERE, make_mesh, place

CHUNK = 128  # pieces read at once


def continuation_logits(
    params: Params,
    architecture: Architecture,
    tokens_BS: np.ndarray,
    num_given: int,
    manner: Manner,
    position: int = 0,
) -> np.ndarray:
    """The logits [B, S - num_given, V] of each step after a prompt, given all steps before it; a
    prompt is read whole.

    Args:
      params: of the model.
      architecture: of the model.
      tokens_BS: prompts with their continuations.
      num_given: steps of the prompts.
      manner: how the model reads.
      position: the place in the bar (`model.places`) of the first steps; 0 is a bar line of the
        model's first metre.
    """
    num, num_steps = tokens_BS.shape
    mesh = make_mesh(1, CHUNK, jax.local_devices())
    reader = make_reader(
        place(params, mesh, EVERYWHERE),
        architecture,
        num_steps - num_given,
        window_steps=manner.window_steps,
        memory_steps=manner.memory_steps,
    )
    found = []
    for begin in range(0, num, CHUNK):
        rows = np.minimum(np.arange(begin, begin + CHUNK), num - 1)  # one shape, one compilation
        tokens = place(np.asarray(tokens_BS[rows], np.int32), mesh, BY_PIECE)
        found.append(np.asarray(read_given(reader, tokens, num_given, position)))
    return np.concatenate(found)[:num]


@functools.partial(jax.jit, static_argnames='num_given')
def read_given(
    reader: Reader, tokens_BS: jax.Array, num_given: int, position: int = 0
) -> jax.Array:
    """The logits [B, N, V] of the N = S - num_given steps after prompts whose first steps are at a
    place in the bar.
    """
    places_S = later(jnp.asarray(position), jnp.arange(tokens_BS.shape[1]), reader.bars)
    positions_BS = jnp.broadcast_to(places_S, tokens_BS.shape)
    num_steps = tokens_BS.shape[1] - num_given
    carry, rows = reader.init(tokens_BS[:, :num_given], positions_BS[:, :num_given], num_steps)

    def step(carry, inputs):
        carry, logits_BV, _ = reader.read(carry, *inputs)
        return carry, logits_BV

    before = slice(num_given - 1, -1)
    inputs = tokens_BS[:, before].T, positions_BS[:, before].T, rows
    return jnp.swapaxes(lax.scan(step, carry, inputs)[1], 0, 1)
