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
# Prompts are padded to a multiple of this many steps, which are not read, so that one program reads
# prompts of different lengths.
ROOM = 256


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
    num, num_padding = len(tokens_BS), -num_given % ROOM
    padded_BS = np.pad(np.asarray(tokens_BS, np.int32), ((0, 0), (num_padding, 0)))
    num_new = tokens_BS.shape[1] - num_given
    mesh = make_mesh(1, CHUNK, jax.local_devices())
    reader = make_reader(
        place(params, mesh, EVERYWHERE),
        architecture,
        padded_BS.shape[1] - 1,
        window_steps=manner.window_steps,
        memory_steps=manner.memory_steps,
    )
    found = []
    for begin in range(0, num, CHUNK):
        rows = np.minimum(np.arange(begin, begin + CHUNK), num - 1)  # one shape, one compilation
        tokens = place(padded_BS[rows], mesh, BY_PIECE)
        found.append(np.asarray(_read(reader, tokens, num_padding, position, num_new=num_new)))
    return np.concatenate(found)[:num]


@functools.partial(jax.jit, static_argnames='num_new')
def _read(
    reader: Reader, tokens_BS: jax.Array, first: int, position: int, *, num_new: int
) -> jax.Array:
    """The logits [B, N, V] of the last N = `num_new` steps of pieces that start at step `first`, at
    a place in the bar.
    """
    num, num_steps = tokens_BS.shape
    places_S = later(jnp.asarray(position), jnp.arange(num_steps) - first, reader.bars)
    inputs_2BS = jnp.stack([tokens_BS, jnp.broadcast_to(places_S, tokens_BS.shape)])
    first_2B1 = lax.dynamic_slice_in_dim(inputs_2BS, first, 1, axis=2)
    carry, row = reader.init(*first_2B1, num_steps - 1)  # the row is empty: nothing else is known

    def step(index, state):
        carry, logits_NBV = state
        carry, logits_BV, _ = reader.read(carry, *inputs_2BS[:, :, index], row)
        number = jnp.maximum(index + 1 + num_new - num_steps, 0)  # of the prompt all but the last
        return carry, logits_NBV.at[number].set(logits_BV)

    logits_NBV = jnp.zeros((num_new, num, reader.architecture.num_classes))
    _, logits_NBV = lax.fori_loop(first, num_steps - 1, step, (carry, logits_NBV))
    return jnp.swapaxes(logits_NBV, 0, 1)
