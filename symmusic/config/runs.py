"""Which config applies in a workdir that holds a run: pure functions over configs."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ml_collections import ConfigDict

from symmusic.config.check import check
from symmusic.config.field import Change
from symmusic.config.fields import FIELDS, names_of, walk
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.wording import count

# the behaviour of runs that are older than a field
BEFORE = {name: each.before for name, each in FIELDS.items() if each.before is not None}
# in config.json beside the fields: what else the exact bits depend on, for each session that
# differed
MADE_WITH = 'made_with'
FREE_IN_SAMPLING = ('seed', 'sample.', 'evaluate.', 'study.')  # taken from the command


def to_dict(config: ConfigDict) -> dict:
    """A config in the types of JSON: tuples become lists."""
    return json.loads(config.to_json())


def to_json(config: ConfigDict, made_with: list[dict] | None = None) -> str:
    """The text of a run's `config.json`."""
    return (
        json.dumps(
            to_dict(config) | ({MADE_WITH: made_with} if made_with else {}),
            indent=2,
            sort_keys=True,
        )
        + '\n'
    )


def from_dict(values: dict, base: ConfigDict) -> ConfigDict:
    """A stored config: the inverse of `to_dict`, with tuples and floats where `base` has them.
    Missing `FREE` fields take the defaults of `base`, missing fields in `BEFORE` the value there.

    Raises:
      UserError: it is damaged, or its fields are not those of `base`.
    """
    if not isinstance(values, dict):
        raise UserError(
            "the run's config.json is damaged: must be an object of fields; choose another"
            ' --workdir'
        )
    stored, known = dict(_flatten(values)), dict(walk(base))
    # A `FREE` field that was added later says nothing about the run, so it takes its default.
    stored = {name: known[name] for name in names_of(Change.FREE)} | BEFORE | stored
    if stored.keys() != known.keys():
        missing = [f'{name} is missing' for name in known if name not in stored]
        unknown = [f'{name} is unknown' for name in stored if name not in known]
        raise UserError(
            "the run's config.json is not of this version of symmusic:"
            f' {", ".join(missing + unknown)}; train again in another --workdir'
        )
    restored: dict = {}
    for name, value in stored.items():
        if isinstance(known[name], tuple) and isinstance(value, list):
            value = tuple(value)
        elif isinstance(known[name], float) and type(value) is int:
            value = float(value)
        *groups, leaf = name.split('.')
        group = restored
        for part in groups:
            group = group.setdefault(part, {})
        group[leaf] = value
    config = ConfigDict(restored)
    try:
        check(config)
    except UserError as error:
        raise UserError(f"the run's config.json is damaged: {error}") from error
    return config.lock()


def from_json(text: str, base: ConfigDict) -> ConfigDict:
    """As `from_dict`, from a file's text, without what the run was made with."""
    try:
        values = json.loads(text)
        if isinstance(values, dict):
            values.pop(MADE_WITH, None)
        return from_dict(values, base)
    except UserError:
        raise
    except (ValueError, OverflowError, RecursionError) as error:
        raise UserError(
            f"the run's config.json is damaged: {error}; choose another --workdir"
        ) from error


def made_with(text: str) -> list[dict]:
    """The software and devices of a run's sessions (`provenance`), from the text of its
    config.json; empty for older runs.

    Raises:
      UserError: it is damaged.
    """
    try:
        sessions = json.loads(text).get(MADE_WITH, [])
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(
            f"the run's config.json is damaged: {error}; choose another --workdir"
        ) from error
    if not isinstance(sessions, list):
        raise UserError(
            f"the run's config.json is damaged: {MADE_WITH} = {sessions!r}: must be a list; choose"
            ' another --workdir'
        )
    return sessions


def differences(run: ConfigDict, config: ConfigDict, free: Sequence[str]) -> list[str]:
    """The fields in which two configs differ, one line each, without `free` ones (names, or groups
    ending in '.').
    """
    run_values = dict(walk(run))
    return [
        f'{name} is {run_values[name]!r} in the run and {value!r} now'
        for name, value in walk(config)
        if value != run_values[name] and not _is_free(name, free)
    ]


def check_same_run(run: ConfigDict, config: ConfigDict, workdir: object) -> None:
    """Checks that a config can continue a run: a field may have another value only if its
    declaration allows it (`Change`).

    Raises:
      UserError: it cannot; the message lists the differences.
    """
    changeable = [name for name, each in FIELDS.items() if each.change is not Change.FIXED]
    unlike = differences(run, config, changeable)
    if unlike:
        raise UserError(
            f'{workdir} holds another run: {"; ".join(unlike)}. Choose another --workdir, or the'
            ' same settings to continue'
        )
    if config.train.num_epochs < run.train.num_epochs:
        raise UserError(
            f'{workdir} holds a run of {count(run.train.num_epochs, "epoch")}, more than'
            f' config.train.num_epochs = {config.train.num_epochs}; choose another --workdir, or at'
            ' least as many to continue'
        )


def rounding(config: ConfigDict) -> dict[str, Any]:
    """The values of the fields that change rounding, as stored for a session of the run."""
    values = dict(walk(config))
    return {name: values[name] for name in names_of(Change.ROUNDING)}


def changes_of_rounding(run: ConfigDict, config: ConfigDict) -> str:
    """The fields that change rounding and differ in a config that continues a run; '' if none."""
    before, now = rounding(run), rounding(config)
    return ', '.join(
        f'{name} {before[name]!r} before and {now[name]!r} now'
        for name in now
        if before[name] != now[name]
    )


def with_rounding(sessions: list[dict], run: ConfigDict) -> list[dict]:
    """The sessions of a run, from `made_with`, with their rounding fields. Versions that did not
    record these refused any change of them, so such sessions have the values of the run's config.
    """
    return [{'rounding': rounding(run)} | session for session in sessions]


def for_sampling(run: ConfigDict, command: Command, train: str = '') -> ConfigDict:
    """The run's data, model and training settings with the command's sampling settings and, if
    given, seed. `train` is the training command to suggest if the run is the shipped model's.

    Raises:
      UserError: the command states another data, model or training field that differs from the
        run's.
    """
    run_values, config = dict(walk(run)), ConfigDict(command.config.to_dict())
    for name, value in walk(command.config):
        if _is_free(name, FREE_IN_SAMPLING) and (name != 'seed' or 'seed' in command.given):
            continue
        if name in command.given and value != run_values[name]:
            whose, advice = 'the run in this workdir has', 'choose another --workdir'
            if train:
                whose = 'the workdir holds no run, and in the shipped model this is fixed:'
                advice = f'train with: {train}'
            raise UserError(
                f'--config.{name}={value}: {whose} {run_values[name]!r}; leave it out, or {advice}'
            )
        section, _, leaf = name.rpartition('.')
        (config[section] if section else config)[leaf] = run_values[name]
    check(config)
    return config.lock()


def _is_free(name: str, free: Sequence[str]) -> bool:
    return any(name == item or (item.endswith('.') and name.startswith(item)) for item in free)


def _flatten(values: dict, prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Like `walk`, for plain dicts."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f'{prefix}{name}.')
        else:
            yield prefix + name, value
