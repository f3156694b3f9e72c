"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

import logging

from symmusic.api import gallery
from symmusic.api.effects import without_effect_on_sampling
from symmusic.api.load import load_of_command
from symmusic.config.flags import Command

log = logging.getLogger(__name__)


def run(command: Command) -> None:
    """Draws pieces and prints the path of their folder."""
    loaded = load_of_command(command)
    for notice in without_effect_on_sampling(command.given):
        log.info(notice)
    print(gallery.draw(*loaded, command.changed, typed=command.typed))
