"""The overlap area of every set with excerpts of training tunes over many draws: the scale on which
a model's overlap area is read.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.measures.comparison import Briefly, Pair
from symmusic.measures.estimate import Mean
from symmusic.measures.registry import Ground, Sets
from symmusic.measures.scale import interval, measure_draws
from symmusic.progress import bar


@dataclasses.dataclass(frozen=True)
class SetOverlap:
    """One set: the means over draws of every KLD and OA, and the overall OA with its interval."""

    means: Briefly
    overall_oa: Mean


@dataclasses.dataclass(frozen=True)
class Overlap:
    """Every set over `num_draws` draws of `size` pieces, by name; `second_draw` are other
    excerpts.
    """

    num_draws: int
    size: int
    sets: dict[str, SetOverlap]


class OverlapMeasure:
    """How far the sets overlap with excerpts of training tunes: the model's pieces, the real
    continuations, Markov models, shuffled notes and other excerpts.
    """

    name = 'scale'
    unit = 'overlap area'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Overlap:
        """Every draw of every set is compared with the excerpts of that draw."""
        results = measure_draws(
            pieces.excerpts, pieces.references_DN, pieces.features, pieces.protocol, bar
        )
        sets = {
            name: SetOverlap(
                _mean_draw(draws), interval(draw.averages['overall'].oa for draw in draws)
            )
            for name, draws in results.items()
        }
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
