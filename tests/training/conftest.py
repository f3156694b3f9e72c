"""Fixtures of the tests of training."""

import jax
import pytest

from tests.training.toy import Runs


@pytest.fixture
def runs(monkeypatch):
    """The training loop on a small fixed problem."""
    return Runs(monkeypatch)


@pytest.fixture(scope='session', autouse=True)
def compiled(tmp_path_factory):
    """Programs compiled once are kept in a folder: the training loop compiles its update ahead of
    time, in each of many runs.
    """
    jax.config.update('jax_compilation_cache_dir', str(tmp_path_factory.mktemp('compiled')))
    jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.2)
    yield
    jax.config.update('jax_compilation_cache_dir', None)
