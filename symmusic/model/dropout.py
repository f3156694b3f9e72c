"""Dropout (Srivastava et al., 2014) whose random numbers cost little."""

import jax
import jax.numpy as jnp
from jax import lax


def dropout(key: jax.Array, values: jax.Array, rate: float) -> jax.Array:
    """`values` with a share of `rate` set to 0 and the others scaled up so that the expectation stays; consumes `key`.

    A random word of 32 bits decides over two values. The rate is rounded to 1/65536, below 1; the scale is that of the rounded rate.
    """
    threshold = min(round(rate * 2**16), 2**16 - 1)
    if threshold == 0:
        return values
    words = jax.random.bits(key, ((values.size + 1) // 2,))
    halves = lax.bitcast_convert_type(words, jnp.uint16).reshape(-1)[: values.size].reshape(values.shape)
    return jnp.where(halves >= threshold, values * (2**16 / (2**16 - threshold)), 0)
