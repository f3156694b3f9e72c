"""A command's folder, and the follow-up commands to suggest."""

import logging
import os
import pathlib
import shlex

from symmusic.config.fields import walk
from symmusic.config.fields.run import VARIANTS
from symmusic.config.flags import OPTIONS_OF_MODE, Command
from symmusic.config.load import DEFAULT_CONFIG
from symmusic.corpus.collections import NAMED
from symmusic.errors import UserError
from symmusic.files import require_writable
from symmusic.terminal import program, shown

log = logging.getLogger(__name__)


def workdir(command: Command) -> pathlib.Path:
    """The folder that a command works in. It either exists and can be written to, or can be
    created.

    Raises:
      UserError: the path is a file, or the folder cannot be written to.
    """
    folder = place(command)
    if os.path.isfile(folder):
        raise UserError(f'--workdir={shown(folder)} is a file; choose a folder')
    try:
        require_writable(folder)
    except OSError as error:
        raise UserError(
            f'--workdir={shown(folder)} cannot be written: {error.strerror or error}; free the disk'
            ' or choose another folder'
        ) from error
    return folder


def place(command: Command) -> pathlib.Path:
    """The path of the folder that a command works in."""
    return command.workdir or pathlib.Path('runs') / _name(command)


def _name(command: Command) -> str:
    """The name of a command's own folder in runs/."""
    if command.mode == 'compare':
        return '-'.join(['compare', *map(folder_name, compared(command).values())])
    if command.mode == 'stats':
        return f'stats-{_corpus_name(command.config.data.corpus)}'
    return command.config_name


def compared(command: Command) -> dict[str, str]:
    """The folders that --mode=compare compares, keyed by flag.

    Raises:
      UserError: one is missing.
    """
    paths = {flag: command.options.get(flag, '') for flag in OPTIONS_OF_MODE['compare']}
    for flag, path in paths.items():
        if not path:
            raise UserError(
                f'--mode=compare needs --{flag}=FOLDER, a folder of MIDI, ABC or MusicXML files'
            )
    return paths


def folder_name(path: str | os.PathLike) -> str:
    """The name of a folder; a path such as '.' is resolved first."""
    return pathlib.Path(path).expanduser().resolve().name or 'root'


def _corpus_name(corpus: str) -> str:
    """The name of the corpus, of its folder, or of its file without the suffix; for a path such as
    '.' the name of the resolved folder.
    """
    path = pathlib.Path(corpus).expanduser()
    if corpus in NAMED:
        return corpus
    path = path if path.name not in ('', '.', '..') else path.resolve()
    return (path.stem if path.is_file() else path.name) or 'root'


def log_without_effect(command: Command) -> None:
    """Logs which of the fields that the user gave have no effect on this training run."""
    cutting = [
        name
        for name in ('data.window_steps', 'data.hop_steps', 'data.keep_last_window')
        if name in command.given
    ]
    targets = command.config.train.targets
    if targets != 'last' and cutting:
        log.info(
            f'config.train.targets = {targets!r} trains on sequences, cut by train.sequence_steps'
            f' and train.sequence_hop_steps; without effect on it: {", ".join(cutting)}'
        )


def log_next(command: Command, where: pathlib.Path) -> None:
    """Logs the commands to try after training, and `where` the run's last pieces are."""
    mine = f'{command_line(command, "sample")} --config.sample.prompt=my.mid'
    if command.config.data.encoding == 'pitches':
        mine += ' --config.sample.rhythm=my.mid'
    train = command.config.train
    if train.targets == 'gap':
        log.info(f'to redraw bars of your own piece: {mine} --config.sample.regenerate=2-3')
    if train.targets != 'gap' or train.gap_share < 1:
        log.info(f'to continue bars of your own: {mine}')
    log.info(f'{where}')


def _config(command: Command) -> pathlib.Path:
    """The path of the config file as the command line takes it; configs of symmusic can be named
    from any folder.
    """
    path = pathlib.Path(command.config_path)
    if not path.is_relative_to(pathlib.Path.cwd()) and path.is_relative_to(command.root):
        return path.relative_to(command.root)
    return shown(path)


def command_line(command: Command, mode: str) -> str:
    """The shell command for another mode on the same run. For training it repeats the fields that
    the user gave; the other modes need none of them.
    """
    words = program()
    words += [f'--mode={mode}'] if mode != 'train' else []
    if command.config_path != str(command.root / DEFAULT_CONFIG):
        words.append(f'--config={_config(command)}')
    words += [f'--workdir={command.workdir}'] if command.workdir else []
    if mode == 'train':
        values = dict(walk(command.config))
        words += [
            f'--config.{name}={values[name]}'
            for name in command.given
            if not name.startswith(('sample.', 'evaluate.', 'study.'))
        ]
    return shlex.join(words)


def experiment_line(command: Command) -> str:
    """The command that repeats the experiment, independent of where it was run."""
    experiment, path = command.experiment, pathlib.Path(command.config_path)
    variant = 'both' if len(experiment.configs) == len(VARIANTS) else next(iter(experiment.configs))
    values = dict(walk(command.config)) | {
        'quick': experiment.quick,
        'variant': variant,
        'split_seeds': experiment.split_seeds,
    }
    words = ['python', 'launch.py', '--mode=experiment']
    words.append(
        f'--config={path.relative_to(command.root) if path.is_relative_to(command.root) else path}'
    )
    return shlex.join([*words, *(f'--config.{name}={values[name]}' for name in command.given)])
