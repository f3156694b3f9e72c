"""What is recalled: compared with a plain loop, at once and step by step."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.model.architecture import Architecture
from symmusic.model.notes import init_notes, note_step
from symmusic.model.recall import find_recalled, init_recall, recall_step

NUM_STEPS, NOT_AVAILABLE = 90, 9
# no event, note off and pitches from 60 on; or the pitch that sounds, with class 0 or a blank for
# silence
NOTES = Architecture(6, num_layers=1, num_cells=2, last_notes=(2, 60), recall_steps=200)
NEAR = dataclasses.replace(NOTES, recall_steps=20)
ROLL = dataclasses.replace(NOTES, last_notes=(1, 60), is_roll=True)
FAITHFUL = dataclasses.replace(ROLL, last_notes=(0, 60), padding=6)
ALL = [NOTES, NEAR, ROLL, FAITHFUL]
jitted = jax.jit(find_recalled, static_argnums=1)


@functools.partial(jax.jit, static_argnums=1)
def jitted_steps(tokens_BT, architecture):
    """The tokens and bins [2, B, T], a step at a time."""

    def step(memory, token_B):
        notes, _ = note_step(memory[0], token_B, architecture)
        recall, found = recall_step(memory[1], notes, token_B, architecture)
        return (notes, recall), jnp.stack(found)

    inits = init_notes, init_recall
    memory = tuple(init(architecture, len(tokens_BT)) for init in inits)
    return jnp.moveaxis(jax.lax.scan(step, memory, tokens_BT.T)[1], 0, -1)


def situation_of(tokens, t, architecture):
    """The last three pitches, the steps between them and to t, at most 64 each, and whether the
    last one sounds; None where there are fewer notes.
    """
    first, notes, sounds, before = architecture.first_pitch, [], False, None
    for step, token in enumerate(tokens[: t + 1]):
        is_pitch = first <= token < architecture.num_classes
        if is_pitch and not (architecture.is_roll and token == before):
            notes.append((step, token))
            sounds = True
        elif token != before if architecture.is_roll else token == 1:
            sounds = False
        before = token
    if len(notes) < 3:
        return None
    onsets = [step for step, _ in notes[-3:]] + [t]
    pitches = [pitch for _, pitch in notes[-3:]]
    return pitches, np.minimum(np.diff(onsets), 64).tolist(), sounds


def recalled(tokens, architecture):
    """The tokens and bins of a melody, by a loop."""
    situations = [situation_of(tokens, t, architecture) for t in range(len(tokens))]
    found, bins, lag, run = [], [], None, 0
    for t, now in enumerate(situations):
        earliest = max(t - architecture.recall_steps + 1, 0)
        places = [s for s in range(earliest, t) if now is not None and situations[s] == now]
        if not places:
            found.append(architecture.num_classes)
            bins.append(NOT_AVAILABLE)
            lag = None
            continue
        run, lag = (run + 1 if t - places[-1] == lag else 1), t - places[-1]
        found.append(tokens[places[-1] + 1])
        bins.append(sum(run >= least for least in (1, 2, 4, 8, 16, 32, 64)))
    return [found, bins]


def melodies(seed, architecture):
    """Tokens [3, T] of tunes that repeat a motif with changes, one of them after padding; the
    repeats start anywhere in the bar.
    """
    rng, rows = np.random.default_rng(seed), []
    tokens = architecture.num_classes + (architecture.padding == architecture.num_classes)
    for row in range(3):
        motif = rng.integers(tokens, size=rng.integers(5, 20))
        if row:  # longer notes
            motif = np.where(rng.random(len(motif)) < 0.5, 0, motif)
        tune = np.tile(motif, NUM_STEPS)[:NUM_STEPS]
        is_new = rng.random(NUM_STEPS) < 0.05 * row
        tune = np.where(is_new, rng.integers(tokens, size=NUM_STEPS), tune)
        padding = np.full(7 * row, architecture.padding)
        rows.append(np.concatenate([padding, tune])[:NUM_STEPS])
    return np.array(rows)


@pytest.mark.parametrize('architecture', ALL, ids=['melody', 'near', 'roll', 'faithful roll'])
@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**31 - 1))
def test_it_is_what_a_loop_finds(architecture, seed):
    tokens = melodies(seed, architecture)
    found = np.array(jitted(jnp.asarray(tokens), architecture))
    expected = [recalled(row.tolist(), architecture) for row in tokens]
    assert_array_equal(found.swapaxes(0, 1), expected)
    assert_array_equal(jitted_steps(jnp.asarray(tokens), architecture), found)


def test_by_hand():
    """The table of the module; then other lengths, a place too far back, and long notes."""
    architecture = dataclasses.replace(NOTES, num_classes=8)
    tokens = [2, 3, 4, 5, 6, 2, 3, 4, 5, 7]
    found = np.array(jitted(jnp.array([tokens]), architecture))[:, 0]
    assert found.tolist() == [[8] * 7 + [5, 6, 8], [9] * 7 + [1, 2, 9]]
    slower = [token for token in tokens[5:] for token in (token, 0)]
    found = np.array(jitted(jnp.array([tokens[:5] + slower]), architecture))[:, 0]
    assert (found[0] == 8).all()
    near = dataclasses.replace(architecture, recall_steps=5)
    assert (np.array(jitted(jnp.array([tokens]), near))[0] == 8).all()
    held = [2, 3, 4] + [0] * 70
    found = np.array(jitted(jnp.array([held]), architecture))[:, 0]
    # all steps from the 64th on are alike, each recalls the one before
    assert found[:, 60:70].tolist() == [[8] * 7 + [0] * 3, [9] * 7 + [1, 2, 2]]


def test_a_step_knows_nothing_later():
    tokens = melodies(3, NOTES)
    other = tokens.copy()
    other[:, 60:] = (other[:, 60:] + 1) % 6
    found, changed = (np.array(jitted(jnp.asarray(each), NOTES)) for each in (tokens, other))
    assert_array_equal(changed[..., :60], found[..., :60])
    assert (changed[..., 60:] != found[..., 60:]).any()
    assert (found[0, ..., :60] < 6).any()


def test_the_last_notes_must_be_read():
    with pytest.raises(ValueError, match='must be read'):
        dataclasses.replace(NOTES, last_notes=())
