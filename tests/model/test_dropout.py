"""Dropout's share, scale and reproducibility."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.dropout import dropout

KEY = jax.random.key(0)


@pytest.mark.parametrize('rate', [0.1, 0.4, 0.5])
def test_a_share_of_zeros_and_the_same_mean(rate):
    dropped = np.asarray(dropout(KEY, jnp.ones((301, 333)), rate))  # an odd number of values
    assert_allclose((dropped == 0).mean(), rate, atol=0.01)
    assert_allclose(dropped.mean(), 1, atol=0.02)
    assert_allclose(dropped[dropped > 0], 1 / (1 - rate), rtol=1e-4)


def test_both_values_of_a_word_are_independent():
    kept = np.asarray(dropout(KEY, jnp.ones((2000, 2)), 0.5)) > 0
    assert abs(np.corrcoef(kept.T)[0, 1]) < 0.08


def test_a_rate_of_zero_changes_nothing():
    values = jax.random.normal(KEY, (5, 3))
    assert_array_equal(dropout(KEY, values, 0.0), values)


def test_the_same_key_draws_the_same_mask_and_another_key_another():
    values = jnp.ones((20, 20))
    assert_array_equal(dropout(KEY, values, 0.4), dropout(KEY, values, 0.4))
    assert (dropout(KEY, values, 0.4) != dropout(jax.random.key(1), values, 0.4)).any()


def test_masks_under_vmap_are_those_of_separate_runs():
    keys, values = jax.random.split(KEY, 3), jnp.ones((3, 6, 5))
    together = jax.jit(jax.vmap(lambda key, value: dropout(key, value, 0.4)))(keys, values)
    assert_array_equal(together, [dropout(key, value, 0.4) for key, value in zip(keys, values, strict=True)])
