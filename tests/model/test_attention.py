"""Attention, compared with a dense reference written with loops, and its forms with one another."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.attention import attend, attend_causal, attend_step, init_memory
from symmusic.model.scores import KINDS

BATCH, NUM_CELLS, ATTENTION_SIZE = 2, 4, 3


SHAPES = {
    'bahdanau': {
        'query': (NUM_CELLS, ATTENTION_SIZE),
        'key': (NUM_CELLS, ATTENTION_SIZE),
        'score': (ATTENTION_SIZE,),
    },
    'weighted': {'weight': (NUM_CELLS,), 'bias': (1,)},
}
NAMES = sorted(KINDS)


def random_problem(name, seed, num_steps):
    rng = np.random.default_rng(seed)
    params = {part: jnp.asarray(rng.normal(size=shape)) for part, shape in SHAPES[name].items()}
    return KINDS[name], params, jnp.asarray(rng.normal(scale=2, size=(BATCH, num_steps, NUM_CELLS)))


def dense_scores(params, states_BTH):
    """The equations on the whole square of queries and keys [B, T, T]."""
    if 'weight' in params:
        scores_BT = jnp.einsum('h,bth->bt', params['weight'], states_BTH) + params['bias']
        return jnp.tile(scores_BT[:, None], (1, states_BTH.shape[1], 1))
    hidden_BTTA = jnp.tanh(
        (states_BTH @ params['query'])[:, :, None] + (states_BTH @ params['key'])[:, None]
    )
    return hidden_BTTA @ params['score']


def dense_causal(params, states_BTH, memory_steps):
    """Contexts [B, T, H] and weights [B, T, T] of the whole square, with what is not seen
    masked.
    """
    num_steps = states_BTH.shape[1]
    visible_TT = np.tril(np.ones((num_steps, num_steps))) - np.tril(
        np.ones((num_steps, num_steps)), -memory_steps
    )
    weights_BTT = jax.nn.softmax(
        jnp.where(visible_TT > 0, dense_scores(params, states_BTH), -jnp.inf), axis=-1
    )
    return weights_BTT @ states_BTH, weights_BTT


jitted_causal = jax.jit(
    attend_causal, static_argnames=('kind', 'memory_steps', 'block_steps', 'with_weights')
)
jitted_last = jax.jit(
    lambda kind, params, query_BH, states_BTH, mask_BT=None: attend(
        kind, params, query_BH, jnp.swapaxes(states_BTH, 0, 1), mask_BT
    ),
    static_argnums=0,
)


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize(
    ('memory_steps', 'block_steps'), [(None, 7), (None, 3), (1, 3), (3, 2), (4, 5)]
)
def test_blocks_and_bands_are_the_dense_reference(name, memory_steps, block_steps):
    kind, params, states_BTH = random_problem(name, 0, 7)
    options = {'memory_steps': memory_steps, 'block_steps': block_steps}
    contexts_BTH, weights_BTT = jitted_causal(
        kind, params, states_BTH, with_weights=True, **options
    )
    expected_BTH, expected_BTT = dense_causal(params, states_BTH, memory_steps or 7)
    assert_allclose(contexts_BTH, expected_BTH, atol=1e-5)
    assert_allclose(weights_BTT, expected_BTT, atol=1e-6)
    assert_array_equal(np.asarray(weights_BTT == 0), np.asarray(expected_BTT == 0))


def test_weights_are_returned_on_request_only():
    assert jitted_causal(*random_problem('bahdanau', 0, 3))[1] is None


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('memory_steps', [None, 3])
def test_gradients_are_those_of_the_dense_reference(name, memory_steps):
    """To all parameters and to the states, in 64 bits."""
    with jax.enable_x64(True):
        kind, params, states_BTH = random_problem(name, 1, 5)
        weights = np.random.default_rng(2).normal(size=states_BTH.shape)
        ours = jax.grad(
            lambda p, s: (
                weights * attend_causal(kind, p, s, memory_steps, block_steps=2)[0]
            ).sum(),
            argnums=(0, 1),
        )
        dense = jax.grad(
            lambda p, s: (weights * dense_causal(p, s, memory_steps or 5)[0]).sum(), argnums=(0, 1)
        )
        actual, expected = jax.jit(ours)(params, states_BTH), jax.jit(dense)(params, states_BTH)
        jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-12, rtol=1e-10), actual, expected)


def test_the_backward_pass_keeps_no_array_of_every_pair_and_unit():
    kind, batch, num_steps, attention_size = KINDS['bahdanau'], 2, 24, 5
    params = {
        'query': jnp.ones((NUM_CELLS, attention_size)),
        'key': jnp.ones((NUM_CELLS, attention_size)),
        'score': jnp.ones(attention_size),
    }
    states_BTH = jnp.ones((batch, num_steps, NUM_CELLS))
    _, backward = jax.vjp(
        jax.jit(lambda p, s: attend_causal(kind, p, s, block_steps=8)[0]), params, states_BTH
    )
    assert max(leaf.size for leaf in jax.tree.leaves(backward)) <= batch * num_steps * num_steps


def test_the_additive_score_is_that_of_tanh_where_exponentials_overflow():
    rng = np.random.default_rng(4)
    score_A = rng.normal(size=40).astype(np.float32)
    queries_BTA, keys_BKA = (
        (rng.normal(size=(2, steps, 40)) * np.logspace(-3, 1, 40)).astype(np.float32)
        for steps in (3, 5)
    )
    queries_BTA[:, :, -1] = np.array([[1e6], [-1e6]])  # exp(2 query) in 32 bits: infinite, 0
    keys_BKA[:, :, -1] = [1e6, 30, 0, -30, -1e3]
    queries_BTA[0, :, -1], keys_BKA[0, 4, -1] = 43, -30
    scores = lambda *arguments: KINDS['bahdanau'].scores({'score': arguments[0]}, *arguments[1:])
    arguments = score_A, queries_BTA, keys_BKA
    tanh_BTKA = np.tanh(queries_BTA[:, :, None].astype(float) + keys_BKA[:, None])
    assert_allclose(jax.jit(scores)(*arguments), tanh_BTKA @ score_A, atol=2e-5)
    gradients = jax.jit(jax.grad(lambda *each: scores(*each).sum(), argnums=(0, 1, 2)))(*arguments)
    slopes_BTKA = (1 - tanh_BTKA**2) * score_A
    for actual, expected in zip(
        gradients, (tanh_BTKA.sum((0, 1, 2)), slopes_BTKA.sum(2), slopes_BTKA.sum(1)), strict=True
    ):
        assert_allclose(actual, expected, atol=1e-4)


@functools.partial(jax.jit, static_argnames='kind')
def summed_gradient(kind, params, states_BTH, mask_BT):
    return jax.grad(
        lambda states: attend_causal(kind, params, states, 4, mask_BT, block_steps=4)[0].sum()
    )(states_BTH)


@pytest.mark.parametrize('name', NAMES)
@settings(deadline=None, max_examples=10)
@given(
    seed=st.integers(0, 2**31 - 1),
    padding=st.lists(st.integers(0, 6), min_size=BATCH, max_size=BATCH),
)
def test_weights_are_a_distribution_over_what_may_be_seen(name, seed, padding):
    """Rows sum to 1; the future, the forgotten and the padding weigh exactly 0; a row that sees
    nothing is 0, and so is its gradient.
    """
    kind, params, states_BTH = random_problem(name, seed, 6)
    mask_BT = jnp.arange(6) >= jnp.array(padding)[:, None]
    contexts_BTH, weights_BTT = jitted_causal(
        kind, params, states_BTH, 4, mask_BT, block_steps=4, with_weights=True
    )
    age_TT = np.arange(6)[:, None] - np.arange(6)
    visible_BTT = ((age_TT >= 0) & (age_TT < 4))[None] & np.asarray(mask_BT)[:, None]
    assert_array_equal(np.asarray(weights_BTT > 0), visible_BTT)
    assert_allclose(weights_BTT.sum(-1), visible_BTT.any(-1), atol=1e-6)
    assert_array_equal(np.asarray(contexts_BTH)[~visible_BTT.any(-1)], 0)
    gradient_BTH = summed_gradient(kind, params, states_BTH, mask_BT)
    assert np.isfinite(gradient_BTH).all()
    assert_array_equal(np.asarray(gradient_BTH)[~np.asarray(mask_BT)], 0)

    last_BH, last_BT = jitted_last(kind, params, states_BTH[:, -1], states_BTH, mask_BT)
    assert_allclose(last_BT.sum(-1), mask_BT.any(-1), atol=1e-6)
    assert_array_equal(np.asarray(last_BT > 0), np.asarray(mask_BT))
    all_BTH, all_BTT = jitted_causal(kind, params, states_BTH, mask_BT=mask_BT, with_weights=True)
    assert_allclose(last_BH, all_BTH[:, -1], atol=1e-6)
    assert_allclose(last_BT, all_BTT[:, -1], atol=1e-6)


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('memory_steps', [1, 3, 9])
def test_step_by_step_is_the_band(name, memory_steps):
    """Also after the ring buffer has wrapped around, and with padding at the start of one row."""
    kind, params, states_BTH = random_problem(name, 3, 8)
    mask_BT = jnp.arange(8) >= jnp.array([0, 2])[:, None]
    contexts_BTH, weights_BTT = jitted_causal(
        kind, params, states_BTH, memory_steps, mask_BT, block_steps=3, with_weights=True
    )
    memory = init_memory(kind, BATCH, memory_steps, NUM_CELLS, ATTENTION_SIZE)
    step = jax.jit(attend_step, static_argnames='kind')
    for t in range(8):
        memory, context_BH, weights_BM = step(kind, params, memory, states_BTH[:, t], mask_BT[:, t])
        assert_allclose(context_BH, contexts_BTH[:, t], atol=1e-6)
        seen = min(t + 1, memory_steps)
        assert_allclose(
            weights_BM[:, memory_steps - seen :], weights_BTT[:, t, t + 1 - seen : t + 1], atol=1e-6
        )
        assert_array_equal(weights_BM[:, : memory_steps - seen], 0)


@pytest.mark.parametrize(('name', 'part'), [('bahdanau', 'score'), ('weighted', 'weight')])
def test_huge_scores_stay_finite(name, part):
    kind, params, states_BTH = random_problem(name, 4, 5)
    params[part] = params[part] * 1e4
    contexts_BTH, weights_BTT = jitted_causal(kind, params, states_BTH, with_weights=True)
    assert np.isfinite(contexts_BTH).all()
    assert_allclose(weights_BTT.sum(-1), 1, atol=1e-6)


def test_the_weighted_kind_ignores_query_and_bias():
    """The context does not depend on the query, nor on the bias, whose gradient is 0."""
    kind, params, states_BTH = random_problem('weighted', 5, 6)
    context_BH, weights_BT = jitted_last(kind, params, states_BTH[:, -1], states_BTH)
    assert_array_equal(jitted_last(kind, params, states_BTH[:, 0] - 7, states_BTH)[0], context_BH)
    expected_BT = np.exp(np.einsum('h,bth->bt', params['weight'], states_BTH))
    assert_allclose(weights_BT, expected_BT / expected_BT.sum(-1, keepdims=True), atol=1e-6)
    moved_BH, _ = jitted_last(
        kind, {**params, 'bias': params['bias'] + 3}, states_BTH[:, -1], states_BTH
    )
    assert_allclose(moved_BH, context_BH, atol=1e-5)
    gradients = jax.grad(
        lambda params: jitted_last(kind, params, states_BTH[:, -1], states_BTH)[0].sum()
    )(params)
    assert_allclose(gradients['bias'], 0, atol=1e-5)
    assert (gradients['weight'] != 0).all()


@pytest.mark.parametrize('name', NAMES)
def test_shapes_of_the_initial_parameters(name):
    assert (
        jax.tree.map(jnp.shape, KINDS[name].init(jax.random.key(5), NUM_CELLS, ATTENTION_SIZE))
        == SHAPES[name]
    )


def test_initial_parameters():
    params = KINDS['bahdanau'].init(jax.random.key(5), 30, 20)
    limit = np.sqrt(6 / 50)
    assert 0.95 * limit < jnp.abs(params['query']).max() <= limit
    assert not np.allclose(params['query'], params['key'])
    params = KINDS['weighted'].init(jax.random.key(5), 200, 20)
    assert 0.9 * np.sqrt(6 / 201) < jnp.abs(params['weight']).max() <= np.sqrt(6 / 201)
    assert_array_equal(params['bias'], 0)
