"""Agreement with the lookbacks: compared with a plain loop, in every form of the network."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.agreement import agree_step, find_agreements, init_agreement
from symmusic.model.architecture import Architecture
from symmusic.model.inputs import add_rows, find_rows, multiply_rows
from symmusic.model.places import bar_steps, first_place, later
from tests.model.test_ahead import WHOLE, jitted_all, logits_of_steps
from tests.model.test_model import OF_METERS, random_problem

NUM_STEPS, NOTHING_COMPARED, NOT_AVAILABLE = 90, 8, 9
ONE_METER = Architecture(
    3, num_layers=1, num_cells=2, num_positions=16, lookback=(1, 4, 16, 100), agreement=True
)
# lookbacks of 1, 2 and 3 bars of 4, 3 or 5 steps
METERS = dataclasses.replace(ONE_METER, bars=(4, 3, 5), num_positions=5, lookback=(1, 2, 3))
FAITHFUL = dataclasses.replace(ONE_METER, padding=3)  # whose blank is silence
ALL = [ONE_METER, METERS, FAITHFUL]
jitted = jax.jit(find_agreements, static_argnums=2)


@functools.partial(jax.jit, static_argnums=2)
def jitted_steps(tokens_BT, places_BT, architecture):
    """The bins [L, B, T], a step at a time."""

    def step(memory, inputs):
        memory, found = agree_step(memory, *inputs, architecture)
        return memory, jnp.stack(found)

    memory = init_agreement(architecture, len(tokens_BT))
    found_TLB = jax.lax.scan(step, memory, (tokens_BT.T, places_BT.T))[1]
    return jnp.moveaxis(found_TLB, 0, -1)


def counted(tokens, lag, num_padding, num_classes=3):
    """The bins of a lag, with the steps from `num_padding` on known unless they are blanks."""
    known = [t >= num_padding and token < num_classes for t, token in enumerate(tokens)]
    bins = []
    for t in range(len(tokens)):
        if t + 1 < lag or not known[t + 1 - lag]:
            bins.append(NOT_AVAILABLE)
            continue
        if not known[t] or t < lag or not known[t - lag]:
            bins.append(NOTHING_COMPARED)
            continue
        run = 0
        while t - run >= lag and known[t - run] and known[t - run - lag]:
            if tokens[t - run] != tokens[t - run - lag]:
                break
            run += 1
        bins.append(sum(run >= least for least in (1, 2, 4, 8, 16, 32, 64)))
    return bins


@st.composite
def melodies(draw, architecture):
    """Tokens [B, T] of tunes that repeat themselves, each after its own padding and, if blanks are
    tokens, with blanks; the places; the number of padding steps.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**31 - 1)))
    rows, places, paddings = [], [], []
    for row in range(3):
        meter = row % len(architecture.bars)
        bar = architecture.bars[meter]
        motif = rng.integers(architecture.num_classes, size=rng.integers(1, 4) * bar)
        tune = np.tile(motif, NUM_STEPS)[:NUM_STEPS]
        is_new = rng.random(NUM_STEPS) < draw(st.sampled_from([0.0, 0.02, 0.2]))
        tune = np.where(is_new, rng.integers(architecture.padding + 1, size=NUM_STEPS), tune)
        padding = int(rng.integers(0, 40)) * int(rng.integers(2))
        tune[0] = 1  # an event
        rows.append(np.concatenate([np.full(padding, architecture.padding), tune])[:NUM_STEPS])
        places.append(
            later(
                first_place(meter, architecture.bars),
                np.arange(NUM_STEPS),
                METERS.bars if len(architecture.bars) > 1 else architecture.bars,
            )
        )
        paddings.append(padding)
    return np.array(rows), np.array(places), paddings


@pytest.mark.parametrize('architecture', ALL, ids=['one metre', 'metres', 'blanks'])
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_counts_are_those_of_a_loop(architecture, data):
    """At once and step by step; in bins up to 64 steps, across bar lines, after padding, and around
    blanks.
    """
    tokens, places, paddings = data.draw(melodies(architecture))
    tokens_BT, places_BT = jnp.asarray(tokens), jnp.asarray(places)
    found_LBT = np.array(jitted(tokens_BT, places_BT, architecture))
    for row, padding in enumerate(paddings):
        bar = 1 if len(architecture.bars) == 1 else int(bar_steps(places, METERS.bars)[row, 0])
        for index, lookback in enumerate(architecture.lookback):
            expected = counted(tokens[row].tolist(), lookback * bar, padding)
            assert_array_equal(found_LBT[index, row], expected)
    assert_array_equal(jitted_steps(tokens_BT, places_BT, architecture), found_LBT)


