"""Claims of several workers in one folder. Locks belong to open files, so that two workers in one
process exclude each other as two processes do.
"""

import json
import os
import threading

import pytest

from symmusic.errors import UserError
from symmusic.experiment import claims, presence
from symmusic.experiment.claims import Claims, join
from symmusic.experiment.presence import GONE_SECONDS


@pytest.fixture
def worker(tmp_path):
    """Makes workers in one folder."""
    made = []

    def begin(**settings):
        made.append(Claims(tmp_path, settings))
        return made[-1]

    yield begin
    for each in made:
        if each.file is not None:
            each.leave()


def kill(worker):
    """What the kernel does where a process ends without notice: its lock is released."""
    os.close(worker.file)
    worker.file = None


def rewrite(worker, **fields):
    worker.path.write_text(json.dumps(json.loads(worker.path.read_text()) | fields))


def grow_old(path, seconds):
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def can_take(worker, part='arm'):
    with worker.holding(part) as held:
        return held is not None


def test_one_of_two_holds_a_part(worker):
    one, other = worker(), worker()
    with one.holding('arm') as held:
        assert (held.before, one.holder('arm'), other.holder('none')) == ('', one.who, '')
        assert not can_take(other)
        assert not can_take(one)
        assert can_take(other, 'arm-2')
        held.note = 'written'
    with other.holding('arm') as held:
        assert (held.before, held.who) == ('written', one.who)
        assert not can_take(one)
    with worker().holding('arm') as held:
        assert held.before == ''  # that was before it began, and said nothing


def test_a_part_is_released_where_its_work_fails(worker):
    one, other = worker(), worker()
    with pytest.raises(KeyError), one.holding('arm'):
        raise KeyError
    assert can_take(other)


@pytest.mark.parametrize('has_locks', [True, False])
def test_the_claim_of_a_killed_process_is_taken_over(worker, monkeypatch, capsys, has_locks):
    if not has_locks:
        monkeypatch.setattr(presence, 'fcntl', None)
    one, other = worker(), worker()
    with one.holding('arm'):
        assert not can_take(other)
        rewrite(one, started='1')  # as of a process of that number that has ended
        kill(one)
        with other.holding('arm') as held:
            assert held.before == ''
            assert not can_take(worker())
    assert capsys.readouterr().out.count(f'arm: {one.who} has gone; taken over\n') == 1
    assert not one.path.exists()
    assert not one.beat()  # should it still live, it learns that it has lost its claims


def test_a_process_that_lives_without_locks_keeps_its_claims(worker, monkeypatch):
    monkeypatch.setattr(presence, 'fcntl', None)
    one, other = worker(), worker()
    with one.holding('arm'):
        grow_old(one.path, 2 * GONE_SECONDS)
        assert not can_take(other)


@pytest.mark.parametrize('has_locks', [True, False])
def test_another_host_is_gone_when_it_is_silent(worker, monkeypatch, has_locks):
    """Its lock may be one that this machine cannot see."""
    if not has_locks:
        monkeypatch.setattr(presence, 'fcntl', None)
    one, other = worker(), worker()
    with one.holding('arm'):
        rewrite(one, place=['elsewhere', 'boot', ''])
        kill(one)
        grow_old(one.path, GONE_SECONDS - 30)
        assert not can_take(other)
        one.beat()
        grow_old(one.path, GONE_SECONDS + 30)
        assert can_take(other)


def test_of_many_that_take_over_at_once_one_succeeds(worker):
    gone = worker()
    with gone.holding('arm'):
        rewrite(gone, started='1')
        kill(gone)
        several, ready, taken = [worker() for _ in range(8)], threading.Barrier(8), []
        done = threading.Barrier(8)

        def take(each):
            ready.wait()
            with each.holding('arm') as held:
                taken.append(held is not None)
                done.wait()

        threads = [threading.Thread(target=take, args=(each,)) for each in several]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_a_claim_that_is_being_written(worker, tmp_path):
    one, path = worker(), tmp_path / 'arm.1.json'
    path.touch()
    assert not can_take(one)
    grow_old(path, GONE_SECONDS + 30)
    assert can_take(one)


def test_others_are_those_that_are_present(worker):
    one, other, gone = worker(code='a'), worker(code='b'), worker(code='c')
    kill(gone)
    assert [each['settings'] for each in one.others()] == [{'code': 'b'}]
    assert [each['id'] for each in other.others()] == [one.id]
    one.leave()
    one.file = None
    assert (gone.path.exists(), other.path.exists()) == (False, True)


def test_joining_leaves_nothing_behind_where_nothing_was_done(tmp_path):
    folder = tmp_path / 'new' / 'experiment' / 'claims'
    with join(folder, {}) as one, join(folder, {}), one.holding('arm'):
        assert folder.exists()
    assert not (tmp_path / 'new').exists()
    with join(folder, {}):
        (folder.parent / 'result').touch()
    assert (folder.parent / 'result').exists()
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='cannot write into'), join(tmp_path / 'file', {}):
        pass


def test_a_worker_that_was_declared_gone_learns_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, 'BEAT_SECONDS', 0.01)
    said, heard = [], threading.Event()
    with join(tmp_path / 'claims', {}, lambda why: said.append(why) or heard.set()) as one:
        before = one.path.stat().st_mtime_ns
        assert not heard.wait(0.1)
        assert one.path.stat().st_mtime_ns > before  # it showed that it is present
        one.path.unlink()
        assert heard.wait(10)
    assert 'was suspended, and other workers took over' in said[0]
