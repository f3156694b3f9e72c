"""The command line: flags in any order become a checked command; one line for every mistake."""

import dataclasses
import os
import pathlib
import re
import shlex
from collections.abc import Mapping, Sequence

from ml_collections import ConfigDict

from symmusic.config import arms, experiments
from symmusic.config.benchmarks import Benchmark, read_benchmark
from symmusic.config.check import check, check_training
from symmusic.config.document import list_fields
from symmusic.config.fields import FIELDS, defaults, walk
from symmusic.config.load import DEFAULT_CONFIG, find_config, list_configs, load_config
from symmusic.config.overrides import override
from symmusic.config.protocol import resolve
from symmusic.errors import UserError
from symmusic.terminal import program, shown
from symmusic.wording import nearest

OPTIONS = ('mode', 'config', 'workdir')
OPTIONS_OF_MODE = {
    'compare': ('reference', 'generated'),
    'study': ('answers',),
    'experiment': ('shard',),
}
# the content of the folder that each flag names
FOLDERS = {
    'reference': 'a folder of music',
    'generated': 'a folder of music',
    'answers': 'a folder of the files that listeners saved',
}
HELP = ('help', 'helpshort', 'helpfull', 'h', '?')
FLAGS = '--mode, --config, --workdir and --config.FIELD=VALUE'
NUMBER = re.compile(r'-\.?\d|-inf|-nan', re.IGNORECASE)  # begins with a dash but is not a flag


@dataclasses.dataclass(frozen=True)
class Command:
    """The user's command. `given` are the dotted names of the config fields stated on the command
    line.

    Of an experiment `config` is its first arm's, of a benchmark the defaults. `typed` is the whole
    command, for a shell.
    """

    mode: str
    config: ConfigDict
    config_name: str
    config_path: str
    given: tuple[str, ...]
    workdir: pathlib.Path | None
    root: pathlib.Path
    # the flags of this mode only
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    experiment: arms.Experiment | None = None  # of mode 'experiment'
    benchmark: Benchmark | None = None  # likewise
    # those of `given` whose value differs from the config file's
    changed: tuple[str, ...] = ()
    typed: str = dataclasses.field(default='', compare=False)


def list_folder(flag: str, path: str | os.PathLike) -> list[pathlib.Path]:
    """The content of the folder that a flag names, sorted by name.

    Raises:
      UserError: it cannot be read.
    """
    try:
        return sorted(pathlib.Path(path).expanduser().iterdir())
    except OSError as error:
        raise UserError(
            f'--{flag}={path}: {error.strerror or error}; must be {FOLDERS[flag]}'
        ) from error


def parse(argv: Sequence[str], *, root: pathlib.Path, modes: Sequence[str]) -> Command:
    """Reads the arguments after the program's name, in any order.

    Args:
      argv: the arguments.
      root: the folder of launch.py, where configs/ is; a relative config file is looked up in the
        current folder first, then there.
      modes: those that exist, the default first.

    Raises:
      UserError: a flag, field or value is wrong.
      SystemExit: help was asked for, and printed.
    """
    options, overrides = _separate(argv, modes, root)
    mode = options.get('mode', modes[0])
    if mode not in modes:
        raise UserError(
            f'--mode={mode}: no such mode{nearest(mode, modes)}; modes are {", ".join(modes)}'
        )
    own = {name: value for name, value in options.items() if name not in OPTIONS}
    for name in own:
        if name not in OPTIONS_OF_MODE.get(mode, ()):
            of = next(other for other, names in OPTIONS_OF_MODE.items() if name in names)
            raise UserError(f'--{name}: a flag of --mode={of}, not of --mode={mode}')
    path = find_config(options.get('config', DEFAULT_CONFIG), root)
    loaded = load_config(path, root)
    experiment, changed = _experiment(mode, path, loaded, overrides, root), ()
    if isinstance(experiment, Benchmark):
        config = resolve(defaults()).lock()
    elif experiment:
        config = next(iter(next(iter(experiment.configs.values())).values()))
    else:
        of_file = dict(walk(resolve(loaded)))
        config = resolve(override(loaded, overrides)).lock()
        check(config)
        if mode == 'train':
            check_training(config)
        values = dict(walk(config))
        changed = tuple(name for name in sorted(overrides) if values[name] != of_file[name])
    workdir = (
        shown(pathlib.Path(os.path.expanduser(options['workdir'])).absolute())
        if 'workdir' in options
        else None
    )
    return Command(
        mode=mode,
        config=config,
        config_name=path.stem,
        config_path=str(path),
        given=tuple(sorted(overrides)),
        workdir=workdir,
        root=root,
        options=own,
        experiment=experiment if isinstance(experiment, arms.Experiment) else None,
        benchmark=experiment if isinstance(experiment, Benchmark) else None,
        changed=changed,
        typed=shlex.join([*program(), *argv]),
    )


