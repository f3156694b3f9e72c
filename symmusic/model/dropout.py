"""Dropout (Srivastava et al., 2014) whose random numbers cost little."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def dropout(key: jax.Array, values: jax.Array, rate: float) -> jax.Array:
    """`values` with a share of `rate` set to 0 and the others scaled up so that the expectation stays; consumes `key`.

    The place of each value is hashed together with two random words, by pcg3d (Jarzynski and Olano, 2020): a few products of integers,
    computed where the values are read, in place of a cipher's twenty rounds. The rate is rounded to 1/2^32.
    """
    threshold = min(round(rate * 2**32), 2**32 - 1)
    if threshold == 0:
        return values
    place = lax.iota(jnp.uint32, values.size).reshape(values.shape)
    kept = _hash(place, *jax.random.bits(key, (2,))) >= np.uint32(threshold)
    return jnp.where(kept, values * (2**32 / (2**32 - threshold)), 0)


def _hash(x, y, z):
    """The first of pcg3d's three words; its last bits are the poorer ones."""
    x, y, z = (word * np.uint32(1664525) + np.uint32(1013904223) for word in (x, y, z))
    x += y * z
    y += z * x
    z += x * y
    x, y, z = (word ^ (word >> 16) for word in (x, y, z))
    return x + y * z
