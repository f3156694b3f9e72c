"""Sliding windows, compared with reading each window separately."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from symmusic.model import sliding
from symmusic.model.model import Architecture
from symmusic.model.sliding import can_slide, init_windows, slide
from tests.model.compiled import apply_last, init_params

ARCHITECTURE = Architecture(7, num_layers=2, num_cells=4, num_positions=16, padding=7)


@pytest.mark.parametrize('rows', [1, 4, 512])
@pytest.mark.parametrize('num_windows', [1, 3, 11])
def test_each_step_s_logits_are_those_of_the_window_that_ends_there(monkeypatch, rows, num_windows):
    """In blocks of one window, of two and of all, with and without the ring wrapped around; one
    token is a blank.
    """
    monkeypatch.setattr(sliding, 'ROWS', rows)
    window_steps, num_steps = 5, 5 + num_windows - 1
    params = jax.tree.map(lambda leaf: 3 * leaf, init_params(jax.random.key(0), ARCHITECTURE))
    tokens_BT = np.random.default_rng(1).integers(0, 8, (2, num_steps))
    positions_BT = np.array([[3], [14]]) + np.arange(num_steps)
    windows = init_windows(ARCHITECTURE, 2, window_steps)
    step = jax.jit(
        functools.partial(
            slide, architecture=ARCHITECTURE, window_steps=window_steps, num_windows=num_windows
        )
    )
    for end in range(1, num_steps + 1):
        windows, logits_BV = step(
            params, windows, tokens_BT[:, end - 1], positions_BT[:, end - 1] % 16
        )
        if end >= window_steps:
            window = slice(end - window_steps, end)
            expected_BV, _ = apply_last(
                params,
                tokens_BT[:, window],
                positions_BT[:, window] % 16,
                architecture=ARCHITECTURE,
            )
            assert_allclose(logits_BV, expected_BV, atol=1e-5)


def test_models_whose_windows_cannot_slide():
    assert can_slide(ARCHITECTURE)
    for other in ({'bidirectional': True}, {'attention': 'weighted'}, {'lookback': (4,)}):
        assert not can_slide(dataclasses.replace(ARCHITECTURE, **other))
