"""The command line: absl flags and ml_collections overrides, every mistake one line."""

import dataclasses
import pathlib
import sys
from collections.abc import Sequence

from absl import flags
from ml_collections import ConfigDict, config_flags

from symmusic.config import fields
from symmusic.errors import UserError

DEFAULT_CONFIG = 'configs/attn.py'
OPTIONS = ('mode', 'config', 'workdir')
FLAGS = '--mode, --config, --workdir and --config.FIELD=VALUE'


@dataclasses.dataclass(frozen=True)
class Command:
    """What the user asked for. `given` are the dotted names of the config fields stated on the command line."""

    mode: str
    config: ConfigDict
    config_name: str
    config_path: str
    given: tuple[str, ...]
    workdir: pathlib.Path | None
    root: pathlib.Path


def parse(argv: Sequence[str], *, root: pathlib.Path, modes: Sequence[str]) -> Command:
    """Reads the arguments after the program's name, in any order.

    Args:
      argv: the arguments.
      root: the folder of launch.py, where configs/ is; a relative config file is looked up in the current folder first, then there.
      modes: those that exist, the default first.

    Raises:
      UserError: a flag, field or value is wrong.
      SystemExit: help was asked for, and printed.
    """
    options, overrides = _separate(argv, modes, root)
    path = _config_path(options.get('config', DEFAULT_CONFIG), root)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))  # a config file says `from configs import base`, wherever it lies
    known = _load(path, [])
    for name in overrides:
        _check_name(name, known)
    config = _load(path, [f'--config.{name}={_literal(known, name, value)}' for name, value in overrides.items()])
    fields.check(config)
    mode = options.get('mode', modes[0])
    if mode not in modes:
        raise UserError(f'--mode={mode}: no such mode{fields.nearest(mode, modes)}; modes are {", ".join(modes)}')
    workdir = pathlib.Path(options['workdir']).expanduser().absolute() if options.get('workdir') else None
    return Command(mode, config, path.stem, str(path), tuple(sorted(overrides)), workdir, root)


def base_config(root: pathlib.Path) -> ConfigDict:
    """Every field with its default."""
    return _load(root / 'configs' / 'base.py', [])


def _separate(argv: Sequence[str], modes: Sequence[str], root: pathlib.Path) -> tuple[dict[str, str], dict[str, str]]:
    """Flags and config overrides by name; the last of a name wins."""
    options: dict[str, str] = {}
    overrides: dict[str, str] = {}
    arguments = list(argv)
    while arguments:
        argument = arguments.pop(0)
        name, equals, value = argument.lstrip('-').partition('=')
        if not argument.startswith('-') or not name:
            raise UserError(f"'{argument}': a stray word; flags are {FLAGS}")
        if name in ('help', 'helpfull', 'helpshort', 'h', '?'):
            print(_usage(modes, root))
            raise SystemExit(0)
        if name not in OPTIONS and not name.startswith('config.'):
            raise UserError(f'--{name}: no such flag{fields.nearest(name, OPTIONS)}; flags are {FLAGS}')
        if not equals:
            if arguments and not arguments[0].startswith('--'):
                value = arguments.pop(0)
            elif name.startswith('config.'):
                value = 'True'  # `--config.model.bidirectional`; for a field that is no flag the type is wrong, and said to be
            else:
                raise UserError(f'--{name}: a value is missing; write --{name}=VALUE')
        if name.startswith('config.'):
            overrides[name.removeprefix('config.')] = value
        else:
            options[name] = value
    return options, overrides


def _config_path(given: str, root: pathlib.Path) -> pathlib.Path:
    for path in (pathlib.Path(given).expanduser().absolute(), root / given):
        if path.is_file():
            return path
    raise UserError(f'--config={given}: no such file; there are {", ".join(_configs(root))}')


def _configs(root: pathlib.Path) -> list[str]:
    return sorted(f'configs/{path.name}' for path in (root / 'configs').glob('*.py') if path.stem not in ('base', '__init__'))


def _load(path: pathlib.Path, overrides: list[str]) -> ConfigDict:
    """Runs a config file and applies overrides, by flags of its own so that nothing is kept between two calls."""
    values = flags.FlagValues()
    config_flags.DEFINE_config_file('config', flag_values=values)
    try:
        values(['launch.py', f'--config={path}', *overrides])
        config = values.config
    except flags.Error as error:
        message = str(error).splitlines()[0].removeprefix('flag --').rstrip('.')
        raise UserError(f'--{message}') from error
    except Exception as error:  # a config file is a program: whatever it raises is a fault in it
        raise UserError(
            f'--config={path}: the file does not give a config ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""})'
        ) from error
    if not isinstance(config, ConfigDict):
        raise UserError(f'--config={path}: get_config() gives a {type(config).__name__}, not a ConfigDict')
    return config.lock()


def _check_name(name: str, config: ConfigDict) -> None:
    names = dict(fields.walk(config))
    if name in names:
        return
    inside = [other for other in names if other.startswith(f'{name}.')]
    if inside:
        raise UserError(f'--config.{name}: a group of fields, not a field; it has {", ".join(inside)}')
    hint = fields.nearest(name, names)
    if not hint:
        last = {other.rpartition('.')[2]: other for other in names}
        near = fields.nearest(name.rpartition('.')[2], last)
        hint = f'; did you mean {last[near[15:-1]]}?' if near else f'; fields are {", ".join(names)}'
    raise UserError(f'--config.{name}: no such field{hint}')


def _literal(config: ConfigDict, name: str, value: str) -> str:
    """The value as ml_collections reads it, its type checked; a tuple may also be written as words between commas."""
    default = dict(fields.walk(config))[name]
    if isinstance(default, bool):
        if value.lower() not in ('true', 'false', '1', '0'):
            raise UserError(f'--config.{name}={value}: must be True or False')
    elif isinstance(default, int | float):
        kind = int if isinstance(default, int) else float
        try:
            kind(value)
        except ValueError:
            raise UserError(f'--config.{name}={value}: must be {"a whole number" if kind is int else "a number"}') from None
    elif isinstance(default, tuple) and not value.lstrip().startswith(('(', '[')):
        return repr(tuple(word.strip() for word in value.split(',') if word.strip()))
    return value


def _usage(modes: Sequence[str], root: pathlib.Path) -> str:
    return f"""usage: python launch.py [--mode=MODE] [--config=FILE] [--workdir=DIR] [--config.FIELD=VALUE ...]

modes    {', '.join(modes)}  (default: {modes[0]})
configs  {', '.join(_configs(root))}  (default: {DEFAULT_CONFIG})
workdir  default: runs/<config file's name>; for stats runs/stats-<corpus>
fields   configs/base.py names every field with its default and unit

  python launch.py --config=configs/attn.py                            train; the same command resumes
  python launch.py --mode=sample --config.sample.prompt=my.mid         continue your own bars
  python launch.py --mode=stats --config.data.corpus=folder_of_midi    describe a corpus"""
