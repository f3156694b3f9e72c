"""Devices: the shape of the mesh, and that several devices compute what one does."""

import os
import pathlib
import subprocess
import sys
import types

import jax
import numpy as np
import pytest

from symmusic.training import session
from symmusic.training.data import put
from symmusic.training.devices import claim_cores, make_mesh, place
from symmusic.training.validation import HeldOut

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ('num_replicas', 'batch_size', 'num_devices', 'shape'),
    [
        (1, 128, 1, (1, 1)),
        (1, 128, 2, (1, 2)),
        (1, 128, 6, (1, 4)),  # of a batch of 128, 6 devices could not have equal parts
        (1, 16, 64, (1, 2)),  # at least 8 rows each
        (1, 7, 4, (1, 1)),
        (8, 128, 2, (2, 1)),
        (8, 128, 64, (8, 8)),
        (3, 128, 2, (1, 2)),
        (6, 64, 4, (2, 2)),
    ],
)
def test_replicas_are_split_first(num_replicas, batch_size, num_devices, shape):
    assert make_mesh(num_replicas, batch_size, list(range(num_devices))).devices.shape == shape


@pytest.mark.parametrize(('num_groups', 'by_row'), [(8, 4), (6, 3), (5, 1), (1, 1)])
def test_groups_stay_together(num_groups, by_row):
    mesh = make_mesh(1, num_groups * 32, list(range(4)), 32)
    assert mesh.devices.shape == (1, by_row)


@pytest.mark.parametrize('num_splits', [1, pytest.param(7, marks=pytest.mark.slow)])
def test_several_devices_agree_with_one(tmp_path, num_splits):
    """Losses and parameters to rounding, and drawn pieces."""
    environment = os.environ | {
        'PYTHONPATH': str(ROOT),
        'JAX_NUM_CPU_DEVICES': '8',
        'JAX_PLATFORMS': 'cpu',
    }
    program = [
        sys.executable,
        str(pathlib.Path(__file__).with_name('eight_devices.py')),
        str(tmp_path),
        str(num_splits),
    ]
    done = subprocess.run(
        program, capture_output=True, text=True, env=environment, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count('agree') == num_splits
    assert 'pieces are alike' in done.stdout


@pytest.mark.parametrize(
    ('backend', 'num_devices', 'waits'), [('cpu', 2, True), ('cpu', 1, False), ('gpu', 2, False)]
)
def test_on_several_devices_of_a_cpu_an_update_waits_for_the_one_before(
    runs, tmp_path, monkeypatch, backend, num_devices, waits
):
    """Shown by the order of calls in a run with a fake mesh, all on one device."""
    events, end_epoch = [], session.end_epoch_replicas

    class Fake:
        def __init__(self, *args):
            pass

        def compile(self, num_updates, states):
            pass

        def __call__(self, states, rows_RUB, active_R):
            events.append('update')
            wait = lambda: events.append('wait')
            losses_RU = types.SimpleNamespace(block_until_ready=wait, addressable_shards=[])
            counted = {'step': states.step + 1, 'epoch_targets': states.epoch_targets + 1}
            return states.replace(**counted), losses_RU

    monkeypatch.setattr(session, 'Updates', Fake)
    monkeypatch.setattr(session, 'measure_held_out', lambda *args: HeldOut(np.array([1.0])))
    monkeypatch.setattr(session, 'place', lambda tree, mesh, spec: place(tree, None, spec))
    monkeypatch.setattr(session, 'put', lambda windows, mesh: put(windows))
    monkeypatch.setattr(
        session,
        'end_epoch_replicas',
        lambda *args, recipe, mesh: end_epoch(*args, recipe=recipe, mesh=None),
    )
    monkeypatch.setattr(jax, 'default_backend', lambda: backend)
    mesh = types.SimpleNamespace(shape={'replica': 1, 'data': num_devices})
    runs.fit(*runs.begin(), tmp_path, 1, mesh=mesh)
    assert events == (['update', 'wait'] if waits else ['update']) * 3


@pytest.mark.parametrize(
    ('asked', 'affinity', 'count', 'claimed'),
    [(3, {0, 5}, 8, 3), (0, {0, 5}, 8, 2), (0, None, 8, 8), (0, None, None, 1)],
)
def test_every_available_core_is_a_device(monkeypatch, asked, affinity, count, claimed):
    """Those of this process if the system reports them, else those of the machine, else one."""
    updates = []
    monkeypatch.setattr(jax.config, 'update', lambda *change: updates.append(change))
    monkeypatch.setattr(os, 'cpu_count', lambda: count)
    if affinity is None:
        monkeypatch.delattr(os, 'sched_getaffinity', raising=False)
    else:
        monkeypatch.setattr(os, 'sched_getaffinity', lambda process: affinity, raising=False)
    monkeypatch.setattr(sys, 'platform', 'other')  # leaves the memory of this process as it is
    claim_cores(asked)
    assert updates == [('jax_num_cpu_devices', claimed)]


@pytest.mark.parametrize('deterministic', [False, True])
def test_deterministic_operations_are_requested_before_jax_is_used(deterministic):
    """A flag of XLA's, which checks its name: a process reads it with the first device."""
    code = (
        'import os; from symmusic.training.devices import claim_cores; claim_cores(1,'
        f' deterministic={deterministic}); import jax; print(jax.device_count(),'
        ' os.environ.get("XLA_FLAGS"))'
    )
    environment = {name: value for name, value in os.environ.items() if name != 'XLA_FLAGS'}
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        '1',
        '--xla_gpu_deterministic_ops=true' if deterministic else 'None',
    ]
