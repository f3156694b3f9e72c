"""Self-attention in heads, compared with loops over steps, heads and pairs of cells."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.heads import (
    BASE,
    attend_causal,
    attend_step,
    init_heads,
    init_memory,
    normalise,
    rotate,
)

BATCH, NUM_STEPS, NUM_HEADS, NUM_CELLS = 2, 9, 3, 12
MASK_BT = np.arange(NUM_STEPS) >= np.array([[0], [4]])

all_at_once = jax.jit(attend_causal, static_argnums=(2, 3, 5))
one_step = jax.jit(attend_step, static_argnums=3)


def problem(seed=0):
    """Parameters of which every one matters, and states."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(functools.partial(init_heads, num_cells=NUM_CELLS), jax.random.key(0))
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape) / 2, shapes)
    return params, rng.normal(size=(BATCH, NUM_STEPS, NUM_CELLS))


def slowly(params, states_BTH, memory_steps, mask_BT):
    """The output of each step, in 64 bits; pairs of cells are complex numbers."""
    outputs_BTH = np.zeros_like(states_BTH)
    half = NUM_CELLS // NUM_HEADS // 2
    for row, states_TH in enumerate(states_BTH):
        query_key_value = []
        for state_H in states_TH:
            normal_H = state_H / np.sqrt((state_H**2).mean() + 1e-6) * (1 + params['norm'])
            query_key_value.append(np.split(normal_H @ params['project'], 3))
        for t in range(NUM_STEPS):
            context = []
            for head in range(NUM_HEADS):
                own = slice(head * 2 * half, (head + 1) * 2 * half)
                seen = [j for j in range(max(0, t - memory_steps + 1), t + 1) if mask_BT[row, j]]
                scores = []
                for j in seen:
                    query, key = query_key_value[t][0][own], query_key_value[j][1][own]
                    pairs = zip(
                        query[:half] + 1j * query[half:], key[:half] + 1j * key[half:], strict=True
                    )
                    scores.append(
                        sum(
                            (a * np.conj(b) * np.exp(1j * (t - j) * BASE ** (-i / half))).real
                            for i, (a, b) in enumerate(pairs)
                        )
                        / np.sqrt(2 * half)
                    )
                weights = np.exp(scores) / np.exp(scores).sum()
                values = [query_key_value[j][2][own] for j in seen]
                context.append(
                    sum((w * v for w, v in zip(weights, values, strict=True)), np.zeros(2 * half))
                )
            outputs_BTH[row, t] = np.concatenate(context) @ params['output']
    return outputs_BTH


@pytest.mark.parametrize('memory_steps', [1, 4, NUM_STEPS])
@pytest.mark.parametrize('block_steps', [3, 64])
def test_all_steps_are_the_loops(memory_steps, block_steps):
    """Also with a padding mask, blocks of queries, and a memory shorter than the steps."""
    params, states_BTH = problem()
    expected_BTH = slowly(params, states_BTH, memory_steps, MASK_BT)
    outputs_BTH, weights_BTT = all_at_once(
        params, states_BTH, NUM_HEADS, memory_steps, MASK_BT, block_steps
    )
    assert_allclose(outputs_BTH, expected_BTH, atol=2e-5)
    assert_array_equal(outputs_BTH[1, :4], 0)  # which see nothing
    ages_TT = np.subtract.outer(np.arange(NUM_STEPS), np.arange(NUM_STEPS))
    sees_BTT = (ages_TT >= 0) & (ages_TT < memory_steps) & MASK_BT[:, None]
    assert_array_equal(np.asarray(weights_BTT) > 0, sees_BTT)
    assert_allclose(weights_BTT.sum(axis=-1), sees_BTT.any(axis=-1), atol=1e-6)


@pytest.mark.parametrize('memory_steps', [1, 4, NUM_STEPS + 3])
def test_steps_of_a_ring_are_all_steps(memory_steps):
    params, states_BTH = problem(1)
    expected_BTH, weights_BTT = all_at_once(params, states_BTH, NUM_HEADS, memory_steps, MASK_BT)
    memory = init_memory(BATCH, memory_steps, NUM_CELLS)
    for t in range(NUM_STEPS):
        memory, output_BH, weights_BM = one_step(
            params, memory, states_BTH[:, t], NUM_HEADS, MASK_BT[:, t]
        )
        assert_allclose(output_BH, expected_BTH[:, t], atol=2e-5)
        num = min(t + 1, memory_steps)
        assert_allclose(weights_BM[:, -num:], weights_BTT[:, t, t + 1 - num : t + 1], atol=1e-6)
        assert_array_equal(weights_BM[:, :-num], 0)


def test_products_of_rotated_vectors_depend_on_the_distance():
    """Far on as at the start, and they do depend on it."""
    vectors_BTND = np.random.default_rng(0).normal(size=(1, 4, 1, 6)).astype(np.float32)
    products = []
    for first in (0, 3, 500):
        rotated = rotate(jnp.asarray(vectors_BTND), jnp.arange(first, first + 4))[0, :, 0]
        products.append(rotated @ rotated.T)
        assert_allclose(
            np.linalg.norm(rotated, axis=-1), np.linalg.norm(vectors_BTND[0, :, 0], axis=-1), 1e-5
        )
    assert_allclose(products[1], products[0], atol=1e-5)
    assert_allclose(products[2], products[0], atol=3e-4)
    assert np.abs(products[0] - vectors_BTND[0, :, 0] @ vectors_BTND[0, :, 0].T).max() > 0.1


def test_normalised_states_have_a_mean_square_of_1():
    states_H = np.random.default_rng(0).normal(3, 2, size=(5, 8))
    normal_H = np.asarray(normalise(jnp.asarray(states_H), jnp.zeros(8)))
    assert_allclose((normal_H**2).mean(axis=-1), 1, rtol=1e-5)
    assert_allclose(normal_H / states_H, (normal_H / states_H)[:, :1] * np.ones(8), rtol=1e-5)
    assert_allclose(normalise(jnp.asarray(states_H), jnp.ones(8)), 2 * normal_H, rtol=1e-5)
    assert_array_equal(normalise(jnp.zeros(4), jnp.zeros(4)), 0)
