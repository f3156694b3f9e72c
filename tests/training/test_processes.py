"""Several processes on one host train as one does, and write the same checkpoints."""

import csv
import os
import pathlib
import socket
import subprocess
import sys

import jax
import numpy as np
import pytest

from symmusic.errors import UserError
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.devices import PROCESSES, join_processes
from tests.training.one_of_several import main as train
from tests.training.toy import without_speed

ROOT = pathlib.Path(__file__).resolve().parents[2]


def train_by_two(workdir, *numbers):
    """Trains in two processes of one device each; what the first one prints."""
    with socket.socket() as free:
        free.bind(('localhost', 0))
        port = free.getsockname()[1]
    common = os.environ | {
        'PYTHONPATH': str(ROOT),
        'JAX_NUM_CPU_DEVICES': '1',
        'JAX_PLATFORMS': 'cpu',
    }
    program = [
        sys.executable,
        str(pathlib.Path(__file__).with_name('one_of_several.py')),
        str(workdir),
        *map(str, numbers),
    ]
    running = [
        subprocess.Popen(
            program,
            env=common | {PROCESSES: f'{index}/2@localhost:{port}'},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    try:
        ended = [process.communicate(timeout=300) for process in running]
    finally:
        for process in running:
            process.kill()
    for process, (_, errors) in zip(running, ended, strict=True):
        assert process.returncode == 0, errors[-2000:]
    assert not ended[1][0], 'the first process alone speaks'
    return ended[0][0]


def outcome(workdir):
    states, card = Checkpoints(workdir).restore()
    with open(workdir / 'metrics.csv') as file:
        rows = without_speed(list(csv.DictReader(file)))
    assert len(rows) == len(card.rows)
    losses = [[float(row[name]) for name in ('train_loss', 'validation_loss')] for row in rows]
    return jax.device_get((states.params, states.best_params, states.step)), losses


@pytest.mark.slow
@pytest.mark.parametrize('num_replicas', [1, 2])
def test_two_processes_agree_with_one(tmp_path, num_replicas):
    """A batch, or the replicas, are split between both; if one receives a signal to stop, both
    stop, and a single process resumes what they saved.
    """
    said = train_by_two(tmp_path / 'two', num_replicas, 3, 1)
    assert 'stopped and saved after epoch 1' in said
    for folder in ('two', 'one'):
        train(tmp_path / folder, num_replicas, 3)
    assert_agree(tmp_path / 'two', tmp_path / 'one')


@pytest.mark.slow
def test_two_processes_resume_the_run_of_one(tmp_path):
    train(tmp_path / 'one', 1, 1)
    train_by_two(tmp_path / 'one', 1, 3)
    train(tmp_path / 'alone', 1, 3)
    assert_agree(tmp_path / 'one', tmp_path / 'alone')


def assert_agree(*workdirs):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5, rtol=1e-5), *map(outcome, workdirs)
    )


@pytest.mark.parametrize(
    'described', ['2/2@localhost:1', '0/2', 'x', '0/2@localhost', '-1/2@a:1', '0/2@a b:1']
)
def test_a_wrong_description_is_refused(described):
    with pytest.raises(UserError, match='must be INDEX/COUNT@HOST:PORT'):
        join_processes(described)
