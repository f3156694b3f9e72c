"""The networks of a set: an LSTM trained on its melodies alone, one trained on those of the other
sets as well, a Transformer and, for the chorales, an LSTM with further inputs.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.benchmark import stages
from symmusic.benchmark.adapting import Adaptation
from symmusic.benchmark.fitting import Reader, Recipe, TransformerRecipe
from symmusic.benchmark.folds import Job
from symmusic.benchmark.given import (
    GIVEN_SET,
    NUM_CLASSES,
    NUM_CLASSES_AHEAD,
    look_ahead,
    read_given,
    read_rhythm,
)
from symmusic.benchmark.melodies import MelodySet, make_set
from symmusic.benchmark.others import lowest_pitch, other_melodies
from symmusic.streams import Stream

NUM_MEMBERS = 5  # of an ensemble


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A network: its `name` in `results.MODELS`, its reader, the stream of its draws, how it is
    trained, if it is first trained on other sets the reader for those, and its number in an
    ensemble. A slow one is run in the first partitions only.
    """

    name: str
    reader: Reader
    stream: Stream
    recipe: Recipe
    before: Reader | None = None
    member: int | None = None
    is_slow: bool = False

    def run(self, job: Job, how: Adaptation, folder: pathlib.Path) -> stages.Arrays:
        """The predictions of a fold; intermediate results are files in a folder."""
        start = None
        if self.before is not None:
            stem = 'others' if self.member is None else f'others_of_{self.name}'
            path = folder / f'{stem}-{job.set_name.replace(" ", "-")}.npz'
            found = stages.network_of_others(self.before, job, self.recipe, path, self.member)
            start = found.params
        path = folder / f'{self.name}-{job.name}.npz'
        fitted = stages.network(
            self.reader, job, self.recipe, path, self.stream, start, self.member
        )
        stem = self.name.replace('network', 'predictions')
        stem = f'predictions_of_{stem}' if stem == self.name else stem
        path = folder / f'{stem}-{job.name}.npz'
        return stages.predictions(self.reader, job, self.recipe, how, fitted, path)


@dataclasses.dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks whose probabilities are averaged, under a `name` in `results.MODELS`."""

    name: str
    members: Sequence[Plan]
    is_slow: bool = True

    def run(self, job: Job, how: Adaptation, folder: pathlib.Path) -> stages.Arrays:
        """As `Plan.run`."""
        return stages.join_members([plan.run(job, how, folder) for plan in self.members])


def make_plans(
    own: MelodySet,
    sets: Sequence[MelodySet],
    folder: pathlib.Path,
    recipe: Recipe,
    transformer: TransformerRecipe,
) -> list[Plan | Ensemble]:
    """The networks of a set.

    Args:
      own: the set.
      sets: all sets.
      folder: of the package of the melodies.
      recipe: how the LSTMs are trained.
      transformer: how the Transformer is.
    """
    what, most_shift = (own.pitches, own.melodies), recipe.most_shift
    plans = [Plan('network', Reader(*what, most_shift), Stream.BENCHMARK_NETWORK, recipe)]
    if others := other_melodies(own, sets, most_shift):
        lowest = lowest_pitch(own, most_shift)
        made = make_set('others', [*others.values()])
        before = Reader(made.pitches, made.melodies, most_shift, lowest=lowest)
        reader = Reader(*what, most_shift, lowest=lowest)
        plans.append(Plan('network_of_all_sets', reader, Stream.BENCHMARK_TUNED, recipe, before))
    if own.name == GIVEN_SET:
        given = read_given(folder)
        reader = Reader(*what, most_shift, given, NUM_CLASSES)
        plans.append(Plan('network_given', reader, Stream.BENCHMARK_GIVEN, recipe))
        if others:
            plans.append(_ensemble_given(own, others, given, folder, recipe))
    reader = Reader(*what, transformer.most_shift)
    stream = Stream.BENCHMARK_TRANSFORMER
    plans.append(Plan('transformer', reader, stream, transformer, is_slow=True))
    return plans


def _ensemble_given(
    own: MelodySet,
    others: Mapping[tuple[str, int], np.ndarray],
    given: Sequence[np.ndarray],
    folder: pathlib.Path,
    recipe: Recipe,
) -> Ensemble:
    """Networks that are given what `given` states and the note lengths that follow, each first
    trained on `others` with their note lengths.
    """
    most_shift, lowest = recipe.most_shift, lowest_pitch(own, recipe.most_shift)
    made = make_set('others', [*others.values()])
    rhythms = {name: read_rhythm(name, folder) for name in {name for name, _ in others}}
    of_others = [look_ahead(rhythms[name][number]) for name, number in others]
    before = Reader(made.pitches, made.melodies, most_shift, of_others, NUM_CLASSES_AHEAD, lowest)
    ahead = [*map(look_ahead, given)]
    reader = Reader(own.pitches, own.melodies, most_shift, ahead, NUM_CLASSES_AHEAD, lowest)
    name, stream = 'network_given_ensemble', Stream.BENCHMARK_MEMBER
    members = [
        Plan(f'{name}_{member}', reader, stream, recipe, before, member)
        for member in range(NUM_MEMBERS)
    ]
    return Ensemble(name, members)
