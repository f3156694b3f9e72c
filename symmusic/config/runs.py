"""Which config wins in a workdir that holds a run: pure functions over configs."""

import json

from ml_collections import ConfigDict

from symmusic.config import fields
from symmusic.config.flags import Command
from symmusic.errors import UserError

FREE_IN_TRAINING = ('train.num_epochs', 'train.checkpoint_minutes', 'sample.', 'evaluate.')  # may differ from the run's
FREE_IN_SAMPLING = ('seed', 'sample.', 'evaluate.')  # taken from the command


def to_dict(config: ConfigDict) -> dict:
    """A config as JSON has it: tuples become lists."""
    return json.loads(config.to_json())


def to_json(config: ConfigDict) -> str:
    """The text of a run's `config.json`."""
    return json.dumps(to_dict(config), indent=2) + '\n'


def from_dict(values: dict, base: ConfigDict) -> ConfigDict:
    """A stored config; the way back of `to_dict`.

    Raises:
      UserError: it is damaged, or its fields are not those of `base`.
    """
    config = ConfigDict(base.to_dict())
    stored = dict(fields.walk(ConfigDict(values))) if isinstance(values, dict) else {}
    known = dict(fields.walk(config))
    if stored.keys() != known.keys():
        unlike = ', '.join(sorted(stored.keys() ^ known.keys())[:5])
        raise UserError(f"the run's config has other fields than this version of symmusic ({unlike}); train anew in another --workdir")
    for name, value in stored.items():
        value = tuple(value) if isinstance(known[name], tuple) and isinstance(value, list) else value
        if isinstance(known[name], float) and type(value) is int:
            value = float(value)
        if type(value) is not type(known[name]):
            raise UserError(f"the run's config is damaged: {name} = {value!r}")
        section, _, leaf = name.rpartition('.')
        (config[section] if section else config)[leaf] = value
    fields.check(config)
    return config.lock()


def from_json(text: str, base: ConfigDict) -> ConfigDict:
    """As `from_dict`, of a file's text."""
    try:
        return from_dict(json.loads(text), base)
    except ValueError as error:
        raise UserError(f"the run's config.json is damaged: {error}") from error


def differences(run: ConfigDict, config: ConfigDict, free: tuple[str, ...]) -> list[str]:
    """The fields in which two configs differ, `free` ones (names, or groups ending in '.') apart; a line each."""
    run_values = dict(fields.walk(run))
    return [
        f'{name} is {run_values[name]!r} in the run and {value!r} now'
        for name, value in fields.walk(config)
        if value != run_values[name] and not _is_free(name, free)
    ]


def check_same_run(run: ConfigDict, config: ConfigDict, workdir: object) -> None:
    """Passes a config that goes on with a run: the same but for the number of epochs, which may be larger, and for sampling.

    Raises:
      UserError: with the differences.
    """
    unlike = differences(run, config, FREE_IN_TRAINING)
    if unlike:
        raise UserError(f'{workdir} holds another run: {"; ".join(unlike)}. Choose another --workdir, or the same settings to go on')
    if config.train.num_epochs < run.train.num_epochs:
        raise UserError(
            f'{workdir} holds a run of {run.train.num_epochs} epochs, more than config.train.num_epochs = {config.train.num_epochs}; '
            'choose another --workdir, or at least as many to go on'
        )


def for_sampling(run: ConfigDict, command: Command) -> ConfigDict:
    """The run's data, model and training settings with the command's sampling settings and, where it is given, seed.

    Raises:
      UserError: the command states another data, model or training field that differs from the run's.
    """
    run_values, config = dict(fields.walk(run)), ConfigDict(command.config.to_dict())
    for name, value in fields.walk(command.config):
        if _is_free(name, FREE_IN_SAMPLING) and (name != 'seed' or 'seed' in command.given):
            continue
        if name in command.given and value != run_values[name]:
            raise UserError(
                f'--config.{name}={value}: the run in this workdir has {run_values[name]!r}; leave it out, or choose another --workdir'
            )
        section, _, leaf = name.rpartition('.')
        (config[section] if section else config)[leaf] = run_values[name]
    fields.check(config)
    return config.lock()


def _is_free(name: str, free: tuple[str, ...]) -> bool:
    return any(name == item or (item.endswith('.') and name.startswith(item)) for item in free)
