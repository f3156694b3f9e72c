"""Dropout (Srivastava et al., 2014) with cheap random numbers."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def dropout(keys_B: jax.Array, values_TBH: jax.Array, rate: float) -> jax.Array:
    """`values_TBH` with a share of `rate` set to 0 and the others scaled up so that the expectation
    stays the same; consumes one key per row.

    The index of each value in its row is hashed together with two random words of the row by pcg3d
    (Jarzynski and Olano, 2020): a few integer products, computed where the values are read, instead
    of a cipher's twenty rounds. The rate is rounded to a multiple of 1/2^32.
    """
    threshold = min(round(rate * 2**32), 2**32 - 1)
    if threshold == 0:
        return values_TBH
    num_steps, _, size = values_TBH.shape
    place_T1H = lax.iota(jnp.uint32, num_steps * size).reshape(num_steps, 1, size)
    words_B2 = jax.vmap(lambda key: jax.random.bits(key, (2,)))(keys_B)
    kept_TBH = _hash(place_T1H, words_B2[:, :1], words_B2[:, 1:]) >= np.uint32(threshold)
    return jnp.where(kept_TBH, values_TBH * (2**32 / (2**32 - threshold)), 0)


def drop(keys_B: jax.Array | None, number: int, values_BTH: jax.Array, rate: float) -> jax.Array:
    """`dropout` of values with the batch first; with the number of a place in the network a row's
    key makes one of its own. None = no dropout.
    """
    if keys_B is None:
        return values_BTH
    own_B = jax.vmap(jax.random.fold_in, (0, None))(keys_B, number)
    return jnp.swapaxes(dropout(own_B, jnp.swapaxes(values_BTH, 0, 1), rate), 0, 1)


def _hash(x, y, z):
    """The first of pcg3d's three words; its low bits are of poorer quality."""
    x, y, z = (word * np.uint32(1664525) + np.uint32(1013904223) for word in (x, y, z))
    x += y * z
    y += z * x
    z += x * y
    x, y, z = (word ^ (word >> 16) for word in (x, y, z))
    return x + y * z
