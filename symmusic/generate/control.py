"""Constraints on what is drawn, as masks over the classes of each step. Pure functions; `masks.py`
makes the masks.

A small automaton keeps the relevant state of the steps before: how many notes the bar has, which
pitch is next, and so on. A table lists for each state what may follow so that all constraints can
still be met. A mask therefore never leaves nothing to draw.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax.nn import logsumexp

# kinds of classes: no event, a note ends, a note starts, and a note of the same pitch as the last
# one starts
NONE, OFF, ONSET, LAST = range(4)


@flax.struct.dataclass
class Row:
    """What may be drawn at one step; the arrays of `Masks.rows` have a leading axis N.

    A state has four axes: J, how many of the given pitches are used; C, how many notes have started
    in the bar; E, for how many steps the latest note has been held, if it may end the piece (0 if
    it may not; the maximum means long enough); S, whether a note sounds. An axis has length 1 if no
    constraint needs it; S has length 2 if any other axis is longer than 1.
    """

    tokens_V: jax.Array  # bool, independent of the steps before
    kinds_JCESK: jax.Array  # bool, for each state
    kinds_V: jax.Array  # int32, of the classes
    ends_bar: jax.Array  # bool
    closes: jax.Array  # bool, True at the last step of a cadence before the end of the piece
    is_strong: jax.Array  # bool: a note that starts here may end the piece
    counts: jax.Array  # bool, False at a step that is kept regardless of the constraints
    given: jax.Array  # bool, True at a step whose token is known before sampling, or repeated
    # log weight of each kind in each state (`guide`); None = draws are not guided
    worth_JCESK: jax.Array | None = None


@flax.struct.dataclass
class RepeatRow:
    """Which earlier steps a step must equal or differ from, as indices into all given and drawn
    steps; -1 = none. The arrays of `Repeats.rows` have a leading axis N.
    """

    source: jax.Array  # int32, the step that this one repeats
    unlike_K: jax.Array  # int32, the steps at which the same note must not start


@flax.struct.dataclass
class Repeats:
    """Makes steps repeat earlier ones, or start other notes than earlier ones; a constraint of
    `sample`.
    """

    rows: RepeatRow
    given_S: jax.Array  # the tokens before the first step
    is_onset_V: jax.Array  # bool, the classes that start a note

    def init(self, num_pieces: int) -> tuple[jax.Array, jax.Array]:
        """The tokens so far [B, S + N], and how many they are."""
        num_given, num_steps = len(self.given_S), len(self.rows.source)
        tokens_BT = jnp.zeros((num_pieces, num_given + num_steps), jnp.int32)
        return tokens_BT.at[:, :num_given].set(self.given_S), jnp.int32(num_given)

    def allow(self, row: RepeatRow, state: tuple, may_BV: jax.Array) -> tuple[jax.Array, tuple]:
        """Which of the classes may be drawn at a step, [B, V]. The same note is allowed after all
        if nothing else is left.
        """
        classes_V, tokens_BT = jnp.arange(may_BV.shape[1]), state[0]
        is_source_BV = classes_V == tokens_BT[:, row.source][:, None]
        may_BV &= is_source_BV | (row.source < 0)
        is_alike_BKV = classes_V == tokens_BT[:, row.unlike_K][..., None]
        is_alike_BV = (is_alike_BKV & (row.unlike_K >= 0)[:, None]).any(axis=1) & self.is_onset_V
        other_BV = may_BV & ~is_alike_BV
        return jnp.where(other_BV.any(axis=1, keepdims=True), other_BV, may_BV), state

    def weigh(
        self, row: RepeatRow, state: tuple, logits_BV: jax.Array, temperature: jax.Array
    ) -> jax.Array:
        """The logits, unchanged."""
        return logits_BV

    def advance(self, row: RepeatRow, state: tuple, token_B: jax.Array) -> tuple:
        """The state after a step's tokens."""
        tokens_BT, num = state
        return tokens_BT.at[:, num].set(token_B.astype(jnp.int32)), num + 1


