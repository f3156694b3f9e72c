"""An experiment on its own split of the tunes, and its repetitions on other splits."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from symmusic.config.arms import Experiment, on_split
from symmusic.experiment.arm import Arm, Place, list_arms
from symmusic.experiment.ground import Corpora
from symmusic.experiment.outcome import Outcome
from symmusic.experiment.results import make_results
from symmusic.experiment.sizes import size_up

T = TypeVar('T')


@dataclasses.dataclass
class Repetition:
    """The arms of an experiment on one split, with their sizes and results so far.

    Attributes:
      experiment: with the configs of this split.
      arms: in the order of the hypothesis.
      sizes: of the arms' training data; empty before `size_up`.
      outcomes: of the arms that are finished.
      failures: the reasons for those that failed or are left out.
    """

    experiment: Experiment
    arms: Sequence[Arm]
    sizes: Mapping[Place, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    outcomes: dict[Place, Outcome] = dataclasses.field(default_factory=dict)
    failures: dict[Place, str] = dataclasses.field(default_factory=dict)

    @property
    def split_seed(self) -> int:
        """The seed of the split."""
        return self.arms[0].config.data.split_seed

    def size_up(self, corpora: Corpora, check: Callable[..., object]) -> None:
        """Determines the sizes of the arms' training data and which arms are left out; see
        `sizes.size_up`.
        """
        self.sizes, self.failures = size_up(self.experiment, self.arms, corpora, check)

    def results(self, name: str) -> dict:
        """The results of the experiment called `name` on this split."""
        return make_results(
            name, self.experiment, self._in_order(self.outcomes), self._in_order(self.failures)
        )

    def _in_order(self, known: Mapping[Place, T]) -> dict[Place, T]:
        """The outcomes in the order of the arms, as other workers may finish arms in any order."""
        places = [arm.place for arm in self.arms]
        return {place: known[place] for place in places if place in known}


def list_repetitions(experiment: Experiment, folder: pathlib.Path) -> list[Repetition]:
    """The experiment itself and its repetitions, each in its own folder."""
    found = [Repetition(experiment, list_arms(experiment, folder))]
    for seed in experiment.split_seeds:
        moved = on_split(experiment, seed)
        found.append(Repetition(moved, list_arms(moved, folder / f'split-{seed}')))
    return found


def join_results(name: str, repetitions: Sequence[Repetition]) -> dict:
    """`results.json` of an experiment and its repetitions."""
    first, *others = (each.results(name) for each in repetitions)
    seeds = [str(each.split_seed) for each in repetitions[1:]]
    return first | {'splits': {seed: _brief(one) for seed, one in zip(seeds, others, strict=True)}}


def _brief(result: Mapping) -> dict:
    """The part of a repetition's results that is stored in the experiment's `results.json`."""
    measures = {name: arm['measures'] for name, arm in result['arms'].items()}
    names = ('highlights', 'common_tunes', 'failed')
    return {'measures': measures} | {name: result[name] for name in names}
