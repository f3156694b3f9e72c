"""The last notes of a melody as further inputs.

| block | of | values |
|---|---|---|
| `last onset` | the last note | steps since its onset, and whether it still sounds |
| `last pitch`, `last degree` | the last note | its pitch, its pitch class |
| `interval k` | the note k before it, k = 1, 2, 3 | its pitch less the last note's |
| `length k` | the same note | steps from its onset to the next one |

Steps are 0 to 15, 16-23, 24-31, 32-47, 48-63, 64 or more; intervals are cut off at 13 semitones.
In a piano roll a note starts where the class of a pitch follows another token.

The last value of each block stands for what is not known: notes before the first one that is read,
and in training what is dropped, as otherwise these inputs overfit.
"""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from symmusic.model.architecture import NOTE_STEPS, NUM_NOTES, WIDEST, Architecture
from symmusic.model.dropout import dropout

# folded into a window's key; layers fold their index, and training what is above
DROPPED = 2**31 - 4
BIN_OF_STEPS = np.searchsorted(NOTE_STEPS, np.arange(NOTE_STEPS[-1] + 1), side='right') - 1


@flax.struct.dataclass
class Notes:
    """The last notes, the latest first."""

    ages_BN: jax.Array  # int32, steps since each onset
    tokens_BN: jax.Array  # int32, the class of each pitch; -1 where there is no such note
    sounds_B: jax.Array  # bool: the last one sounds
    token_B: jax.Array  # int32, the last token; -1 before the first


def find_notes(
    tokens_BT: jax.Array, architecture: Architecture, keys_B: jax.Array | None = None
) -> list[jax.Array]:
    """The values [B, T] of each block, () for an architecture that does not read them. With keys,
    which are consumed, each is dropped with the architecture's rate.
    """
    if not architecture.last_notes:
        return []
    values = _values(*find_last_notes(tokens_BT, architecture), architecture)
    values_KBT = jnp.stack(values)
    if keys_B is not None and architecture.notes_dropout_rate:
        own_B = jax.vmap(jax.random.fold_in, (0, None))(keys_B, DROPPED)
        ones_TBK = jnp.ones((*tokens_BT.T.shape, len(values)))
        is_dropped_TBK = dropout(own_B, ones_TBK, architecture.notes_dropout_rate) == 0
        unknown_K = [block.size - 1 for block in architecture.blocks[-len(values) :]]
        unknown_K11 = jnp.asarray(unknown_K)[:, None, None]
        values_KBT = jnp.where(is_dropped_TBK.T, unknown_K11, values_KBT)
    # as in `agreement`
    return list(lax.optimization_barrier(values_KBT))