State = tuple[jax.Array, jax.Array, jax.Array, jax.Array]  # each [B]


@flax.struct.dataclass
class Masks:
    """What may be drawn at each of N steps; a constraint of `sample`."""

    rows: Row
    pitches_J: jax.Array  # the class of each given note, in order; -1 after the last one
    sounds: jax.Array  # 1 where a note sounds before the first step, else 0
    repeats: Repeats | None = None  # a separate constraint
    # whether, in guided draws, the next given pitch has the weight of any note's start
    is_any: bool = flax.struct.field(pytree_node=False, default=True)
    # whether a wish fixes what happens at which step, so that `particles` help
    binds: bool = flax.struct.field(pytree_node=False, default=False)

    @property
    def gives_pitches(self) -> bool:
        """Whether the pitches are given, in order."""
        return self.pitches_J.shape[0] > 1

    def init(self, num_pieces: int) -> State:
        """The state before the first step."""
        zeros = jnp.zeros(num_pieces, jnp.int32)
        return zeros, zeros, zeros, zeros + self.sounds

    def allow(self, row: Row, state: State, may_BV: jax.Array) -> tuple[jax.Array, State]:
        """Which of the classes may be drawn at a step, [B, V]."""
        places = _places(row, state)
        may_BV &= row.tokens_V & row.kinds_JCESK[places][:, row.kinds_V]
        if self.gives_pitches:
            is_next_BV = jnp.arange(len(row.kinds_V)) == self.pitches_J[places[0]][:, None]
            may_BV &= is_next_BV | (row.kinds_V < ONSET) | ~row.counts
        return may_BV, state

    def weigh(
        self, row: Row, state: State, logits_BV: jax.Array, temperature: jax.Array
    ) -> jax.Array:
        """The logits, before division by the temperature, weighted by how likely the wishes can
        still be met after each class (`guide`).
        """
        if row.worth_JCESK is None:
            return logits_BV
        if self.gives_pitches and self.is_any:
            is_onset_V = row.kinds_V >= ONSET
            onsets_BV = jnp.where(is_onset_V, logits_BV / temperature, -jnp.inf)
            any_B1 = temperature * logsumexp(onsets_BV, axis=-1, keepdims=True)
            logits_BV = jnp.where(is_onset_V & row.counts, any_B1, logits_BV)
        worth_BV = row.worth_JCESK[_places(row, state)][:, row.kinds_V]
        return logits_BV + temperature * worth_BV

    def advance(self, row: Row, state: State, token_B: jax.Array) -> State:
        """The state after a step's tokens."""
        used, begun, held, sounds = state
        kind_B = row.kinds_V[token_B]
        is_onset_B = (kind_B >= ONSET).astype(jnp.int32)
        enough = row.kinds_JCESK.shape[2] - 1
        longer = jnp.where((held > 0) & (held < enough), held + 1, held)
        let_go = jnp.where(held < enough, 0, held)
        begins = ((kind_B == LAST) & row.is_strong).astype(jnp.int32)
        held = jnp.where(kind_B == NONE, longer, jnp.where(kind_B == OFF, let_go, begins))
        after = (
            used + is_onset_B,
            begun + is_onset_B,
            jnp.where(row.closes, 0, held),
            jnp.where(kind_B == NONE, sounds, is_onset_B),
        )
        after = jax.tree.map(lambda new, old: jnp.where(row.counts, new, old), after, state)
        return after[0], jnp.where(row.ends_bar, 0, after[1]), *after[2:]


def _places(row: Row, state: State) -> tuple[jax.Array, ...]:
    """The index of a state in the row's tables."""
    return tuple(
        jnp.minimum(each, length - 1)
        for each, length in zip(state, row.kinds_JCESK.shape[:4], strict=True)
    )
