"""The networks of a set: one trained on its melodies alone, one trained on those of the other sets
as well and, for the chorales, one with further inputs.
"""

import dataclasses
import pathlib
from collections.abc import Sequence

from symmusic.benchmark import stages
from symmusic.benchmark.adapting import Adaptation
from symmusic.benchmark.fitting import Reader, Recipe
from symmusic.benchmark.folds import Job
from symmusic.benchmark.given import GIVEN_SET, NUM_CLASSES, read_given
from symmusic.benchmark.melodies import MelodySet, make_set
from symmusic.benchmark.others import lowest_pitch, other_melodies
from symmusic.streams import Stream


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A network: its `name` in `results.MODELS`, its reader, the stream of its draws and, if it is
    first trained on other sets, the reader for those.
    """

    name: str
    reader: Reader
    stream: Stream
    before: Reader | None = None

    def run(self, job: Job, recipe: Recipe, how: Adaptation, folder: pathlib.Path) -> stages.Arrays:
        """The predictions of a fold; intermediate results are files in a folder."""
        start = None
        if self.before is not None:
            path = folder / f'others-{job.set_name.replace(" ", "-")}.npz'
            start = stages.network_of_others(self.before, job, recipe, path).params
        path = folder / f'{self.name}-{job.name}.npz'
        fitted = stages.network(self.reader, job, recipe, path, self.stream, start)
        path = folder / f'{self.name.replace("network", "predictions")}-{job.name}.npz'
        return stages.predictions(self.reader, job, recipe, how, fitted, path)


def make_plans(
    own: MelodySet, sets: Sequence[MelodySet], folder: pathlib.Path, recipe: Recipe
) -> list[Plan]:
    """The networks of a set.

    Args:
      own: the set.
      sets: all sets.
      folder: of the package of the melodies.
      recipe: how the networks are trained.
    """
    what, most_shift = (own.pitches, own.melodies), recipe.most_shift
    plans = [Plan('network', Reader(*what, most_shift), Stream.BENCHMARK_NETWORK)]
    if others := other_melodies(own, sets, most_shift):
        lowest = lowest_pitch(own, most_shift)
        made = make_set('others', others)
        before = Reader(made.pitches, made.melodies, most_shift, lowest=lowest)
        reader = Reader(*what, most_shift, lowest=lowest)
        plans.append(Plan('network_of_all_sets', reader, Stream.BENCHMARK_TUNED, before))
    if own.name == GIVEN_SET:
        reader = Reader(*what, most_shift, read_given(folder), NUM_CLASSES)
        plans.append(Plan('network_given', reader, Stream.BENCHMARK_GIVEN))
    return plans
