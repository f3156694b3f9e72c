"""Tracks which workers are running: each has a file in a folder that all workers share.

A worker holds a lock on its file and touches the file twice a minute. It counts as gone if the
kernel has released the lock, which workers on the same machine notice at once, or if the file has
not been touched for five minutes by the clock of the file system. The latter works between machines
and on file systems without locks or with local ones only.
"""

import contextlib
import json
import os
import pathlib
import re
import time
import uuid
from collections.abc import Mapping

from symmusic.locks import NO_LOCKS, fcntl

GONE_SECONDS = 300.0


class Presence:
    """The presence of this process in a folder, until it leaves.

    Attributes:
      who: the machine and the process number.
      id: unique; part of the name of the process's file, `path`.
      begun: when it joined, by the clock of the file system.

    Args:
      folder: the same for all workers.
      settings: what other workers can read about this one.
    """

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
            self.begun = os.fstat(self.file).st_mtime
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
            if path != self.path and self.is_present(path):
                with contextlib.suppress(OSError, ValueError):
                    found.append(json.loads(path.read_text()) | {'id': path.name.split('.')[1]})
        return sorted(found, key=lambda each: (each['begun'], each['id']))

    def beat(self) -> bool:
        """Shows that this worker is present; False if another one has declared it gone."""
        try:
            os.utime(self.path)
        except FileNotFoundError:
            return False
        except OSError:  # a network error; the next beat tries again
            pass
        return True

    def leave(self) -> None:
        """Ends the presence; also removes the files of workers that have gone."""
        for path in self.folder.glob('worker.*.json'):
            if path != self.path and not self.is_present(path):
                with contextlib.suppress(OSError):
                    path.unlink()
        with contextlib.suppress(OSError):
            self.path.unlink()
        os.close(self.file)

    def is_present(self, path: pathlib.Path) -> bool:
        """Whether the worker of a file is present."""
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
            return self.now() - path.stat().st_mtime < GONE_SECONDS
        return False

    def now(self) -> float:
        """The current time by the clock of the file system."""
        self.beat()
        with contextlib.suppress(OSError):
            return self.path.stat().st_mtime
        return time.time()


def _lock(file: int, *, exclusive: bool) -> bool | None:
    """Locks an open file. Returns False if another process holds the lock, None if the file system
    has no locks.
    """
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
    """The machine, its last boot, and the namespace of process numbers."""
    boot, space = pathlib.Path('/proc/sys/kernel/random/boot_id'), ''
    with contextlib.suppress(OSError):
        space = os.readlink('/proc/self/ns/pid')
    with contextlib.suppress(OSError):
        return [_host(), boot.read_text().strip(), space]
    return [_host(), '', space]


def _started(pid: int) -> str | None:
    """The start time of a process of this machine, which distinguishes it from a later process of
    the same number; None if there is no such process.
    """
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]
    except (OSError, IndexError):
        return None
