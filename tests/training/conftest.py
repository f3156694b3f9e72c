"""Fixtures of the tests of training."""

import pytest

from tests.training.toy import Runs


@pytest.fixture
def runs(monkeypatch):
    """The training loop on a small fixed problem."""
    return Runs(monkeypatch)
