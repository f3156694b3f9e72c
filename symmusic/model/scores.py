"""The kinds of attention: how each scores queries against states, and its parameters.

| kind | score of the state h_j | the head sees |
|---|---|---|
| `bahdanau` | e_j = v . tanh(W q + U h_j) | context and query |
| `weighted` | e_j = w . h_j + b | the context alone |

with parameters W 'query' [H, A], U 'key' [H, A], v 'score' [A]; w 'weight' [H], b 'bias' [1].
`bahdanau` is the additive attention of Bahdanau, Cho and Bengio (2015); the query q is itself a
state. `weighted` is the thesis's: one learned vector, independent of the query. Its b cancels in
the softmax, so it changes no output and its gradient is 0; it is kept so that parameters are
counted as in the thesis.
"""

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model.lstm import multiply

Params = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of attention: pure functions, so that it can be a static argument of `jit`."""

    init: Callable[[jax.Array, int, int], Params]  # (key, H, A) -> parameters
    # (params, states [..., H]) -> the queries that `scores` takes
    queries: Callable[[Params, jax.Array], jax.Array]
    # (params, states [..., H]) -> the keys that it takes
    keys: Callable[[Params, jax.Array], jax.Array]
    # (params, queries of T steps, keys of K steps) -> scores_BTK
    scores: Callable[[Params, jax.Array, jax.Array], jax.Array]
    key_size: Callable[[int], int]  # A -> the size of the keys' last axis
    head_sees_query: bool  # beside the context


def init_additive(key: jax.Array, size_in: int, attention_size: int) -> Params:
    """Glorot-uniform parameters of `bahdanau` for queries and states of `size_in` cells."""
    query_key, key_key, score_key = jax.random.split(key, 3)
    glorot = jax.nn.initializers.glorot_uniform()
    return {
        'query': glorot(query_key, (size_in, attention_size)),
        'key': glorot(key_key, (size_in, attention_size)),
        'score': glorot(score_key, (attention_size, 1))[:, 0],
    }


def init_weighted(key: jax.Array, size_in: int, attention_size: int) -> Params:
    """A Glorot-uniform vector and a zero bias for states of `size_in` cells; `weighted` does not
    use `attention_size`.
    """
    del attention_size
    return {
        'weight': jax.nn.initializers.glorot_uniform()(key, (size_in, 1))[:, 0],
        'bias': jnp.zeros(1),
    }


def _weighted(params, queries_BT0, keys_BK1):
    """The same scores [B, T, K] for each of the T queries, which are empty."""
    del params
    return jnp.broadcast_to(keys_BK1[:, None, :, 0], (*queries_BT0.shape[:2], keys_BK1.shape[1]))


def _additive(score_A, queries_BTA, keys_BKA):
    """scores_BTK = sum over A of v tanh(query + key)."""
    if queries_BTA.shape[1] == 1:  # the array of the sum's terms is no larger than the keys
        return jnp.tanh(queries_BTA[:, :, None] + keys_BKA[:, None]) @ score_A
    return _additive_by_term(score_A, queries_BTA, keys_BKA)


@jax.custom_vjp
def _additive_by_term(score_A, queries_BTA, keys_BKA):
    """The same for many queries, one of the A terms after another.

    As tanh(q + k) = 1 - 2 / (1 + exp(2 q) exp(2 k)), exponentials are needed only of queries and of
    keys, and a term costs one division. Values beyond 43 (in 32 bits) are clipped to 43, the last
    whose exponential is a normal number: tanh is 1 there, unless the other value is as far beyond
    -43.

    Written as one broadcast, the sum would need its tanh [B, T, K, A] in memory: on a CPU that took
    2.5 times as long and 6 times the memory. A term [B, T, K] stays in the cache, and the backward
    pass recomputes it.
    """
    return _additive_forward(score_A, queries_BTA, keys_BKA)[0]


def _additive_forward(score_A, queries_BTA, keys_BKA):
    def add_term(sums_BTK, term):
        score, query_BT, key_BK = term
        return sums_BTK + score / (1 + query_BT[:, :, None] * key_BK[:, None]), None

    zeros_BTK = jnp.zeros((*queries_BTA.shape[:2], keys_BKA.shape[1]), queries_BTA.dtype)
    terms = (
        score_A,
        *(jnp.moveaxis(_squared_exp(states_BTA), -1, 0) for states_BTA in (queries_BTA, keys_BKA)),
    )
    return score_A.sum() - 2 * lax.scan(add_term, zeros_BTK, terms)[0], terms


def _squared_exp(states):
    most = math.floor(-math.log(jnp.finfo(states.dtype).tiny) / 2)
    return jnp.exp(2 * jnp.clip(states, -most, most))


def _additive_backward(terms, d_scores_BTK):
    def term_derivatives(_, term):
        score, query_BT, key_BK = term
        # Barriers, and products in place of sums over the last axis: on a CPU such a sum adds one
        # number after another.
        # (1 - tanh) / 2
        part_BTK = lax.optimization_barrier(1 / (1 + query_BT[:, :, None] * key_BK[:, None]))
        d_sum_BTK = lax.optimization_barrier(
            4 * score * d_scores_BTK * (part_BTK - part_BTK * part_BTK)
        )
        return None, (
            jnp.vdot(d_scores_BTK, part_BTK),
            d_sum_BTK @ jnp.ones(key_BK.shape[1], key_BK.dtype),
            d_sum_BTK.sum(axis=1),
        )

    parts_A, d_queries_ABT, d_keys_ABK = lax.scan(term_derivatives, None, terms)[1]
    return (
        d_scores_BTK.sum() - 2 * parts_A,
        jnp.moveaxis(d_queries_ABT, 0, -1),
        jnp.moveaxis(d_keys_ABK, 0, -1),
    )


_additive_by_term.defvjp(_additive_forward, _additive_backward)


KINDS = {
    'bahdanau': Kind(
        init=init_additive,
        queries=lambda params, states: multiply(states, params['query']),
        keys=lambda params, states: multiply(states, params['key']),
        scores=lambda params, queries_BTA, keys_BKA: _additive(
            params['score'], queries_BTA, keys_BKA
        ),
        key_size=lambda attention_size: attention_size,
        head_sees_query=True,
    ),
    'weighted': Kind(
        init=init_weighted,
        queries=lambda params, states: states[..., :0],
        keys=lambda params, states: states @ params['weight'][:, None] + params['bias'],
        scores=_weighted,
        key_size=lambda attention_size: 1,
        head_sees_query=False,
    ),
}
