"""Replicas, compared with single runs of their seeds; a stopped one does not change while the
others go on.
"""

import csv
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.errors import Interrupted
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.data import draw_batches, put
from symmusic.training.metrics import event_log
from symmusic.training.replicas import (
    best_replica,
    end_epoch_replicas,
    init_replicas,
    initial_keys,
    replica,
    update_replicas,
)
from tests.training.toy import (
    ARCHITECTURE,
    BATCH_SIZE,
    NUM_WINDOWS,
    RECIPE,
    assert_same_bits,
    leaves,
    make_windows,
    stop,
    without_speed,
)

DATA = put(make_windows(NUM_WINDOWS, 0))
STATIC = {'architecture': ARCHITECTURE, 'recipe': RECIPE}
ON = np.ones(3, bool)


def begin(num_replicas, seed=5):
    return init_replicas(initial_keys(seed, num_replicas), ARCHITECTURE, RECIPE)


def test_initial_parameters_and_keys_are_those_of_the_runs_alone():
    together = begin(3)
    for index in range(3):
        assert_same_bits(replica(together, index), replica(begin(1, seed=5 + index), 0))
    assert not np.array_equal(*together.params['head']['kernel'][:2])


def test_batches_are_those_of_the_runs_alone():
    """Those of each replica's seed and epoch, whatever the others do."""
    together = draw_batches(NUM_WINDOWS, BATCH_SIZE, 5, np.array([0, 4, 1]))
    for index, epoch in enumerate((0, 4, 1)):
        alone = draw_batches(NUM_WINDOWS, BATCH_SIZE, 5 + index, np.array([epoch]))
        assert_array_equal(together[index], alone[0])
    assert together.shape == (3, 3, BATCH_SIZE)


def test_dropout_is_that_of_the_runs_alone():
    """Every replica on the same windows with the same parameters: the losses differ only by
    dropout, and agree with single runs.
    """
    same = begin(3)
    same = same.replace(
        params=jax.tree.map(lambda leaf: jnp.broadcast_to(leaf[:1], leaf.shape), same.params)
    )
    rows_RUB = np.array([[[1, 2, 3, 4]]] * 3, np.int32)
    alone = [
        update_replicas(
            jax.tree.map(lambda leaf, index=index: leaf[index : index + 1], same),
            DATA,
            rows_RUB[:1],
            ON[:1],
            **STATIC,
        )[1][0]
        for index in range(3)
    ]
    together = update_replicas(same, DATA, rows_RUB, ON, **STATIC)[1]
    assert_allclose(together, alone, rtol=1e-6)
    assert np.ptp(alone) > 1e-3  # far more than rounding


def test_twenty_updates_are_those_of_the_runs_alone():
    """Losses and parameters to 1e-4: vmapped products round differently."""
    together, alone = begin(3), [begin(1, seed=5 + index) for index in range(3)]
    losses_R, losses = [], [[], [], []]
    for epoch in range(7):
        rows = draw_batches(NUM_WINDOWS, BATCH_SIZE, 5, np.full(3, epoch))
        for rows_RUB in np.split(rows, 3, axis=1):
            together, losses_RU = update_replicas(together, DATA, rows_RUB, ON, **STATIC)
            losses_R.append(losses_RU[:, 0])
            for index in range(3):
                alone[index], loss = update_replicas(
                    alone[index], DATA, rows_RUB[index : index + 1], ON[:1], **STATIC
                )
                losses[index].append(loss[0, 0])
    assert_allclose(np.array(losses_R).T, losses, atol=1e-4)
    for index in range(3):
        jax.tree.map(
            lambda ours, theirs: assert_allclose(ours, theirs[0], atol=1e-4),
            replica(together, index).params,
            alone[index].params,
        )
    assert np.ptp(np.array(losses)[:, -1]) > 1e-2  # the replicas have diverged


def test_an_inactive_replica_does_not_change():
    """Bit for bit, in an update and at the end of an epoch, while the others change as usual."""
    rows_RUB = np.array([[[1, 2, 3, 4]]] * 3, np.int32)
    active_R = np.array([True, False, True])
    after, _ = update_replicas(begin(3), DATA, rows_RUB, active_R, **STATIC)
    after = end_epoch_replicas(after, jnp.float32([1, 2, 3]), active_R, recipe=RECIPE)
    moved, _ = update_replicas(begin(3), DATA, rows_RUB, ON, **STATIC)
    moved = end_epoch_replicas(moved, jnp.float32([1, 2, 3]), ON, recipe=RECIPE)
    assert_same_bits(replica(after, 1), replica(begin(3), 1))
    for index in (0, 2):
        assert_same_bits(replica(after, index), replica(moved, index))
    assert after.epoch.tolist() == [1, 0, 1]
    assert not np.array_equal(
        replica(moved, 1).params['head']['kernel'], replica(after, 1).params['head']['kernel']
    )


