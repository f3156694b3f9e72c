"""Pieces drawn by groups of particles: sequential Monte Carlo (Doucet and Johansen, 2009). Pure
functions.

The classes that masks allow at a step have a share of the model's probability. Draws within masks
ignore this share, so a piece whose notes fit badly with a wish is as frequent as one whose notes
fit well. Here each piece is drawn by a group of P rows, its particles. The weight of a particle is
the product of its shares, so that draws by weight follow the model given the wishes, more closely
the more particles there are:

    log weight_t = log weight_(t-1) + log sum over v of p_t(v) g_t(v) - log g_(t-1)(drawn class)

where p_t are the model's probabilities at the temperature of sampling, and g_t(v) is what the
constraints have made of class v: 0 if it is not allowed, else the factor by which `weigh` changed
it, an estimate of how likely the wishes can be met in the remaining steps (`guide`). The last g is
1, so guidance changes which particles survive, but not the distribution in the limit.

At some steps, groups in which few particles hold most of the weight are resampled by weight: the
weights are then reset to 1. At the end one particle is drawn by its weight.
"""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import log_softmax, logsumexp

from symmusic.model.groups import picked


@flax.struct.dataclass
class Particles:
    """How B pieces are drawn by groups of P adjacent rows."""

    counts_N: jax.Array  # bool, False at a step that is kept regardless of the constraints
    resamples_N: jax.Array  # bool: groups may be resampled after this step
    num: int = flax.struct.field(pytree_node=False)  # P

    def split(self, keys_B: jax.Array) -> tuple['Weights', jax.Array]:
        """Weights before the first step, and a key for each row."""
        keys_BP = jax.vmap(lambda key: jax.random.split(key, self.num + 1))(keys_B)
        zeros = jnp.zeros(len(keys_B) * self.num)
        return Weights(keys_BP[:, 0], zeros, zeros), keys_BP[:, 1:].reshape(-1)


@flax.struct.dataclass
class Weights:
    """The state of B groups; R = B P rows."""

    keys_B: jax.Array
    logs_R: jax.Array  # of the weights
    worth_R: jax.Array  # log g of the class drawn last


def weighted(
    weights: Weights,
    counts: jax.Array,
    logits_RV: jax.Array,
    worth_RV: jax.Array,
    token_R: jax.Array,
) -> Weights:
    """The weights after a step's tokens.

    Args:
      weights: before it.
      counts: whether the step counts; kept steps do not.
      logits_RV: of the model, divided by the temperature.
      worth_RV: log g.
      token_R: drawn.
    """
    share_R = logsumexp(log_softmax(logits_RV) + worth_RV, axis=-1)
    worth_R = jnp.take_along_axis(worth_RV, token_R[:, None], axis=-1)[:, 0]
    return weights.replace(
        logs_R=weights.logs_R + jnp.where(counts, share_R - weights.worth_R, 0.0),
        worth_R=jnp.where(counts, worth_R, weights.worth_R),
    )


def resampled(
    particles: Particles, weights: Weights, resamples: jax.Array, rows: Any, take: Callable
) -> tuple[Weights, Any, jax.Array]:
    """Groups whose effective sample size is below half their number, resampled.

    Args:
      particles: the groups.
      weights: of the rows.
      resamples: whether any group may be resampled.
      rows: the state of all rows.
      take: from `rows` and indices [B, P] to the state of these rows of each group.

    Returns:
      the weights, the state, and which row of its group each row now continues [B, P].
    """
    keys_B2 = jax.vmap(jax.random.split)(weights.keys_B)
    shape = len(keys_B2), particles.num
    stay_BP = jnp.broadcast_to(jnp.arange(particles.num, dtype=jnp.int32), shape)

    def resample():
        shares_BP = jax.nn.softmax(weights.logs_R.reshape(shape), axis=-1)
        is_poor_B1 = 1 / (shares_BP**2).sum(axis=-1, keepdims=True) < particles.num / 2
        drawn_BP = jax.vmap(systematic)(keys_B2[:, 1], shares_BP)
        of_BP = jnp.where(is_poor_B1, drawn_BP, stay_BP)
        logs_BP = jnp.where(is_poor_B1, 0.0, weights.logs_R.reshape(shape))
        worth_R = picked(weights.worth_R, of_BP)
        return logs_BP.reshape(-1), worth_R, take(rows, of_BP), of_BP

    def keep():
        return weights.logs_R, weights.worth_R, rows, stay_BP

    logs_R, worth_R, rows, of_BP = lax.cond(resamples, resample, keep)
    return Weights(keys_B2[:, 0], logs_R, worth_R), rows, of_BP


def systematic(key: jax.Array, shares_P: jax.Array) -> jax.Array:
    """Systematic resampling (Carpenter et al., 1999): P indices, ascending, in which each occurs P
    times its share, rounded up or down. One random number places P equidistant points.
    """
    num = len(shares_P)
    places_P = (jnp.arange(num) + jax.random.uniform(key)) / num
    # without the last sum, which rounding could leave below the last place
    found_P = jnp.searchsorted(jnp.cumsum(shares_P)[:-1], places_P, side='right')
    return found_P.astype(jnp.int32)


def chosen(weights: Weights, num: int) -> jax.Array:
    """One particle of each group [B], drawn by weight."""
    logs_BP = weights.logs_R.reshape(-1, num)
    return jax.vmap(jax.random.categorical)(weights.keys_B, logs_BP).astype(jnp.int32)


def traced(drawn_NR: Any, of_NBP: jax.Array, last_B: jax.Array) -> Any:
    """The draws of particles `last_B` and of their ancestors: a tree of [N, R, ...] as
    [N, B, ...].
    """

    def step(at_B, of_BP):
        at_B = jnp.take_along_axis(of_BP, at_B[:, None], axis=1)[:, 0]
        return at_B, at_B

    _, at_NB = lax.scan(step, last_B, of_NBP, reverse=True)
    return jax.vmap(lambda each, at_B: picked(each, at_B[:, None]))(drawn_NR, at_NB)
