"""The command line: absl flags and ml_collections overrides; one line for every mistake."""

import dataclasses
import os
import pathlib
import re
import runpy
import sys
import traceback
from collections.abc import Mapping, Sequence

from absl import flags
from ml_collections import ConfigDict, config_flags

from symmusic.config import experiments, fields, protocol
from symmusic.errors import UserError
from symmusic.terminal import program, shown

DEFAULT_CONFIG = 'configs/attn.py'
OPTIONS = ('mode', 'config', 'workdir')
OPTIONS_OF_MODE = {'compare': ('reference', 'generated'), 'study': ('answers',)}
HELP = ('help', 'helpshort', 'helpfull', 'h', '?')
FLAGS = '--mode, --config, --workdir and --config.FIELD=VALUE'
NUMBER = re.compile(r'-\.?\d|-inf|-nan', re.IGNORECASE)  # begins with a dash but is no flag


@dataclasses.dataclass(frozen=True)
class Command:
    """What the user asked for. `given` are the dotted names of the config fields stated on the
    command line.

    Of an experiment `config` is its first arm's.
    """

    mode: str
    config: ConfigDict
    config_name: str
    config_path: str
    given: tuple[str, ...]
    workdir: pathlib.Path | None
    root: pathlib.Path
    # the flags of this mode alone
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    experiment: experiments.Experiment | None = None  # of mode 'experiment'


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
            f'--mode={mode}: no such mode{fields.nearest(mode, modes)}; modes are'
            f' {", ".join(modes)}'
        )
    own = {name: value for name, value in options.items() if name not in OPTIONS}
    for name in own:
        if name not in OPTIONS_OF_MODE.get(mode, ()):
            of = next(other for other, names in OPTIONS_OF_MODE.items() if name in names)
            raise UserError(f'--{name}: a flag of --mode={of}, not of --mode={mode}')
    path = _config_path(options.get('config', DEFAULT_CONFIG), root)
    loaded = _load(path, root)
    experiment = _experiment(mode, path, loaded, overrides, root)
    if experiment:
        config = next(iter(next(iter(experiment.configs.values())).values()))
    else:
        config = protocol.resolve(_override(loaded, overrides)).lock()
        fields.check(config)
    workdir = (
        shown(pathlib.Path(os.path.expanduser(options['workdir'])).absolute())
        if 'workdir' in options
        else None
    )
    return Command(
        mode, config, path.stem, str(path), tuple(sorted(overrides)), workdir, root, own, experiment
    )


def _experiment(
    mode: str,
    path: pathlib.Path,
    loaded: ConfigDict,
    overrides: Mapping[str, str | None],
    root: pathlib.Path,
) -> experiments.Experiment | None:
    """The config's experiment, None if it is the config of a training; each has its own modes."""
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
    return experiments.read(loaded, overrides, _override)


def base_config(root: pathlib.Path) -> ConfigDict:
    """Every field with its default, 'auto' values resolved."""
    return protocol.resolve(_load(root / 'configs' / 'base.py', root)).lock()


