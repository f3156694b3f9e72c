"""Claims of workers on the parts of an experiment: files in a folder that all of them share.

A worker is present by a file that it holds a lock on and touches twice a minute. It has gone if
the kernel has released that lock, which on its own machine is at once, or if the file has not been
touched for five minutes, by the clock of the file system: this holds for other machines, and for
file systems that have no locks or only local ones.

A claim is a numbered file of a part, made only if there is none of that number; the highest number
counts. Who finds it released, or its worker gone, makes the next number, so that of several only
one succeeds. A worker whose claim was taken over, because its process was suspended, ends before
it writes anything else.
"""

import contextlib
import dataclasses
import json
import logging
import os
import pathlib
import re
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping

from symmusic.errors import UserError
from symmusic.files import NO_LOCKS, fcntl, write_whole

BEAT_SECONDS = 30.0
GONE_SECONDS = 300.0
log = logging.getLogger(__name__)


@dataclasses.dataclass
class Held:
    """A part that a worker holds.

    Attributes:
      note: what the worker leaves for those who hold the part later.
      before: the note of the last who held it, if that was since this worker began; else ''.
      who: who left it.
    """

    note: str = ''
    before: str = ''
    who: str = ''


class Claims:
    """The claims of one worker in a folder; see `join`."""

    def __init__(self, folder: pathlib.Path, settings: Mapping):
        self.folder = folder
        self.who = f'{_host()}, pid {os.getpid()}'
        self.id = f'{re.sub("[^A-Za-z0-9_-]", "_", _host())}-{os.getpid()}-{uuid.uuid4().hex[:8]}'
        self.path = folder / f'worker.{self.id}.json'
        aside = folder / f'.{self.id}'
        self.file = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _lock(self.file, exclusive=True)
            os.write(self.file, b' ')
            self.begun = os.fstat(self.file).st_mtime  # by the clock of the file system
            record = {'who': self.who, 'place': _place(), 'pid': os.getpid(), 'begun': self.begun}
            record |= {'started': _started(os.getpid()), 'settings': dict(settings)}
            os.pwrite(self.file, json.dumps(record).encode(), 0)
            os.fsync(self.file)
            aside.rename(self.path)
        except BaseException:
            self.leave()
            aside.unlink(missing_ok=True)
            raise

    def others(self) -> list[dict]:
        """The records of the other workers that are present, the earliest first, each with its
        `id`.
        """
        found = []
        for path in self.folder.glob('worker.*.json'):
            if path != self.path and self._is_present(path):
                with contextlib.suppress(OSError, ValueError):
                    found.append(json.loads(path.read_text()) | {'id': path.name.split('.')[1]})
        return sorted(found, key=lambda each: (each['begun'], each['id']))

    @contextlib.contextmanager
    def holding(self, part: str) -> Iterator[Held | None]:
        """Holds a part, named by letters, digits, '-' and '_'; None where another worker does."""
        held = self._take(part)
        try:
            yield held and held[1]
        finally:
            if held:
                with contextlib.suppress(
                    UserError
                ):  # released when this worker leaves, at the latest
                    self._write(held[0], note=held[1].note, released=True)

    def holder(self, part: str) -> str:
        """Who claimed a part last, '' if nobody has."""
        _, record = self._last(part)
        return record['who'] if record else ''

    def beat(self) -> bool:
        """Shows that this worker is present; False where another one has declared it gone."""
        try:
            os.utime(self.path)
        except FileNotFoundError:
            return False
        except OSError:  # of a network: the next time
            pass
        return True

    def leave(self) -> None:
        """Ends the presence, and with it all claims; the files of those that have gone, too."""
        for path in self.folder.glob('worker.*.json'):
            if path != self.path and not self._is_present(path):
                with contextlib.suppress(OSError):
                    path.unlink()
        with contextlib.suppress(OSError):
            self.path.unlink()
        os.close(self.file)

    def _take(self, part: str) -> tuple[pathlib.Path, Held] | None:
        number, record = self._last(part)
        before = Held()
        if record:
            path = self.folder / f'worker.{record["worker"]}.json'
            if not record['released']:
                if self._is_present(path):
                    return None
                path.unlink(missing_ok=True)  # should it only be suspended, it ends
                log.info(f'{part}: {record["who"]} has gone; taken over')
            elif record['modified'] >= self.begun:
                before = Held(before=record['note'], who=record['who'])
        path = self.folder / f'{part}.{number + 1}.json'
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            return None
        self._write(path, note='', released=False)
        return path, before

    def _write(self, path: pathlib.Path, *, note: str, released: bool) -> None:
        fields = {'worker': self.id, 'who': self.who, 'released': released, 'note': note}
        write_whole(path, json.dumps(fields) + '\n')

    def _last(self, part: str) -> tuple[int, dict | None]:
        """The number and the record of the last claim of a part, 0 and None where there is none."""
        numbers = [
            int(path.name.split('.')[1])
            for path in self.folder.glob(f'{part}.*.json')
            if path.name.split('.')[1].isdigit()
        ]
        if not numbers:
            return 0, None
        path = self.folder / f'{part}.{max(numbers)}.json'
        try:
            modified = path.stat().st_mtime
            record = json.loads(path.read_text() or 'null')
        except (OSError, ValueError):
            record, modified = None, self._now()
        # empty between its creation and its content
        empty = {'worker': '', 'who': 'a worker', 'note': ''}
        empty['released'] = self._now() - modified > GONE_SECONDS
        return max(numbers), (record or empty) | {'modified': modified}

    def _is_present(self, path: pathlib.Path) -> bool:
        """Whether the worker of a file is present."""
        if path.name == 'worker..json':  # of a claim that is being written
            return True
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            return False
        try:
            is_locked = _lock(file, exclusive=False)
            if is_locked is False:  # its process holds it
                return True
            record = json.loads(os.read(file, 2**24))
            if record['place'] == _place():
                return not is_locked and _started(record['pid']) == record['started']
        except (OSError, ValueError, LookupError, TypeError):
            pass
        finally:
            os.close(file)
        with contextlib.suppress(OSError):
            return self._now() - path.stat().st_mtime < GONE_SECONDS
        return False

    def _now(self) -> float:
        """The time by the clock of the file system."""
        self.beat()
        with contextlib.suppress(OSError):
            return self.path.stat().st_mtime
        return time.time()


