"""What is measured after each epoch: from which parameters, that training stays as it is, and that
a run which was killed ends with the same file.
"""

import csv

import jax
import numpy as np
import pytest

from symmusic.training import originality, session
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.originality import COLUMNS, FILE, originality_line, plot_originality
from tests.training.toy import (
    RECIPE,
    Killed,
    Runs,
    assert_same_bits,
    kill,
    make_recipe,
    without_speed,
)

NUM_EPOCHS, NUM_REPLICAS = 2, 2
AVERAGED = make_recipe(targets='all', learning_rate=0.02, average_decay=0.5)


def fingerprint(params_R, replica):
    return float(sum(np.abs(leaf[replica]).sum() for leaf in jax.tree.leaves(params_R)))


def measure(params_R, rows):
    """Numbers that only the replica's parameters and the epoch determine."""
    return [
        row
        | dict.fromkeys(COLUMNS[2:], row['epoch'])
        | {'longest_run': fingerprint(params_R, row['replica'])}
        for row in rows
    ]


def read(workdir):
    with open(workdir / FILE, newline='') as file:
        return list(csv.DictReader(file))


def fit(runs, workdir, how=measure, **more):
    """Starts a run or resumes it."""
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        state, card = runs.begin(AVERAGED, NUM_REPLICAS)
    else:
        state, card = checkpoints.restore()
    return runs.fit(state, card, workdir, NUM_EPOCHS, measure=how, **more)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """An uninterrupted run that is measured: its workdir, state and card."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        workdir = tmp_path_factory.mktemp('whole')
        return workdir, *fit(Runs(monkeypatch), workdir)


def test_training_is_the_same_to_the_bit(runs, whole, tmp_path):
    state, card = fit(runs, tmp_path, how=None)
    workdir, measured_state, measured_card = whole
    assert_same_bits(state, measured_state)
    kept = [
        {name: value for name, value in row.items() if name not in COLUMNS[2:]}
        for row in measured_card.rows
    ]
    assert without_speed(kept) == without_speed(card.rows)
    assert not (tmp_path / FILE).exists()
    heads = [(each / 'metrics.csv').read_text().splitlines()[0] for each in (tmp_path, workdir)]
    assert heads[0] == heads[1]


def test_each_epoch_of_each_replica_is_measured_with_its_average(runs, whole, tmp_path):
    workdir, state, _ = whole
    rows = read(workdir)
    assert [(row['replica'], row['epoch']) for row in rows] == [
        ('0', '1'),
        ('1', '1'),
        ('0', '2'),
        ('1', '2'),
    ]
    last = [float(row['longest_run']) for row in rows[2:]]
    assert last == [fingerprint(state.average_params, each) for each in range(NUM_REPLICAS)]
    assert last != [fingerprint(state.params, each) for each in range(NUM_REPLICAS)]


@pytest.mark.parametrize('after', [2, 3, 5])
def test_a_killed_run_ends_with_the_same_file(runs, whole, tmp_path, after):
    with pytest.raises(Killed):
        fit(runs, tmp_path, after=after, do=kill)
    fit(runs, tmp_path)
    assert read(tmp_path) == read(whole[0])


@pytest.mark.parametrize('epoch', range(1, NUM_EPOCHS + 1))
@pytest.mark.parametrize('place', ['measuring', 'saving', 'writing'])
def test_so_does_one_that_is_killed_at_the_end_of_an_epoch(
    runs, whole, tmp_path, monkeypatch, epoch, place
):
    """Before it is measured, before the checkpoint, and between the checkpoint and the file."""

    def killing(usual, is_now):
        def stopped(*given):
            if is_now(*given):
                kill()
            return usual(*given)

        return stopped

    with monkeypatch.context() as patch:
        how = measure
        if place == 'measuring':
            how = killing(measure, lambda params_R, rows: rows[0]['epoch'] == epoch)
        elif place == 'saving':
            is_now = lambda self, states, card: card.rows[-1]['epoch'] == epoch
            patch.setattr(Checkpoints, 'save', killing(Checkpoints.save, is_now))
        else:
            is_now = lambda workdir, rows: rows[-1]['epoch'] == epoch
            write = killing(session.write_originality, is_now)
            patch.setattr(session, 'write_originality', write)
        with pytest.raises(Killed):
            fit(runs, tmp_path, how)
    fit(runs, tmp_path)
    assert read(tmp_path) == read(whole[0])


def test_epochs_that_were_not_measured_have_no_row(runs, tmp_path):
    runs.fit(*runs.begin(RECIPE), tmp_path, 1)
    assert not (tmp_path / FILE).exists()
    runs.fit(*Checkpoints(tmp_path).restore(), tmp_path, 2, measure=measure)
    runs.fit(*Checkpoints(tmp_path).restore(), tmp_path, 3)
    assert [row['epoch'] for row in read(tmp_path)] == ['2']


def row(replica, epoch, run, share):
    return dict(zip(COLUMNS, (replica, epoch, 20, run, share, 9.0, 6.25), strict=True))


def test_the_line_gives_means():
    line = originality_line([row(0, 2, 4.0, 0.1), row(1, 2, 5.0, 0.2)])
    assert 'runs of 4.5 notes (unseen tunes 6.2)' in line
    assert '15 % of pieces beyond the 9 of' in line
    assert originality_line([{'replica': 0, 'epoch': 1}]) == ''


def test_the_curves_are_the_rows(monkeypatch):
    drawn = []
    monkeypatch.setattr(originality, 'write_figure', lambda path, figure: drawn.append(figure))
    plot_originality(None, [{'replica': 0, 'epoch': 1}])
    assert drawn == []
    plot_originality(None, [row(0, 1, 4.0, 0.1), row(1, 1, 5.0, 0.2), row(0, 2, 6.0, 0.3)])
    runs, shares = drawn[0].axes
    curves = [
        [(list(each.get_xdata()), list(each.get_ydata())) for each in axes.lines]
        for axes in (runs, shares)
    ]
    assert curves[0][:2] == [([1, 2], [4.0, 6.0]), ([1], [5.0])]
    assert [heights for _, heights in curves[0][2:]] == [[6.25, 6.25], [9.0, 9.0]]
    assert curves[1] == [([1, 2], [0.1, 0.3]), ([1], [0.2])]
