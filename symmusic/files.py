"""Files are written whole or not at all, folders kept where they hold something else."""

import contextlib
import json
import os
import pathlib
import tempfile

from symmusic.errors import UserError


def write_whole(path: str | os.PathLike, content: bytes | str) -> None:
    """Writes `content` aside and renames it to `path`, so that a reader or a crash never meets half a file.

    Raises:
      UserError: the folder or the disk does not take it; what was at `path` is left as it was.
    """
    path = pathlib.Path(path)
    if isinstance(content, str):  # in the name of a file not in UTF-8 Python has half characters; JSON takes them escaped
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
    except BaseException as error:  # Ctrl-C too: nothing is left behind
        if aside is not None:
            with contextlib.suppress(OSError):
                os.unlink(aside)
        if not isinstance(error, OSError):
            raise
        raise UserError(f'cannot write {path}: {error.strerror or error}; free the disk or choose another folder') from error


SETTINGS = 'settings.json'  # in an output folder: what its content was made with


def choose_folder(parent: pathlib.Path, name: str, settings: dict) -> pathlib.Path:
    """The folder for output made with `settings`: `<name>`, or `<name>-2`, ... where those exist and were made with others."""
    for number in range(1, 100_000):
        folder = parent / (name if number == 1 else f'{name}-{number}')
        try:
            if not folder.exists() or not any(folder.iterdir()):
                return folder
            if json.loads((folder / SETTINGS).read_text()) == json.loads(json.dumps(settings)):
                return folder
        except (OSError, ValueError):
            continue  # it holds something else: kept
    raise UserError(f'{parent} holds too many folders of {name}; choose another --workdir')


def cache_folder() -> pathlib.Path:
    """$SYMMUSIC_CACHE, or symmusic's folder among the user's caches."""
    if os.environ.get('SYMMUSIC_CACHE'):
        return pathlib.Path(os.environ['SYMMUSIC_CACHE']).expanduser()
    return pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'symmusic'


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
