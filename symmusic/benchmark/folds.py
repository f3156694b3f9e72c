"""Cross-validation by melody: which melodies a model learns from, and which it predicts."""

import dataclasses

import numpy as np

from symmusic.errors import UserError
from symmusic.streams import Stream, generator

NUM_FOLDS = 10
VALIDATION_SHARE = 0.1  # share of the melodies that are not predicted


@dataclasses.dataclass(frozen=True)
class Job:
    """One fold of one partition of a set; `number` is the set's place in `melodies.SETS`."""

    set_name: str
    number: int
    partition: int
    fold: int
    seed: int

    @property
    def name(self) -> str:
        """The name of the fold in file names."""
        return f'{self.set_name.replace(" ", "-")}-{self.partition}-{self.fold}'

    def generator(self) -> np.random.Generator:
        """The generator that draws the fold's validation melodies and training order."""
        return generator(self.seed, Stream.BENCHMARK_ORDER, self.number, self.partition, self.fold)


@dataclasses.dataclass(frozen=True)
class Fold:
    """Numbers of melodies: those predicted, in the order of their files, and the others."""

    test: tuple[int, ...]
    train: tuple[int, ...]


def draw_fold(num_melodies: int, job: Job) -> Fold:
    """A tenth of the melodies, as the partition's seed draws them, and the rest.

    Raises:
      UserError: there are fewer melodies than folds.
    """
    if num_melodies < NUM_FOLDS:
        raise UserError(
            f'set {job.set_name}: {num_melodies} melodies leave a fold empty; must be at'
            f' least {NUM_FOLDS}'
        )
    rng = generator(job.seed, Stream.BENCHMARK_FOLDS, job.number, job.partition)
    is_test = np.empty(num_melodies, bool)
    is_test[rng.permutation(num_melodies)] = np.arange(num_melodies) % NUM_FOLDS == job.fold
    return Fold(tuple(np.flatnonzero(is_test).tolist()), tuple(np.flatnonzero(~is_test).tolist()))


def hold_out(fold: Fold, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """The training melodies of a network and its validation melodies, at least one of each."""
    drawn = rng.permutation(fold.train).tolist()
    num = max(1, round(VALIDATION_SHARE * len(drawn)))
    return sorted(drawn[num:]), sorted(drawn[:num])
