"""Every config field, declared once: default, rule, unit, meaning, and what happens if a run is
continued with another value. configs/base.py, the checks, `--helpfull` and docs/config.md are
derived from this.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from symmusic.config.field import Change, Field
from symmusic.config.fields import constraints, data, evaluate, model, run, sample, train

SECTIONS = {  # title -> fields
    'The run': run.FIELDS,
    'Data': data.FIELDS,
    'Model': model.FIELDS,
    'Training': train.FIELDS,
    'Sampling': sample.FIELDS,
    'Constraints on sampling': constraints.FIELDS,
    'Evaluation': evaluate.FIELDS,
    'Listening study': evaluate.OF_STUDY,
}
FIELDS: dict[str, Field] = {name: field for of in SECTIONS.values() for name, field in of.items()}
SWITCHES: dict[str, Field] = run.OF_EXPERIMENTS  # fields that only experiments have
OF_BENCHMARKS: dict[str, Field] = run.OF_BENCHMARKS  # all fields of a benchmark


def default(name: str) -> Any:
    """The default of a field, given its dotted name."""
    return FIELDS[name].default


def names_of(change: Change) -> tuple[str, ...]:
    """The names of the fields for which another value in a continued run means `change`."""
    return tuple(name for name, field in FIELDS.items() if field.change is change)


def defaults() -> ConfigDict:
    """The config in which every field has its default."""
    # A field that may be a word such as 'auto' takes values of two types, so type checks are off in
    # its group; `check` tests the types of all fields.
    untyped = {
        name.partition('.')[0]
        for name, field in FIELDS.items()
        if field.protocols or field.usual is not None
    }
    config = ConfigDict()
    for name, field in FIELDS.items():
        group, _, leaf = name.rpartition('.')
        if group and group not in config:
            config[group] = ConfigDict(type_safe=group not in untyped)
        (config[group] if group else config)[leaf] = field.default
    return config.lock()


def walk(config: ConfigDict, prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Every field of a config: its dotted name and its value."""
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from walk(value, f'{prefix}{name}.')
        else:
            yield prefix + name, value
