"""Checks what a command's fields name before JAX is imported, which takes a second: keys, scales,
instruments and bars, and files.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from symmusic.config.flags import Command
from symmusic.generate.names import check_files, check_names

DRAWING = (
    'train',
    'sample',
    'evaluate',
    'experiment',
    'study',
)  # the modes that read config.sample


def check(command: Command) -> None:
    """Checks the names in a command's fields as far as the files on this machine determine that.

    Raises:
      UserError: the field, its value and what is allowed.
    """
    for config in _configs(command):
        if command.mode in DRAWING and 'answers' not in command.options:
            check_names(config.sample)
            check_files(config.sample)


def _configs(command: Command) -> Iterator[ConfigDict]:
    """The config, or those of an experiment's arms."""
    if command.experiment is None:
        yield command.config
        return
    for arms in command.experiment.configs.values():
        yield from arms.values()
