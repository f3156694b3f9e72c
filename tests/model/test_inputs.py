"""One-hot inputs: the two ways in which their gradient is computed, one for CPUs, one for the
others.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.inputs import add_rows, multiply_rows


def test_rows_added_one_by_one_are_the_product_with_one_hot_rows():
    """Of two blocks, with indices that occur often and never, and with the blank, past the blocks,
    in a row of its own.
    """
    sizes, num_rows, rng = (5, 3), 9, np.random.default_rng(0)
    indices_KN = np.stack([rng.integers(0, 4, 40), rng.integers(5, 9, 40)])
    rows_NG = rng.normal(size=(40, 6)).astype(np.float32)
    ways = functools.partial(add_rows, num_rows), functools.partial(multiply_rows, sizes, num_rows)
    added, multiplied = (
        jax.jit(way)(jnp.asarray(indices_KN), jnp.asarray(rows_NG)) for way in ways
    )
    expected = np.zeros((num_rows, 6))
    np.add.at(expected, indices_KN, rows_NG)
    assert_allclose(added, expected, atol=1e-5)
    assert_allclose(multiplied[:8], expected[:8], atol=1e-5)
    assert_array_equal(multiplied[8], 0)  # nothing is stored for a blank
    assert_array_equal(multiplied[4], 0)
