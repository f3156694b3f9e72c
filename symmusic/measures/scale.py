"""Reference points for interpreting an overlap area: the same measure for real music, Markov models
and shuffled notes, over many draws.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symmusic.measures.comparison import (
    compare_distances,
    compare_resampled,
    distances_within,
    stack,
)
from symmusic.measures.estimate import Mean
from symmusic.measures.excerpts import as_score
from symmusic.measures.families import Families
from symmusic.measures.feature_table import Briefly, Pieces
from symmusic.measures.features import FEATURES, SHAPES, compute_features
from symmusic.progress import track
from symmusic.score.bar import SIXTEENTHS
from symmusic.streams import Stream, generator


def measure(events_NT: np.ndarray, protocol: str, steps_per_quarter: int = SIXTEENTHS) -> Pieces:
    """The features of N pieces, given as events on a grid; pieces without notes are left out."""
    kept = [
        (f'{index:05}', compute_features(as_score(events, steps_per_quarter), protocol))
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
    excerpts: Pieces,
    references_DN: np.ndarray,
    sets: Mapping[str, list[Pieces]],
    protocol: str,
) -> dict[str, list[Briefly]]:
    """KLD and OA of all features and averages, for each set and draw, against the excerpts of that
    draw's rows.

    `sets` has one set of pieces per draw for every name; all sets of a draw are compared with the
    same excerpts.
    """
    results: dict[str, list[Briefly]] = {name: [] for name in sets}
    for draw, rows in enumerate(track(references_DN, 'draw')):
        reference = distances_within(select(excerpts, rows), protocol)
        for name, pieces in sets.items():
            own = distances_within(pieces[draw], protocol)
            results[name].append(compare_distances(reference, own, protocol))
    return results


def resample_overall(
    excerpts: Pieces, references_DN: np.ndarray, draws: Sequence[Pieces], families: Families
) -> np.ndarray:
    """The overall OA as `corrected` defines it, averaged over draws, in B resamples [B] of the
    families of all draws' pieces. The excerpts are not resampled, because they come from many
    tunes.
    """
    size = references_DN.shape[1]
    counts_BN = families.counts_of_pieces().astype(np.int64)
    once_1N = np.ones((1, size), np.int64)
    found = []
    for draw, (rows, pieces) in enumerate(zip(references_DN, draws, strict=True)):
        own = [draw * size + int(name) for name in pieces.names]
        resampled = compare_resampled(select(excerpts, rows), pieces, once_1N, counts_BN[:, own])
        areas = [each.averages['overall'].oa for each in resampled]
        found.append([np.nan if area is None else area for area in areas])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)  # a resample may be undefined in all draws
        return np.nanmean(found, axis=0)


def interval(values: Iterable[float | None]) -> Mean:
    """The mean of the draws and its 95 % bootstrap interval: the 2.5th and 97.5th percentiles of
    the means of resampled draws. None where nothing is defined; one draw has no interval.
    """
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return Mean()
    if len(known) == 1:
        return Mean(float(known[0]), num=1)
    means = known[
        generator(0, Stream.DRAWS_RESAMPLES).integers(len(known), size=(2000, len(known)))
    ].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Mean(float(known.mean()), float(low), float(high), len(known))
