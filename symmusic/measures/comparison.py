"""Compares two sets of pieces feature by feature; the numbers of `comparison.json`."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.measures.bootstrap import holm, permutation_test, resample
from symmusic.measures.bounds import bounds_of
from symmusic.measures.distances import (
    fit_density,
    inter_distances,
    intra_distances,
    kl_divergence,
    overlap_area,
)
from symmusic.measures.features import FEATURES, PITCH, RHYTHM, SHAPES
from symmusic.streams import Stream, generator

SETS = ('reference', 'generated')
NUM_RESAMPLES = 200  # of the bootstrap
NUM_PERMUTATIONS = 999


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The features of a set of N pieces: for each feature an array [N, ...] in the order of
    `names`, by the name of the feature.
    """

    names: tuple[str, ...]
    features: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.names)


def stack(names: Sequence[str], features: Sequence[dict[str, np.ndarray]]) -> Pieces:
    """A set of pieces from the `compute_features` of each."""
    return Pieces(
        tuple(names), {name: np.array([each[name] for each in features]) for name in FEATURES}
    )


def compare(reference: Pieces, generated: Pieces, protocol: str, seed: int = 0) -> dict:
    """Compares the features of two sets, in the form of `comparison.json`.

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
    table = {name: _row(name, reference, generated, protocol) for name in FEATURES}
    averages = _averages(table, protocol)
    if protocol == 'corrected':
        rng = generator(seed, Stream.COMPARISON_RESAMPLES)
        counts_BN, counts_BM = (
            rng.multinomial(num, np.full(num, 1 / num), NUM_RESAMPLES)
            for num in (len(reference), len(generated))
        )
        draws = {
            name: resample(reference.features[name], generated.features[name], counts_BN, counts_BM)
            for name in FEATURES
        }
        for name in FEATURES:
            for measure in ('kld', 'oa'):
                _add_interval(table[name], measure, draws[name][measure].tolist())
        averaged = [
            _averages(
                {
                    name: {measure: _number(draws[name][measure][row]) for measure in ('kld', 'oa')}
                    for name in FEATURES
                },
                protocol,
            )
            for row in range(NUM_RESAMPLES)
        ]
        for group, cells in averages.items():
            for measure in ('kld', 'oa'):
                _add_interval(cells, measure, [each[group][measure] for each in averaged])
        tests = {
            name: permutation_test(
                reference.features[name], generated.features[name], NUM_PERMUTATIONS, rng
            )
            for name in FEATURES
        }
        for name, p in holm(tests).items():
            table[name] |= {'p': tests[name], 'p_holm': p}
    return {
        'protocol': protocol,
        'num_reference': len(reference),
        'num_generated': len(generated),
        'features': table,
        'averages': averages,
    }


def compare_briefly(reference: Pieces, generated: Pieces, protocol: str) -> dict:
    """KLD and OA only, as `{'features': {name: {'kld', 'oa'}}, 'averages': {group: ...}}`."""
    table = {}
    for name in FEATURES:
        intra = [intra_distances(each.features[name], protocol) for each in (reference, generated)]
        table[name] = {
            'kld': _number(kl_divergence(*intra, protocol)),
            'oa': _number(overlap_area(*intra, protocol)),
        }
    return {'features': table, 'averages': _averages(table, protocol)}


def _row(name: str, reference: Pieces, generated: Pieces, protocol: str) -> dict:
    sets = [each.features[name] for each in (reference, generated)]
    intra = [intra_distances(each, protocol) for each in sets]
    row: dict = {}
    undefined = [int(np.isnan(each.reshape(len(each), -1)).any(axis=1).sum()) for each in sets]
    for which, values, distances in zip(SETS, sets, intra, strict=True):
        known = values[~np.isnan(values)] if name not in SHAPES else np.zeros(0)
        row[which] = {
            'mean': float(known.mean()) if len(known) else None,
            'sd': float(known.std()) if len(known) else None,
            'intra_mean': _number(distances.mean()) if len(distances) else None,
            'intra_sd': _number(distances.std()) if len(distances) else None,
        }
    row |= {
        'kld': _number(kl_divergence(*intra, protocol)),
        'oa': _number(overlap_area(*intra, protocol)),
    }
    inter = inter_distances(*sets, protocol)
    row |= {
        'inter_mean': _number(inter.mean()) if len(inter) else None,
        'inter_sd': _number(inter.std()) if len(inter) else None,
    }
    row |= {
        'kld_inter': _number(kl_divergence(intra[1], inter, protocol)),
        'oa_inter': _number(overlap_area(intra[1], inter, protocol)),
    }
    notes = [
        f'undefined for {num} of the {which} pieces'
        for which, num in zip(SETS, undefined, strict=True)
        if num
    ]
    if row['oa'] is None:
        notes.append(f'no density to compare: {_why_no_density(sets, intra)}')
    elif row['kld'] is None:
        notes.append('the KL divergence is infinite')
    return row | {'note': '; '.join(notes)}


def _why_no_density(sets: Sequence[np.ndarray], intra: Sequence[np.ndarray]) -> str:
    """Why the distances of the sets have no density."""
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


def _averages(table: dict[str, dict], protocol: str) -> dict[str, dict]:
    """The averages over the pitch features, the rhythm features, and both groups with equal weight;
    `thesis` rounds each cell to three decimals first.
    """
    averages: dict[str, dict] = {'pitch': {}, 'rhythm': {}, 'overall': {}}
    for measure in ('kld', 'oa'):
        for group, names in (('pitch', PITCH), ('rhythm', RHYTHM)):
            cells = [table[name][measure] for name in names if table[name][measure] is not None]
            cells = [round(cell, 3) for cell in cells] if protocol == 'thesis' else cells
            averages[group][measure] = float(np.mean(cells)) if cells else None
        groups = [
            averages[group][measure]
            for group in ('pitch', 'rhythm')
            if averages[group][measure] is not None
        ]
        averages['overall'][measure] = float(np.mean(groups)) if groups else None
    for group, names in (('pitch', PITCH), ('rhythm', RHYTHM), ('overall', FEATURES)):
        missing = [
            name for name in names if table[name]['oa'] is None or table[name]['kld'] is None
        ]
        averages[group]['note'] = (
            f'over what is defined: not {", ".join(missing)}' if missing else ''
        )
        if all(table[name]['oa'] is None for name in names):
            averages[group]['note'] = 'undefined, as all its features are'
    return averages


def _add_interval(cells: dict, measure: str, draws: Sequence[float | None]) -> None:
    """Adds the 95 % interval of a cell: the spread of the resamples around their median, centred on
    the estimate.

    Resampling repeats pieces, which by itself lowers an overlap: only the spread of the resamples
    is used, not their level.
    """
    known = [draw for draw in draws if draw is not None and np.isfinite(draw)]
    if cells[measure] is None or len(known) < len(draws) / 2:
        cells |= {f'{measure}_low': None, f'{measure}_high': None}
        if cells[measure] is not None:
            cells['note'] += (
                '; ' * bool(cells['note'])
                + f'no interval of {measure.upper()}: most resamples have no density'
            )
        return
    low, middle, high = np.percentile(known, [2.5, 50, 97.5])
    low, high = bounds_of(measure).cut(
        cells[measure] + low - middle, cells[measure] + high - middle
    )
    cells |= {f'{measure}_low': low, f'{measure}_high': high}
