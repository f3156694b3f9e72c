"""Sets fields to the values that the command line states."""

from collections.abc import Mapping

from absl import flags
from ml_collections import ConfigDict, config_flags

from symmusic.config import protocol
from symmusic.config.fields import FIELDS, SWITCHES, walk
from symmusic.errors import UserError
from symmusic.wording import nearest

UNREADABLE = (  # what reading a value may raise
    flags.Error,
    TypeError,
    ValueError,
    SyntaxError,
    MemoryError,
    RecursionError,
)


def override(config: ConfigDict, overrides: Mapping[str, str | None]) -> ConfigDict:
    """The config with its fields set to the command line's values."""
    known = dict(walk(config))
    for name in overrides:
        _check_name(name, known)
    for name, value in overrides.items():
        default = known[name]
        # a field that may be a word such as 'auto' is read in the type of its other values
        if name in protocol.UNTYPED:
            default, word = protocol.UNTYPED[name], FIELDS[name].word
            _assign(config, name, word if value == word else default)
            if value == word:
                continue
        if value is None and not isinstance(default, bool):
            raise UserError(f'--config.{name}: a value is missing; write --config.{name}=VALUE')
        place, leaf = _place(config, name)
        declared = (FIELDS | SWITCHES).get(name)
        try:
            stated = declared.value_of(value) if declared else value
            is_read = stated is not value
            place[leaf] = stated if is_read else _read(value, default, leaf, place[leaf])
        except UNREADABLE as error:
            allowed = declared.rule(value) if declared else f'a {type(default).__name__}'
            raise UserError(f'--config.{name}={value}: must be {allowed}') from error
    return config


def _read(value: str | None, default: object, leaf: str, now: object) -> object:
    """The value that a field's text stands for, as ml_collections reads it; None for a flag that is
    named alone.
    """
    argument = f'--config.{leaf}' + ('' if value is None else f'={_spell(value, default)}')
    # Flags of its own, so that nothing is kept between two calls; `sys_argv`, as ml_collections
    # reads the program's otherwise. And the field alone: absl writes a flag's default out as
    # text, which took 6 ms of a whole config.
    values, alone = flags.FlagValues(), ConfigDict({leaf: now})
    config_flags.DEFINE_config_dict(
        'config', alone, flag_values=values, sys_argv=[argument], lock_config=False
    )
    values(['launch.py', argument])
    return values.config[leaf]


def _assign(config: ConfigDict, name: str, value: object) -> None:
    place, leaf = _place(config, name)
    with place.ignore_type():
        place[leaf] = value


def _place(config: ConfigDict, name: str) -> tuple[ConfigDict, str]:
    """The group that a field is in, or the config itself if it is in none, and its name there."""
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
    hint = nearest(name, known) or f'; fields are {", ".join(known)}'
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