def _experiment(
    mode: str,
    path: pathlib.Path,
    loaded: ConfigDict,
    overrides: Mapping[str, str | None],
    root: pathlib.Path,
) -> arms.Experiment | Benchmark | None:
    """The config's experiment or benchmark, None if it is the config of a training; each has its
    own modes.
    """
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    if not experiments.is_experiment(loaded):
        if mode == 'experiment':
            raise UserError(
                f'--config={shown}: a config of one training, which --mode=train trains; an'
                ' experiment is configs/exp3.py'
            )
        return None
    if mode != 'experiment':
        advice = (
            ''
            if mode == 'train'
            else f'; for --mode={mode} of an arm name its folder by --workdir, and no --config'
        )
        raise UserError(f'--config={shown}: an experiment, which --mode=experiment runs{advice}')
    if isinstance(loaded.experiment, Benchmark):
        return read_benchmark(loaded.experiment, overrides, override)
    return arms.read(loaded, overrides, override)


def _separate(
    argv: Sequence[str], modes: Sequence[str], root: pathlib.Path
) -> tuple[dict[str, str], dict[str, str | None]]:
    """Flags and config overrides, keyed by name; None for a field without a value. If one is
    repeated, the last wins.
    """
    options: dict[str, str] = {}
    overrides: dict[str, str | None] = {}
    arguments = list(argv)
    while arguments:
        argument = arguments.pop(0)
        flag = re.fullmatch(r'--?([^-=][^=]*)(?:=(.*))?', argument, re.DOTALL)
        if not flag or NUMBER.match(argument):
            raise UserError(f"'{argument}': a stray word; flags are {FLAGS}")
        name, value = flag.groups()
        if name in HELP:
            print(_usage(modes, root) + f'\n\n{list_fields()}' * (name == 'helpfull'))
            raise SystemExit(0)
        options_known = [*OPTIONS, *(option for own in OPTIONS_OF_MODE.values() for option in own)]
        if name not in options_known and not name.startswith('config.'):
            known = [f'--{option}' for option in options_known] + [
                f'--config.{field}' for field in FIELDS
            ]
            raise UserError(
                f'--{name}: no such flag{nearest(f"--{name}", known)}; flags are {FLAGS}'
            )
        if (
            value is None
            and arguments
            and (not arguments[0].startswith('-') or NUMBER.match(arguments[0]))
        ):
            value = arguments.pop(0)
        if name.startswith('config.'):
            overrides[name.removeprefix('config.')] = value
        elif not value:
            raise UserError(f'--{name}: a value is missing; write --{name}=VALUE')
        else:
            options[name] = value
    return options, overrides


EXAMPLES = {
    '--config=configs/attn.py': 'train; the same command resumes',
    '--mode=sample --config.sample.prompt=my.mid': 'continue your own bars',
    '--mode=stats --config.data.corpus=folder_of_midi': 'describe a corpus',
    '--mode=experiment --config=configs/exp3.py': (
        'run an experiment; with --config.quick=True in minutes'
    ),
    '--mode=studio': 'write the page in which one composes with the model',
    '--mode=study': 'build a listening study',
    '--mode=study --answers=folder_of_answers': 'analyse what the listeners answered',
}


def _usage(modes: Sequence[str], root: pathlib.Path) -> str:
    called = ' '.join(program())
    examples = '\n'.join(f'  {called} {words}\n      {does}' for words, does in EXAMPLES.items())
    return f"""usage: {called} [--mode=MODE] [--config=FILE] [--workdir=DIR]
    [--config.FIELD=VALUE ...]

modes    {', '.join(modes)}  (default: {modes[0]})
configs  {', '.join(list_configs(root))}  (default: {DEFAULT_CONFIG})
workdir  default: runs/<config file's name>; for stats runs/stats-<corpus>
fields   --helpfull and docs/config.md list every field with its default and what it allows

{examples}"""
