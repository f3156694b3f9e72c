"""What whole pieces cost a network: against its own distributions, step by step."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symmusic.generate import given
from symmusic.generate.manner import Manner
from symmusic.measures.piece_nats import network_nats
from symmusic.measures.registry import Network
from symmusic.model.model import Architecture
from symmusic.training.card import Card
from tests.model.compiled import apply_all, init_params
from tests.training.toy import make_recipe

ARCHITECTURE = Architecture(
    5, num_layers=1, num_cells=4, num_positions=16, attention='bahdanau', attention_size=3
)
MANNER = Manner(2, 1, 1.0, 0, 1.0, None, 64, 0, False, False)


@pytest.fixture(scope='module')
def network():
    params = jax.tree.map(lambda leaf: 3 * leaf, init_params(jax.random.key(0), ARCHITECTURE))
    return Network(params, Card(ARCHITECTURE, make_recipe(), None, {}, {}), '')


@pytest.mark.parametrize(('start', 'temperature'), [(1, 1.0), (7, 2.0), (19, 0.5)])
def test_each_step_given_all_before_it(network, monkeypatch, start, temperature):
    """In batches, with the metric position, at a temperature; a blank costs 0."""
    monkeypatch.setattr(given, 'CHUNK', 2)
    tokens_BT = np.random.default_rng(0).integers(0, 5, (3, 20))
    tokens_BT[1, 10] = 5
    manner = dataclasses.replace(MANNER, temperature=temperature)
    found = network_nats(network, manner, tokens_BT, start)
    assert found.shape == (3, 20 - start)
    positions_BT = jnp.broadcast_to(jnp.arange(19) % 16, (3, 19))
    logits_BTV, _ = apply_all(network.params, tokens_BT[:, :-1], positions_BT, ARCHITECTURE)
    logs_BTV = np.asarray(jax.nn.log_softmax(logits_BTV / temperature))
    for row, tokens in enumerate(tokens_BT):
        for step in range(start, 20):
            cost = 0 if tokens[step] == 5 else -logs_BTV[row, step - 1, tokens[step]]
            assert found[row, step - start] == pytest.approx(float(cost), abs=1e-4)


def test_a_cut_class_cannot_be_drawn(network):
    """Two of five classes are left: the others cost inf, and these less than of all five."""
    tokens_BT = np.random.default_rng(0).integers(0, 5, (3, 20))
    whole = network_nats(network, MANNER, tokens_BT, 1)
    cut = network_nats(network, dataclasses.replace(MANNER, top_k=2), tokens_BT, 1)
    assert 0 < np.isinf(cut).sum() < cut.size
    assert (cut < whole)[np.isfinite(cut)].all()
    each = [tokens_BT * 0 + token for token in range(5)]  # of the first new step, all five classes
    least = [np.concatenate([tokens_BT[:, :9], one[:, :1]], axis=1) for one in each]
    costs = [network_nats(network, dataclasses.replace(MANNER, top_p=0.6), one, 9) for one in least]
    shares = np.exp(-np.array(costs)).sum(axis=0)
    assert shares == pytest.approx(np.ones((3, 1)), abs=1e-5)
