"""The rule of verdicts on simulated replicas: no effect, small and large ones, and two arms at a
floor or ceiling.
"""

import numpy as np
import pytest

from symmusic.experiment import statistics
from symmusic.measures.bounds import AMOUNT, ANY, SHARE

SMALLEST, NUM_RUNS = 0.1, 400


def judge(one, other, bounds=ANY, direction='higher'):
    contrast = statistics.welch(one, other, bounds)
    bound = statistics.shared_bound(one, other, bounds, SMALLEST)
    return statistics.verdict(contrast, contrast['p'], direction, SMALLEST, bound)


def verdicts(effect, spread, num_replicas=8):
    """How often each verdict is given where the first arm is `effect` better."""
    rng = np.random.default_rng(0)
    found = [
        judge(effect + rng.normal(0, spread, num_replicas), rng.normal(0, spread, num_replicas))
        for _ in range(NUM_RUNS)
    ]
    return {each: found.count(each) / NUM_RUNS for each in statistics.VERDICTS}


def test_no_effect():
    """Where replicas hardly differ it is excluded, else left open; few are confirmed."""
    assert verdicts(0.0, 0.03)['not confirmed'] > 0.95
    wide = verdicts(0.0, 0.3)
    assert wide['confirmed'] < 0.05
    assert wide['undecided'] > 0.7


def test_a_small_effect_is_never_an_answer_however_certain():
    """Half of the smallest effect of interest, of which p alone would make a confirmation."""
    rng = np.random.default_rng(1)
    one, other = SMALLEST / 2 + rng.normal(0, 0.005, 8), rng.normal(0, 0.005, 8)
    assert statistics.welch(one, other)['p'] < 1e-6
    assert judge(one, other) == 'not confirmed'
    assert verdicts(SMALLEST / 2, 0.005)['confirmed'] == 0
    # at the smallest effect itself the estimate falls on either side
    assert 0.3 < verdicts(SMALLEST, 0.02)['confirmed'] < 0.7


def test_a_large_effect():
    found = verdicts(3 * SMALLEST, 0.1)
    assert found['confirmed'] > 0.95
    assert found['not confirmed'] == 0
    rng = np.random.default_rng(2)
    one, other = 0.3 + rng.normal(0, 0.05, 8), rng.normal(0, 0.05, 8)
    assert judge(one, other) == 'confirmed'
    assert judge(other, one) == 'not confirmed'
    assert judge(other, one, direction='lower') == 'confirmed'


@pytest.mark.parametrize('direction', ['higher', 'lower'])
@pytest.mark.parametrize(
    ('level', 'bounds'), [(0.0, SHARE), (0.02, SHARE), (1.0, SHARE), (0.97, SHARE), (0.01, AMOUNT)]
)
def test_two_arms_at_a_floor_or_ceiling_are_undecided(level, bounds, direction):
    """An interval far from an effect of interest says nothing where none could have shown."""
    rng = np.random.default_rng(3)
    one, other = np.clip(level + rng.normal(0, 0.005, (2, 8)), 0, 1)
    assert judge(one, other, bounds, direction) == 'undecided'


def test_one_arm_away_from_the_floor_is_measured():
    rng = np.random.default_rng(4)
    floor, above = np.zeros(8), 0.4 + rng.normal(0, 0.02, 8)
    assert statistics.shared_bound(floor, above, SHARE, SMALLEST) is None
    assert judge(above, floor, SHARE) == 'confirmed'
    assert judge(floor, above, SHARE) == 'not confirmed'
    assert statistics.shared_bound(floor, floor, ANY, SMALLEST) is None  # without a bound
    assert statistics.shared_bound([], [], SHARE, SMALLEST) is None
    assert statistics.shared_bound([1.0], [0.95], SHARE, SMALLEST) == 1.0
    assert statistics.shared_bound([1.0], [0.0], SHARE, SMALLEST) is None
