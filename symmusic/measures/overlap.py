"""The overlap area of every set with excerpts of training tunes over many draws: the scale on which
a model's overlap area is read.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.measures.bounds import SHARE
from symmusic.measures.estimate import Estimate, Mean
from symmusic.measures.families import resample_families
from symmusic.measures.feature_table import Briefly, Pair
from symmusic.measures.registry import Ground, Sets
from symmusic.measures.scale import interval, measure_draws, resample_overall
from symmusic.progress import track
from symmusic.streams import Stream, generator

REAL = 'real_continuations'
NUM_RESAMPLES = 50  # of the families: each compares all draws again
IN_FAMILIES = ('model', REAL, 'count_model')  # what continues the prompts of tunes


@dataclasses.dataclass(frozen=True)
class SetOverlap:
    """One set over all draws.

    Attributes:
      means: of every KLD and OA.
      overall_oa: with an interval over tune families where the set continues the prompts, else over
        draws.
      more: the overall OA minus that of the real continuations, paired by family; None if it is not
        known.
    """

    means: Briefly
    overall_oa: Mean
    more: Estimate | None = None


@dataclasses.dataclass(frozen=True)
class Overlap:
    """The result for each named set, over `num_draws` draws of `size` pieces; the set `second_draw`
    is other excerpts.
    """

    num_draws: int
    size: int
    sets: dict[str, SetOverlap]


class OverlapMeasure:
    """The overlap area with excerpts of training tunes of each set: the model's pieces, the real
    continuations, Markov models, shuffled notes and other excerpts.
    """

    name = 'scale'
    unit = 'overlap area'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Overlap:
        """Compares every draw of every set with the excerpts of that draw."""
        results = measure_draws(
            pieces.excerpts, pieces.references_DN, pieces.features, pieces.protocol
        )
        areas = {
            name: interval(draw.averages['overall'].oa for draw in draws)
            for name, draws in results.items()
        }
        resampled, families = {}, None
        if pieces.protocol == 'corrected':
            families = resample_families(
                ground.prompt_families, generator(key, Stream.DRAWS_RESAMPLES), NUM_RESAMPLES
            )
            resampled = {
                name: resample_overall(
                    pieces.excerpts, pieces.references_DN, pieces.features[name], families
                )
                for name in track([each for each in IN_FAMILIES if each in areas], 'interval')
            }
        sets = {}
        for name, draws in results.items():
            area, more = areas[name], None
            if name in resampled and area.value is not None:
                found = families.around(area.value, resampled[name], SHARE)
                area = Mean(found.value, found.low, found.high, area.num)
                if REAL in resampled and areas[REAL].value is not None:
                    more = families.around(
                        area.value - areas[REAL].value,
                        resampled[name] - resampled[REAL],
                        SHARE.difference,
                    )
            sets[name] = SetOverlap(_mean_draw(draws), area, more)
        return Overlap(pieces.num_draws, pieces.references_DN.shape[1], sets)


def _mean_draw(draws: Sequence[Briefly]) -> Briefly:
    """The means over draws of every KLD and OA."""

    def mean(pairs: Sequence[Pair]) -> Pair:
        known = [
            [value for value in values if value is not None]
            for values in ([pair.kld for pair in pairs], [pair.oa for pair in pairs])
        ]
        return Pair(*(float(np.mean(values)) if values else None for values in known))

    return Briefly(
        *(
            {
                name: mean([getattr(draw, group)[name] for draw in draws])
                for name in getattr(draws[0], group)
            }
            for group in ('features', 'averages')
        )
    )
