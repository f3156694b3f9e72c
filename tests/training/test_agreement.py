"""Agreement with lookbacks, the last notes, recall, copies and relative scores in configs and in
fine-tuned runs.
"""

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
SCORING = dataclasses.replace(NOTING, recall_steps=9, copying=True, relative=True)
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


def test_the_config_turns_on_recall_and_scores():
    config = base_config().unlock()
    config.model.last_notes = config.model.recall = config.model.copying = True
    config.model.relative_scores = True
    check(config)
    found = build.architecture(config, VOCABULARY, ('4/4',))
    assert (found.recall_steps, found.relative, len(found.copied)) == (256, True, 1)
    config.data.steps_per_quarter = 12
    assert build.architecture(config, VOCABULARY, ('4/4',)).recall_steps == 768


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        (('recall',), 'model.recall = True with config.model.last_notes = False'),
        (('relative_scores',), 'model.relative_scores = True with config.model.last_notes'),
        (('copying', 'agreement'), 'model.copying = True: nothing is read that it could copy'),
    ],
)
def test_what_they_go_by_must_be_read(fields, words):
    config = base_config().unlock()
    config.model.update(dict.fromkeys(fields, True))
    with pytest.raises(UserError, match=words):
        check(config)


def test_a_card_keeps_it():
    card = Card(SCORING, RECIPE, VOCABULARY, {'seed': 0}, {'corpus': 'walks'})
    fields = card.to_json()
    assert Card.from_json(fields).architecture == SCORING
    later = ('agreement', 'recall_steps', 'copying', 'relative')
    older = {name: value for name, value in fields['architecture'].items() if name not in later}
    assert not Card.from_json(fields | {'architecture': older}).architecture.agreement


def network(architecture, seed, vocabulary=VOCABULARY):
    params = begin(jax.random.key(seed), architecture)
    return Network(params, architecture, vocabulary.class_names)


def test_fine_tuning():
    """From a run without it a run with it starts with rows of zeros, so it gives the same; from a
    run with it all rows are kept, and one without it is refused.
    """
    old, new = network(PLAIN, 0), network(SCORING, 1)
    moved = transfer(new, old)
    tokens_BT = jnp.asarray(np.random.default_rng(0).integers(0, 7, (2, 9)))
    inputs = tokens_BT, jnp.broadcast_to(jnp.arange(9), (2, 9))
    expected = read(old.params, *inputs, PLAIN)[0]
    assert_allclose(read(moved, *inputs, SCORING)[0], expected, atol=1e-6)
    own = scoring(network(SCORING, 2))
    jax.tree.map(assert_array_equal, transfer(new, own), own.params)
    with pytest.raises(UserError, match='agreement is True in that run and False now'):
        transfer(old, new)


def scoring(network):
    """The network with scores, which are zeros at first."""
    rng = np.random.default_rng(0)
    params = {
        name: jax.tree.map(lambda leaf: leaf + rng.normal(size=leaf.shape), part)
        if name in ('copies', 'relative')
        else part
        for name, part in network.params.items()
    }
    return dataclasses.replace(network, params=params)


def test_fine_tuning_keeps_the_copies_of_each_lookback():
    """Those of recall stay the last ones where agreement comes to them."""
    recalling = dataclasses.replace(SCORING, agreement=False, relative=False)
    old, new = scoring(network(recalling, 0)), network(SCORING, 1)
    moved = transfer(new, old)
    assert_array_equal(moved['copies']['kernel'][:, 2:], old.params['copies']['kernel'])
    assert_array_equal(moved['copies']['bias'][2:], old.params['copies']['bias'])
    assert not moved['copies']['kernel'][:, :2].any()
    assert not moved['relative']['degree'].any()
    with pytest.raises(UserError, match='relative_scores is True in that run and False now'):
        transfer(old, scoring(network(SCORING, 2)))


def test_fine_tuning_with_more_pitches():
    """On the same music the logits of the old classes are the same."""
    wider = dataclasses.replace(SCORING, num_classes=WIDER.num_classes, last_notes=(2, 57))
    old = scoring(network(SCORING, 0))
    moved = transfer(network(wider, 1, WIDER), old)
    events = np.array([[60, -2, 64, -1, 62, 61, -2, 63, 62], [64, 64, -2, 60, -1, -2, 62, 60, 61]])
    places = jnp.broadcast_to(jnp.arange(9), (2, 9))
    before, after = (
        read(params, jnp.asarray(of.encode(events), jnp.int32), places, net)[0]
        for params, of, net in ((old.params, VOCABULARY, SCORING), (moved, WIDER, wider))
    )
    known = [WIDER.class_names.index(name) for name in VOCABULARY.class_names]
    assert_allclose(after[..., known], before, atol=1e-6)
