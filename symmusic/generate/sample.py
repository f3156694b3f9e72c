"""Sampling tokens from a model step by step, as one scan over a batch of pieces. Pure functions.

A `Reader` gives each step's logits; each constraint in turn narrows the classes that may be drawn
there.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.generate import particles as groups
from symmusic.generate.particles import Particles
from symmusic.generate.readers import Reader
from symmusic.model.groups import picked
from symmusic.model.places import later


class Constraint(Protocol):
    """A constraint on what may be drawn, step by step: a pytree with a leading axis N on its
    `rows`. Every array of its state is a scalar or has the pieces on its first axis.
    """

    rows: Any

    def init(self, num_pieces: int) -> Any:
        """The state before the first step."""
        ...

    def allow(self, row: Any, state: Any, may_BV: jax.Array) -> tuple[jax.Array, Any]:
        """Which of the classes `may_BV` remain allowed, at least one for each piece; the state may
        count what was removed.
        """
        ...

    def weigh(
        self, row: Any, state: Any, logits_BV: jax.Array, temperature: jax.Array
    ) -> jax.Array:
        """The logits to draw from; they are divided by `temperature` later, which is 1 for greedy
        sampling.
        """
        ...

    def advance(self, row: Any, state: Any, token_B: jax.Array) -> Any:
        """The state after the drawn tokens."""
        ...


class Limit(Protocol):
    """Runs that must not be completed, such as `num_symbols` symbols of a tune. `after` makes the
    constraint for pieces after given prompts. Its state counts for each piece the steps at which a
    class was excluded, `refused_B`, and those at which no other class was left, `stuck_B`.
    """

    num_symbols: int

    def after(
        self, prompts_BT: jax.Array, counts_N: jax.Array, is_given_N: jax.Array
    ) -> Constraint:
        """The constraint for N steps after prompts: which steps count, and which have a token that
        is known in advance.
        """
        ...


@flax.struct.dataclass
class Rule:
    """How a class is drawn from logits: temperature 0 is greedy; `top_k` and `top_p` keep the
    likeliest classes only (0 and 1: all). The logits of an ensemble are those of its mean
    distribution, so all this applies to the mean, not to each network.
    """

    temperature: jax.Array | float = 1.0
    top_k: jax.Array | int = 0
    top_p: jax.Array | float = 1.0


@flax.struct.dataclass
class Drawn:
    """B drawn pieces of N steps."""

    tokens_BN: jax.Array
    # of each drawn token under the model itself (temperature 1, no class cut off); 0 for a token
    # known in advance
    log_probabilities_BN: jax.Array
    probabilities_BNV: jax.Array | None  # the distribution that each token was drawn from
    weights_BNT: jax.Array | None  # attention weights over the steps read, the latest last
    own_BNV: jax.Array | None = None  # the model's own probabilities, at the temperature
    states: tuple = ()  # each constraint's state after the last step


@functools.partial(jax.jit, static_argnames=('num_steps', 'keep', 'keep_own'))
def sample(
    reader: Reader,
    prompt_BT: jax.Array,
    positions_BT: jax.Array,
    keys_B: jax.Array,
    rule: Rule,
    constraints: Sequence[Constraint] = (),
    *,
    num_steps: int,
    keep: bool = False,
    keep_own: bool = False,
    particles: Particles | None = None,
) -> Drawn:
    """Draws `num_steps` tokens after each prompt.

    Args:
      reader: of the model.
      prompt_BT: tokens, T >= 1.
      positions_BT: their places in the bar (`model.places`).
      keys_B: a key per piece; consumed. A piece depends only on its own key, not on the rest of the
        batch.
      rule: how a class is drawn.
      constraints: applied in order; each sees the classes that the ones before it have left.
      num_steps: N.
      keep: whether to return probabilities and attention weights of every step.
      keep_own: whether to return the model's own probabilities.
      particles: how a group of rows draws each piece. Reader, prompts and positions then have an
        entry per row, keys and results one per piece. None = one row is one piece.
    """
    scan = _Scan(reader, rule, tuple(constraints), particles, keep, keep_own)
    read, read_rows = reader.init(prompt_BT, positions_BT, num_steps)
    states = tuple(constraint.init(len(prompt_BT)) for constraint in constraints)
    weights, group_rows = None, None
    if particles is not None:
        weights, keys_B = particles.split(keys_B)
        group_rows = particles.counts_N, particles.resamples_N
    rows = read_rows, tuple(constraint.rows for constraint in constraints), group_rows
    last_B = prompt_BT[:, -1].astype(jnp.int32)
    carry = keys_B, (last_B, read, states), positions_BT[:, -1], weights
    carry, (drawn, of_NBP) = lax.scan(scan.step, carry, rows, length=num_steps)
    states = carry[1][-1]
    if particles is not None:
        last_B = groups.chosen(carry[-1], particles.num)
        drawn = groups.traced(drawn, of_NBP, last_B)
        states = picked(states, last_B[:, None])
    return Drawn(*jax.tree.map(lambda array: jnp.swapaxes(array, 0, 1), drawn), states)


class _Scan(NamedTuple):
    """What all steps of `sample` share; the fields are its arguments."""

    reader: Reader
    rule: Rule
    constraints: tuple[Constraint, ...]
    particles: Particles | None
    keep: bool
    keep_own: bool

    def step(self, carry: tuple, rows: tuple) -> tuple[tuple, tuple]:
        """Draws a token of each row; `particles` may then exchange the rows of a group."""
        keys_B, (token_B, read, states), position_B, weights = carry
        read_row, constraint_rows, group_row = rows
        temperature, top_k, top_p = self.rule.temperature, self.rule.top_k, self.rule.top_p
        divisor = jnp.where(temperature > 0, temperature, 1.0)
        read, logits_BV, weights_BT = self.reader.read(read, token_B, position_B, read_row)
        may_BV, weighed_BV, narrowed = narrow(
            self.constraints, constraint_rows, states, logits_BV, divisor
        )
        restricted_BV = restrict(jnp.where(may_BV, weighed_BV, -jnp.inf), temperature, top_k, top_p)
        keys_B2 = jax.vmap(jax.random.split)(keys_B)
        token_B = jax.vmap(jax.random.categorical)(keys_B2[:, 1], restricted_BV)
        log_probability_B = jnp.take_along_axis(
            jax.nn.log_softmax(logits_BV), token_B[:, None], axis=-1
        )[:, 0]
        states = tuple(
            constraint.advance(row, state, token_B)
            for constraint, row, state in zip(
                self.constraints, constraint_rows, narrowed, strict=True
            )
        )
        kept = (jax.nn.softmax(restricted_BV), weights_BT) if self.keep else (None, None)
        own_BV = jax.nn.softmax(logits_BV / divisor) if self.keep_own else None
        drawn = token_B, log_probability_B, *kept, own_BV
        after, of_BP = (token_B, read, states), None
        if self.particles is not None:
            counts, resamples = group_row
            worth_BV = jnp.where(may_BV, (weighed_BV - logits_BV) / divisor, -jnp.inf)
            weights = groups.weighted(weights, counts, logits_BV / divisor, worth_BV, token_B)
            weights, after, of_BP = groups.resampled(
                self.particles, weights, resamples, after, self._take
            )
        position_B = later(position_B, 1, self.reader.bars)
        return (keys_B2[:, 0], after, position_B, weights), (drawn, of_BP)

    def _take(self, after: tuple, of_BP: jax.Array) -> tuple:
        """The scan's state of rows `of_BP` of each group."""
        token_B, read, states = after
        return picked(token_B, of_BP), self.reader.take(read, of_BP), picked(states, of_BP)


