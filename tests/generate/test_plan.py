"""Sampling with bars left: each form reads the counts of the step that it predicts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions
from symmusic.generate.plan import Plan, plan_of_bars
from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Rule, sample
from symmusic.melody.form import LEFT_SIZES
from tests.generate.test_sample import BOTH_WAYS, PLAIN, POSITIONS, PROMPT, random_params, softmax
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner
from tests.model.compiled import apply_all, apply_last, init_params

NUM_NEW = 5
jitted_last = jax.jit(apply_last, static_argnums=3)
TOLD = dataclasses.replace(PLAIN, left_sizes=(3, 4))
GAPS = dataclasses.replace(TOLD, bidirectional=True, infilling=True)
LEFT = np.stack([np.arange(11) % 4, np.arange(11)[::-1] % 5], axis=-1)
LEFT_BS2 = np.stack([LEFT, LEFT[::-1]]).astype(np.uint8)


def test_plans_by_hand():
    plan = plan_of_bars(4, 2, (0, 3))
    assert plan.section_left.tolist() == [2, 2, 1, 1, 0, 0, 0, 0]
    assert plan.tune_left.tolist() == [3, 3, 2, 2, 1, 1, 0, 0]
    assert plan_of_bars(2, 1).section_left.tolist() == [255, 255]
    assert plan_of_bars(1, 2, (0,), num_padding=1).tune_left.tolist() == [255, 0, 0]
    assert_array_equal(plan.of_pieces(3)[2], np.stack([plan.section_left, plan.tune_left], axis=1))


def draw(architecture, left_BS2, **how):
    reader = make_reader(
        random_params(architecture), architecture, NUM_NEW, memory_steps=8, left_BS2=left_BS2, **how
    )
    keys_B = jax.random.split(jax.random.key(5))
    arguments = jnp.asarray(PROMPT), jnp.asarray(POSITIONS), keys_B, Rule()
    return jax.tree.map(np.array, sample(reader, *arguments, num_steps=NUM_NEW, keep=True))


@pytest.mark.parametrize('architecture', [TOLD, GAPS], ids=['one way', 'gaps'])
def test_carrying_the_state(architecture):
    known_BN = np.array([[7, 7, 7, 2, 3], [7, 7, 7, 4, 0]])
    how = {'future_BN': jnp.asarray(known_BN)} if architecture.infilling else {}
    drawn = draw(architecture, jnp.asarray(LEFT_BS2), **how)
    tokens = np.concatenate([PROMPT, drawn.tokens_BN], axis=1)
    positions = (POSITIONS[:, :1] + np.arange(10)) % 16
    future = {'future_BT': np.concatenate([np.full((2, 5), 7), known_BN], axis=1)} if how else {}
    logits, _ = apply_all(
        random_params(architecture),
        tokens[:, :-1],
        positions,
        architecture,
        left_BT2=jnp.asarray(LEFT_BS2[:, 1:]),
        **future,
    )
    num_free = 3 if how else NUM_NEW
    expected = softmax(np.array(logits))[:, 5:][:, :num_free]
    assert_allclose(drawn.probabilities_BNV[:, :num_free], expected, atol=2e-6)


@pytest.mark.parametrize(
    ('ways', 'window_steps'),
    [(PLAIN, 4), (PLAIN, 9), (BOTH_WAYS, 9)],
    ids=['sliding', 'padded', 'read again'],
)
def test_reading_windows(ways, window_steps):
    """In the padding before a short prompt nothing is known."""
    architecture = dataclasses.replace(ways, left_sizes=(3, 4))
    drawn = draw(architecture, jnp.asarray(LEFT_BS2), window_steps=window_steps)
    tokens = np.concatenate([np.zeros((2, 3), int), PROMPT, drawn.tokens_BN], axis=1)
    left = np.concatenate([np.full((2, 3, 2), 255), LEFT_BS2], axis=1)
    for step in range(NUM_NEW):
        of = np.s_[9 + step - window_steps : 9 + step]
        positions = (POSITIONS[:, :1] + np.arange(of.start, of.stop) - 3) % 16
        logits, _ = jitted_last(
            random_params(architecture),
            tokens[:, of],
            positions,
            architecture,
            left_BT2=jnp.asarray(left[:, of.start + 1 : of.stop + 1]),
        )
        assert_allclose(drawn.probabilities_BNV[:, step], softmax(np.array(logits)), atol=2e-6)


@pytest.mark.parametrize('how', [{}, {'window_steps': 4}], ids=['state', 'windows'])
def test_nothing_known_is_no_plan(how):
    nothing = jnp.full_like(LEFT_BS2, 255)
    assert_array_equal(draw(TOLD, nothing, **how).tokens_BN, draw(TOLD, None, **how).tokens_BN)
    # a model that does not read them
    assert_array_equal(
        draw(PLAIN, jnp.asarray(LEFT_BS2), **how).log_probabilities_BN,
        draw(PLAIN, None, **how).log_probabilities_BN,
    )


def test_pieces_follow_a_plan():
    """A model that sounds a class for each number of bars left in the tune, and in the section."""
    architecture = dataclasses.replace(ARCHITECTURE, left_sizes=LEFT_SIZES, num_layers=1)
    params = jax.tree.map(jnp.zeros_like, init_params(jax.random.key(0), architecture))
    first = params['layers'][0]['forward']
    cells = first['recurrent'].shape[0]
    tune_begin = VOCABULARY.num_classes + 16 + LEFT_SIZES[0]
    # Open gates; cell 0 holds the sign of the last bar.
    bias = first['bias'].at[:cells].set(9.0).at[cells : 2 * cells].set(-9.0).at[3 * cells :].set(9)
    table = first['input'].at[tune_begin + 1 :, 2 * cells].set(-9.0)
    first |= {'bias': bias, 'input': table.at[tune_begin, 2 * cells].set(9.0)}
    kernel = params['head']['kernel'].at[0, 4].set(99.0).at[0, 9].set(-99.0)
    params = {**params, 'head': {**params['head'], 'kernel': kernel}}
    plan = plan_of_bars(1 + 3, 16)
    for shown in (plan, Plan(plan.section_left, plan.tune_left[::-1])):
        (piece,) = compose(
            params,
            architecture,
            VOCABULARY,
            make_prompt(),
            manner(num_samples=1, num_bars=3),
            jax.random.key(0),
            Conditions(plan=shown),
        )
        expected = np.where(shown.tune_left[16:] == 0, 4, 9)
        assert_array_equal(piece.tokens, expected)
