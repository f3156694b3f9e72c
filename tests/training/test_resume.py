"""A run that is stopped or killed after any update and resumed ends as an uninterrupted one, bit
for bit.
"""

import csv
import dataclasses
import itertools
import logging
import shutil

import jax
import numpy as np
import pytest

from symmusic.errors import Interrupted, UserError
from symmusic.training import loop, session
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.metrics import COLUMNS
from symmusic.training.updates import Updates
from symmusic.training.validation import HeldOut
from tests.training.toy import (
    ARCHITECTURE,
    NUM_WINDOWS,
    RECIPE,
    Killed,
    Runs,
    assert_same_bits,
    kill,
    leaves,
    stop,
    without_speed,
)

NUM_EPOCHS = 3
NUM_UPDATES = 3 * NUM_EPOCHS


@pytest.fixture(scope='session')
def whole(tmp_path_factory):
    """An uninterrupted run: its workdir, state and card."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        runs, workdir = Runs(monkeypatch), tmp_path_factory.mktemp('whole')
        return workdir, *runs.fit(*runs.begin(), workdir, NUM_EPOCHS)


def read_metrics(workdir):
    with open(workdir / 'metrics.csv') as file:
        return list(csv.DictReader(file))


def assert_same_run(workdir, state, card, whole):
    """The same state, rows and metrics.csv, and the same in the checkpoint."""
    whole_workdir, whole_state, whole_card = whole
    assert_same_bits(state, whole_state)
    assert without_speed(card.rows) == without_speed(whole_card.rows)
    assert without_speed(read_metrics(workdir)) == without_speed(read_metrics(whole_workdir))
    stored, stored_card = Checkpoints(workdir).restore()
    assert_same_bits(stored, whole_state)
    assert stored_card.rows == card.rows


def go_on(runs, workdir, num_epochs=NUM_EPOCHS, **how):
    """Resumes the run in the workdir as the command does, or starts one."""
    checkpoints = Checkpoints(workdir)
    state, card = runs.begin() if checkpoints.latest_step() is None else checkpoints.restore()
    return runs.fit(state, card, workdir, num_epochs, **how)


def test_the_problem_exercises_what_a_resume_could_lose(whole):
    """Otherwise the tests below could not fail."""
    _, state, card = whole
    assert int(state.step[0]) == NUM_UPDATES
    assert int(state.best_epoch[0]) > 0
    assert len({row['train_loss'] for row in card.rows}) == NUM_EPOCHS
    assert NUM_WINDOWS % 4  # filler rows
    assert float(state.plateau_state.scale[0]) < 1  # the learning rate has changed


@pytest.mark.parametrize('after', range(1, NUM_UPDATES + 1))
def test_stopped_after_any_update(runs, whole, tmp_path, after):
    with pytest.raises(Interrupted, match='stopped and saved'):
        go_on(runs, tmp_path, after=after, do=stop)
    assert Checkpoints(tmp_path).latest_step() == after
    assert_same_run(tmp_path, *go_on(runs, tmp_path), whole)


@pytest.mark.parametrize(
    ('after', 'minutes'),
    [(2, 1000.0), (3, 1000.0), (4, 1000.0), (9, 1000.0), (1, 1e-9), (5, 1e-9), (9, 1e-9)],
)
def test_killed_after_any_update(runs, whole, tmp_path, after, minutes):
    """It resumes from the last checkpoint, or from the start if there is none yet."""
    with pytest.raises(Killed):
        go_on(runs, tmp_path, after=after, do=kill, minutes=minutes)
    # The update itself is lost; with a save after each, nothing before it is.
    assert (Checkpoints(tmp_path).latest_step() or 0) == (
        (after - 1) // 3 * 3 if minutes > 1 else after - 1
    )
    assert_same_run(tmp_path, *go_on(runs, tmp_path), whole)


@pytest.mark.parametrize(('do', 'error', 'share'), [(stop, Interrupted, 0.5), (kill, Killed, 1.0)])
def test_a_run_for_infilling_goes_on_with_the_same_gaps(runs, tmp_path, do, error, share):
    """Without dropout, so that gaps alone are drawn at random."""
    architecture = dataclasses.replace(
        ARCHITECTURE, bidirectional=True, infilling=True, dropout_rate=0.0
    )
    begin = lambda: runs.begin(
        dataclasses.replace(RECIPE, targets='gap', gap_share=share), architecture=architecture
    )
    whole = tmp_path / 'whole', *runs.fit(*begin(), tmp_path / 'whole', 2)
    with pytest.raises(error):
        runs.fit(*begin(), tmp_path / 'ended', 2, after=5, do=do)
    checkpoints = Checkpoints(tmp_path / 'ended')
    assert checkpoints.latest_step() == (5 if do is stop else 3)
    assert_same_run(
        tmp_path / 'ended', *runs.fit(*checkpoints.restore(), tmp_path / 'ended', 2), whole
    )


def test_stopped_again_and_again(runs, whole, tmp_path):
    for _ in range(NUM_UPDATES - 1):
        with pytest.raises(Interrupted):
            go_on(runs, tmp_path, after=1, do=stop)
    assert Checkpoints(tmp_path).latest_step() == NUM_UPDATES - 1
    assert_same_run(tmp_path, *go_on(runs, tmp_path), whole)


def test_saving_often_changes_nothing(runs, whole, tmp_path):
    assert_same_run(tmp_path, *go_on(runs, tmp_path, minutes=1e-9), whole)


@pytest.mark.parametrize(('seconds', 'saved'), [(60.5, [1, 2, 3]), (59.5, [2, 3])])
def test_checkpoint_minutes_are_of_sixty_seconds(runs, tmp_path, monkeypatch, seconds, saved):
    """With a clock that advances by a fixed time whenever it is read, once for each update."""
    clock, steps = itertools.count(step=seconds), []
    monkeypatch.setattr(session.time, 'perf_counter', lambda: next(clock))
    monkeypatch.setattr(
        Checkpoints, 'save', lambda self, state, card: steps.append(int(state.step[0]))
    )
    runs.fit(*runs.begin(), tmp_path, 1, minutes=1.0)
    assert steps == saved


@pytest.mark.parametrize('first', [1, 2])
def test_more_epochs_go_on_as_one_long_run(runs, whole, tmp_path, first):
    state, _ = go_on(runs, tmp_path, first)
    assert int(state.step[0]) == 3 * first
    assert_same_run(tmp_path, *go_on(runs, tmp_path), whole)


def test_going_on_from_the_checkpoint_before(runs, whole, tmp_path):
    """As the message about a damaged checkpoint advises. metrics.csv loses the epoch that is
    trained again.
    """
    go_on(runs, tmp_path, 2)
    shutil.rmtree(tmp_path / 'checkpoints' / '6')
    assert_same_run(tmp_path, *go_on(runs, tmp_path), whole)


def test_a_finished_run_is_left_as_it_is(runs, whole):
    """Only metrics.csv is written again, unchanged."""
    workdir = whole[0]
    content, metrics = (
        {path: path.stat().st_mtime_ns for path in (workdir / 'checkpoints').rglob('*')},
        (workdir / 'metrics.csv').read_bytes(),
    )
    state, _ = go_on(runs, workdir, after=1, do=kill)  # no update is done
    assert_same_bits(state, whole[1])
    assert {
        path: path.stat().st_mtime_ns for path in (workdir / 'checkpoints').rglob('*')
    } == content
    assert (workdir / 'metrics.csv').read_bytes() == metrics


@pytest.mark.parametrize('damage', [None, b'', b'replica,epoch\n0,1'])
def test_metrics_that_are_gone_or_damaged_are_written_again(runs, whole, tmp_path, damage):
    """Also those of the last epoch, if a process ended between its checkpoint and its metrics."""
    workdir = tmp_path / 'run'
    shutil.copytree(whole[0], workdir)
    (
        (workdir / 'metrics.csv').unlink()
        if damage is None
        else (workdir / 'metrics.csv').write_bytes(damage)
    )
    assert_same_run(workdir, *go_on(runs, workdir, after=1, do=kill), whole)


def test_each_epoch_has_its_own_order_and_each_window_once(runs, tmp_path, monkeypatch):
    """An interrupted epoch continues in its order."""
    seen = []

    class Recorded(Updates):
        def __call__(self, states, rows_RUB, active_R):
            seen.extend(rows_RUB[0].tolist())
            return super().__call__(states, rows_RUB, active_R)

    monkeypatch.setattr(session, 'Updates', Recorded)
    with pytest.raises(Interrupted):
        go_on(runs, tmp_path, 2, after=4, do=stop)
    go_on(runs, tmp_path, 2)
    assert len(seen) == 6
    epochs = [np.concatenate(seen[:3]), np.concatenate(seen[3:])]
    for order in epochs:
        assert sorted(order.tolist()) == [-1, -1, *range(NUM_WINDOWS)]
    assert epochs[0].tolist() != epochs[1].tolist()


@pytest.mark.parametrize('after', [2, 3, 5, 9])
def test_two_updates_in_a_dispatch(runs, whole, tmp_path, after):
    """They are saved and stopped after both, go on bit for bit, and agree with one at a time to
    rounding.
    """
    with pytest.raises(Interrupted, match='stopped and saved'):
        go_on(runs, tmp_path / 'stopped', after=after, do=stop, updates_per_dispatch=2)
    assert Checkpoints(tmp_path / 'stopped').latest_step() == after
    state, card = go_on(runs, tmp_path / 'stopped', updates_per_dispatch=2)
    assert_same_bits(state, go_on(runs, tmp_path / 'whole', updates_per_dispatch=2)[0])
    for ours, theirs in zip(leaves(state), leaves(whole[1]), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)
    assert len(card.rows) == NUM_EPOCHS


def test_metrics_are_the_contract_s(whole):
    workdir, state, card = whole
    assert COLUMNS == (
        'replica',
        'epoch',
        'train_loss',
        'validation_loss',
        'learning_rate',
        'sequences_per_s',
    )
    rows = read_metrics(workdir)
    assert tuple(rows[0]) == COLUMNS
    assert [(row['replica'], row['epoch']) for row in rows] == [
        ('0', str(epoch)) for epoch in range(1, NUM_EPOCHS + 1)
    ]
    for row, kept in zip(rows, card.rows, strict=True):
        assert all(float(row[name]) == kept[name] for name in COLUMNS)  # in full precision
    assert min(row['validation_loss'] for row in card.rows) == pytest.approx(
        float(state.best_loss[0]), rel=1e-6
    )
    assert card.rows[0]['learning_rate'] == RECIPE.learning_rate


def test_the_learning_rate_of_a_row_is_that_of_its_epoch(whole):
    """Computed from the losses: patience 1, threshold 0.05."""
    best, scale = np.inf, 1.0
    for row in whole[2].rows:
        assert row['learning_rate'] == pytest.approx(RECIPE.learning_rate * scale)
        if row['validation_loss'] < best - RECIPE.plateau_threshold:
            best = row['validation_loss']
        else:
            scale *= RECIPE.plateau_factor


def test_early_stopping_ends_a_run_for_good(runs, tmp_path):
    recipe = dataclasses.replace(RECIPE, early_stopping_epochs=1, learning_rate=2.0)
    state, card = runs.fit(*runs.begin(recipe), tmp_path, 30)
    assert bool(state.stopped[0])
    assert len(card.rows) == int(state.epoch[0]) == int(state.best_epoch[0]) + 1 < 30
    again, _ = go_on(runs, tmp_path, 40, after=1, do=kill)
    assert_same_bits(again, state)


@pytest.mark.parametrize(
    ('minutes', 'check_seconds', 'num_done'),
    [(1000.0, 1000.0, 3), (1e-9, 1000.0, 2), (1000.0, -1.0, 2)],
)
def test_a_loss_that_is_not_finite_stops_the_run_at_the_update(
    runs, tmp_path, monkeypatch, minutes, check_seconds, num_done
):
    """Detected at the end of the epoch, before a save or at a check: the state before the update is
    kept, and no state is saved as good.
    """
    monkeypatch.setattr(session, 'CHECK_SECONDS', check_seconds)
    how, done = {'after': num_done, 'do': lambda: done.append(num_done), 'minutes': minutes}, []
    good = 'none yet' if minutes == 1000.0 else rf'{tmp_path}/checkpoints/1'
    line = (
        r'^the loss or gradient of epoch 1, update 2 of 3, is not finite; the state before it is'
        rf' kept for inspection in {tmp_path}/diverged; '
        rf'the last good checkpoint is {good}; train again in another --workdir with a smaller'
        r' config.train.learning_rate \(1e\+38\)'
    )
    with pytest.raises(UserError, match=line):
        runs.fit(*runs.begin(dataclasses.replace(RECIPE, learning_rate=1e38)), tmp_path, 2, **how)
    assert done == [num_done]
    kept, _ = Checkpoints(tmp_path / 'diverged').restore()
    assert int(kept.step[0]) == 1
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(kept.params))
    if minutes < 1:
        assert Checkpoints(tmp_path).latest_step() == 1
        assert_same_bits(
            Checkpoints(tmp_path).restore()[0].replace(epoch_nats=kept.epoch_nats), kept
        )
        for place in (tmp_path, tmp_path / 'diverged'):  # no run resumes from either
            with pytest.raises(UserError, match='epoch 1, update 2 of 3, is not finite'):
                go_on(runs, place)
    else:
        assert not (tmp_path / 'checkpoints').exists()


def test_a_held_out_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_good_checkpoint(
    runs, tmp_path, monkeypatch
):
    go_on(runs, tmp_path, 1)
    monkeypatch.setattr(session, 'measure_held_out', lambda *args: HeldOut(np.array([np.nan])))
    with pytest.raises(
        UserError,
        match=rf'^the validation loss is not finite; .*checkpoint is {tmp_path}/checkpoints/3;',
    ):
        go_on(runs, tmp_path)
    monkeypatch.undo()
    assert Checkpoints(tmp_path).latest_step() == 3
    assert int(Checkpoints(tmp_path / 'diverged').restore()[0].step[0]) == 6


def test_the_error_is_reported_even_if_the_state_cannot_be_kept(runs, tmp_path):
    (tmp_path / 'diverged').write_text('a file of that name')
    state, card = runs.begin()
    broken = state.replace(
        params={
            **state.params,
            'head': jax.tree.map(lambda leaf: leaf * np.nan, state.params['head']),
        }
    )
    with pytest.raises(
        UserError,
        match=(
            r'^the loss or gradient of epoch 1, update 1 of 3, is not finite; .*could not be'
            r' kept \('
        ),
    ):
        runs.fit(broken, card, tmp_path, 2)


def test_a_line_per_epoch(runs, tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO, 'symmusic.training.loop')
    monkeypatch.setattr(loop.log, 'handlers', [caplog.handler])
    monkeypatch.setattr(loop.log, 'propagate', False)
    runs.fit(*runs.begin(), tmp_path, 1)
    lines = caplog.messages
    assert len(lines) == 2
    assert 'compiled in' in lines[0]
    assert '3 updates per epoch' in lines[0]
    for words in (
        'epoch   1/1',
        'train ',
        'validation ',
        '*',
        'base rate 1.9000',
        'learning rate 0.02',
        'sequences/s',
    ):
        assert words in lines[1]


def test_the_speed_counts_updates_that_are_done(runs, tmp_path, monkeypatch):
    """Not those that are only dispatched: the clock is read after the last one."""
    events, ready = [], session.jax.block_until_ready
    clock = session.time.perf_counter
    monkeypatch.setattr(
        session.jax, 'block_until_ready', lambda tree: events.append('ready') or ready(tree)
    )
    monkeypatch.setattr(session.time, 'perf_counter', lambda: events.append('clock') or clock())
    monkeypatch.setattr(
        session,
        'measure_held_out',
        lambda *args: events.append('validation') or HeldOut(np.array([1.0])),
    )
    runs.fit(*runs.begin(), tmp_path, 1)
    end = events.index('validation')
    assert events[end - 2 : end] == ['ready', 'clock']
