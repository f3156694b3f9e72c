"""A short run of the fuzzer, and the names that the mutation driver knows."""

import pathlib
import random
import subprocess
import sys

import pytest

from tools.fuzz.seeds import SEEDS, mutate
from tools.fuzz.targets import FIXTURES, TARGETS
from tools.mutation.run import MODULES, NAMED_OTHERWISE, mutants

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.mark.parametrize('target', TARGETS)
def test_the_readers_read_or_refuse(target):
    rng = random.Random(0)
    for data in [*SEEDS[target], *(mutate(target, rng) for _ in range(300))]:
        TARGETS[target](data)


@pytest.mark.parametrize('path', sorted(FIXTURES.glob('*')), ids=lambda path: path.name)
def test_what_was_once_read_wrongly(path):
    TARGETS[path.name.split('-')[0]](path.read_bytes())


@pytest.mark.parametrize('name', MODULES)
def test_what_is_mutated_exists(name):
    files, tests = MODULES[name]
    assert files
    for path in (*files, *(test.partition('::')[0] for test in tests)):
        assert (ROOT / path).exists(), path


def test_what_is_named_otherwise_exists():
    for file, test in NAMED_OTHERWISE.items():
        assert len([*(ROOT / 'symmusic').glob(f'*/{file}.py')]) == 1
        assert len([*(ROOT / 'tests').glob(f'*/test_{test}.py')]) == 1


def test_mutants_of_a_comparison():
    changes = [change for _, change, _ in mutants('def f(x: int = 3):\n    return x < 1\n')]
    assert sorted(changes) == ["'1' -> '2'", "'3' -> '4'", "'x < 1' -> 'x <= 1'"]


@pytest.mark.parametrize('tool', ['fuzz', 'mutation'])
def test_a_tool_runs_as_a_program(tool, tmp_path):
    program = ROOT / 'tools' / tool / 'run.py'
    done = subprocess.run([sys.executable, program, '--help'], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
