"""A limit on copied runs: while pieces are drawn, notes that would complete a longer run of a
training tune are masked. Pure functions.

A run is a sequence of consecutive notes with the same intervals and the same steps from onset to
onset, as in `originality/copies.py`; it may start in the prompt. The index is a sorted array of
32-bit hashes of all runs that are one note longer than allowed. A run of the tunes is always found;
with 2 * 10^5 of them, about 5 in 10^5 other runs are excluded by chance as well.
"""

from collections.abc import Sequence

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

BASE = 2246822519  # an odd 32-bit multiplier (xxHash's)
STEPS = 1 << 20  # more than the steps between any two notes


@flax.struct.dataclass
class RunIndex:
    """The runs that must not be completed: `hashes_M` uint32, the sorted hashes of runs of K
    symbols, padded with the last one to a power of two; `pitches_V` of the classes, -1 where no
    note starts.
    """

    hashes_M: jax.Array
    pitches_V: jax.Array
    num_symbols: int = flax.struct.field(pytree_node=False)

    def after(
        self, prompts_BT: jax.Array, counts_N: jax.Array, is_given_N: jax.Array
    ) -> 'CopyLimit':
        """The constraint of `sample` for pieces that continue prompts."""
        return CopyLimit(
            CopyRow(counts_N, is_given_N), self, jax.jit(read_prompts)(self, prompts_BT)
        )


@flax.struct.dataclass
class RunState:
    """The state for B pieces: the hashes of the last symbols; the pitch of the latest note and the
    steps since its onset; the number of notes so far, and of given notes since the latest drawn
    one; the number of steps at which a copy was excluded, and of steps at which every class would
    have been a copy, so that all were allowed.
    """

    mixed_BK: jax.Array  # uint32, K - 1 of them
    pitch_B: jax.Array
    since_B: jax.Array
    count_B: jax.Array
    given_B: jax.Array
    refused_B: jax.Array
    stuck_B: jax.Array


@flax.struct.dataclass
class CopyRow:
    """For each of N steps; the leading axis is N."""

    counts: jax.Array  # bool, False at a step that repeats the last one of the prompt
    is_given: jax.Array  # bool, True at a step whose token is known before drawing


@flax.struct.dataclass
class CopyLimit:
    """A constraint of `sample`: no step may complete a run of `index`, unless nothing else is left.
    Its state counts the refusals.

    `state` is the state after the prompts, as `read_prompts` returns it.
    """

    rows: CopyRow
    index: RunIndex
    state: RunState

    def init(self, num_pieces: int) -> RunState:
        """The state after the prompts."""
        return self.state

    def allow(self, row: CopyRow, state: RunState, may_BV: jax.Array) -> tuple[jax.Array, RunState]:
        """The classes that complete no run, bool [B, V]; all of them if every class would complete
        one.
        """
        is_copy_BV = ~original(self.index, state) & may_BV & row.counts
        is_stuck_B = (is_copy_BV == may_BV).all(axis=-1)
        is_copy_BV &= ~is_stuck_B[:, None] & ~row.is_given
        # a run that consists of given notes only was not copied by the model
        is_stuck_B &= ~row.is_given | (state.given_B < self.index.num_symbols)
        refused_B = state.refused_B + is_copy_BV.any(axis=-1)
        state = state.replace(refused_B=refused_B, stuck_B=state.stuck_B + is_stuck_B)
        return may_BV & ~is_copy_BV, state

    def weigh(
        self, row: CopyRow, state: RunState, logits_BV: jax.Array, temperature: jax.Array
    ) -> jax.Array:
        """The logits, unchanged."""
        return logits_BV

    def advance(self, row: CopyRow, state: RunState, token_B: jax.Array) -> RunState:
        """The state after a step's tokens."""
        after = read_token(self.index, state, token_B, row.is_given)
        return jax.tree.map(lambda new, old: jnp.where(row.counts, new, old), after, state)


def make_index(
    symbols: Sequence[np.ndarray], max_run: int, pitches_V: np.ndarray
) -> RunIndex | None:
    """The index of all runs of `max_run` + 1 notes; None if there are none.

    Args:
      symbols: [L - 1] of each tune, from `originality.copies.find_symbols`.
      max_run: notes, 2 or more.
      pitches_V: pitches of the classes in the model's key, -1 where no note starts.
    """
    found = [hash_runs(tune, max_run) for tune in symbols]
    if not any(map(len, found)):
        return None
    hashes = np.unique(np.concatenate(found))
    # padded to a power of two, so that few programs are compiled
    room = 1 << (len(hashes) - 1).bit_length()
    return RunIndex(
        np.pad(hashes, (0, room - len(hashes)), mode='edge'),
        np.asarray(pitches_V, np.int32),
        max_run,
    )