def test_each_replica_has_its_own_schedule_and_best_parameters():
    states = begin(3)
    for losses_R in ([1.0, 2.0, 3.0], [1.5, 1.5, 3.0], [1.5, 1.0, 2.0]):
        # patience 1, threshold 0.05
        states = end_epoch_replicas(states, jnp.float32(losses_R), ON, recipe=RECIPE)
    assert states.best_epoch.tolist() == [1, 3, 3]
    assert states.best_loss.tolist() == [1.0, 1.0, 2.0]
    assert states.plateau_state.scale.tolist() == [0.25, 1.0, 0.5]
    assert best_replica(states) == 0


@pytest.fixture(scope='module')
def stopping(tmp_path_factory):
    """Three replicas at a learning rate at which each stops early at a different time."""
    from tests.training.toy import Runs

    recipe = dataclasses.replace(RECIPE, early_stopping_epochs=1, learning_rate=0.5)
    with pytest.MonkeyPatch.context() as monkeypatch:
        runs, workdir = Runs(monkeypatch), tmp_path_factory.mktemp('replicas')
        states, card = runs.fit(*runs.begin(recipe, 3, 4), workdir, 12, seed=4)
        return recipe, workdir, states, card


def test_a_stopped_replica_waits_for_the_others(stopping):
    _, workdir, states, card = stopping
    epochs = states.epoch.tolist()
    assert len(set(epochs)) > 1  # otherwise none would have waited
    with open(workdir / 'metrics.csv') as file:
        rows = [(int(row['replica']), int(row['epoch'])) for row in csv.DictReader(file)]
    assert sorted(rows) == [
        (index, epoch) for index in range(3) for epoch in range(1, epochs[index] + 1)
    ]
    assert states.step.tolist() == [3 * epoch for epoch in epochs]
    for index in range(3):
        own = [row['validation_loss'] for row in card.rows if row['replica'] == index]
        assert min(own) == pytest.approx(float(states.best_loss[index]), rel=1e-6)


@pytest.mark.parametrize('after', [1, 5, 6, 10])
def test_a_stop_in_mid_run_changes_nothing(runs, stopping, tmp_path, after):
    recipe, _, whole, whole_card = stopping
    with pytest.raises(Interrupted):
        runs.fit(*runs.begin(recipe, 3, 4), tmp_path, 12, seed=4, after=after, do=stop)
    states, card = runs.fit(*Checkpoints(tmp_path).restore(), tmp_path, 12, seed=4)
    assert_same_bits(states, whole)
    assert without_speed(card.rows) == without_speed(whole_card.rows)


def test_stopped_replicas_resumed_end_together(runs, stopping, tmp_path):
    """A larger number of epochs resumes a finished run, each replica from where it stopped."""
    recipe, _, whole, card = stopping
    states = jax.tree.map(jnp.copy, whole).replace(
        stopped=jnp.zeros(3, bool), num_waited=jnp.zeros(3, jnp.int32)
    )
    card = dataclasses.replace(card, recipe=dataclasses.replace(recipe, early_stopping_epochs=0))
    states, card = runs.fit(states, card, tmp_path, 14, seed=4)
    assert states.epoch.tolist() == [14] * 3
    assert states.step.tolist() == [42] * 3
    assert sorted((row['replica'], row['epoch']) for row in card.rows) == [
        (index, epoch) for index in range(3) for epoch in range(1, 15)
    ]
    assert all(np.isfinite(leaf).all() for leaf in leaves(states.params))


def test_sessions_of_the_same_second_log_to_files_of_their_own(tmp_path):
    pytest.importorskip('tensorboardX', reason='needs the optional package tensorboardX')
    for number in range(1, 4):
        with event_log(tmp_path, [1]):
            pass
        assert len(list((tmp_path / 'replica-0').iterdir())) == number


def test_tensorboard_reads_the_metrics(runs, tmp_path):
    """An event file per replica and session; the second session voids what the first wrote of its
    epochs.
    """
    pytest.importorskip('tensorboardX', reason='needs the optional package tensorboardX')
    from tensorboardX.proto.event_pb2 import Event

    def scalars(path):
        data, found, voided = path.read_bytes(), [], None
        while data:  # length, its checksum, the event, its checksum
            size = int.from_bytes(data[:8], 'little')
            event = Event.FromString(data[12 : 12 + size])
            voided = event.step if event.session_log.status else voided
            found += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
            data = data[16 + size :]
        return found, voided

    _, card = runs.fit(*runs.begin(num_replicas=2), tmp_path, 1, tensorboard=True)
    runs.fit(*Checkpoints(tmp_path).restore(), tmp_path, 2, tensorboard=True)
    for index in range(2):
        first, second = sorted(
            (tmp_path / 'tensorboard' / f'replica-{index}').iterdir(),
            key=lambda path: path.stat().st_mtime_ns,
        )
        (row,) = (row for row in card.rows if row['replica'] == index)
        expected = [(name, 1, pytest.approx(row[name], rel=1e-6)) for name in list(row)[2:]]
        assert sorted(scalars(first)[0]) == sorted(expected, key=lambda each: each[0])
        assert {step for _, step, _ in scalars(second)[0]} == {2}
        assert scalars(second)[1] == 2
