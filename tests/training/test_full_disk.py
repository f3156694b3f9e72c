"""A training loop whose writes fail, one by one: the message, the last good checkpoint, and the
same result after resuming.
"""

import contextlib
import errno
import os

import pytest

from symmusic.errors import UserError
from symmusic.training.checkpoint import Checkpoints
from tests.training.test_resume import assert_same_run, go_on
from tests.training.toy import Runs

# the calls that every write of ours and of Orbax makes
WRITES = ('fsync', 'replace', 'rename', 'mkdir', 'link')


@contextlib.contextmanager
def failing_from(first, number):
    """From write number `first` on (from 1) every write fails; yields the list of writes."""
    asked = []

    def failing(name, function):
        def run(*args, **kwargs):
            asked.append(name)
            if len(asked) >= first:
                raise OSError(number, os.strerror(number))
            return function(*args, **kwargs)

        return run

    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in WRITES:
            monkeypatch.setattr(os, name, failing(name, getattr(os, name)))
        yield asked


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """An uninterrupted run."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        workdir = tmp_path_factory.mktemp('whole')
        return workdir, *go_on(Runs(monkeypatch), workdir, 2)


def fails_at(runs, whole, workdir, first):
    """Whether the run has that many writes; fails at that write and resumes."""
    with failing_from(first, errno.ENOSPC) as asked:
        try:
            go_on(runs, workdir, 2)
            return False
        except UserError as error:
            line = str(error)
    assert len(asked) >= first
    assert line.startswith('cannot write ')
    assert 'no space left' in line.lower()
    assert '\n' not in line
    if Checkpoints(workdir).latest_step() is not None:
        Checkpoints(workdir).restore()  # it is complete
    assert_same_run(workdir, *go_on(runs, workdir, 2), whole)
    return True


@pytest.mark.parametrize('first', [1, 5, 12])
def test_training_resumes_after_a_failed_write(runs, whole, tmp_path, first):
    assert fails_at(runs, whole, tmp_path, first)


@pytest.mark.slow
def test_training_resumes_after_any_failed_write(runs, whole, tmp_path):
    num = 0
    while fails_at(runs, whole, tmp_path / str(num), num + 1):
        num += 1
    assert num > 12
