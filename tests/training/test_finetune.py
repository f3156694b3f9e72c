"""The parameters of a run in the shapes of another: classes by name, all else unchanged."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.errors import UserError
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.training import finetune
from symmusic.training.finetune import Network, begin_from
from symmusic.training.replicas import init_replicas
from tests.model.compiled import apply_all, init_params
from tests.training.toy import ARCHITECTURE, RECIPE, leaves

OLD, NEW = MelodyVocabulary(60, 64), MelodyVocabulary(57, 66)
SHAPE = {
    'num_layers': 2,
    'num_cells': 4,
    'attention': 'bahdanau',
    'attention_size': 3,
    'num_positions': 16,
    'lookback': (1, 3),
}
OLD_NET, NEW_NET = (
    Architecture(OLD.num_classes, **SHAPE),
    Architecture(NEW.num_classes, **SHAPE, dropout_rate=0.1),
)


def transfer(fresh, old):
    """The parameters moved in one program, not one for each of its operations."""

    @jax.jit
    def moved(*params):
        pair = zip((fresh, old), params, strict=True)
        return finetune.transfer(*(dataclasses.replace(each, params=own) for each, own in pair))

    return moved(fresh.params, old.params)


@functools.cache
def networks():
    """The old network, the new one, and the parameters of the old one in the new one's shapes."""
    old, fresh = (
        Network(init_params(jax.random.key(seed), net), net, vocabulary.class_names)
        for seed, (net, vocabulary) in enumerate(((OLD_NET, OLD), (NEW_NET, NEW)))
    )
    return old, fresh, transfer(fresh, old)


def test_the_old_model_is_unchanged():
    """On the same music its logits of the old classes are the same."""
    events = np.array([[60, -2, 64, -1, 62, 61, -2, 63], [64, 64, -2, 60, -1, -2, 62, 60]])
    positions_BT = jnp.broadcast_to(jnp.arange(8), (2, 8))
    network, _, moved = networks()
    before = apply_all(
        network.params, jnp.asarray(OLD.encode(events), jnp.int32), positions_BT, OLD_NET
    )[0]
    after = apply_all(moved, jnp.asarray(NEW.encode(events), jnp.int32), positions_BT, NEW_NET)[0]
    known = [NEW.class_names.index(name) for name in OLD.class_names]
    assert_allclose(after[..., known], before, atol=1e-6)


def test_new_classes_are_the_fresh_ones():
    _, fresh, moved = networks()
    new = [NEW.class_names.index(name) for name in ('57', '58', '59', '65', '66')]
    assert_array_equal(
        moved['head']['kernel'][:, np.array(new)], fresh.params['head']['kernel'][:, np.array(new)]
    )
    # the token, and each of two lookbacks after the positions
    blocks = [0, NEW.num_classes + 16, 2 * NEW.num_classes + 16]
    for rows in ([begin + row for row in new] for begin in blocks):
        rows = np.array(rows)
        assert_array_equal(
            moved['layers'][0]['forward']['input'][rows],
            fresh.params['layers'][0]['forward']['input'][rows],
        )
    assert jax.tree.map(jnp.shape, moved) == jax.tree.map(jnp.shape, fresh.params)


@pytest.mark.parametrize('kind', ['transformer', 'hybrid'])
def test_an_old_model_with_self_attention_is_unchanged(kind):
    """With other classes, and metres of which one is new; another kind is refused."""
    shape = {
        **SHAPE,
        'attention': 'none',
        'attention_size': 0,
        'kind': kind,
        'num_heads': 2,
        'lookback': (1, 2),
    }
    meters = {'old': ('4/4', '6/8'), 'new': ('9/8', '4/4', '6/8')}
    bars = {'old': (16, 12), 'new': (18, 16, 12)}
    old_net = Architecture(OLD.num_classes, **shape, bars=bars['old'])
    new_net = Architecture(
        NEW.num_classes, **{**shape, 'num_positions': 18}, bars=bars['new'], dropout_rate=0.1
    )
    old, fresh = (
        init_params(jax.random.key(seed), net) for seed, net in enumerate((old_net, new_net))
    )
    before = Network(old, old_net, OLD.class_names, meters['old'])
    moved = transfer(Network(fresh, new_net, NEW.class_names, meters['new']), before)
    assert jax.tree.map(jnp.shape, moved) == jax.tree.map(jnp.shape, fresh)
    events = np.array([[60, -2, 64, -1, 62, 61, -2, 63], [64, 64, -2, 60, -1, -2, 62, 60]])
    logits = []
    for vocabulary, net, params, first in ((OLD, old_net, old, 16), (NEW, new_net, moved, 34)):
        tokens_BT = jnp.asarray(vocabulary.encode(events), jnp.int32)
        places_BT = jnp.broadcast_to(first + jnp.arange(8), (2, 8))  # of 6/8
        logits.append(apply_all(params, tokens_BT, places_BT, net)[0])
    known = [NEW.class_names.index(name) for name in OLD.class_names]
    assert_allclose(logits[1][..., known], logits[0], atol=1e-5)
    with pytest.raises(UserError, match=f"kind is '{kind}' in that run and 'lstm' now"):
        transfer(networks()[1], before)


