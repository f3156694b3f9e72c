"""Transformer and hybrid: the same properties as the LSTM has, with all further inputs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.architecture import NETWORKS, Architecture
from symmusic.model.model import BODIES, apply_all, init_params
from symmusic.model.size import count_parameters, match_num_cells
from symmusic.model.sliding import can_slide
from symmusic.model.steps import init_carry
from tests.model.test_model import BATCH, jitted_all, jitted_last, jitted_step, random_problem

TRANSFORMER = Architecture(
    7, num_layers=2, num_cells=4, kind='transformer', num_heads=2, dropout_rate=0.4
)
HYBRID = dataclasses.replace(TRANSFORMER, kind='hybrid')
INPUTS = {
    'bars': (2, 3),  # one metre for each row
    'num_positions': 3,
    'lookback': (1, 2),
    'padding': 7,
    'agreement': True,
    'last_notes': (2, 60),
    'recall_steps': 6,
    'copying': True,
    'relative': True,
    'left_sizes': (3, 4),
}
ZEROS = ('copies', 'relative')  # parameters that begin as zeros
SMALL = [TRANSFORMER, HYBRID]
FULL = [dataclasses.replace(each, **INPUTS) for each in SMALL]
NUM_STEPS = 9
LEFT_BT2 = jnp.asarray(np.random.default_rng(3).integers(0, 5, (BATCH, NUM_STEPS, 2)))
MASK_BT = jnp.arange(NUM_STEPS) >= jnp.array([[0], [3]])


def calm_problem(architecture, seed=0):
    """As `random_problem`, with states of moderate size."""
    params, *inputs = random_problem(architecture, seed, NUM_STEPS)
    return jax.tree.map(lambda leaf: leaf / 2, params), *inputs


@pytest.mark.parametrize('memory_steps', [4, NUM_STEPS + 2])
@pytest.mark.parametrize('architecture', FULL)
def test_cached_steps_are_all_at_once(architecture, memory_steps):
    """In two metres, with all inputs and padding, and with the ring of steps full."""
    params, tokens_BT, positions_BT = calm_problem(architecture)
    logits_BTV, weights_BTT = jitted_all(
        params,
        tokens_BT,
        positions_BT,
        architecture,
        memory_steps=memory_steps,
        mask_BT=MASK_BT,
        with_weights=True,
        left_BT2=LEFT_BT2,
    )
    carry = init_carry(architecture, BATCH, memory_steps)
    for t in range(NUM_STEPS):
        carry, logits_BV, weights_BM = jitted_step(
            params,
            carry,
            tokens_BT[:, t],
            positions_BT[:, t],
            architecture,
            mask_B=MASK_BT[:, t],
            left_B2=LEFT_BT2[:, t],
        )
        assert_allclose(logits_BV, logits_BTV[:, t], atol=2e-5)
        num = min(t + 1, memory_steps)
        assert_allclose(weights_BM[:, -num:], weights_BTT[:, t, t + 1 - num : t + 1], atol=1e-6)


@pytest.mark.parametrize('architecture', FULL)
def test_a_step_sees_nothing_later_and_everything_earlier(architecture):
    params, tokens_BT, positions_BT = calm_problem(architecture)
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture)
    for changed in (2, 6):
        other_BT = tokens_BT.at[:, changed].set((tokens_BT[:, changed] + 1) % 7)
        other_BTV, _ = jitted_all(params, other_BT, positions_BT, architecture)
        assert_array_equal(other_BTV[:, :changed], logits_BTV[:, :changed])
        assert (other_BTV[:, changed:] != logits_BTV[:, changed:]).any(axis=-1).all()


@pytest.mark.parametrize('architecture', SMALL)
def test_the_step_after_a_window_is_the_last_of_all(architecture):
    problem = calm_problem(architecture)
    logits_BV, weights_BT = jitted_last(*problem, architecture)
    logits_BTV, weights_BTT = jitted_all(*problem, architecture, with_weights=True)
    assert_allclose(logits_BV, logits_BTV[:, -1], atol=1e-6)
    assert_allclose(weights_BT, weights_BTT[:, -1], atol=1e-6)


@pytest.mark.parametrize('architecture', SMALL)
def test_products_of_16_bits_are_near_those_of_32(architecture):
    problem = calm_problem(architecture)
    logits_BTV, _ = jitted_all(*problem, architecture)
    rounded = dataclasses.replace(architecture, product_dtype='bfloat16')
    rounded_BTV, _ = jitted_all(*problem, rounded)
    assert rounded_BTV.dtype == jnp.float32
    assert 0 < np.abs(rounded_BTV - logits_BTV).max() < 0.1


def test_a_transformer_does_not_see_padding_nor_beyond_its_memory():
    """Each layer looks back one step less than its memory has; an LSTM reads padding."""
    params, tokens_BT, _ = calm_problem(TRANSFORMER)
    keep = {'memory_steps': 3, 'mask_BT': MASK_BT}
    logits_BTV, _ = jitted_all(params, tokens_BT, None, TRANSFORMER, **keep)
    other_BT = tokens_BT.at[1, :3].set((tokens_BT[1, :3] + 1) % 7)
    other_BTV, _ = jitted_all(params, other_BT, None, TRANSFORMER, **keep)
    assert_array_equal(other_BTV[1, 3:], logits_BTV[1, 3:])
    other_BT = tokens_BT.at[0, 0].set((tokens_BT[0, 0] + 1) % 7)
    other_BTV, _ = jitted_all(params, other_BT, None, TRANSFORMER, **keep)
    differs_T = (other_BTV[0] != logits_BTV[0]).any(axis=-1)
    assert_array_equal(differs_T, np.arange(NUM_STEPS) < 1 + 2 * 2)


@pytest.mark.parametrize('architecture', SMALL)
def test_dropout_of_a_window_depends_only_on_its_key(architecture):
    params, tokens_BT, positions_BT = calm_problem(architecture)
    keys_B = jax.random.split(jax.random.key(3), BATCH)
    dropped_BTV = jitted_all(params, tokens_BT, positions_BT, architecture, keys_B)[0]
    swapped_BTV = jitted_all(params, tokens_BT[::-1], positions_BT, architecture, keys_B[::-1])[0]
    assert_allclose(swapped_BTV[::-1], dropped_BTV, atol=1e-6)
    other_B = jax.random.split(jax.random.key(4), BATCH)
    other_BTV = jitted_all(params, tokens_BT, positions_BT, architecture, other_B)[0]
    without_BTV = jitted_all(params, tokens_BT, positions_BT, architecture)[0]
    assert (np.asarray(other_BTV) != np.asarray(dropped_BTV)).any(axis=-1).all()
    assert (np.asarray(without_BTV) != np.asarray(dropped_BTV)).any(axis=-1).all()
    undropped = dataclasses.replace(architecture, dropout_rate=0.0)
    assert_array_equal(
        jitted_all(params, tokens_BT, positions_BT, undropped, keys_B)[0], without_BTV
    )


@pytest.mark.parametrize('architecture', FULL)
def test_gradients_reach_every_parameter(architecture):
    params, tokens_BT, positions_BT = calm_problem(architecture)
    keys_B = jax.random.split(jax.random.key(0), BATCH)

    def loss(params):
        inputs = tokens_BT, positions_BT, architecture, keys_B
        return (apply_all(params, *inputs, left_BT2=LEFT_BT2)[0] ** 2).sum()

    gradients = jax.jit(jax.grad(loss))(params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradients):
        assert np.isfinite(leaf).all()
        assert (leaf != 0).any(), path


@pytest.mark.parametrize('architecture', SMALL)
def test_64_bits_agree_with_32(architecture):
    params, tokens_BT, positions_BT = calm_problem(architecture)
    logits_BTV, _ = jitted_all(params, tokens_BT, positions_BT, architecture)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), params)
        wide_BTV, _ = jitted_all(wide, tokens_BT, positions_BT, architecture)
        assert wide_BTV.dtype == jnp.float64
        assert_allclose(logits_BTV, wide_BTV, atol=2e-5)


def test_number_of_parameters():
    """Of a Transformer 12 H^2 + 2 H a layer, of a hybrid 4 H^2 + H more than of LSTM layers."""
    cells, classes, inputs = 4, 7, FULL[0].blocks[-1].end
    scores = cells * (3 + 41 + 12) + 3 * 10
    head = (cells + 1) * classes + scores
    assert count_parameters(FULL[0]) == (
        (inputs + 1) * cells + 2 * (12 * cells**2 + 2 * cells) + cells + head
    )
    lstm = dataclasses.replace(FULL[1], kind='lstm', num_heads=0)
    assert count_parameters(FULL[1]) == count_parameters(lstm) + 4 * cells**2 + cells


@pytest.mark.parametrize('architecture', SMALL)
def test_the_cells_of_a_size_are_a_multiple_of_what_heads_need(architecture):
    wider = dataclasses.replace(architecture, num_cells=24, num_heads=3)
    own = count_parameters(wider)
    assert match_num_cells(dataclasses.replace(wider, num_cells=6), own + 5) == 24


def test_initial_parameters_have_keys_of_their_own():
    for architecture in FULL:
        params = jax.jit(init_params, static_argnums=1)(jax.random.key(0), architecture)
        assert not any(leaf.any() for leaf in jax.tree.leaves([params.pop(name) for name in ZEROS]))
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(params) if leaf.ndim > 1]
        assert len({leaf.tobytes() for leaf in leaves}) == len(leaves)
        assert all(0.01 < leaf.std() < 1 for leaf in leaves)


def test_windows_with_self_attention_do_not_slide():
    assert not any(map(can_slide, SMALL))
    assert can_slide(dataclasses.replace(HYBRID, kind='lstm', num_heads=0))


def test_every_kind_has_a_body_with_the_same_functions():
    names = [
        {name for name in dir(body) if callable(getattr(body, name))} for body in BODIES.values()
    ]
    shared = {'init_params', 'summary_size', 'apply_last', 'apply_all', 'init_carry', 'apply_step'}
    assert tuple(BODIES) == NETWORKS
    assert all(shared | {'input_layers', 'with_input_layers'} <= each for each in names)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'kind': 'gru'}, "kind is 'gru', not one of 'lstm', 'transformer', 'hybrid'"),
        ({'num_heads': 0}, '4 cells are no even number of cells for each of 0 heads'),
        ({'num_heads': 4}, '4 cells are no even number of cells for each of 4 heads'),
        ({'attention': 'weighted'}, 'attention must be none'),
        ({'bidirectional': True}, 'sees only earlier steps'),
    ],
)
def test_architectures_that_make_no_sense(change, words):
    for architecture in SMALL:
        with pytest.raises(ValueError, match=words):
            dataclasses.replace(architecture, **change)


def test_a_transformer_cannot_infill():
    with pytest.raises(ValueError, match='sees only earlier steps'):
        dataclasses.replace(TRANSFORMER, bidirectional=True, infilling=True)
    assert dataclasses.replace(HYBRID, bidirectional=True, infilling=True).state_size == 4