@contextlib.contextmanager
def join(
    folder: pathlib.Path, settings: Mapping, lost: Callable[[str], None] | None = None
) -> Iterator[Claims]:
    """The claims of this process in `folder`, which is created.

    Args:
      folder: the same for all workers.
      settings: what this worker tells the others.
      lost: called, from another thread, where this worker was declared gone; by default that ends
        the process at once.

    Raises:
      UserError: the folder cannot be written.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claims = Claims(folder, settings)
    except OSError as error:
        raise UserError(
            f'cannot write into {folder}: {error.strerror or error}; free the disk or choose'
            ' another folder'
        ) from error
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            if not claims.beat():
                (lost or _end)(f'{claims.who} was suspended, and others took over what it claimed')
                return

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield claims
    finally:
        ended.set()
        claims.leave()
        _remove_unused(folder, made)


def _end(why: str) -> None:
    """Ends the process without another write."""
    print(f'{why}; nothing is lost: start it again', file=sys.stderr, flush=True)
    os._exit(1)


def _remove_unused(folder: pathlib.Path, made: list[pathlib.Path]) -> None:
    """Removes the folder of claims, and those made with it, if nothing has come of them."""
    with contextlib.suppress(OSError):
        if any(folder.glob('worker.*')) or [path.name for path in folder.parent.iterdir()] != [
            folder.name
        ]:
            return
        shutil.rmtree(folder)
        for path in made[1:]:
            path.rmdir()


def _lock(file: int, *, exclusive: bool) -> bool | None:
    """Locks an open file; False where another process holds it, None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        return None
    return True


def _host() -> str:
    return os.uname().nodename if hasattr(os, 'uname') else 'here'


def _place() -> list[str]:
    """The machine since it was booted, and the space of process numbers within it."""
    boot, space = pathlib.Path('/proc/sys/kernel/random/boot_id'), ''
    with contextlib.suppress(OSError):
        space = os.readlink('/proc/self/ns/pid')
    with contextlib.suppress(OSError):
        return [_host(), boot.read_text().strip(), space]
    return [_host(), '', space]


def _started(pid: int) -> str | None:
    """When a process of this machine began, which tells it from a later one of the same number;
    None where there is none.
    """
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]
    except (OSError, IndexError):
        return None