def test_counts_by_hand():
    """The table of the module, and without the first step, which then is not known."""
    architecture = dataclasses.replace(ONE_METER, num_classes=6, lookback=(4,))
    tokens = np.array([[1, 2, 3, 4, 1, 2, 5, 4, 1, 2, 5, 4]])
    for row, expected in (
        (tokens, [9, 9, 9, 8, 1, 2, 0, 1, 2, 2, 3, 3]),
        (np.where(tokens == 1, 0, tokens), [9, 9, 9, 9, 8, 1, 0, 1, 2, 2, 3, 3]),
    ):
        (found,) = jitted(jnp.asarray(row), None, architecture)
        assert found[0].tolist() == expected


def agreeing(architecture):
    return dataclasses.replace(architecture, agreement=True)


@pytest.mark.parametrize('architecture', [OF_METERS, WHOLE])
def test_without_their_rows_it_is_the_network_without_them(architecture):
    """They are the last rows of the first forward layer; the backward one of a model for infilling
    has none.
    """
    own = agreeing(architecture)
    params, *inputs = random_problem(own, num_steps=12)
    first = params['layers'][0]
    table, num_rows = first['forward']['input'], architecture.blocks[-1].end
    assert len(table) == num_rows + 10 * len(architecture.lookback)
    without = {**first, 'forward': {**first['forward'], 'input': table[:num_rows]}}
    silent = {**first, 'forward': {**first['forward'], 'input': table.at[num_rows:].set(0)}}
    expected, found, told = (
        jitted_all({**params, 'layers': [layer, *params['layers'][1:]]}, *inputs, net)[0]
        for net, layer in ((architecture, without), (own, silent), (own, first))
    )
    assert_allclose(found, expected, atol=1e-5)
    assert (told != expected).any()


@pytest.mark.parametrize('architecture', [OF_METERS, WHOLE])
def test_step_by_step_is_all_at_once(architecture):
    own = agreeing(architecture)
    params, tokens_BT, positions_BT = random_problem(own, num_steps=12)
    tokens_BT = tokens_BT.at[:, 6:].set(tokens_BT[:, :6])  # a repeat
    logits_of_steps(params, tokens_BT, positions_BT, own)


def test_a_step_knows_nothing_later():
    """Nor is anything before the first event counted."""
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(3, size=(2, NUM_STEPS)))
    tokens_BT = tokens_BT.at[:, :30].set(0).at[:, 30].set(2)
    found_LBT = np.array(jitted(tokens_BT, None, ONE_METER))
    other_LBT = np.array(jitted(tokens_BT.at[:, 60].set(1 - tokens_BT[:, 60]), None, ONE_METER))
    assert_array_equal(other_LBT[..., :60], found_LBT[..., :60])
    assert (other_LBT[..., 60:] != found_LBT[..., 60:]).any()
    alone_LBT = np.array(jitted(tokens_BT[:, 30:], None, ONE_METER))
    assert_array_equal(found_LBT[..., 30:], alone_LBT)
    assert_array_equal(found_LBT[..., :30], NOT_AVAILABLE)


def test_the_gradient_of_their_rows():
    """As of one-hot inputs, in both ways in which it is computed."""
    own = agreeing(OF_METERS)
    _, tokens_BT, positions_BT = random_problem(own, num_steps=30)
    others = [tokens_BT] * 2 + jitted(tokens_BT, positions_BT, own)
    rows_KN = find_rows(tokens_BT, positions_BT, others, own).reshape(-1, len(own.blocks)).T
    values_NG = np.random.default_rng(0).normal(size=(rows_KN.shape[1], 4)).astype(np.float32)
    sizes, num_rows = tuple(block.size for block in own.blocks), own.blocks[-1].end + 1
    expected = np.zeros((num_rows, 4))
    for row_N in np.array(rows_KN):
        np.add.at(expected, row_N, values_NG)
    expected[-1] = 0  # nothing is stored for a blank
    ways = functools.partial(add_rows, num_rows), functools.partial(multiply_rows, sizes, num_rows)
    for found in (jax.jit(way)(rows_KN, jnp.asarray(values_NG)) for way in ways):
        assert_allclose(found[:-1], expected[:-1], atol=1e-5)
    assert (np.abs(expected[own.blocks[-2].begin : -1]).sum(axis=1) > 0).sum() > 4


def test_there_must_be_a_lookback():
    with pytest.raises(ValueError, match='there must be one'):
        Architecture(3, num_layers=1, num_cells=2, agreement=True)
