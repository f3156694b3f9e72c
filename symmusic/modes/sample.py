"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

from symmusic.api import gallery
from symmusic.api.load import load_of_command
from symmusic.config.flags import Command


def run(command: Command) -> None:
    """Draws pieces and prints the folder that they are in."""
    print(gallery.draw(*load_of_command(command), command.changed))
