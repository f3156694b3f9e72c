"""Compares two sets of pieces feature by feature."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from symmusic.measures.averages import averages_of, averages_with_notes
from symmusic.measures.bootstrap import holm, permutation_test, resample
from symmusic.measures.bounds import bounds_of
from symmusic.measures.densities import fit_density
from symmusic.measures.distances import (
    compare_densities,
    inter_distances,
    intra_distances,
    kl_divergence,
    overlap_area,
)
from symmusic.measures.estimate import Estimate
from symmusic.measures.feature_table import (
    Average,
    Briefly,
    FeatureTable,
    Pair,
    Pieces,
    Row,
    Spread,
)
from symmusic.measures.features import FEATURES, SHAPES
from symmusic.streams import Stream, generator

SETS = ('reference', 'generated')
NUM_RESAMPLES = 200  # of the bootstrap
NUM_PERMUTATIONS = 999

Cells = TypeVar('Cells', Row, Average)


def stack(names: Sequence[str], features: Sequence[dict[str, np.ndarray]]) -> Pieces:
    """A set of pieces from the result of `compute_features` for each piece."""
    return Pieces(
        tuple(names), {name: np.array([each[name] for each in features]) for name in FEATURES}
    )


def compare(reference: Pieces, generated: Pieces, protocol: str, seed: int = 0) -> FeatureTable:
    """Compares the features of two sets.

    With `corrected`, OA and KLD have 95 % intervals from a bootstrap over pieces. The `*_inter`
    values compare the distances within the generated set with those between the sets (Yang and
    Lerch, 2020), and so depend on content as well as on variety. p is that of a permutation test of
    the energy distance (Szekely and Rizzo, 2004), which detects any difference between two
    distributions; it is corrected for nine features (Holm, 1979), even where some are undefined.

    Args:
      reference: at least one piece.
      generated: at least one piece.
      protocol: one of `features.PROTOCOLS`, the one that the features were computed with.
      seed: seed of the resamples and permutations.
    """
    rows = {name: _row(name, reference, generated, protocol) for name in FEATURES}
    averages = averages_with_notes(
        {name: Pair(row.kld.value, row.oa.value) for name, row in rows.items()}, protocol
    )
    if protocol == 'corrected':
        rng = generator(seed, Stream.COMPARISON_RESAMPLES)
        draws = compare_resampled(reference, generated, *_resample(reference, generated, rng))
        rows = {
            name: _with_intervals(row, [draw.features[name] for draw in draws])
            for name, row in rows.items()
        }
        averages = {
            group: _with_intervals(cells, [draw.averages[group] for draw in draws])
            for group, cells in averages.items()
        }
        tests = {
            name: permutation_test(
                reference.features[name], generated.features[name], NUM_PERMUTATIONS, rng
            )
            for name in FEATURES
        }
        rows |= {
            name: dataclasses.replace(rows[name], p=tests[name], p_holm=p)
            for name, p in holm(tests).items()
        }
    return FeatureTable(protocol, len(reference), len(generated), rows, averages)


def _resample(
    reference: Pieces, generated: Pieces, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """How often each piece occurs in each resample, [B, N] for the one set and [B, M] for the
    other.
    """
    counts_BN, counts_BM = (
        rng.multinomial(num, np.full(num, 1 / num), NUM_RESAMPLES)
        for num in (len(reference), len(generated))
    )
    return counts_BN, counts_BM


def compare_resampled(
    reference: Pieces, generated: Pieces, counts_BN: np.ndarray, counts_BM: np.ndarray
) -> list[Briefly]:
    """KLD and OA, as `corrected` defines them, in each resample, in which pieces occur as often as
    `counts` say; a set with a single row of counts is the same in all.
    """
    draws = {
        name: resample(reference.features[name], generated.features[name], counts_BN, counts_BM)
        for name in FEATURES
    }
    found = []
    for row in range(max(len(counts_BN), len(counts_BM))):
        pairs = {
            name: Pair(*(_number(draws[name][measure][row]) for measure in ('kld', 'oa')))
            for name in FEATURES
        }
        found.append(Briefly(pairs, averages_of(pairs, 'corrected')))
    return found


def compare_briefly(reference: Pieces, generated: Pieces, protocol: str) -> Briefly:
    """KLD and OA only."""
    within = [distances_within(each, protocol) for each in (reference, generated)]
    return compare_distances(*within, protocol)


def distances_within(pieces: Pieces, protocol: str) -> dict[str, np.ndarray]:
    """The distances within a set in each feature."""
    return {name: intra_distances(pieces.features[name], protocol) for name in FEATURES}


def compare_distances(
    reference: Mapping[str, np.ndarray], generated: Mapping[str, np.ndarray], protocol: str
) -> Briefly:
    """`compare_briefly` of two sets, given the distances within each."""
    pairs = {name: _pair(reference[name], generated[name], protocol) for name in FEATURES}
    return Briefly(pairs, averages_of(pairs, protocol))


def _pair(one: np.ndarray, other: np.ndarray, protocol: str) -> Pair:
    """KLD and OA of two samples of distances."""
    if protocol == 'corrected':
        densities = fit_density(one), fit_density(other)
        if None in densities:
            return Pair(None, None)
        return Pair(*map(_number, compare_densities(*densities)))
    return Pair(
        _number(kl_divergence(one, other, protocol)), _number(overlap_area(one, other, protocol))
    )


def _row(name: str, reference: Pieces, generated: Pieces, protocol: str) -> Row:
    sets = [each.features[name] for each in (reference, generated)]
    intra = [intra_distances(each, protocol) for each in sets]
    inter = inter_distances(*sets, protocol)
    within, between = _pair(*intra, protocol), _pair(intra[1], inter, protocol)
    undefined = [int(np.isnan(each.reshape(len(each), -1)).any(axis=1).sum()) for each in sets]
    notes = [
        f'undefined for {num} of the {which} pieces'
        for which, num in zip(SETS, undefined, strict=True)
        if num
    ]
    if within.oa is None:
        notes.append(f'no density to compare: {_why_no_density(sets, intra)}')
    elif within.kld is None:
        notes.append('the KL divergence is infinite')
    return Row(
        *(_spread(name, *each) for each in zip(sets, intra, strict=True)),
        Estimate(within.kld),
        Estimate(within.oa),
        *_mean_and_sd(inter),
        between.kld,
        between.oa,
        '; '.join(notes),
    )


def _spread(name: str, values: np.ndarray, distances: np.ndarray) -> Spread:
    known = values[~np.isnan(values)] if name not in SHAPES else np.zeros(0)
    return Spread(*_mean_and_sd(known), *_mean_and_sd(distances))


def _mean_and_sd(values: np.ndarray) -> tuple[float | None, float | None]:
    return (_number(values.mean()), _number(values.std())) if len(values) else (None, None)


def _why_no_density(sets: Sequence[np.ndarray], intra: Sequence[np.ndarray]) -> str:
    """Says why a set's distances have no density."""
    lacking = {}
    for which, features, distances in zip(SETS, sets, intra, strict=True):
        num = int(
            (
                ~np.isnan(features.reshape(len(features), int(np.prod(features.shape[1:])))).any(
                    axis=1
                )
            ).sum()
        )
        if num < 3:
            lacking[which] = (
                'no piece with a value',
                'one piece with a value',
                'two pieces with a value, so one distance',
            )[num]
        elif fit_density(distances) is None:
            lacking[which] = 'distances that are all alike'
    if len(lacking) == 2 and len(set(lacking.values())) == 1:
        return f'both sets have {lacking[SETS[0]]}'
    return ' and '.join(f'the {which} set has {what}' for which, what in lacking.items())


def _number(value: float | None) -> float | None:
    """The value as a float; None for infinity and NaN, which JSON does not have."""
    return float(value) if value is not None and np.isfinite(value) else None


def _with_intervals(cells: Cells, draws: Sequence[Pair]) -> Cells:
    """KLD and OA with 95 % intervals: the spread of the resamples around their median, centred on
    the estimate.

    Resampling repeats pieces, which by itself lowers an overlap: only the spread of the resamples
    is used, not their level.
    """
    for measure in ('kld', 'oa'):
        value = getattr(cells, measure).value
        known = [
            draw
            for draw in (getattr(each, measure) for each in draws)
            if draw is not None and np.isfinite(draw)
        ]
        if value is None:
            continue
        if len(known) < len(draws) / 2:
            note = f'no interval of {measure.upper()}: most resamples have no density'
            cells = dataclasses.replace(cells, note='; '.join(filter(None, [cells.note, note])))
            continue
        low, middle, high = np.percentile(known, [2.5, 50, 97.5])
        ends = bounds_of(measure).cut(value + low - middle, value + high - middle)
        cells = dataclasses.replace(cells, **{measure: Estimate(value, *ends)})
    return cells