def find_last_notes(
    tokens_BT: jax.Array, architecture: Architecture
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """At each step the steps since the onsets of the last notes [B, T, N] and their classes, the
    latest first and -1 where there is no such note, and whether the latest sounds [B, T].
    """
    steps_T = jnp.arange(tokens_BT.shape[1])
    before_BT = jnp.pad(tokens_BT, ((0, 0), (1, 0)), constant_values=-1)[:, :-1]
    is_onset_BT, is_event_BT = _onsets(tokens_BT, before_BT, architecture)
    latest_BT = lax.cummax(jnp.where(is_onset_BT, steps_T, -1), axis=1)
    onsets = [latest_BT]
    for _ in range(NUM_NOTES - 1):  # the latest one before the onset found last
        earlier_BT = jnp.take_along_axis(latest_BT, jnp.maximum(onsets[-1] - 1, 0), axis=1)
        onsets.append(jnp.where(onsets[-1] > 0, earlier_BT, -1))
    onsets_BTN = jnp.stack(onsets, axis=-1)
    found = [jnp.take_along_axis(tokens_BT, jnp.maximum(each, 0), axis=1) for each in onsets]
    notes_BTN = jnp.where(onsets_BTN >= 0, jnp.stack(found, axis=-1), -1)
    sounds_BT = latest_BT == lax.cummax(jnp.where(is_event_BT, steps_T, -1), axis=1)
    return steps_T[:, None] - onsets_BTN, notes_BTN, sounds_BT


def last_note(tokens_BT: jax.Array, architecture: Architecture) -> jax.Array | None:
    """The class of the last note at each step [B, T], -1 where there is none, in training too; None
    of an architecture without relative scores.
    """
    if not architecture.relative:
        return None
    return find_last_notes(tokens_BT, architecture)[1][..., 0]


def init_notes(architecture: Architecture, batch: int) -> Notes | None:
    """What is remembered before the first step; None for an architecture that does not read it."""
    if not architecture.last_notes:
        return None
    shape = batch, NUM_NOTES
    none_BN = jnp.full(shape, -1, jnp.int32)
    return Notes(jnp.zeros(shape, jnp.int32), none_BN, jnp.zeros(batch, bool), none_BN[:, 0])


def note_step(
    before: Notes | None, token_B: jax.Array, architecture: Architecture
) -> tuple[Notes | None, list[jax.Array]]:
    """What is remembered after one more token, and what `find_notes` gives at its step."""
    if before is None:
        return None, []
    is_onset_B, is_event_B = _onsets(token_B, before.token_B, architecture)
    ages_BN, tokens_BN = before.ages_BN + 1, before.tokens_BN
    new = jnp.zeros_like(token_B), token_B
    ages_BN, tokens_BN = (
        jnp.where(
            is_onset_B[:, None], jnp.concatenate([first_B[:, None], each[:, :-1]], axis=1), each
        )
        for first_B, each in zip(new, (ages_BN, tokens_BN), strict=True)
    )
    sounds_B = jnp.where(is_event_B, is_onset_B, before.sounds_B)
    values = _values(ages_BN, tokens_BN, sounds_B, architecture)
    return Notes(ages_BN, tokens_BN, sounds_B, token_B), values


def _onsets(
    tokens: jax.Array, before: jax.Array, architecture: Architecture
) -> tuple[jax.Array, jax.Array]:
    """Whether a note starts, and whether anything happens; `before` are the tokens before."""
    is_class = tokens < architecture.num_classes
    is_pitch = (tokens >= architecture.first_pitch) & is_class
    if architecture.is_roll:
        return is_pitch & (tokens != before), tokens != before
    return is_pitch, (tokens != architecture.padding) & is_class


def _values(
    ages_N: jax.Array, tokens_N: jax.Array, sounds: jax.Array, architecture: Architecture
) -> list[jax.Array]:
    """The values of each block, in order, from the ages and classes of the last notes."""
    first_pitch = architecture.first_pitch
    num_bins, num_pitches = len(NOTE_STEPS), architecture.num_classes - first_pitch
    is_known_N = tokens_N >= 0
    pitch = tokens_N[..., 0] - first_pitch
    since = _bins(ages_N[..., 0]) + jnp.where(sounds, 0, num_bins)
    last = (
        (since, 2 * num_bins),
        (pitch, num_pitches),
        ((pitch + architecture.lowest_pitch) % 12, 12),
    )
    values = [jnp.where(is_known_N[..., 0], each, unknown) for each, unknown in last]
    intervals_N = jnp.clip(tokens_N[..., 1:] - tokens_N[..., :1], -WIDEST, WIDEST) + WIDEST
    lengths_N = _bins(ages_N[..., 1:] - ages_N[..., :-1])
    for each_N, unknown in ((intervals_N, 2 * WIDEST + 1), (lengths_N, num_bins)):
        each_N = jnp.where(is_known_N[..., 1:], each_N, unknown)
        values += [each_N[..., index] for index in range(NUM_NOTES - 1)]
    return values


def _bins(steps: jax.Array) -> jax.Array:
    return jnp.asarray(BIN_OF_STEPS, jnp.int32)[jnp.clip(steps, 0, NOTE_STEPS[-1])]
