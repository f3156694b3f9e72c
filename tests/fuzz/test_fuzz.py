"""A little of what `run.py` does at length, so that the fuzzing itself stays whole."""

import random

import pytest

from tests.fuzz.seeds import SEEDS, mutate
from tests.fuzz.targets import FIXTURES, TARGETS


@pytest.mark.parametrize('target', TARGETS)
def test_the_readers_read_or_refuse(target):
    rng = random.Random(0)
    for data in [*SEEDS[target], *(mutate(target, rng) for _ in range(300))]:
        TARGETS[target](data)


@pytest.mark.parametrize('path', sorted(FIXTURES.glob('*')), ids=lambda path: path.name)
def test_what_was_once_read_wrongly(path):
    TARGETS[path.name.split('-')[0]](path.read_bytes())
