"""Finds config files and runs them."""

import os
import pathlib
import re
import runpy
import sys
import traceback

from ml_collections import ConfigDict

from symmusic.errors import UserError

DEFAULT_CONFIG = 'configs/attn.py'


def find_config(given: str, root: pathlib.Path) -> pathlib.Path:
    """The config file that is named, in the current folder or else in `root`.

    Raises:
      UserError: there is none.
    """
    expanded = os.path.expanduser(given)
    for path in (os.path.abspath(expanded), os.path.join(root, expanded)):
        if os.path.isfile(path):
            return pathlib.Path(path)
    raise UserError(f'--config={given}: no such file; there are {", ".join(list_configs(root))}')


def list_configs(root: pathlib.Path) -> list[str]:
    """The config files of symmusic, from `root`."""
    return sorted(
        f'configs/{path.name}'
        for path in (root / 'configs').glob('*.py')
        if path.stem not in ('base', '__init__')
    )


def load_config(path: pathlib.Path, root: pathlib.Path) -> ConfigDict:
    """Runs a config file. As it is a program, any error that it raises is an error in the file.

    Raises:
      UserError: the file does not return a config.
    """
    if str(root) not in sys.path:
        # a config file uses `from configs import base`, wherever it is
        sys.path.insert(0, str(root))
    try:
        names = runpy.run_path(str(path))
        if not callable(names.get('get_config')):
            raise UserError(
                f'--config={path}: has no get_config(); must define it and return a ConfigDict, as'
                ' configs/attn.py does'
            )
        config = names['get_config']()
    except (Exception, SystemExit) as error:
        if isinstance(error, UserError):
            raise
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
        where = f', line {lines[-1]}' if lines else ''
        raise UserError(
            f'--config={path}{where}: the file gives no config ({_one_line(error)})'
        ) from error
    if not isinstance(config, ConfigDict):
        raise UserError(
            f'--config={path}: get_config() returns a {type(config).__name__}; must be a ConfigDict'
        )
    return config.copy_and_resolve_references()


def _one_line(error: BaseException) -> str:
    """The error's type and message; a locked ConfigDict's long message is reduced to what is wrong
    and the nearest name.
    """
    inner = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = inner.args[0]  # ml_collections wraps a KeyError, whose own text is escaped
    message = str(inner.args[0]) if isinstance(inner, KeyError) and inner.args else str(inner)
    message = re.sub(r'Other fields present:.*?(Did you mean|$)', r'\1', message, flags=re.DOTALL)
    return ' '.join(f'{type(error).__name__}: {message}'.split()).removesuffix(':')
