"""Agreement with the lookbacks in configs and in runs that are fine-tuned."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.config.check import check
from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.model.model import apply_all, init_params
from symmusic.training import build
from symmusic.training.card import Card
from symmusic.training.finetune import Network, transfer
from tests.training.toy import ARCHITECTURE, RECIPE, VOCABULARY

PLAIN = dataclasses.replace(ARCHITECTURE, lookback=(1, 3), dropout_rate=0.0)
AGREEING = dataclasses.replace(PLAIN, agreement=True)
read, begin = jax.jit(apply_all, static_argnums=3), jax.jit(init_params, static_argnums=1)


def test_the_config_turns_it_on():
    config = base_config().unlock()
    config.model.lookback = (16, 32)
    assert not build.architecture(config, VOCABULARY, ('4/4',)).agreement
    config.model.agreement = True
    check(config)
    assert build.architecture(config, VOCABULARY, ('4/4', '3/4')).agreement
    config.model.lookback = ()
    with pytest.raises(UserError, match=r'config.model.agreement = True .*lookback'):
        check(config)


def test_a_card_keeps_it():
    card = Card(AGREEING, RECIPE, VOCABULARY, {'seed': 0}, {'corpus': 'walks'})
    fields = card.to_json()
    assert Card.from_json(fields).architecture == AGREEING
    older = {name: value for name, value in fields['architecture'].items() if name != 'agreement'}
    assert not Card.from_json(fields | {'architecture': older}).architecture.agreement


def network(architecture, seed):
    params = begin(jax.random.key(seed), architecture)
    return Network(params, architecture, VOCABULARY.class_names)


def test_fine_tuning():
    """From a run without it a run with it starts with rows of zeros, so it gives the same; from a
    run with it all rows are kept, and one without it is refused.
    """
    old, new = network(PLAIN, 0), network(AGREEING, 1)
    moved = transfer(new, old)
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(0, 7, (2, 9)))
    inputs = tokens_BT, jnp.broadcast_to(jnp.arange(9), (2, 9))
    assert_allclose(
        read(moved, *inputs, AGREEING)[0], read(old.params, *inputs, PLAIN)[0], atol=1e-6
    )
    own = network(AGREEING, 2)
    jax.tree.map(assert_array_equal, transfer(new, own), own.params)
    with pytest.raises(UserError, match='agreement is True in that run and False now'):
        transfer(old, new)
