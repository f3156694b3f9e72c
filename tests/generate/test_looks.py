"""What steps attended to, in the form of the page: the largest weights, by age."""

import numpy as np

from symmusic.generate.looks import (
    MOST_PIECES,
    MOST_STEPS,
    MOST_WEIGHTS,
    find_looks,
    may_keep,
    without_probabilities,
)
from symmusic.generate.pieces import Piece


def piece(weights_NT, **fields):
    num_steps = len(weights_NT)
    return Piece(
        np.zeros(num_steps, np.uint8),
        np.zeros(num_steps, np.int8),
        -1.0,
        0,
        weights=np.array(weights_NT),
        **fields,
    )


def test_the_largest_first_by_their_age():
    """The last column is the step right before."""
    looks = find_looks([piece([[0.1, 0.0, 0.6, 0.3], [0.0, 1.0, 0.0, 0.0]])])
    assert looks == [[[2, 600, 1, 300, 4, 100], [3, 1000]]]


def test_limits():
    rng = np.random.default_rng(0)
    long = piece(rng.dirichlet(np.full(100, 0.5), MOST_STEPS + 5))
    (looks,) = find_looks([long])
    assert len(looks) == MOST_STEPS
    assert max(map(len, looks)) == 2 * MOST_WEIGHTS
    for row, step in zip(long.weights, looks, strict=False):
        assert (
            step[1::2]
            == sorted((round(each * 1000) for each in row), reverse=True)[: len(step) // 2]
        )
        assert all(
            round(row[100 - age] * 1000) == weight
            for age, weight in zip(step[::2], step[1::2], strict=True)
        )
    assert find_looks([long] * (MOST_PIECES + 1))[-1] is None


def test_none_without_weights():
    plain = Piece(np.zeros(2, np.uint8), np.zeros(2, np.int8), -1.0, 0)
    assert find_looks([plain]) == [None]
    kept = without_probabilities(
        [piece([[1.0]], probabilities=np.ones((1, 2)), read=np.zeros(3, np.uint8))]
    )[0]
    assert (kept.probabilities, kept.read, kept.weights.tolist()) == (None, None, [[1.0]])


def test_what_drawing_may_keep():
    assert may_keep(8, 64, 128, 49)
    assert may_keep(256, 64, 256, 49)
    assert not may_keep(100_000, 64, 128, 49)
