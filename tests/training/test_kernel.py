"""When the fused kernel is refused, before anything is prepared."""

import pathlib

import pytest

from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.training.run import require_kernel

ROOT = pathlib.Path(__file__).resolve().parents[2]


def config(num_cells, dtype, kernel='fused'):
    made = base_config().unlock()
    made.model.num_cells, made.train.product_dtype, made.train.kernel = num_cells, dtype, kernel
    return made


def test_the_fused_kernel_needs_a_gpu_and_a_small_layer():
    for fitting in (config(64, 'float32'), config(128, 'bfloat16'), config(999, 'float32', 'scan')):
        require_kernel(fitting, 'gpu')
    with pytest.raises(UserError, match="needs a GPU, and the device is a cpu; must be 'scan'"):
        require_kernel(config(64, 'float32'), 'cpu')
    with pytest.raises(UserError, match='the weights of 65 cells do not fit'):
        require_kernel(config(65, 'float32'), 'gpu')