def _separate(
    argv: Sequence[str], modes: Sequence[str], root: pathlib.Path
) -> tuple[dict[str, str], dict[str, str | None]]:
    """Flags and config overrides by name, None for a field without a value; of repeated ones the
    last wins.
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
            print(_usage(modes, root))
            raise SystemExit(0)
        options_known = [*OPTIONS, *(option for own in OPTIONS_OF_MODE.values() for option in own)]
        if name not in options_known and not name.startswith('config.'):
            known = [f'--{option}' for option in options_known] + [
                f'--config.{field}' for field in fields.FIELDS
            ]
            raise UserError(
                f'--{name}: no such flag{fields.nearest(f"--{name}", known)}; flags are {FLAGS}'
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


def _config_path(given: str, root: pathlib.Path) -> pathlib.Path:
    expanded = os.path.expanduser(given)
    for path in (os.path.abspath(expanded), os.path.join(root, expanded)):
        if os.path.isfile(path):
            return pathlib.Path(path)
    raise UserError(f'--config={given}: no such file; there are {", ".join(_configs(root))}')


def _configs(root: pathlib.Path) -> list[str]:
    return sorted(
        f'configs/{path.name}'
        for path in (root / 'configs').glob('*.py')
        if path.stem not in ('base', '__init__')
    )


def _load(path: pathlib.Path, root: pathlib.Path) -> ConfigDict:
    """Runs a config file. As it is a program, any error that it raises is an error in the file."""
    if str(root) not in sys.path:
        # a config file says `from configs import base`, wherever it lies
        sys.path.insert(0, str(root))
    try:
        names = runpy.run_path(str(path))
        if not callable(names.get('get_config')):
            raise UserError(
                f'--config={path}: has no get_config(); must define it and return a ConfigDict, as'
                ' configs/attn.py does'
            )
        config = names['get_config']()
    except (Exception, SystemExit) as error:
        if isinstance(error, UserError):
            raise
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
        where = f', line {lines[-1]}' if lines else ''
        raise UserError(
            f'--config={path}{where}: the file gives no config ({_one_line(error)})'
        ) from error
    if not isinstance(config, ConfigDict):
        raise UserError(
            f'--config={path}: get_config() returns a {type(config).__name__}; must be a ConfigDict'
        )
    return config.copy_and_resolve_references()


def _one_line(error: BaseException) -> str:
    """The error's type and message; a locked ConfigDict's long message is reduced to what is wrong
    and the nearest name.
    """
    inner = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = inner.args[0]  # ml_collections wraps a KeyError, whose own text is escaped
    message = str(inner.args[0]) if isinstance(inner, KeyError) and inner.args else str(inner)
    message = re.sub(r'Other fields present:.*?(Did you mean|$)', r'\1', message, flags=re.DOTALL)
    return ' '.join(f'{type(error).__name__}: {message}'.split()).removesuffix(':')


def _override(config: ConfigDict, overrides: Mapping[str, str | None]) -> ConfigDict:
    """The config with fields as the command line states them."""
    known = dict(fields.walk(config))
    for name in overrides:
        _check_name(name, known)
    for name, value in overrides.items():
        default = known[name]
        # a field that is 'auto' has no type: this one's is that of the protocols' values
        if name in protocol.FILLED:
            default = protocol.FILLED[name]
            _assign(config, name, protocol.AUTO if value == protocol.AUTO else default)
            if value == protocol.AUTO:
                continue
        if value is None and not isinstance(default, bool):
            raise UserError(f'--config.{name}: a value is missing; write --config.{name}=VALUE')
        place, leaf = _place(config, name)
        argument = f'--config.{leaf}' + ('' if value is None else f'={_spell(value, default)}')
        # Flags of its own, so that nothing is kept between two calls; `sys_argv`, as ml_collections
        # reads the program's otherwise. And the field alone: absl writes a flag's default out as
        # text, which took 6 ms of a whole config.
        values, alone = flags.FlagValues(), ConfigDict({leaf: place[leaf]})
        config_flags.DEFINE_config_dict(
            'config', alone, flag_values=values, sys_argv=[argument], lock_config=False
        )
        try:
            values(['launch.py', argument])
        except (
            flags.Error,
            TypeError,
            ValueError,
            SyntaxError,
            MemoryError,
            RecursionError,
        ) as error:
            rule = (fields.FIELDS | experiments.SWITCHES).get(name)
            allowed = rule(value) if rule else f'a {type(default).__name__}'
            raise UserError(f'--config.{name}={value}: must be {allowed}') from error
        place[leaf] = values.config[leaf]
    return config


def _assign(config: ConfigDict, name: str, value: object) -> None:
    place, leaf = _place(config, name)
    with place.ignore_type():
        place[leaf] = value


def _place(config: ConfigDict, name: str) -> tuple[ConfigDict, str]:
    """The group that a field is in, the config itself where it is in none, and its name there."""
    group, _, leaf = name.rpartition('.')
    return (config[group] if group else config), leaf


def _check_name(name: str, known: dict[str, object]) -> None:
    if name in known:
        return
    inside = [other for other in known if other.startswith(f'{name}.')]
    if inside:
        raise UserError(
            f'--config.{name}: a group of fields, not a field; it has {", ".join(inside)}'
        )
    hint = fields.nearest(name, known) or f'; fields are {", ".join(known)}'
    raise UserError(f'--config.{name}: no such field{hint}')


def _spell(value: str, default: object) -> str:
    """The value as ml_collections reads it: a tuple may also be written as words or whole numbers
    between commas.
    """
    if isinstance(default, tuple) and not value.lstrip().startswith(('(', '[')):
        words = [word.strip(' \'"') for word in value.split(',') if word.strip()]
        return repr(
            tuple(int(word) if word.isdecimal() and len(word) < 10 else word for word in words)
        )
    return value


EXAMPLES = {
    '--config=configs/attn.py': 'train; the same command resumes',
    '--mode=sample --config.sample.prompt=my.mid': 'continue your own bars',
    '--mode=stats --config.data.corpus=folder_of_midi': 'describe a corpus',
    '--mode=experiment --config=configs/exp3.py': (
        'run an experiment; with --config.quick=True in minutes'
    ),
    '--mode=study': 'build a listening study',
    '--mode=study --answers=folder_of_answers': 'analyse what the listeners answered',
}


def _usage(modes: Sequence[str], root: pathlib.Path) -> str:
    called = ' '.join(program())
    examples = '\n'.join(f'  {called} {words}\n      {does}' for words, does in EXAMPLES.items())
    return f"""usage: {called} [--mode=MODE] [--config=FILE] [--workdir=DIR]
    [--config.FIELD=VALUE ...]

modes    {', '.join(modes)}  (default: {modes[0]})
configs  {', '.join(_configs(root))}  (default: {DEFAULT_CONFIG})
workdir  default: runs/<config file's name>; for stats runs/stats-<corpus>
fields   docs/config.md lists every field with its default and what it allows

{examples}"""
