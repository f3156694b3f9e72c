"""`--mode=train`: prepares the corpus, trains or resumes the run of the workdir, and closes with a
few samples.
"""

from symmusic.api.training import train_command
from symmusic.config.flags import Command


def run(command: Command) -> None:
    """Trains; for a finished run, a message says so."""
    train_command(command)
