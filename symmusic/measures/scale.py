"""Reference points for reading an overlap area: the same measure for real music, for Markov models
and for shuffled notes, over many draws.
"""

from collections.abc import Callable, Iterable

import numpy as np

from symmusic.measures.comparison import Pieces, compare_briefly, stack
from symmusic.measures.excerpts import as_score, draw_rows
from symmusic.measures.features import FEATURES, SHAPES, compute_features
from symmusic.streams import Stream, generator


def measure(events_NT: np.ndarray, protocol: str) -> Pieces:
    """The features of N pieces, given as events; pieces without notes are left out."""
    kept = [
        (f'{index:05}', compute_features(as_score(events), protocol))
        for index, events in enumerate(events_NT)
        if (events >= 0).any()
    ]
    if not kept:
        return Pieces((), {name: np.zeros((0, *SHAPES.get(name, ()))) for name in FEATURES})
    return stack(*zip(*kept, strict=True))


def select(pieces: Pieces, rows: np.ndarray) -> Pieces:
    """The pieces of the given rows."""
    return Pieces(
        tuple(pieces.names[row] for row in rows),
        {name: values[rows] for name, values in pieces.features.items()},
    )


def measure_draws(
    reference: Pieces,
    sets: dict[str, list[Pieces]],
    size: int,
    protocol: str,
    rng: np.random.Generator,
    progress: Callable[[Iterable, str], Iterable],
) -> dict[str, list[dict]]:
    """KLD and OA of all features and averages, for each set and draw, against `size` reference
    pieces drawn for each draw.

    `sets` has one set of pieces per draw for every name; all sets of a draw are compared with the
    same reference pieces.
    """
    num_draws = len(next(iter(sets.values())))
    rows = draw_rows(len(reference), size, num_draws, rng)
    results: dict[str, list[dict]] = {name: [] for name in sets}
    for draw in progress(range(num_draws), 'draw'):
        drawn = select(reference, rows[draw])
        for name, pieces in sets.items():
            results[name].append(compare_briefly(drawn, pieces[draw], protocol))
    return results


def interval(values: Iterable[float | None]) -> dict:
    """The mean of the draws and its 95 % bootstrap interval: the 2.5th and 97.5th percentiles of
    the means of resampled draws. None where nothing is defined; one draw has no interval.
    """
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return {'mean': None, 'low': None, 'high': None, 'num': 0}
    if len(known) == 1:
        return {'mean': float(known[0]), 'low': None, 'high': None, 'num': 1}
    means = known[
        generator(0, Stream.DRAWS_RESAMPLES).integers(len(known), size=(2000, len(known)))
    ].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {'mean': float(known.mean()), 'low': float(low), 'high': float(high), 'num': len(known)}
