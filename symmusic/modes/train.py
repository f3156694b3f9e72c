"""`--mode=train`: prepares the corpus, trains or resumes the workdir's run, then draws a few
samples.
"""

import pathlib

from symmusic.api import commands
from symmusic.api.training import train_command
from symmusic.config.flags import Command
from symmusic.errors import Interrupted, UserError
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.saved import saved_steps


def run(command: Command) -> None:
    """Trains; for a finished run, a message says so."""
    try:
        train_command(command)
    except KeyboardInterrupt:  # before or after the epochs, which save what is done
        raise Interrupted(_stopped(commands.place(command))) from None


def _stopped(workdir: pathlib.Path) -> str:
    """The message when training is stopped: from where the same command would continue, if anything
    is saved.
    """
    if not saved_steps(workdir):
        return 'stopped'
    try:
        rows = Checkpoints(workdir).restore_card().rows
    except UserError:  # damaged
        return 'stopped'
    where = f'after epoch {rows[-1]["epoch"]}' if rows else 'in epoch 1'
    return f'stopped; the same command continues {where}'
