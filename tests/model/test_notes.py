"""The last notes as inputs: compared with a plain loop, in every form of the network."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.model.architecture import Architecture
from symmusic.model.notes import find_notes, init_notes, note_step
from symmusic.model.sliding import can_slide
from tests.model.test_ahead import WHOLE, jitted_all, logits_of_steps
from tests.model.test_model import ATTENTIVE, PLAIN, random_problem

# no event, note off, and 30 pitches from 58 on
NOTES = Architecture(32, num_layers=1, num_cells=2, last_notes=(2, 58))
NAMES = ['last onset', 'last pitch', 'last degree']
NAMES += [f'{what} {index}' for what in ('interval', 'length') for index in (1, 2, 3)]
SIZES = [43, 31, 13, 28, 28, 28, 22, 22, 22]
jitted = jax.jit(find_notes, static_argnums=1)


def bin_of(steps):
    return sum(steps >= least for least in (*range(16), 16, 24, 32, 48, 64)) - 1


def told(tokens):
    """The values [T][K] of a melody, by a loop."""
    notes, sounds, found = [], False, []
    for t, token in enumerate(tokens):
        if token >= 2:
            notes.insert(0, (t, token - 2 + 58))
        sounds = token >= 2 or (sounds and token != 1)
        values = [size - 1 for size in SIZES]
        if notes:
            onset, pitch = notes[0]
            values[:3] = [bin_of(t - onset) + (0 if sounds else 21), pitch - 58, pitch % 12]
        for index in range(1, min(4, len(notes))):
            onset, other = notes[index]
            values[2 + index] = min(max(other - notes[0][1], -13), 13) + 13
            values[5 + index] = bin_of(notes[index - 1][0] - onset)
        found.append(values)
    return found


@functools.partial(jax.jit, static_argnums=1)
def jitted_steps(tokens_BT, architecture):
    """The values [T, K, B], a step at a time."""

    def step(memory, token_B):
        memory, found = note_step(memory, token_B, architecture)
        return memory, jnp.stack(found)

    return jax.lax.scan(step, init_notes(architecture, len(tokens_BT)), tokens_BT.T)[1]


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**31 - 1), rate=st.sampled_from([0.02, 0.1, 0.5]))
def test_values_are_those_of_a_loop(seed, rate):
    """At once and step by step, with few and many notes, after padding."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, 32, size=(3, 120)) * (rng.random((3, 120)) < rate)
    tokens[1, :50] = 0
    found = np.array(jitted(jnp.asarray(tokens), NOTES))
    assert_array_equal(found.transpose(1, 2, 0), [told(row) for row in tokens])
    assert_array_equal(jitted_steps(jnp.asarray(tokens), NOTES), found.transpose(2, 0, 1))


@pytest.mark.parametrize('first_pitch', [0, 1], ids=['pianoroll_faithful', 'pianoroll'])
def test_rolls(first_pitch):
    """A note starts where a pitch follows another token, and ends where another token follows it;
    where class 0 is the lowest pitch, silence is the blank after the last class.
    """
    num_classes = 30 + first_pitch
    silence = 0 if first_pitch else num_classes
    roll = dataclasses.replace(
        NOTES,
        num_classes=num_classes,
        padding=silence,
        last_notes=(first_pitch, 58),
        is_roll=True,
    )
    rng = np.random.default_rng(first_pitch)
    pitches = rng.integers(0, 30, size=(3, 120)) + first_pitch
    tokens = np.where(rng.random((3, 120)) < 0.3, silence, pitches)
    for t in range(1, 120):  # most tokens are held
        tokens[:, t] = np.where(rng.random(3) < 0.7, tokens[:, t - 1], tokens[:, t])
    starts = np.where(tokens == silence, 1, tokens - first_pitch + 2)
    is_held = np.pad(tokens[:, 1:] == tokens[:, :-1], ((0, 0), (1, 0)))
    found = np.array(jitted(jnp.asarray(tokens), roll))
    expected = [told(row) for row in np.where(is_held, 0, starts)]
    assert_array_equal(found.transpose(1, 2, 0), expected)
    assert_array_equal(jitted_steps(jnp.asarray(tokens), roll), found.transpose(2, 0, 1))


def test_blocks():
    assert [(each.name, each.size) for each in NOTES.blocks[1:]] == [
        *zip(NAMES, SIZES, strict=True)
    ]
    assert can_slide(PLAIN)
    assert not can_slide(dataclasses.replace(PLAIN, last_notes=(2, 60)))


@pytest.mark.parametrize('architecture', [ATTENTIVE, WHOLE], ids=['one way', 'gaps'])
def test_step_by_step_is_all_at_once(architecture):
    """Together with agreement, which comes before them."""
    lookback = architecture.lookback or (2,)
    own = dataclasses.replace(architecture, lookback=lookback, agreement=True, last_notes=(2, 60))
    params, tokens_BT, positions_BT = random_problem(own, num_steps=12)
    expected_BTV, future = logits_of_steps(params, tokens_BT, positions_BT, own)
    begin = own.blocks[-9].begin
    silent = jax.tree.map(jnp.copy, params)
    silent['layers'][0]['forward']['input'] = (
        params['layers'][0]['forward']['input'].at[begin:].set(0)
    )
    assert (jitted_all(silent, tokens_BT, positions_BT, own, **future)[0] != expected_BTV).any()


def test_what_training_does_not_tell():
    """Each value of each step with the rate, independently; the others stay as they are."""
    dropping = dataclasses.replace(NOTES, notes_dropout_rate=0.3)
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(2, 32, size=(8, 200)))
    keys_B = jax.random.split(jax.random.key(0), 8)
    whole = np.array(jitted(tokens_BT, dropping))
    found = np.array(jitted(tokens_BT, dropping, keys_B))
    unknown = np.array(SIZES)[:, None, None] - 1
    assert_array_equal(found[(found != unknown)], whole[(found != unknown)])
    is_dropped = ((found == unknown) & (whole != unknown))[..., 4:]
    shares = is_dropped.mean(axis=(1, 2))  # of 1568 each: a deviation of 0.0116
    assert_allclose(shares, 0.3, atol=0.05)
    both = (is_dropped[0] & is_dropped[1]).mean()
    assert_allclose(both, 0.09, atol=0.03)
    assert_array_equal(jitted(tokens_BT, NOTES, keys_B), whole)
