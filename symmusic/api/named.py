"""Checks the names in a command's fields and flags (keys, scales, instruments, bars, files,
corpora, workdirs of other runs, folders) before JAX is imported, which takes a second.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from symmusic.api import commands
from symmusic.config.fields.run import SHIPPED
from symmusic.config.flags import FOLDERS, Command, list_folder
from symmusic.corpus.collections import require_corpus
from symmusic.generate.names import check_files, check_names
from symmusic.training.saved import require_run

# the modes that read the names in config.sample; the studio page has its own controls for these
DRAWING = ('train', 'sample', 'evaluate', 'experiment', 'study')
TRAINING = ('train', 'experiment')  # those that read config.init_from
PREPARING = (*TRAINING, 'stats')  # those that read config.data.corpus
RIVALS = ('left_to_right', 'second_run')  # fields of config.evaluate that name another run


def check(command: Command) -> None:
    """Checks the names in a command's fields as far as the files on this machine determine that.

    Raises:
      UserError: the field, its value and what is allowed.
    """
    for flag in FOLDERS:
        if flag in command.options:
            list_folder(flag, command.options[flag])
    for config in _configs(command):
        if command.mode in DRAWING and 'answers' not in command.options:
            check_names(config.sample)
            check_files(config.sample)
        if command.mode in TRAINING and config.init_from not in ('', SHIPPED):
            require_run(config.init_from, 'init_from')
        for field in RIVALS if command.mode == 'evaluate' else ():
            if config.evaluate[field]:
                require_run(config.evaluate[field], f'evaluate.{field}')
        if command.mode in PREPARING:
            require_corpus(config.data.corpus)
    commands.workdir(command)


def _configs(command: Command) -> Iterator[ConfigDict]:
    """The command's config, or those of an experiment's arms; none for a benchmark, which names
    nothing.
    """
    if command.benchmark is not None:
        return
    if command.experiment is None:
        yield command.config
        return
    for arms in command.experiment.configs.values():
        yield from arms.values()