def hash_runs(symbols: np.ndarray, num_symbols: int) -> np.ndarray:
    """The hashes [L - num_symbols] uint32 of all runs of `num_symbols` symbols of a tune, in order.

    Args:
      symbols: [L - 1], from `originality.copies.find_symbols`.
      num_symbols: one fewer than a run has notes.
    """
    if len(symbols) < num_symbols:
        return np.zeros(0, np.uint32)
    mixed = mix(symbols.astype(np.uint32))
    return _hash(np.lib.stride_tricks.sliding_window_view(mixed, num_symbols))


def mix(number: np.ndarray | jax.Array) -> np.ndarray | jax.Array:
    """A permutation of uint32 in which every bit depends on every other (MurmurHash3's finalizer).

    A product alone would not do: the interval is in the upper bits of a symbol, so that runs of one
    rhythm would have 2^12 different hashes.
    """
    kind = number.dtype.type
    number = (number ^ (number >> kind(16))) * kind(0x85EBCA6B)
    number = (number ^ (number >> kind(13))) * kind(0xC2B2AE35)
    return number ^ (number >> kind(16))


def _hash(mixed: np.ndarray | jax.Array) -> np.ndarray | jax.Array:
    """The hash [...] of runs of symbols, uint32 [..., K]: a polynomial modulo 2^32."""
    total = mixed[..., 0]
    for place in range(1, mixed.shape[-1]):
        total = total * mixed.dtype.type(BASE) + mixed[..., place]
    return total


def read_prompts(index: RunIndex, prompts_BT: jax.Array) -> RunState:
    """The state after prompts."""
    num_pieces = prompts_BT.shape[0]
    zeros = jnp.zeros(num_pieces, jnp.int32)
    nothing = RunState(jnp.zeros((num_pieces, index.num_symbols - 1), jnp.uint32), *[zeros] * 6)
    return lax.scan(
        lambda state, token_B: (read_token(index, state, token_B, True), None),
        nothing,
        prompts_BT.T,
    )[0]


def original(index: RunIndex, state: RunState) -> jax.Array:
    """The classes that complete no run of a tune, bool [B, V]."""
    symbols_BV = (index.pitches_V - state.pitch_B[:, None] + 128) * STEPS + jnp.minimum(
        state.since_B, STEPS - 1
    )[:, None]
    before_BVK = jnp.broadcast_to(
        state.mixed_BK[:, None], (*symbols_BV.shape, index.num_symbols - 1)
    )
    runs_BVK = jnp.concatenate([before_BVK, mix(symbols_BV.astype(jnp.uint32))[..., None]], axis=-1)
    hashes_BV = _hash(runs_BVK)
    places_BV = jnp.minimum(jnp.searchsorted(index.hashes_M, hashes_BV), len(index.hashes_M) - 1)
    is_copy_BV = index.hashes_M[places_BV] == hashes_BV
    return ~(is_copy_BV & (index.pitches_V >= 0) & (state.count_B >= index.num_symbols)[:, None])


def read_token(
    index: RunIndex, state: RunState, token_B: jax.Array, is_given: bool | jax.Array
) -> RunState:
    """The state after a step whose token was given or drawn."""
    pitch_B = index.pitches_V[token_B]
    begins_B = pitch_B >= 0
    symbol_B = (
        (pitch_B - state.pitch_B + 128) * STEPS + jnp.minimum(state.since_B, STEPS - 1)
    ).astype(jnp.uint32)
    longer_BK = jnp.concatenate([state.mixed_BK, mix(symbol_B)[:, None]], axis=1)[:, 1:]
    return state.replace(
        mixed_BK=jnp.where((begins_B & (state.count_B > 0))[:, None], longer_BK, state.mixed_BK),
        pitch_B=jnp.where(begins_B, pitch_B, state.pitch_B),
        since_B=jnp.where(begins_B, 1, state.since_B + 1),
        count_B=state.count_B + begins_B,
        given_B=jnp.where(begins_B, jnp.where(is_given, state.given_B + 1, 0), state.given_B),
    )
