"""Agreement with the lookbacks and the last notes in configs and in runs that are fine-tuned."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.config.check import check
from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.encodings.pianoroll import PianorollVocabulary
from symmusic.model.model import apply_all, init_params
from symmusic.training import build
from symmusic.training.card import Card
from symmusic.training.finetune import Network, transfer
from tests.training.toy import ARCHITECTURE, RECIPE, VOCABULARY

PLAIN = dataclasses.replace(ARCHITECTURE, lookback=(1, 3), dropout_rate=0.0)
AGREEING = dataclasses.replace(PLAIN, agreement=True)
NOTING = dataclasses.replace(AGREEING, last_notes=(2, 60), notes_dropout_rate=0.3)
WIDER = MelodyVocabulary(57, 66)
read, begin = jax.jit(apply_all, static_argnums=3), jax.jit(init_params, static_argnums=1)


def test_the_config_turns_it_on():
    config = base_config().unlock()
    config.model.lookback = (16, 32)
    assert not build.architecture(config, VOCABULARY, ('4/4',)).agreement
    config.model.agreement = True
    check(config)
    assert build.architecture(config, VOCABULARY, ('4/4', '3/4')).agreement
    config.model.lookback = ()
    check(config)
    assert not build.architecture(config, VOCABULARY, ('4/4',)).agreement


def test_the_config_turns_on_the_last_notes():
    config = base_config().unlock()
    assert build.architecture(config, VOCABULARY, ('4/4',)).last_notes == ()
    config.model.last_notes = True
    check(config)
    found = build.architecture(config, VOCABULARY, ('4/4',))
    assert (found.last_notes, found.notes_dropout_rate) == ((2, 60), 0.3)
    assert not found.is_roll
    config.data.encoding = 'pianoroll'
    found = build.architecture(config, PianorollVocabulary(60, 70), ('4/4',))
    assert (found.last_notes, found.is_roll) == ((1, 60), True)


def test_a_card_keeps_it():
    card = Card(NOTING, RECIPE, VOCABULARY, {'seed': 0}, {'corpus': 'walks'})
    fields = card.to_json()
    assert Card.from_json(fields).architecture == NOTING
    older = {name: value for name, value in fields['architecture'].items() if name != 'agreement'}
    assert not Card.from_json(fields | {'architecture': older}).architecture.agreement


def network(architecture, seed, vocabulary=VOCABULARY):
    params = begin(jax.random.key(seed), architecture)
    return Network(params, architecture, vocabulary.class_names)


def test_fine_tuning():
    """From a run without it a run with it starts with rows of zeros, so it gives the same; from a
    run with it all rows are kept, and one without it is refused.
    """
    old, new = network(PLAIN, 0), network(NOTING, 1)
    moved = transfer(new, old)
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(0, 7, (2, 9)))
    inputs = tokens_BT, jnp.broadcast_to(jnp.arange(9), (2, 9))
    assert_allclose(read(moved, *inputs, NOTING)[0], read(old.params, *inputs, PLAIN)[0], atol=1e-6)
    own = network(NOTING, 2)
    jax.tree.map(assert_array_equal, transfer(new, own), own.params)
    with pytest.raises(UserError, match='agreement is True in that run and False now'):
        transfer(old, new)


def test_fine_tuning_with_more_pitches():
    """On the same music the logits of the old classes are the same."""
    wider = dataclasses.replace(NOTING, num_classes=WIDER.num_classes, last_notes=(2, 57))
    old = network(NOTING, 0)
    moved = transfer(network(wider, 1, WIDER), old)
    events = np.array([[60, -2, 64, -1, 62, 61, -2, 63, 62], [64, 64, -2, 60, -1, -2, 62, 60, 61]])
    places = jnp.broadcast_to(jnp.arange(9), (2, 9))
    before, after = (
        read(params, jnp.asarray(of.encode(events), jnp.int32), places, net)[0]
        for params, of, net in ((old.params, VOCABULARY, NOTING), (moved, WIDER, wider))
    )
    known = [WIDER.class_names.index(name) for name in VOCABULARY.class_names]
    assert_allclose(after[..., known], before, atol=1e-6)
