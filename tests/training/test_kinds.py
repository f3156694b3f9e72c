"""Training a Transformer and a hybrid: the loss falls, replicas are single runs, a stopped run goes
on to the same bits.
"""

import dataclasses

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from symmusic.errors import Interrupted
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.data import put
from symmusic.training.replicas import init_replicas, initial_keys, replica, update_replicas
from symmusic.training.step import update
from tests.training.toy import (
    ARCHITECTURE,
    NUM_WINDOWS,
    RECIPE,
    VOCABULARY,
    Runs,
    assert_same_bits,
    leaves,
    make_windows,
    stop,
)

KINDS = [
    dataclasses.replace(ARCHITECTURE, kind=kind, num_heads=2, lookback=(4,), agreement=True)
    for kind in ('transformer', 'hybrid')
]
DATA = put(make_windows(NUM_WINDOWS, 0))


def begin(architecture, num_replicas=1, seed=5):
    return init_replicas(initial_keys(seed, num_replicas), architecture, RECIPE)


@pytest.mark.parametrize('architecture', KINDS)
def test_updates_lower_the_loss(architecture):
    dry = dataclasses.replace(architecture, dropout_rate=0.0)
    state, rows_B = replica(begin(dry), 0), np.array([2, 3, 4, 5], np.int32)
    losses = []
    for _ in range(100):
        state, loss = update(state, DATA, rows_B, architecture=dry, recipe=RECIPE)
        losses.append(float(loss))
    assert losses[0] == pytest.approx(np.log(VOCABULARY.num_classes), abs=0.5)
    assert losses[1] < losses[0]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize('architecture', KINDS)
def test_replicas_are_the_runs_alone(architecture):
    """Initial parameters and dropout included; to rounding once updated."""
    together = begin(architecture, 2)
    alone = [begin(architecture, seed=seed) for seed in (5, 6)]
    for index in range(2):
        assert_same_bits(replica(together, index), replica(alone[index], 0))
    rows_RUB = np.array([[[1, 2, 3, 4], [0, 5, 6, 7]]] * 2, np.int32)
    how = {'architecture': architecture, 'recipe': RECIPE}
    together, losses_RU = update_replicas(together, DATA, rows_RUB, np.ones(2, bool), **how)
    for index in range(2):
        one, losses_1U = update_replicas(alone[index], DATA, rows_RUB[:1], np.ones(1, bool), **how)
        assert_allclose(losses_RU[index], losses_1U[0], rtol=1e-5)
        for ours, theirs in zip(leaves(one), leaves(together), strict=True):
            assert_allclose(ours[0], theirs[index], atol=1e-5)
    assert abs(float(losses_RU[0, 0] - losses_RU[1, 0])) > 1e-4


def test_a_stopped_run_goes_on_to_the_same_bits(monkeypatch, tmp_path):
    runs, architecture = Runs(monkeypatch), KINDS[0]
    whole, _ = runs.fit(*runs.begin(architecture=architecture), tmp_path / 'whole', 2)
    with pytest.raises(Interrupted):
        runs.fit(*runs.begin(architecture=architecture), tmp_path / 'parts', 2, after=4, do=stop)
    state, card = Checkpoints(tmp_path / 'parts').restore()
    assert card.architecture == architecture
    resumed, _ = runs.fit(state, card, tmp_path / 'parts', 2)
    assert_same_bits(resumed, whole)


@pytest.mark.parametrize('architecture', KINDS)
def test_a_card_keeps_the_kind_and_older_ones_are_of_lstms(architecture):
    card = Card(architecture, RECIPE, VOCABULARY, {'seed': 0}, {})
    fields = card.to_json()
    assert Card.from_json(fields).architecture == architecture
    for name in ('kind', 'num_heads'):
        del fields['architecture'][name]
    older = dataclasses.replace(architecture, kind='lstm', num_heads=0)
    assert Card.from_json(fields).architecture == older
    assert jax.tree.leaves(begin(older))
