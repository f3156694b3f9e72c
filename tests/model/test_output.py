"""Copies and relative scores: compared with sums in NumPy, and how they are learned."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.architecture import Architecture
from symmusic.model.model import init_params
from symmusic.model.output import WIDEST_SCORED, predict
from symmusic.model.size import count_parameters
from tests.model.test_model import OF_METERS, PLAIN, jitted_all, jitted_last, random_problem

# pitches from 58 on, more than can be scored from one of them
WIDE = dataclasses.replace(
    PLAIN,
    num_classes=32,
    num_positions=16,
    lookback=(1, 3),
    agreement=True,
    last_notes=(2, 58),
    recall_steps=20,
    copying=True,
    relative=True,
)
GAPS = dataclasses.replace(WIDE, bidirectional=True, infilling=True)
METERS = dataclasses.replace(
    OF_METERS, agreement=True, last_notes=(2, 60), recall_steps=5, copying=True, relative=True
)
ROLL = dataclasses.replace(WIDE, last_notes=(1, 58), is_roll=True, num_classes=31)
FAITHFUL = dataclasses.replace(ROLL, last_notes=(0, 58), num_classes=30, padding=30)
ALL = [WIDE, GAPS, METERS, ROLL, FAITHFUL]
IDS = ['melody', 'gaps', 'metres', 'roll', 'faithful roll']
BATCH = 12
jitted = jax.jit(predict, static_argnums=4)


def random_rows(architecture, seed=0):
    """A row of each block [BATCH, K], some of them blanks, and the values in their blocks."""
    rng = np.random.default_rng(seed)
    blocks = architecture.blocks
    values = np.stack([rng.integers(block.size, size=BATCH) for block in blocks], axis=1)
    rows = values + [block.begin for block in blocks]
    if architecture.has_blank:
        values[:3, 0], rows[:3, 0] = architecture.num_classes, blocks[-1].end
        copied = architecture.copied[0][0]  # a lookback at a blank
        values[3:5, copied], rows[3:5, copied] = architecture.num_classes, blocks[-1].end
    return rows, values


def added(params, summary_BH, values_BK, architecture):
    """What is added to the head's logits [B, V], one by one."""
    names = [block.name for block in architecture.blocks]
    first = architecture.first_pitch
    num_pitches = architecture.num_classes - first
    tokens = [place for place, name in enumerate(names) if name == 'token'][1:]
    pairs = [(tokens[lag], names.index(f'agreement {lag}')) for lag in range(2)]
    pairs += [(names.index('recalled'), names.index('agreement recall'))]
    total = np.zeros((len(summary_BH), architecture.num_classes))
    for row, (summary, values) in enumerate(zip(summary_BH, values_BK, strict=True)):
        for number, (token, agreement) in enumerate(pairs):
            if values[agreement] == 9 or values[token] == architecture.num_classes:
                continue
            score = summary @ params['copies']['kernel'][:, number]
            total[row, values[token]] += score + params['copies']['bias'][number, values[agreement]]
        last = values[names.index('last pitch')]
        for pitch in range(num_pitches):
            degree = (pitch + architecture.lowest_pitch) % 12
            total[row, first + pitch] += summary @ params['relative']['degree'][:, degree]
            interval = pitch - last
            if last < num_pitches and abs(interval) <= WIDEST_SCORED:
                column = params['relative']['interval'][:, interval + WIDEST_SCORED]
                total[row, first + pitch] += summary @ column
    return total


@pytest.mark.parametrize('architecture', ALL, ids=IDS)
def test_what_is_added_to_the_logits(architecture):
    """In every encoding, with blanks, with tokens that are not there and with the last note not
    known.
    """
    params, *_ = random_problem(architecture)
    rows_BK, values_BK = random_rows(architecture)
    names = [block.name for block in architecture.blocks]
    values_BK[5, names.index('last pitch')] = architecture.num_classes - architecture.first_pitch
    last = architecture.blocks[names.index('last pitch')]
    rows_BK[5, names.index('last pitch')] = last.end - 1
    last_B = values_BK[:, names.index('last pitch')] + architecture.first_pitch
    last_B = jnp.asarray(np.where(last_B == architecture.num_classes, -1, last_B))
    size = len(params['head']['kernel'])
    summary_BH = np.random.default_rng(1).normal(size=(BATCH, size)).astype(np.float32)
    inputs = (jnp.asarray(summary_BH),), jnp.asarray(rows_BK), last_B
    found = jitted(params, *inputs, architecture)
    plain = dataclasses.replace(architecture, copying=False, relative=False)
    of_head = jitted(params, *inputs, plain)
    params = jax.tree.map(np.asarray, params)
    assert_allclose(found - of_head, added(params, summary_BH, values_BK, architecture), atol=1e-4)


