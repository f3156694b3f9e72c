# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""A run resumed with other values of the fields that may change."""

import json

import jax
import numpy as np
import pytest

import launch
from symmusic.config.field import Change
from symmusic.config.fields import names_of
from symmusic.training.checkpoint import Checkpoints
from tests.test_launch import (
    arguments,
    corpus,  # noqa: F401 - a fixture
    trained,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.usefixtures('undrawn')


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp('cache')


@pytest.fixture(scope='module')
def whole(trained):
    """The numbers of a run that trained two epochs without interruption."""
    return numbers(trained)


def numbers(workdir):
    states, _ = Checkpoints(workdir).restore()
    states = states.replace(key=jax.random.key_data(states.key))
    return [np.asarray(leaf) for leaf in jax.tree.leaves(states)]


def resumed(tmp_path, corpus, capsys, **changes):
    """A run of one epoch resumed to two with other values; its workdir and its output."""
    assert launch.main(arguments(tmp_path, corpus, **{'train.num_epochs': 1})) == 0
    capsys.readouterr()
    assert launch.main(arguments(tmp_path, corpus, **changes)) == 0
    return tmp_path, capsys.readouterr().out


def test_what_changes_nothing_leaves_every_bit(tmp_path, corpus, cache, whole, capsys, monkeypatch):
    monkeypatch.setenv('SYMMUSIC_CACHE', str(cache))
    changes = {'train.checkpoint_minutes': 1e-6, 'sample.temperature': 0.5}
    workdir, said = resumed(tmp_path / 'run', corpus, capsys, **changes)
    for ours, theirs in zip(numbers(workdir), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert 'the run continues with' not in said
    stored = json.loads((workdir / 'config.json').read_text())
    assert stored['train']['checkpoint_minutes'] == 1e-6
    assert len(stored['made_with']) == 1


def test_what_changes_rounding_is_reported_and_kept(
    tmp_path, corpus, cache, whole, capsys, monkeypatch
):
    monkeypatch.setenv('SYMMUSIC_CACHE', str(cache))
    workdir, said = resumed(tmp_path / 'run', corpus, capsys, **{'train.updates_per_dispatch': 2})
    for ours, theirs in zip(numbers(workdir), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert said.count('train.updates_per_dispatch 0 before and 2 now') == 1
    stored = json.loads((workdir / 'config.json').read_text())
    assert stored['train']['updates_per_dispatch'] == 2
    rounded = [session['rounding'] for session in stored['made_with']]
    assert [each['train.updates_per_dispatch'] for each in rounded] == [0, 2]
    assert all(each.keys() == set(names_of(Change.ROUNDING)) for each in rounded)


def test_copies_are_measured_beside_training(tmp_path, corpus, cache, whole, monkeypatch):
    """The bits are those of a run that measures none, and a resumed run has the same file."""
    monkeypatch.setenv('SYMMUSIC_CACHE', str(cache))
    found = {}
    for name, epochs in {'at once': (2,), 'resumed': (1, 2)}.items():
        for num_epochs in epochs:
            fields = {'train.num_epochs': num_epochs, 'train.originality_pieces': 3}
            assert launch.main(arguments(tmp_path / name, corpus, **fields)) == 0
        for ours, theirs in zip(numbers(tmp_path / name), whole, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert (tmp_path / name / 'plots' / 'originality.png').exists()
        found[name] = (tmp_path / name / 'originality.csv').read_text()
    assert found['resumed'] == found['at once']
    rows = [line.split(',')[:3] for line in found['resumed'].splitlines()]
    assert rows == [['replica', 'epoch', 'pieces'], ['0', '1', '3'], ['0', '2', '3']]