def test_an_old_model_for_infilling_is_unchanged():
    """Given the same known future."""
    shape = {**SHAPE, 'bidirectional': True, 'infilling': True, 'attention': 'none'}
    old_net, new_net = (
        Architecture(OLD.num_classes, **shape),
        Architecture(NEW.num_classes, **shape),
    )
    old, fresh = (init_params(jax.random.key(0), net) for net in (old_net, new_net))
    moved = transfer(
        Network(fresh, new_net, NEW.class_names), Network(old, old_net, OLD.class_names)
    )
    events, logits = np.array([[60, -2, 64, -1, 62, 61, -2, 63, 60]]), []
    for vocabulary, net, params in ((OLD, old_net, old), (NEW, new_net, moved)):
        tokens_BS = jnp.asarray(vocabulary.encode(events), jnp.int32)
        future_BT = jnp.where(jnp.arange(8) < 4, vocabulary.num_classes, tokens_BS[:, 1:])
        logits.append(
            apply_all(params, tokens_BS[:, :-1], jnp.arange(8)[None], net, future_BT=future_BT)[0]
        )
    known = [NEW.class_names.index(name) for name in OLD.class_names]
    assert_allclose(logits[1][..., known], logits[0], atol=1e-5)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'num_cells': 8}, 'num_cells is 4'),
        ({'lookback': ()}, r'lookback in bars is \(0.0625, 0.1875\)'),
    ],
)
def test_networks_that_differ_are_refused(change, words):
    other = dataclasses.replace(NEW_NET, **change)
    fresh = Network(init_params(jax.random.key(1), other), other, NEW.class_names)
    with pytest.raises(UserError, match=f'config.init_from: {words} in that run and .* now'):
        transfer(fresh, networks()[0])


METERS = {
    ('4/4', '6/8'): {'bars': (16, 12), 'lookback': (1, 2)},
    ('6/8', '4/4'): {'bars': (12, 16), 'lookback': (1, 2)},
    ('4/4',): {'bars': (16,), 'lookback': (16, 32)},
    ('6/8',): {'bars': (12,), 'lookback': (12, 24), 'num_positions': 12},
}


# the other cases are slow
QUICK = (
    (('4/4', '6/8'), ('6/8', '4/4'), False),
    (('4/4',), ('6/8',), True),
    (('6/8', '4/4'), ('4/4',), True),
    (('6/8',), ('4/4', '6/8'), False),
)


@pytest.mark.parametrize(
    ('old', 'new', 'infilling'),
    [
        pytest.param(*case, marks=[] if case in QUICK else pytest.mark.slow)
        for case in itertools.product(METERS, METERS, (False, True))
    ],
)
def test_metres_are_matched_by_name(old, new, infilling):
    """In a metre that both know, the new network gives the old one's logits."""
    shape = {**SHAPE, 'infilling': infilling, 'bidirectional': infilling}
    nets = [Architecture(OLD.num_classes, **{**shape, **METERS[each]}) for each in (old, new)]
    params = [init_params(jax.random.key(seed), net) for seed, net in enumerate(nets)]
    before, fresh = (
        Network(*each, OLD.class_names, meters)
        for *each, meters in zip(params, nets, (old, new), strict=True)
    )
    moved = transfer(fresh, before)
    assert jax.tree.map(jnp.shape, moved) == jax.tree.map(jnp.shape, params[1])
    tokens_BT = np.random.default_rng(0).integers(0, OLD.num_classes, (2, 40))
    for meter in set(old) & set(new):
        logits = []
        for net, weights, meters in ((nets[0], params[0], old), (nets[1], moved, new)):
            index = meters.index(meter)
            places_T = sum(net.bars[:index]) + np.arange(40) % net.bars[index]
            future_BT = jnp.asarray(np.roll(tokens_BT, -1, 1)) if infilling else None
            places_BT = jnp.broadcast_to(places_T, tokens_BT.shape)
            arguments = weights, jnp.asarray(tokens_BT), places_BT, net
            logits.append(apply_all(*arguments, future_BT=future_BT)[0])
        assert_allclose(logits[1], logits[0], atol=1e-5)


def test_a_run_starts_from_them_and_nothing_else_of_the_old_one():
    states = init_replicas([jax.random.key(0), jax.random.key(1)], ARCHITECTURE, RECIPE)
    params_R = jax.tree.map(lambda leaf: leaf + 1, states.params)
    begun = begin_from(states, params_R)
    for name in ('params', 'average_params', 'best_params'):
        jax.tree.map(assert_array_equal, getattr(begun, name), params_R)
    assert begun.step.tolist() == [0, 0]
    pointers = [
        leaf.unsafe_buffer_pointer()
        for leaf in jax.tree.leaves(begun.replace(key=jax.random.key_data(begun.key)))
    ]
    assert len(set(pointers)) == len(pointers) == len(leaves(begun))
