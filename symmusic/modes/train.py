"""`--mode=train`: prepares the corpus, trains or goes on with the workdir's run, and closes with a
few samples.
"""

from symmusic.api.training import train_command
from symmusic.config.flags import Command


def run(command: Command) -> None:
    """Trains; a run that is finished says so."""
    train_command(command)
