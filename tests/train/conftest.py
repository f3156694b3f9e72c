"""What the tests of training share."""

import pytest

from tests.train.toy import Runs


@pytest.fixture
def runs(monkeypatch):
    """The training loop on a small fixed problem."""
    return Runs(monkeypatch)