@pytest.mark.parametrize('architecture', [METERS, FAITHFUL], ids=['metres', 'faithful roll'])
def test_they_begin_at_zero_and_the_last_step_is_as_of_all(architecture):
    """A new network gives what it would without them; its other parameters are the same."""
    plain = dataclasses.replace(architecture, copying=False, relative=False)
    key = jax.random.key(3)
    begun, without = (
        jax.jit(init_params, static_argnums=1)(key, each) for each in (architecture, plain)
    )
    jax.tree.map(assert_array_equal, {name: begun[name] for name in without}, without)
    params, *inputs = random_problem(architecture, num_steps=12)
    expected = jitted_all(without, *inputs, plain)[0]
    assert_allclose(jitted_all(begun, *inputs, architecture)[0], expected, atol=1e-6)
    logits_BTV = jitted_all(params, *inputs, architecture)[0]
    assert_allclose(jitted_last(params, *inputs, architecture)[0], logits_BTV[:, -1], atol=1e-5)
    size = len(without['head']['kernel'])
    num_scores = size * (3 + 41 + 12) + 3 * 10
    assert count_parameters(architecture) == count_parameters(plain) + num_scores


def test_every_score_has_a_gradient():
    """Those of the mean of all logits of some rows, as differences have it."""
    params, *_ = random_problem(WIDE)
    rows_BK, _ = random_rows(WIDE)
    last_B = jnp.arange(BATCH) + 2
    states_BH = jnp.asarray(np.random.default_rng(2).normal(size=(BATCH, 4)), jnp.float32)
    weights_BV = jnp.asarray(np.random.default_rng(3).normal(size=(BATCH, 32)), jnp.float32)

    def total(params):
        logits_BV = predict(params, (states_BH,), jnp.asarray(rows_BK), last_B, WIDE)
        return (logits_BV * weights_BV).sum()

    gradients = jax.jit(jax.grad(total))(params)
    along = {name: jax.tree.map(jnp.sign, gradients[name]) for name in ('copies', 'relative')}
    step = 0.01  # the sum is linear in the scores
    moved = params | {
        name: jax.tree.map(lambda leaf, sign: leaf + step * sign, params[name], along[name])
        for name in along
    }
    rise = sum(
        float(jnp.abs(leaf).sum()) for name in along for leaf in jax.tree.leaves(gradients[name])
    )
    assert_allclose(total(moved) - total(params), step * rise, rtol=2e-2)
    assert (jnp.abs(gradients['copies']['kernel']).sum(axis=0) > 0).all()


def test_copying_needs_something_to_copy():
    with pytest.raises(ValueError, match='there must be one of them'):
        Architecture(3, num_layers=1, num_cells=2, lookback=(1,), copying=True)
    recalling = dataclasses.replace(WIDE, lookback=(), agreement=False)
    assert len(recalling.copied) == 1


def test_training_does_not_hide_the_last_note_from_the_scores():
    """With all inputs of the last notes dropped."""
    dropping = dataclasses.replace(WIDE, notes_dropout_rate=0.999999, dropout_rate=0.0)
    params, tokens_BT, positions_BT = random_problem(dropping, num_steps=8)
    params['head']['kernel'] *= 0
    keys_B = jax.random.split(jax.random.key(0), len(tokens_BT))
    told, hidden = (
        jitted_all({**params, 'relative': scores}, tokens_BT, positions_BT, dropping, keys_B)[0]
        for scores in (params['relative'], jax.tree.map(jnp.zeros_like, params['relative']))
    )
    differences_BTV = np.array(told - hidden)
    is_known_BT = np.maximum.accumulate(np.array(tokens_BT) >= 2, axis=1)
    assert is_known_BT.any()
    # pitches an octave apart have the same degree, and another interval from the last note
    octave_BT = np.abs(differences_BTV[..., 2] - differences_BTV[..., 14])
    assert (octave_BT[is_known_BT] > 1e-4).all()
