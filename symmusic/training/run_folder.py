"""The folder of a run: the lock on it, and its config and summary."""

import contextlib
import pathlib

import jax
from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.files import read_digested, write_digested
from symmusic.locks import alone_in
from symmusic.training.saved import saved_steps

SUMMARY = 'summary.json'  # in a run's folder: its results; written last


def check(config: ConfigDict, workdir: pathlib.Path) -> None:
    """Checks that a workdir holds no run, or the one of this config.

    Raises:
      UserError: it holds another run.
    """
    if (found := read_config(workdir)) is not None:
        runs.check_same_run(found, config, workdir)


def alone(workdir: pathlib.Path) -> contextlib.AbstractContextManager:
    """The lock on a workdir; the first process holds it for all processes."""
    return alone_in(workdir) if jax.process_index() == 0 else contextlib.nullcontext()


def write_summary(workdir: pathlib.Path, summary: dict) -> None:
    """Writes `summary.json`, which marks the run as finished."""
    write_digested(workdir / SUMMARY, summary)


def read_summary(workdir: pathlib.Path) -> dict | None:
    """The content of `summary.json`; None if the run is not finished.

    Raises:
      UserError: the file is damaged.
    """
    path = workdir / SUMMARY
    try:
        return read_digested(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(f'{path} is damaged ({error}); remove it and train on') from error


def read_config(workdir: pathlib.Path) -> ConfigDict | None:
    """The config of the run in a workdir, None if there is none."""
    text, base = read_config_text(workdir), base_config()
    if text is not None:
        return runs.from_json(text, base)
    if not saved_steps(workdir):
        return None
    from symmusic.training.checkpoint import Checkpoints  # here, as in `api.load`

    return runs.from_dict(Checkpoints(workdir).restore_card().config, base)


def read_config_text(workdir: pathlib.Path) -> str | None:
    """What config.json holds, None if there is none."""
    path = workdir / 'config.json'
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'cannot read {path}: {error}; choose another --workdir') from error
