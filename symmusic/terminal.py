"""What is printed: paths and commands, so that they can be used where the command was run, and the
log.
"""

import logging
import os
import pathlib
import shutil
import sys

from symmusic.progress import print_line


def shown(path: str | os.PathLike) -> pathlib.Path:
    """The path, relative where it is inside the current folder."""
    path, here = pathlib.Path(path), pathlib.Path.cwd()
    return path.relative_to(here) if path != here and path.is_relative_to(here) else path


def program() -> list[str]:
    """The words of the command that runs this program again, as it was called: its command, or the
    interpreter and launch.py; 'python launch.py' where it was neither, as in a notebook.
    """
    script = pathlib.Path(sys.argv[0] if sys.argv else '')
    if script.stem == 'symmusic':
        return ['symmusic' if shutil.which('symmusic') == str(script) else str(shown(script))]
    if script.name != 'launch.py':
        return ['python', 'launch.py']
    return [str(shown(sys.orig_argv[0])), str(shown(script))]


class _Lines(logging.Handler):
    """Prints each message on the current standard output."""

    def emit(self, record: logging.LogRecord) -> None:
        print_line(self.format(record))


def print_log() -> None:
    """Prints the log messages of this package as plain lines, above progress bars."""
    logger = logging.getLogger('symmusic')
    if not logger.handlers:
        logger.addHandler(_Lines())
        logger.setLevel(logging.INFO)
        logger.propagate = False
