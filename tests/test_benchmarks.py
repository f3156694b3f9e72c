"""The benchmarks measure what they claim to measure."""

import importlib.util
import json
import pathlib
import subprocess
import sys
import types

import numpy as np
import pytest

from symmusic.training import updates

FOLDER = pathlib.Path(__file__).resolve().parents[1] / 'benchmarks'


def load(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_update_that_is_timed_is_the_one_that_trains(monkeypatch, capsys):
    network, calls = load('network'), []
    assert network.update_replicas is updates.update_replicas
    update = updates.update_replicas

    def counted(states, *arguments, **settings):
        calls.append(settings['recipe'])
        return update(states, *arguments, **settings)

    monkeypatch.setattr(network, 'update_replicas', counted)
    flags = (
        '--batch=4 --layers=1 --cells=3 --steps=5 --vocab=7 --updates=2 --repeats=2 --samples=2'
        ' --replicas=2'
    )
    monkeypatch.setattr(sys, 'argv', ['network.py', *flags.split()])
    network.main()
    figures = json.loads(capsys.readouterr().out)
    assert len(calls) == 2 + 2 * 2  # the warm-up, and each repetition
    assert calls[0].clip_norm == 1.0
    assert figures['sequences_per_s'] == pytest.approx(2 * 4 / (figures['update_ms_median'] / 1e3))
    assert {
        'peer',
        'update_ms_min',
        'sampling_s',
        'sampling_stateful_s',
        'samples',
        'peak_memory_mb',
    } <= set(figures)


def test_side_by_side(tmp_path):
    """With a peer that always takes a second per update and two for its pieces."""
    peer = tmp_path / 'peer.py'
    figures = {
        'peer': 'clock 1.0',
        'device': 'cpu',
        'threads': 1,
        'update_ms_median': 1000.0,
        'sampling_s': 2.0,
    }
    peer.write_text(f'print({json.dumps(json.dumps(figures))})')
    module = load('side_by_side')
    module.OURS[:] = [sys.executable, str(peer)]
    ours, theirs = (
        figures | {'peer': 'symmusic', 'update_ms_median': 500.0, 'sampling_stateful_s': 0.1},
        figures,
    )
    report = module.report({'32': [[ours, ours | {'update_ms_median': 400.0}, ours], [theirs] * 3]})
    assert '| 32 | 500 (400 to 500) | 1e+03 (1e+03 to 1e+03) | 2.00 |' in report
    assert '| 32 | 2 (2 to 2) | 2 (2 to 2) | 1.00 |' in report
    assert 'symmusic with the state carried, s: 32: 0.1 (0.1 to 0.1)' in report
    command = [
        sys.executable,
        str(FOLDER / 'side_by_side.py'),
        f'--peer={sys.executable} {peer}',
        '--networks=33',
    ]
    assert (
        'unknown networks 33; known are 32, 64'
        in subprocess.run(command, capture_output=True, text=True).stderr
    )


def test_the_cost_of_wishes():
    """Two pieces of one note, each step of them with a probability of a half, after each tune."""

    class Halves:
        def continue_tune(self, prompt, **fields):
            asked.append((prompt, fields.get('pitches')))
            events = np.full(64, -2, np.int8)
            events[16] = 60
            drawn = types.SimpleNamespace(events=events, log_probabilities=np.full(64, -np.log(2)))
            return [types.SimpleNamespace(drawn=drawn)] * 2

    module, asked = load('wishes'), []
    found = [module.Excerpt(name, pathlib.Path(name)) for name in 'ab']
    wishes = ['free', 'pitches of another tune', 'pitches of another tune, masks alone']
    rows = module.rows(Halves(), found, wishes, 2, 0)
    half, zero, one = (f'{value:.3f} [{value:.3f}, {value:.3f}]' for value in (0.693147, 0, 1))
    assert list(rows) == [
        ['free', half, '', zero, one, zero, zero],
        ['pitches of another tune', half, zero, zero, one, zero, zero],
        ['pitches of another tune, masks alone', half, zero, zero, one, zero, zero],
    ]
    assert asked == [('a', None), ('b', None), *[('a', 'b'), ('b', 'a')] * 2]
