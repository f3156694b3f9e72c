"""What followed the last three notes when they last sounded: a lookback whose lag the melody sets.

Each step looks for the latest earlier step at which the last three notes, the steps between their
onsets and since the last one, and whether it still sounds, were the same. It recalls the token
after that step. A second input, binned as in `agreement`, counts for how many steps that place has
moved along with the melody. With notes of one step each, where a letter starts a note:

    token      a b c d e a b c d f
    recalls    - - - - - - - d e -
    for steps  - - - - - - - 1 2 -

A place more than `Architecture.recall_steps` back is not found.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model.agreement import NOT_AVAILABLE, find_bins
from symmusic.model.architecture import NOTE_STEPS, Architecture
from symmusic.model.notes import Notes, find_last_notes

NUM_RECALLED = 3  # notes; at most `NUM_NOTES`
LONGEST = NOTE_STEPS[-1]  # steps between onsets; longer ones count as this


@flax.struct.dataclass
class Recall:
    """What is remembered between two steps."""

    # of the last M steps, the latest last; a situation is two numbers, negative before there are
    # three notes
    situations_BM2: jax.Array
    tokens_BM: jax.Array
    lag_B: jax.Array  # int32, how many steps back the last step's place was; 0 = none
    run_B: jax.Array  # int32, for how many steps the lag has been the same


def find_recalled(tokens_BT: jax.Array, architecture: Architecture) -> list[jax.Array]:
    """The tokens recalled [B, T], `num_classes` where there is none, and for how many steps, in
    bins; empty for an architecture that does not read them.
    """
    if not architecture.recall_steps:
        return []
    steps_T = jnp.arange(tokens_BT.shape[1])
    situations_BT2 = _situations(*find_last_notes(tokens_BT, architecture), architecture)
    distance_TT = steps_T[:, None] - steps_T
    may_be_TT = (distance_TT > 0) & (distance_TT < architecture.recall_steps)
    is_same_BTT = _are_same(situations_BT2[:, :, None], situations_BT2[:, None])
    place_BT = jnp.where(is_same_BTT & may_be_TT, steps_T, -1).max(axis=2)
    lag_BT = jnp.where(place_BT < 0, 0, steps_T - place_BT)
    before_BT = jnp.pad(lag_BT, ((0, 0), (1, 0)))[:, :-1]
    last_other_BT = lax.cummax(jnp.where(_goes_on(lag_BT, before_BT), -1, steps_T), axis=1)
    next_BT = jnp.take_along_axis(tokens_BT, jnp.maximum(place_BT, 0) + 1, axis=1, mode='clip')
    # as in `agreement`
    return list(
        lax.optimization_barrier(_values(lag_BT, steps_T - last_other_BT, next_BT, architecture))
    )


def init_recall(architecture: Architecture, batch: int) -> Recall | None:
    """What is remembered before the first step; None of an architecture that does not read it."""
    if not (num_steps := architecture.recall_steps):
        return None
    zeros_B = jnp.zeros(batch, jnp.int32)
    return Recall(
        jnp.full((batch, num_steps, 2), -1, jnp.int32),
        jnp.zeros((batch, num_steps), jnp.int32),
        zeros_B,
        zeros_B,
    )


def recall_step(
    before: Recall | None, notes: Notes | None, token_B: jax.Array, architecture: Architecture
) -> tuple[Recall | None, list[jax.Array]]:
    """What is remembered after one more token, and what `find_recalled` gives at its step; `notes`
    are those after the token.
    """
    if before is None:
        return None, []
    num_steps = architecture.recall_steps
    situation_B2 = _situations(notes.ages_BN, notes.tokens_BN, notes.sounds_B, architecture)
    situations_BM2 = _appended(before.situations_BM2, situation_B2)
    tokens_BM = _appended(before.tokens_BM, token_B)
    is_same_BM = _are_same(situations_BM2[:, :-1], situation_B2[:, None])
    place_B = jnp.where(is_same_BM, jnp.arange(num_steps - 1), -1).max(axis=1)
    lag_B = jnp.where(place_B < 0, 0, num_steps - 1 - place_B)
    run_B = jnp.where(_goes_on(lag_B, before.lag_B), before.run_B + 1, 0)
    next_B = jnp.take_along_axis(tokens_BM, jnp.maximum(place_B, 0)[:, None] + 1, axis=1)[:, 0]
    found = _values(lag_B, run_B, next_B, architecture)
    return Recall(situations_BM2, tokens_BM, lag_B, run_B), list(found)


def _situations(
    ages_N: jax.Array, tokens_N: jax.Array, sounds: jax.Array, architecture: Architecture
) -> jax.Array:
    """Two numbers, in a last axis, that are equal for equal situations; negative where notes are
    missing.
    """
    pitches, times = 0, 0
    for index in range(NUM_RECALLED):
        pitches = pitches * architecture.num_classes + tokens_N[..., index]
        since = ages_N[..., index] - (ages_N[..., index - 1] if index else 0)
        times = times * (LONGEST + 1) + jnp.minimum(since, LONGEST)
    times = 2 * times + sounds
    is_known = tokens_N[..., NUM_RECALLED - 1] >= 0
    return jnp.stack([jnp.where(is_known, each, -1) for each in (pitches, times)], axis=-1)


def _are_same(situations_2: jax.Array, others_2: jax.Array) -> jax.Array:
    same = (situations_2[..., 0] == others_2[..., 0]) & (situations_2[..., 1] == others_2[..., 1])
    return same & (situations_2[..., 0] >= 0)


def _goes_on(lag: jax.Array, before: jax.Array) -> jax.Array:
    return (lag > 0) & (lag == before)


def _values(
    lag: jax.Array, run: jax.Array, token: jax.Array, architecture: Architecture
) -> tuple[jax.Array, jax.Array]:
    is_found = lag > 0
    return (
        jnp.where(is_found, token, architecture.num_classes),
        jnp.where(is_found, find_bins(run + 1), NOT_AVAILABLE),
    )


def _appended(steps_BMX: jax.Array, step_BX: jax.Array) -> jax.Array:
    return jnp.concatenate([steps_BMX[:, 1:], step_BX[:, None]], axis=1)
