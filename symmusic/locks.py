"""Locks on folders. They are on open files, so that the kernel releases them however a process
ends.
"""

import contextlib
import errno
import glob
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator

from symmusic.errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = '.lock'
# errors of file systems without locks
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def alone_in(folder: pathlib.Path) -> Iterator[None]:
    """Holds an exclusive lock on `folder`, which is created, and removed if it stays empty.

    Where the file system has no locks, a message says so.

    Raises:
      UserError: another process holds the lock, or the folder cannot be created.
    """
    made = next((path for path in reversed((folder, *folder.parents)) if not path.exists()), None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _locked(folder / LOCK)
    except OSError as error:
        raise UserError(
            f'cannot write into {folder}: {error.strerror or error}; free the disk or choose'
            ' another folder'
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / LOCK).unlink()
        os.close(file)
        if made is not None:
            with contextlib.suppress(OSError):  # not empty
                for path in (folder, *folder.parents):
                    path.rmdir()
                    if path == made:
                        break


def is_occupied(folder: pathlib.Path) -> bool:
    """Whether a process holds the lock of `alone_in(folder)`; False where the file system has no
    locks.
    """
    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError as error:
        return isinstance(error, BlockingIOError)
    finally:
        os.close(file)


def _locked(path: pathlib.Path) -> int:
    """Opens and locks the file at `path`."""
    tries = 3  # `is_occupied` holds the lock for an instant
    while True:
        tries -= 1
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl is None:
                raise OSError(errno.ENOSYS, 'this system has none')
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 100).decode(errors='replace').strip()
            os.close(file)
            if tries > 0:
                time.sleep(0.02)
                continue
            other = f'another process{f" ({holder})" if holder else ""}'
            raise UserError(
                f'{other} works in {path.parent}; wait until it has ended, or choose another'
                ' --workdir'
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                os.close(file)
                raise
            print(
                f'{path.parent}: no locks on this file system; make sure that no other process'
                ' works in it'
            )
        with contextlib.suppress(FileNotFoundError):
            if os.stat(path).st_ino == os.fstat(file).st_ino:
                os.ftruncate(file, 0)
                os.write(
                    file,
                    f'{os.uname().nodename if hasattr(os, "uname") else "here"}, pid'
                    f' {os.getpid()}\n'.encode(),
                )
                return file
        os.close(file)  # the previous holder removed it meanwhile


@contextlib.contextmanager
def folder_aside(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A temporary folder beside `folder`, whose parents are created; it is removed in the end if it
    is still there. Those that killed processes left are removed first: a folder in use is locked.

    Raises:
      OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f'.{glob.escape(folder.name)}.*'):
        with _held(left) as is_held:
            if is_held:
                shutil.rmtree(left, ignore_errors=True)
    aside = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=f'.{folder.name}.'))
    try:
        with _held(aside):
            aside.chmod(0o755)
            yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: pathlib.Path) -> Iterator[bool]:
    """Locks a folder, if it is one, no other process holds it, and the file system has locks;
    whether it did.
    """
    with contextlib.ExitStack() as stack:
        is_held = False
        if fcntl is not None:
            with contextlib.suppress(OSError):
                file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                stack.callback(os.close, file)
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_held = True
        yield is_held
