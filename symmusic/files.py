"""Atomic file writes, and output folders that are never overwritten by other output."""

import contextlib
import hashlib
import json
import os
import pathlib
import stat
import tempfile
from collections.abc import Mapping

from symmusic.errors import ScoreError, UserError


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


def require_writable(folder: pathlib.Path) -> None:
    """Checks that a folder can be made and written; leaves nothing behind, as the same path is made
    in a temporary folder, in what is there of it.

    Raises:
      OSError: it cannot.
    """
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    with tempfile.TemporaryDirectory(prefix='.', dir=there) as trial:
        (pathlib.Path(trial) / folder.relative_to(there)).mkdir(parents=True, exist_ok=True)


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
