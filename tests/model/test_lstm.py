"""The LSTM layer, compared with Flax's cell, with autodiff through a plain loop, and in 64 bits."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model import fused
from symmusic.model.lstm import init_lstm, init_lstm_carry, lstm, lstm_step, product

INPUT_SIZE, NUM_CELLS = 3, 4
SHAPES = {
    'seed': st.integers(0, 2**31 - 1),
    'num_steps': st.integers(1, 5),
    'batch': st.integers(1, 4),
    'num_cells': st.integers(1, 5),
    'reverse': st.booleans(),
}


def plain_lstm(params, projected_TBG, carry, reverse=False):
    """The equations in a Python loop, with gates as slices: shares no code with the layer."""
    hidden, cell = carry
    size = hidden.shape[1]
    steps = range(projected_TBG.shape[0])
    outputs = {}
    for t in reversed(steps) if reverse else steps:
        gates = projected_TBG[t] + params['bias'] + hidden @ params['recurrent']
        i, f, o = (1 / (1 + jnp.exp(-gates[:, n * size : (n + 1) * size])) for n in (0, 1, 3))
        cell = f * cell + i * jnp.tanh(gates[:, 2 * size : 3 * size])
        hidden = o * jnp.tanh(cell)
        outputs[t] = hidden
    return jnp.stack([outputs[t] for t in steps]), (hidden, cell)


def random_problem(seed, batch=2, num_steps=5, num_cells=NUM_CELLS):
    """A layer's parameters, projected inputs and an initial carry, large enough for the gates to be
    nonlinear.
    """
    rng = np.random.default_rng(seed)
    shapes = (
        (num_cells, 4 * num_cells),
        (4 * num_cells,),
        (num_steps, batch, 4 * num_cells),
        (batch, num_cells),
        (batch, num_cells),
    )
    recurrent_HG, bias_G, projected_TBG, *carry = (rng.normal(size=shape) for shape in shapes)
    problem = {'recurrent': recurrent_HG, 'bias': bias_G}, 2 * projected_TBG, tuple(carry)
    return jax.tree.map(jnp.asarray, problem)


def weighted_sum(function, seed=9, **options):
    """A scalar in which every output and both parts of the final carry have their own weight."""

    def loss(*arguments):
        rng = np.random.default_rng(seed)
        leaves = jax.tree.leaves(function(*arguments, **options))
        return sum((leaf * rng.normal(size=leaf.shape).astype(leaf.dtype)).sum() for leaf in leaves)

    return loss


def assert_trees_close(actual, expected, **tolerance):
    jax.tree.map(
        lambda a, b: assert_allclose(a, b, **({'atol': 1e-5, 'rtol': 1e-5} | tolerance)),
        actual,
        expected,
    )


@settings(deadline=None, max_examples=6)
@given(**SHAPES)
@example(seed=0, num_steps=1, batch=1, num_cells=1, reverse=True)
def test_outputs_and_gradients_are_those_of_a_plain_loop_by_autodiff(
    seed, num_steps, batch, num_cells, reverse
):
    """In 64 bits, so that rounding does not hide an error."""
    with jax.enable_x64(True):
        arguments = random_problem(seed, batch, num_steps, num_cells)

        @functools.partial(jax.jit, static_argnums=0)
        def results(function, arguments):
            gradients = jax.grad(weighted_sum(function, reverse=reverse), argnums=(0, 1, 2))(
                *arguments
            )
            return function(*arguments, reverse=reverse), gradients

        actual, expected = results(lstm, arguments), results(plain_lstm, arguments)
        assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(actual))
        assert_trees_close(actual, expected, atol=1e-12, rtol=1e-12)


@settings(deadline=None, max_examples=4)
@given(**SHAPES)
def test_gradients_are_finite_differences(seed, num_steps, batch, num_cells, reverse):
    """In 64 bits, along a random direction of all arguments at once."""
    with jax.enable_x64(True):
        arguments = random_problem(seed, batch, num_steps, num_cells)
        rng = np.random.default_rng(seed + 1)
        direction = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), arguments)
        loss = jax.jit(weighted_sum(lstm, reverse=reverse))
        along = lambda distance: loss(
            *jax.tree.map(lambda leaf, step: leaf + distance * step, arguments, direction)
        )
        gradients = jax.grad(loss, argnums=(0, 1, 2))(*arguments)
        slope = sum(
            (gradient * step).sum()
            for gradient, step in zip(*map(jax.tree.leaves, (gradients, direction)), strict=True)
        )
        assert_allclose(slope, (along(1e-5) - along(-1e-5)) / 2e-5, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@settings(deadline=None, max_examples=2)
@given(
    seed=st.integers(0, 2**31 - 1),
    num_steps=st.integers(1, 4),
    batch=st.integers(1, 18),
    num_cells=st.integers(1, 17),
    reverse=st.booleans(),
    dtype=st.sampled_from(['float32', 'bfloat16']),
)
def test_the_fused_kernel_is_the_loop(seed, num_steps, batch, num_cells, reverse, dtype):
    """Interpreted: outputs, final carry and all gradients, one problem alone and two replicas
    together by vmap.
    """
    problems = [random_problem(seed + replica, batch, num_steps, num_cells) for replica in range(2)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *problems)

    def results(kernel):
        run = functools.partial(lstm, reverse=reverse, kernel=kernel, dtype=dtype)
        one = lambda arguments: (
            run(*arguments),
            jax.grad(weighted_sum(run), argnums=(0, 1, 2))(*arguments),
        )
        return jax.jit(one)(problems[0]), jax.jit(jax.vmap(one))(stacked)

    fused_results, expected = results('fused'), results('scan')
    # If the last bit of a sum changes a rounding to bfloat16, all that follows differs by 1/256.
    tolerance = 1e-5 if dtype == 'float32' else 3e-2
    scale = 1 + max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(expected))
    assert_trees_close(fused_results, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize(('platform', 'backend'), [('cuda', 'gpu'), ('tpu', 'tpu')])
def test_the_fused_kernel_is_lowered_for_other_devices(monkeypatch, platform, backend):
    """By their kernel compilers, as far as possible without the device; forward and backward."""
    monkeypatch.setattr(fused.jax, 'default_backend', lambda: backend)
    arguments = random_problem(0, 20, 6, 24)
    gradient = jax.grad(weighted_sum(lstm, kernel='fused', reverse=True), argnums=(0, 1, 2))
    text = jax.jit(gradient).trace(*arguments).lower(lowering_platforms=(platform,)).as_text()
    assert text.count('triton' if platform == 'cuda' else 'tpu_custom_call') >= 2


def test_only_small_layers_fit_on_the_chip():
    assert [fused.fits(cells, 'float32') for cells in (32, 64, 65)] == [True, True, False]
    assert [fused.fits(cells, 'bfloat16') for cells in (64, 128, 129)] == [True, True, False]
    with pytest.raises(ValueError, match='128 cells do not fit'):
        lstm(
            {'recurrent': jnp.zeros((128, 512)), 'bias': jnp.zeros(512)},
            jnp.zeros((1, 1, 512)),
            kernel='fused',
        )


def test_products_in_bfloat16_round_their_operands_alone():
    """The state stays in 32 bits: outputs and gradients differ from those without rounding, by
    little.
    """
    arguments = jax.tree.map(lambda leaf: leaf / 4, random_problem(3, 8, 6, 16))

    @functools.partial(jax.jit, static_argnums=0)
    def results(dtype):
        gradients = jax.grad(weighted_sum(lstm, dtype=dtype), argnums=(0, 1, 2))(*arguments)
        return lstm(*arguments, dtype=dtype), gradients

    exact, rounded = results('float32'), results('bfloat16')
    for ours, theirs in zip(*map(jax.tree.leaves, (rounded, exact)), strict=True):
        assert ours.dtype == jnp.float32
        assert 1e-5 < np.abs(ours - theirs).max() / np.abs(theirs).max() < 0.02
    left, right, weight = (
        jax.random.normal(jax.random.key(n), shape)
        for n, shape in enumerate([(5, 3), (3, 4), (5, 4)])
    )
    round_ = lambda array: array.astype(jnp.bfloat16).astype(jnp.float32)
    gradients = jax.grad(
        lambda *factors: (product('bfloat16', *factors) * weight).sum(), argnums=(0, 1)
    )(left, right)
    assert_allclose(
        product('bfloat16', left, right), round_(left) @ round_(right), rtol=1e-6, atol=1e-6
    )
    assert_trees_close(
        gradients,
        (round_(weight) @ round_(right).T, round_(left).T @ round_(weight)),
        rtol=1e-6,
        atol=1e-6,
    )


def test_outputs_and_gradients_are_those_of_the_flax_cell():
    """On the same weights; Flax has a dictionary entry per gate, the bias with the recurrent ones,
    and the carry as (cell, hidden).
    """
    params = init_lstm(jax.random.key(0), INPUT_SIZE, NUM_CELLS)
    inputs_TBI = jnp.asarray(np.random.default_rng(1).normal(scale=2, size=(6, 2, INPUT_SIZE)))

    def flax_outputs(params, inputs_TBI):
        input_gates, recurrent_gates, biases = (
            jnp.split(params[name], 4, axis=-1) for name in ('input', 'recurrent', 'bias')
        )
        cell_params = {
            f'i{gate}': {'kernel': kernel} for gate, kernel in zip('ifgo', input_gates, strict=True)
        }
        for gate, kernel, bias in zip('ifgo', recurrent_gates, biases, strict=True):
            cell_params[f'h{gate}'] = {'kernel': kernel, 'bias': bias}
        return nn.RNN(nn.OptimizedLSTMCell(NUM_CELLS), time_major=True).apply(
            {'params': {'cell': cell_params}}, inputs_TBI
        )

    def our_outputs(params, inputs_TBI):
        return lstm(params, inputs_TBI @ params['input'])[0]

    @functools.partial(jax.jit, static_argnums=0)
    def results(function, params, inputs_TBI):
        return function(params, inputs_TBI), jax.grad(weighted_sum(function), argnums=(0, 1))(
            params, inputs_TBI
        )

    assert_trees_close(
        results(our_outputs, params, inputs_TBI), results(flax_outputs, params, inputs_TBI)
    )


jitted_lstm = jax.jit(lstm, static_argnames='reverse')
jitted_step = jax.jit(lstm_step)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**31 - 1), num_steps=st.sampled_from([1, 6]))
def test_relations(seed, num_steps):
    """Step by step = at once; reading backwards = flip, read, flip; two halves with the carry
    between = the whole.
    """
    params, projected_TBG, carry = random_problem(seed, num_steps=num_steps)
    outputs_TBH, last = jitted_lstm(params, projected_TBG, carry)

    step_carry = carry
    for t in range(num_steps):
        hidden_BH, step_carry = jitted_step(params, projected_TBG[t], step_carry)
        assert_allclose(hidden_BH, outputs_TBH[t], atol=1e-6)
    assert_trees_close(step_carry, last, atol=1e-6)

    flipped_TBH, flipped_last = jitted_lstm(params, projected_TBG[::-1], carry, reverse=True)
    assert_trees_close((flipped_TBH[::-1], flipped_last), (outputs_TBH, last), atol=1e-6)

    if num_steps > 1:
        first_TBH, middle = jitted_lstm(params, projected_TBG[: num_steps // 2], carry)
        second_TBH, end = jitted_lstm(params, projected_TBG[num_steps // 2 :], middle)
        assert_trees_close(
            (jnp.concatenate([first_TBH, second_TBH]), end), (outputs_TBH, last), atol=1e-6
        )


def test_vmapped_gradients_are_those_of_a_loop():
    problems = [random_problem(seed) for seed in range(3)]
    gradient = jax.grad(weighted_sum(lstm, reverse=True), argnums=(0, 1, 2))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *problems)
    alone = jax.jit(gradient)
    looped = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *[alone(*problem) for problem in problems]
    )
    assert_trees_close(jax.jit(jax.vmap(gradient))(*stacked), looped)


def test_without_a_carry_the_state_starts_at_zero():
    params, projected_TBG, _ = random_problem(2)
    zeros = init_lstm_carry(2, NUM_CELLS)
    jax.tree.map(
        assert_array_equal,
        jitted_lstm(params, projected_TBG),
        jitted_lstm(params, projected_TBG, zeros),
    )


def test_initial_parameters():
    params = init_lstm(jax.random.key(3), 40, 16)
    assert jax.tree.map(jnp.shape, params) == {
        'input': (40, 64),
        'recurrent': (16, 64),
        'bias': (64,),
    }
    gates = jnp.split(params['recurrent'], 4, axis=1)
    for gate in gates:
        assert_allclose(gate @ gate.T, np.eye(16), atol=1e-5)
    assert not np.allclose(gates[0], gates[1])  # each gate has a key of its own
    assert_array_equal(
        params['bias'].reshape(4, 16), np.repeat([[0.0], [1.0], [0.0], [0.0]], 16, axis=1)
    )
    limit = np.sqrt(6 / (40 + 64))  # Glorot and Bengio's, of the whole matrix
    assert 0.95 * limit < jnp.abs(params['input']).max() <= limit
    assert_allclose(params['input'].std(), limit / np.sqrt(3), rtol=0.05)
