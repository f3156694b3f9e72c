"""Dropout's share, scale and reproducibility."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model import ahead, layers
from symmusic.model.dropout import dropout
from symmusic.model.model import Architecture, apply_all, init_params
from tests.model import compiled

KEYS = jax.random.split(jax.random.key(0), 3)


@pytest.mark.parametrize('rate', [0.1, 0.4, 0.5])
def test_a_share_of_zeros_and_the_same_mean(rate):
    dropped = np.asarray(dropout(KEYS, jnp.ones((101, 3, 333)), rate))  # an odd number of values
    assert_allclose((dropped == 0).mean(axis=(0, 2)), rate, atol=0.01)
    assert_allclose(dropped.mean(), 1, atol=0.02)
    assert_allclose(dropped[dropped > 0], 1 / (1 - rate), rtol=1e-4)


def test_values_side_by_side_and_rows_are_independent():
    kept_TBH = np.asarray(dropout(KEYS, jnp.ones((2000, 3, 2)), 0.5)) > 0
    correlation = np.corrcoef(kept_TBH.reshape(2000, 6).T)
    assert np.abs(correlation - np.eye(6)).max() < 0.1


def test_a_rate_of_zero_changes_nothing():
    values_TBH = jax.random.normal(KEYS[0], (5, 3, 2))
    assert_array_equal(dropout(KEYS, values_TBH, 0.0), values_TBH)


def test_the_same_key_draws_the_same_mask_and_another_key_another():
    values_TBH = jnp.ones((20, 3, 20))
    masked_TBH = dropout(KEYS, values_TBH, 0.4)
    assert_array_equal(masked_TBH, dropout(KEYS, values_TBH, 0.4))
    others_TBH = dropout(jax.random.split(jax.random.key(1), 3), values_TBH, 0.4)
    assert (masked_TBH != others_TBH).any(axis=(0, 2)).all()


def test_a_row_s_mask_depends_only_on_its_key():
    values_TBH = jnp.ones((6, 3, 5))
    together_TBH = jax.jit(dropout, static_argnums=2)(KEYS, values_TBH, 0.4)
    for row in range(3):
        assert_array_equal(
            together_TBH[:, [row]], dropout(KEYS[row : row + 1], values_TBH[:, row : row + 1], 0.4)
        )


def test_each_layer_has_its_own_mask():
    """Layers whose states are all equal and positive for any input, and a head that shows those of
    the last layer: the zeros of a network of n layers are the mask of layer n.
    """
    dropped = []
    for num_layers in (1, 2, 3):
        architecture = Architecture(6, num_layers=num_layers, num_cells=6, dropout_rate=0.5)
        shapes = jax.eval_shape(lambda key, how=architecture: init_params(key, how), KEYS[0])
        params = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
        for layer in params['layers']:
            layer['forward']['bias'] += 1
        params['head']['kernel'] = jnp.eye(6)
        logits_BTV, _ = compiled.apply_all(
            params, jnp.zeros((len(KEYS), 200), jnp.int32), None, architecture, KEYS
        )
        dropped.append(np.asarray(logits_BTV) == 0)
    for one, other in itertools.combinations(dropped, 2):
        assert abs((one == other).mean() - 0.5) < 0.05
    assert all(abs(each.mean() - 0.5) < 0.05 for each in dropped)


@pytest.mark.parametrize('infilling', [False, True])
def test_no_two_layers_drop_the_same_values(monkeypatch, infilling):
    """Nor do backward layers; half of the values of independent masks agree."""
    masks = []

    def recorded(keys_B, values_TBH, rate):
        masks.append(np.asarray(dropout(keys_B, jnp.ones((50, 3, 20)), 0.5)) > 0)
        return dropout(keys_B, values_TBH, rate)

    monkeypatch.setattr(layers, 'dropout', recorded)
    monkeypatch.setattr(ahead, 'dropout', recorded)
    architecture = Architecture(
        num_classes=7, num_layers=3, num_cells=4, bidirectional=infilling, infilling=infilling
    )
    tokens_BT = jnp.ones((3, 5), jnp.int32)
    future = {'future_BT': tokens_BT} if infilling else {}
    params = compiled.init_params(jax.random.key(0), architecture)
    apply_all(params, tokens_BT, None, architecture, keys_B=KEYS, **future)
    assert len(masks) == (6 if infilling else 3)
    for one, other in itertools.combinations(masks, 2):
        assert 0.45 < (one == other).mean() < 0.55
