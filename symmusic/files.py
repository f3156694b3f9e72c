"""Atomic file writes, locks on folders, and output folders that are never overwritten by other
output.
"""

import contextlib
import errno
import glob
import hashlib
import json
import os
import pathlib
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping

from symmusic.errors import ScoreError, UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def write_whole(path: str | os.PathLike, content: bytes | str) -> None:
    """Writes `content` to a temporary file and renames it to `path`, so that neither a reader nor a
    crash leaves half a file.

    Raises:
      UserError: the file cannot be written; what was at `path` is unchanged.
    """
    path = pathlib.Path(path)
    # file names that are not UTF-8 contain lone surrogates; JSON takes them escaped
    if isinstance(content, str):
        content = content.encode(errors='backslashreplace')
    aside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except BaseException as error:  # includes Ctrl-C: the temporary file is removed
        if aside is not None:
            with contextlib.suppress(OSError):
                os.unlink(aside)
        if not isinstance(error, OSError):
            raise
        raise UserError(
            f'cannot write {path}: {error.strerror or error}; free the disk or choose another'
            ' folder'
        ) from error


def digest_of(fields: Mapping) -> str:
    """The SHA-256 digest of a JSON object, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def write_digested(path: str | os.PathLike, fields: Mapping) -> None:
    """Writes a JSON object with its digest, since a damaged file may still be valid JSON."""
    write_whole(path, json.dumps({**fields, 'digest': digest_of(fields)}, indent=2) + '\n')


def read_digested(path: str | os.PathLike) -> dict:
    """Reads what `write_digested`, or a version that wrote no digest, has written.

    Raises:
      ValueError: the file is damaged.
      OSError: it cannot be read.
    """
    fields = json.loads(pathlib.Path(path).read_text())
    if not isinstance(fields, dict):
        raise ValueError('it is not a JSON object')
    if fields.pop('digest', None) not in (None, digest_of(fields)):
        raise ValueError('its content is not what was written')
    return fields


def read_bounded(path: str | os.PathLike, most: int) -> bytes:
    """The content of a file of at most `most` bytes; a longer or endless file is not read further.

    Raises:
      ScoreError: the file is longer, or a pipe, for which reading would wait.
      OSError: the file cannot be read.
    """
    if stat.S_ISFIFO(os.stat(path).st_mode):
        raise ScoreError('not a file', 'a pipe')
    with open(path, 'rb') as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ScoreError('too long', f'more than {most} bytes')
    return content


LOCK = '.lock'
# errors of file systems without locks
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def alone_in(folder: pathlib.Path) -> Iterator[None]:
    """Holds an exclusive lock on `folder`, which is created, and removed if it stays empty.

    The lock is on an open file, so that the kernel releases it however the process ends. Where the
    file system has no locks, a message says so.

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


def require_writable(folder: pathlib.Path) -> None:
    """Checks that a folder can be made and written; leaves nothing behind, as the same path is made
    in a temporary folder, in what is there of it.

    Raises:
      OSError: it cannot.
    """
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    with tempfile.TemporaryDirectory(prefix='.', dir=there) as trial:
        (pathlib.Path(trial) / folder.relative_to(there)).mkdir(parents=True, exist_ok=True)


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


SETTINGS = 'settings.json'  # in an output folder: the settings that its content was made with


def choose_folder(parent: pathlib.Path, name: str, settings: dict) -> pathlib.Path:
    """The folder for output made with `settings`: `<name>`, or `<name>-2`, ... where the earlier
    ones hold output of other settings.
    """
    for number in range(1, 100_000):
        folder = parent / (name if number == 1 else f'{name}-{number}')
        try:
            if not folder.exists() or not any(folder.iterdir()):
                return folder
            if json.loads((folder / SETTINGS).read_text()) == json.loads(json.dumps(settings)):
                return folder
        except (OSError, ValueError):
            continue  # it holds something else, which is kept
    raise UserError(f'{parent} holds too many folders of {name}; choose another --workdir')


def cache_folder() -> pathlib.Path:
    """The cache folder: $SYMMUSIC_CACHE, or `symmusic` in the user's cache folder."""
    if os.environ.get('SYMMUSIC_CACHE'):
        return pathlib.Path(os.environ['SYMMUSIC_CACHE']).expanduser()
    return (
        pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache')
        / 'symmusic'
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
