"""Finds the checkpoints of a workdir by the names of their folders, without importing JAX;
`checkpoint` reads their content.
"""

import os
import pathlib

from symmusic.config.fields.run import SHIPPED
from symmusic.errors import UserError

FOLDER = 'checkpoints'  # in a run's workdir


def saved_steps(workdir: str | os.PathLike) -> list[int]:
    """The number of updates, over all replicas, of each checkpoint of a run."""
    folder = pathlib.Path(workdir) / FOLDER
    if not os.path.isdir(folder):
        return []
    return [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]


def require_run(path: str, field: str) -> None:
    """Checks that the folder that `config.<field>` names holds a trained model.

    Args:
      path: the folder, as the user gave it.
      field: the field's dotted name.

    Raises:
      UserError: it does not.
    """
    folder = os.path.expanduser(path)
    try:
        if saved_steps(folder):
            return
        fault = 'it holds no trained model' if os.path.isdir(folder) else 'no such folder'
    except OSError as error:
        fault = error.strerror or str(error)
    others = f"{SHIPPED!r} or ''" if field == 'init_from' else "''"
    raise UserError(
        f'config.{field} = {path}: {fault}; must be the workdir of a trained run, or {others}'
    )
