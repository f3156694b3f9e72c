"""How the difference between two arms depends on the training time. Takes and returns numbers.

An arm's loss at a point in time is that of its best parameters so far, because these are what it
keeps.
"""

from collections.abc import Sequence

import numpy as np

from symmusic.experiment.statistics import welch

MOST_POINTS = 24  # of a curve
# a replica's validation losses [E] after so many epochs or seconds [E], ascending
Curve = tuple[np.ndarray, np.ndarray]


def by_epoch(rows: Sequence[dict]) -> list[Curve]:
    """The curve of each replica over epochs, from the rows of metrics.csv."""
    return [
        (
            np.array([row['epoch'] for row in own], float),
            np.array([row['validation_loss'] for row in own], float),
        )
        for own in _by_replica(rows)
    ]


def by_second(rows: Sequence[dict], num_windows: int) -> list[Curve]:
    """The curve of each replica over its seconds of training, without validation.

    Replicas that are trained side by side share a machine: of an epoch's time each takes an equal
    part.
    """
    sharing = {epoch: sum(row['epoch'] == epoch for row in rows) for epoch in _epochs(rows)}
    return [
        (
            np.cumsum(
                [num_windows / row['sequences_per_s'] / sharing[row['epoch']] for row in own]
            ),
            np.array([row['validation_loss'] for row in own], float),
        )
        for own in _by_replica(rows)
    ]


def losses_at(curves: Sequence[Curve], points_P: np.ndarray) -> np.ndarray:
    """The best loss so far [R, P] of each replica at some points, NaN before its first one."""
    found = np.full((len(curves), len(points_P)), np.nan)
    for row, (at, losses) in enumerate(curves):
        index = np.searchsorted(at, points_P, side='right') - 1
        best = np.minimum.accumulate(losses)
        found[row, index >= 0] = best[index[index >= 0]]
    return found


def choose_points(*arms: Sequence[Curve]) -> np.ndarray:
    """Points at which all replicas have a loss, evenly spaced by ratio, up to the end of the
    longest curve; whole numbers where the curves are over epochs.
    """
    curves = [curve for arm in arms for curve in arm]
    first, last = max(at[0] for at, _ in curves), max(at[-1] for at, _ in curves)
    points = np.geomspace(first, last, MOST_POINTS)
    if all((at == np.round(at)).all() for at, _ in curves):
        points = np.round(points)
    points[-1] = last  # exactly
    return np.unique(points)


def effect_over(one: Sequence[Curve], other: Sequence[Curve]) -> dict[str, list]:
    """The difference in loss, one minus other, during training: the lists `at`, `difference`, and
    its interval `low`, `high` (None if there are too few replicas); and `ends`, the end of the
    longest curve of each arm.
    """
    points_P = choose_points(one, other)
    found = [
        welch(*pair)
        for pair in zip(losses_at(one, points_P).T, losses_at(other, points_P).T, strict=True)
    ]
    return {
        'at': points_P.tolist(),
        **{name: [each[name] for each in found] for name in ('difference', 'low', 'high')},
        'ends': [max(float(at[-1]) for at, _ in arm) for arm in (one, other)],
    }


def _epochs(rows: Sequence[dict]) -> list[int]:
    return sorted({row['epoch'] for row in rows})


def _by_replica(rows: Sequence[dict]) -> list[list[dict]]:
    """The rows of each replica in the order of epochs."""
    replicas = sorted({row['replica'] for row in rows})
    return [
        sorted((row for row in rows if row['replica'] == replica), key=lambda row: row['epoch'])
        for replica in replicas
    ]
