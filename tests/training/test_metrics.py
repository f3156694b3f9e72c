"""What a run reports of an epoch, and the curves of its losses."""

import csv

import numpy as np
import pytest

from symmusic.training import metrics
from symmusic.training.metrics import COLUMNS, epoch_line, plot_metrics, write_metrics


def row(replica, epoch, train, validation, rate=0.005, speed=100.0):
    return dict(zip(COLUMNS, (replica, epoch, train, validation, rate, speed), strict=True))


def test_metrics_are_read_back(tmp_path):
    rows = [row(0, 1, 1.5, 1.25), row(1, 1, 0.1, 1e-9)]
    write_metrics(tmp_path / 'metrics.csv', rows)
    with open(tmp_path / 'metrics.csv', newline='') as file:
        found = list(csv.DictReader(file))
    assert [{name: float(value) for name, value in each.items()} for each in found] == rows


@pytest.mark.parametrize(('best_epoch', 'star'), [(2, '*'), (1, ' ')])
def test_an_epoch_of_one_run(best_epoch, star):
    line = epoch_line([row(0, 2, 1.5, 1.25)], 7, 2.0, np.array([best_epoch]))
    assert f'epoch   2/7  train 1.5000  validation 1.2500{star} (base rate 2.0000)' in line
    assert line.endswith('learning rate 0.005  100 sequences/s')


def test_an_epoch_of_replicas_gives_means_and_the_speed_of_all():
    """Replica 1 has stopped: the best epochs are those of all three, the rows those of two."""
    rows = [row(0, 4, 1.0, 2.0, 0.004, 50.0), row(2, 4, 2.0, 4.0, 0.002, 70.0)]
    line = epoch_line(rows, 9, 2.5, np.array([3, 4, 4]))
    assert 'train 1.5000  validation 3.0000 (1 best of 2 replicas)' in line
    assert line.endswith('learning rate 0.003  120 sequences/s')


@pytest.mark.parametrize('num_replicas', [1, 2])
def test_the_curves_are_the_rows(num_replicas, monkeypatch):
    """Of each replica both losses, its best epoch and its learning rate, over its own epochs; the
    base rate once.
    """
    drawn = []
    monkeypatch.setattr(metrics, 'write_figure', lambda path, figure: drawn.append(figure))
    rows = [
        row(replica, epoch, train + replica, validation + replica, rate / (1 + replica))
        for epoch, train, validation, rate in (
            (1, 3, 3.5, 0.1),
            (2, 2, 2.5, 0.1),
            (3, 1, 2.75, 0.05),
        )
        for replica in range(num_replicas)
    ]
    plot_metrics(None, rows, 2.25)
    losses, rates = drawn[0].axes
    curves = [(list(line.get_xdata()), list(line.get_ydata())) for line in losses.lines]
    expected = [
        curve
        for r in range(num_replicas)
        for curve in (
            ([1, 2, 3], [3 + r, 2 + r, 1 + r]),
            ([1, 2, 3], [3.5 + r, 2.5 + r, 2.75 + r]),
            ([2], [2.5 + r]),
        )
    ]
    assert curves[:-1] == expected
    assert curves[-1][1] == [2.25, 2.25]
    assert [list(line.get_ydata()) for line in rates.lines] == [
        [0.1 / (1 + r), 0.1 / (1 + r), 0.05 / (1 + r)] for r in range(num_replicas)
    ]
    names = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    best = 'best: 2.500' if num_replicas == 1 else 'best of each of 2 replicas'
    assert len(names) == 4
    assert names[2] == best
    low, high = rates.get_xlim()
    assert (low, high) == (0.5, 3.5)
