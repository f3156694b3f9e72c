"""Failing disks: for any failed write there is a one-line error, complete files stay complete, and
once there is space the same command gives the same result.
"""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys

import pytest

import launch
from tests.test_crashes import outcome
from tests.test_launch import ROOT, arguments, content, make_corpus, sampling
from tests.training.test_full_disk import failing_from


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp('tunes') / 'walks')


@pytest.mark.slow
@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_whole_command_after_any_third_write_that_failed(
    corpus, tmp_path, monkeypatch, capfd, number
):
    """The corpus's cache, config, checkpoints, metrics, plots, samples and summary; for the cache
    there is only a notice.
    """
    monkeypatch.setenv('SYMMUSIC_CACHE', str(tmp_path / 'cache'))
    assert launch.main(arguments(tmp_path / 'whole' / 'run', corpus)) == 0
    capfd.readouterr()
    words, failures = os.strerror(number).lower(), 0
    for first in range(1, 1000, 3):
        shutil.rmtree(tmp_path / 'cache')
        shutil.rmtree(tmp_path / 'run', ignore_errors=True)
        with failing_from(first, number):
            status = launch.main(arguments(tmp_path / 'run', corpus))
        said = capfd.readouterr()
        if status == 0:
            break
        failures += 1
        assert (status, said.err.count('\n')) == (2, 1), said.err
        assert words in said.err.lower() or 'no space left' in said.err.lower()
        assert launch.main(arguments(tmp_path / 'run', corpus)) == 0
        assert capfd.readouterr().err == ''
        assert outcome(tmp_path / 'run') == outcome(tmp_path / 'whole' / 'run')
    assert failures > 10


def test_a_cache_that_cannot_be_written_is_reported_and_not_needed(
    corpus, tmp_path, monkeypatch, capsys
):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('SYMMUSIC_CACHE', str(tmp_path / 'file' / 'cache'))
    assert launch.main(arguments(tmp_path / 'stats', corpus, mode='stats')) == 0
    said = capsys.readouterr()
    assert 'the prepared corpus is not cached: cannot write ' in said.out
    assert said.err == ''


@pytest.mark.slow
@pytest.mark.parametrize('size', [1_000, 3_000, 5_000, 20_000, 60_000])
def test_a_quota_on_the_size_of_files(corpus, tmp_path, size):
    """The kernel's quota: half a file is written, then no more. Without it the command resumes."""

    def run(limit=None):
        def begin():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        command = [sys.executable, str(ROOT / 'launch.py'), *arguments(tmp_path / 'run', corpus)]
        environment = os.environ | {'SYMMUSIC_CACHE': str(tmp_path / 'cache')}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, preexec_fn=begin, capture_output=True, text=True
        )

    done = run(size)
    assert (done.returncode, done.stderr.count('\n'), done.stderr[:7]) == (
        2,
        1,
        'error: ',
    ), done.stderr
    assert 'File too large' in done.stderr
    done = run()
    assert (done.returncode, done.stderr) == (0, '')


@pytest.fixture
def small_disk(tmp_path):
    """A folder that is its own file system, and a function that sets its size in KiB or makes it
    read-only.
    """
    disk = tmp_path / 'disk'
    disk.mkdir()
    if subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=20k', 'tmpfs', str(disk)], capture_output=True
    ).returncode:
        pytest.skip('only root may mount a disk')
    yield (
        disk,
        lambda option: subprocess.run(['mount', '-o', f'remount,{option}', str(disk)], check=True),
    )
    subprocess.run(['umount', '-l', str(disk)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full_or_read_only(small_disk, corpus, capfd):
    """One line each time, also for errors in Orbax's threads; once there is space the same command
    resumes.
    """
    disk, remount = small_disk
    for size in (20, 60, 80, 100, 140, 200, 320):
        shutil.rmtree(disk / 'run', ignore_errors=True)
        remount(f'size={size}k')
        assert launch.main(arguments(disk / 'run', corpus)) == 2
        error = capfd.readouterr().err
        assert (error.count('\n'), error[:7]) == (1, 'error: '), error
        assert 'no space left on' in error.lower()
        remount('size=5000k')
        assert launch.main(arguments(disk / 'run', corpus)) == 0
        assert capfd.readouterr().err == ''
    before = content(disk)
    remount('ro')
    for argv in (
        sampling(disk / 'run', '--config.seed=3'),
        arguments(disk / 'run', corpus, **{'train.num_epochs': 3}),
    ):
        assert launch.main(argv) == 2
        error = capfd.readouterr().err
        assert (error.count('\n'), error[:7]) == (1, 'error: '), error
        assert 'read-only' in error.lower()
    assert content(disk) == before


def test_standard_output_on_a_full_disk(corpus, tmp_path, cache):
    """A write without a message of its own: one line, and status 1."""
    if not os.path.exists('/dev/full'):
        pytest.skip('this system has no /dev/full')
    command = [
        sys.executable,
        str(ROOT / 'launch.py'),
        *arguments(tmp_path / 'stats', corpus, mode='stats'),
    ]
    with open('/dev/full', 'w') as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert (
        done.stderr
        == 'error: [Errno 28] No space left on device; free the disk and run the same command\n'
    )
