"""JAX's persistent cache of compiled programs, in a folder that may be full, damaged or removed at
any time.
"""

import contextlib
import glob
import os
import pathlib
import re
import warnings

FAILED = re.compile(
    r"Error (reading|writing) persistent compilation cache entry for '([^']*)': (.*)", re.DOTALL
)
LEAST_SECONDS = '0.1'  # that a program which is kept took to compile


def keep_compiled(folder: pathlib.Path) -> None:
    """Makes JAX cache compiled programs in `folder`, unless the environment names another one; to
    be called before JAX is imported.

    JAX warns about each program that it cannot read or write, and neither replaces a damaged one
    nor removes an incomplete one. Here a message is printed once, and the files of the program are
    removed, so that it is compiled and cached again.
    """
    folder = pathlib.Path(os.environ.setdefault('JAX_COMPILATION_CACHE_DIR', str(folder)))
    # JAX would keep those alone that took a second
    os.environ.setdefault('JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS', LEAST_SECONDS)
    show, said = warnings.showwarning, set()

    def show_once(message, category, filename, lineno, file=None, line=None):
        found = FAILED.match(str(message))
        if not found:
            show(message, category, filename, lineno, file, line)
            return
        action, name, why = found.groups()
        for path in folder.glob(f'{glob.escape(name)}-*'):
            with contextlib.suppress(OSError):
                path.unlink()
        if action not in said:
            said.add(action)
            fault = (
                'a compiled program is damaged'
                if action == 'reading'
                else 'compiled programs are not kept'
            )
            print(f'{fault} ({" ".join(why.split())[:200]}): compiled again; they are in {folder}')

    warnings.showwarning = show_once
