"""The config of a benchmark, from its file and the command line."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ml_collections import ConfigDict

from symmusic.config.fields import OF_BENCHMARKS
from symmusic.errors import UserError

Override = Callable[[ConfigDict, Mapping[str, str | None]], ConfigDict]


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A benchmark's config.

    Attributes:
      question: a sentence.
      partitions: how often the melodies are divided into ten folds.
      folds: which of the ten folds of each partition are predicted; () = all.
      num_epochs: maximum epochs of each network.
      slow_partitions: in how many of the partitions the slow networks are run too.
      sets: numbers, from 1, of the sets to run; () = all eight.
      seed: of partitions and networks.
      quickly: the values that `quick` sets.
      quick: minutes instead of hours.
    """

    question: str
    partitions: int
    folds: tuple[int, ...]
    num_epochs: int
    slow_partitions: int = 1
    sets: tuple[int, ...] = ()
    seed: int = 0
    quickly: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    quick: bool = False


def read_benchmark(
    stated: Benchmark, overrides: Mapping[str, str | None], override: Override
) -> Benchmark:
    """The benchmark of a config file with the values of the command line, checked.

    Raises:
      UserError: a field does not exist, or its value is not allowed.
    """
    of_file = {name: getattr(stated, name) for name in OF_BENCHMARKS}
    values = override(ConfigDict(of_file), overrides).to_dict()
    if values['quick']:
        values |= {name: each for name, each in stated.quickly.items() if name not in overrides}
    for name, field in OF_BENCHMARKS.items():
        if allowed := field.rule(values[name]):
            raise UserError(f'config.{name} = {values[name]!r}: must be {allowed}')
    return dataclasses.replace(stated, **values)
