"""Ensembles: R networks of one architecture that predict together, by the mean of their
probabilities:

    log p(v) = log sum_r exp(log p_r(v)) - log R

An `Ensemble` takes the place of a network's parameters in every function of this room. The logits
are then log p, so that a temperature or a mask applies to the mean, not to each network.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp


@flax.struct.dataclass
class Ensemble:
    """The parameters of R networks of one architecture, with a leading axis R in every leaf."""

    params_R: dict


def num_networks(params: Any) -> int | None:
    """R of an ensemble; None of the parameters of one network."""
    return len(jax.tree.leaves(params)[0]) if isinstance(params, Ensemble) else None


def each(function: Callable, params: Any, *own: Any) -> Any:
    """`function(params, *own)`; of an ensemble for each network, its parameters and its part of
    `own`, with a leading axis R in all of `own` and in the result.
    """
    if not isinstance(params, Ensemble):
        return function(params, *own)
    # together on a CPU too: a loop over networks copies their states in and out at each step
    return jax.vmap(function)(params.params_R, *own)


def mean_of(params: Any, logits: jax.Array, weights: jax.Array | None) -> tuple:
    """`(logits, weights)` of `each` network as those of the ensemble: the logarithms [..., V] of
    the mean probabilities, and the means of attention's weights. Those of one network stay.
    """
    if not isinstance(params, Ensemble):
        return logits, weights
    return mean_logits(logits), None if weights is None else weights.mean(axis=0)


def mean_logits(logits_R: jax.Array) -> jax.Array:
    """The logarithms [..., V] of the mean over R of the probabilities of logits [R, ..., V]."""
    logs_R = jax.nn.log_softmax(logits_R, axis=-1)
    return jax.nn.logsumexp(logs_R, axis=0) - math.log(len(logs_R))


def repeated(tree: Any, num: int | None) -> Any:
    """The same state for each of `num` networks, on a leading axis; None = for one, without."""
    if num is None:
        return tree
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (num, *leaf.shape)), tree)


def ensembled(apply: Callable) -> Callable:
    """A function `(params, ...) -> (logits, weights)` that takes an ensemble as well."""

    @functools.wraps(apply)
    def either(params, *args, **kwargs):
        found = each(lambda params: apply(params, *args, **kwargs), params)
        return mean_of(params, *found)

    return either