def narrow(
    constraints: Sequence[Constraint],
    rows: Sequence[Any],
    states: Sequence[Any],
    logits_BV: jax.Array,
    divisor: jax.Array,
) -> tuple[jax.Array, jax.Array, list[Any]]:
    """Applies the constraints in order. Returns the classes [B, V] that they leave, the weighted
    logits, and the constraints' states. `divisor` is the temperature.
    """
    may_BV, weighed_BV, narrowed = ~jnp.isneginf(logits_BV), logits_BV, []
    for constraint, row, state in zip(constraints, rows, states, strict=True):
        weighed_BV = constraint.weigh(row, state, weighed_BV, divisor)
        may_BV, state = constraint.allow(row, state, may_BV)
        narrowed.append(state)
    return may_BV, weighed_BV, narrowed


def restrict(
    logits_BV: jax.Array, temperature: jax.Array, top_k: jax.Array, top_p: jax.Array
) -> jax.Array:
    """The logits to draw from: divided by the temperature, then cut to the `top_k` likeliest
    classes (0: all), then to the likeliest ones that together hold at least `top_p` (Holtzman et
    al., 2020). Classes cut off are -inf; at temperature 0 only the argmax is left (the first, where
    several are alike).
    """
    is_whole = (temperature > 0) & (top_k == 0) & (top_p >= 1)
    return lax.cond(
        is_whole,
        lambda: logits_BV / temperature,
        lambda: _cut(logits_BV, temperature, top_k, top_p),
    )


def _cut(
    logits_BV: jax.Array, temperature: jax.Array, top_k: jax.Array, top_p: jax.Array
) -> jax.Array:
    num_classes = logits_BV.shape[-1]
    index_V = jnp.arange(num_classes)
    one_BVV, other_BVV = logits_BV[:, :, None], logits_BV[:, None, :]
    # Which other classes rank before each class: for so few classes, comparing all pairs is faster
    # than sorting.
    before_BVV = (other_BVV > one_BVV) | ((other_BVV == one_BVV) & (index_V < index_V[:, None]))
    rank_BV = before_BVV.sum(axis=-1)
    logits_BV = logits_BV / jnp.where(temperature > 0, temperature, 1.0)
    kept_BV = rank_BV < jnp.where(temperature > 0, jnp.where(top_k > 0, top_k, num_classes), 1)
    probabilities_BV = jax.nn.softmax(jnp.where(kept_BV, logits_BV, -jnp.inf), axis=-1)
    likelier_BV = jnp.where(before_BVV, probabilities_BV[:, None, :], 0.0).sum(axis=-1)
    # top_p = 1 keeps all classes, even if the sum rounds to 1 before the last
    kept_BV &= (likelier_BV < top_p) | (rank_BV == 0) | (top_p >= 1)
    return jnp.where(kept_BV, logits_BV, -jnp.inf)
