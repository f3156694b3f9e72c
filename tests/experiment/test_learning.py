"""The effect over the course of training, on curves whose differences are known."""

import numpy as np

from symmusic.experiment import learning


def rows_of(losses_RE, speeds_E):
    """The rows of metrics.csv of replicas that train side by side; NaN where one has stopped."""
    return [
        {'replica': replica, 'epoch': epoch, 'validation_loss': loss, 'sequences_per_s': speed}
        for epoch, speed in enumerate(speeds_E, 1)
        for replica, losses in enumerate(losses_RE)
        if not np.isnan(loss := losses[epoch - 1])
    ]


ROWS = rows_of([[3.0, 2.0, 2.5], [4.0, 3.0, np.nan]], [10.0, 10.0, 5.0])


def test_curves_over_epochs_and_seconds():
    """Of 20 windows at 10 a second an epoch takes 2 s, which two replicas share; the third epoch is
    the first one's alone.
    """
    [first, second] = learning.by_epoch(ROWS)
    assert first[0].tolist() == [1, 2, 3]
    assert (second[0].tolist(), second[1].tolist()) == ([1, 2], [4.0, 3.0])
    [first, second] = learning.by_second(ROWS, 20)
    assert first[0].tolist() == [1.0, 2.0, 6.0]
    assert second[0].tolist() == [1.0, 2.0]


def test_the_best_loss_so_far_is_kept():
    found = learning.losses_at(learning.by_epoch(ROWS), np.array([0.5, 1, 2.9, 3, 99]))
    np.testing.assert_array_equal(
        found, [[np.nan, 3.0, 2.0, 2.0, 2.0], [np.nan, 4.0, 3.0, 3.0, 3.0]]
    )


def test_points_are_where_all_have_a_loss():
    slow = [(np.array([4.0, 8.0]), np.array([2.0, 1.0]))]
    points = learning.choose_points(learning.by_epoch(ROWS), slow)
    assert (points[0], points[-1]) == (4.0, 8.0)
    assert np.array_equal(points, np.round(points))
    assert (np.diff(points) > 0).all()
    times = learning.choose_points([(np.array([0.5, 7.25]), np.zeros(2))])
    assert (times[0], times[-1], len(times)) == (0.5, 7.25, learning.MOST_POINTS)


def test_an_effect_on_speed_alone_vanishes():
    """One arm learns in half the epochs what the other does, and both come to the same loss."""
    rng = np.random.default_rng(0)
    epochs = np.arange(1, 65)
    noise = rng.normal(0, 0.001, (2, 4, 1))
    fast, slow = (
        1 + np.exp(-epochs / rate) + each for rate, each in zip((4, 8), noise, strict=True)
    )
    one, other = (learning.by_epoch(rows_of(losses, np.full(64, 10.0))) for losses in (fast, slow))
    effect = learning.effect_over(one, other)
    middle = effect['at'].index(6.0)
    assert effect['high'][middle] < -0.1
    assert abs(effect['difference'][-1]) < 0.005
    assert effect['low'][-1] < 0.001
    assert effect['at'][-1] == 64
    assert effect['ends'] == [64, 64]
    swapped = learning.effect_over(other, one)
    np.testing.assert_allclose(swapped['difference'], np.negative(effect['difference']))


def test_one_replica_has_no_interval():
    one = learning.by_epoch(rows_of([[2.0, 1.0]], [1.0, 1.0]))
    effect = learning.effect_over(one, one)
    assert effect == {
        'at': [1.0, 2.0],
        'difference': [0.0, 0.0],
        'low': [None, None],
        'high': [None, None],
        'ends': [2.0, 2.0],
    }
