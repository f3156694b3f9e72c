"""Two sets of pieces compared feature by feature: `comparison.json` as numbers."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.evaluate.distances import (
    area_of,
    divergence_of,
    fit_density,
    inter_distances,
    intra_distances,
    kl_divergence,
    on_one_grid,
    overlap_area,
    pairwise,
)
from symmusic.evaluate.features import FEATURES, PITCH, RHYTHM, SHAPES

SETS = ('reference', 'generated')
NUM_RESAMPLES = 200  # of the bootstrap
NUM_PERMUTATIONS = 999


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The features of a set of pieces: `features` has for each name an array [N, ...] in the order of `names`."""

    names: tuple[str, ...]
    features: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.names)


def stack(names: Sequence[str], features: Sequence[dict[str, np.ndarray]]) -> Pieces:
    """A set of the pieces' `compute_features`."""
    return Pieces(tuple(names), {name: np.array([each[name] for each in features]) for name in FEATURES})


def compare(reference: Pieces, generated: Pieces, protocol: str, seed: int = 0) -> dict:
    """The features of two sets beside one another, as `comparison.json` has them.

    In `corrected` OA and KLD have 95 % intervals from a bootstrap over pieces, `*_inter` compare the generated set's inner distances with
    those between the sets (Yang and Lerch, 2020), which sees content and not variety alone, and p is that of a permutation test of the
    energy distance (Szekely and Rizzo, 2004), which sees any difference of two distributions, corrected for nine features (Holm, 1979).

    Args:
      reference: at least one piece.
      generated: at least one piece.
      protocol: one of `features.PROTOCOLS`, that of the features as well.
      seed: of the resamples and permutations.
    """
    table = {name: _row(name, reference, generated, protocol) for name in FEATURES}
    averages = _averages(table, protocol)
    if protocol == 'corrected':
        rng = np.random.default_rng(seed)
        pairs = {name: (_pairs(reference.features[name]), _pairs(generated.features[name])) for name in FEATURES}
        resampled = [_resampled(pairs, (len(reference), len(generated)), rng) for _ in range(NUM_RESAMPLES)]
        for name in FEATURES:
            for measure in ('kld', 'oa'):
                _add_interval(table[name], measure, [each[name][measure] for each in resampled])
        averaged = [_averages(each, protocol) for each in resampled]
        for group, cells in averages.items():
            for measure in ('kld', 'oa'):
                _add_interval(cells, measure, [each[group][measure] for each in averaged])
        tests = {name: _permutation_test(reference.features[name], generated.features[name], rng) for name in FEATURES}
        for name, p in _holm(tests).items():
            table[name] |= {'p': tests[name], 'p_holm': p}
    return {
        'protocol': protocol,
        'num_reference': len(reference),
        'num_generated': len(generated),
        'features': table,
        'averages': averages,
    }


def compare_briefly(reference: Pieces, generated: Pieces, protocol: str) -> dict:
    """KLD and OA alone: `{'features': {name: {'kld', 'oa'}}, 'averages': {group: {'kld', 'oa'}}}`."""
    table = {}
    for name in FEATURES:
        intra = [intra_distances(each.features[name], protocol) for each in (reference, generated)]
        table[name] = {'kld': _number(kl_divergence(*intra, protocol)), 'oa': _number(overlap_area(*intra, protocol))}
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
    row |= {'kld': _number(kl_divergence(*intra, protocol)), 'oa': _number(overlap_area(*intra, protocol))}
    inter = inter_distances(*sets, protocol)
    row |= {'kld_inter': _number(kl_divergence(intra[1], inter, protocol)), 'oa_inter': _number(overlap_area(intra[1], inter, protocol))}
    notes = [f'undefined for {num} of the {which} pieces' for which, num in zip(SETS, undefined, strict=True) if num]
    if row['oa'] is None:
        notes.append('all distances within a set are alike, or there are fewer than two: there is no density to compare')
    elif row['kld'] is None:
        notes.append('the KL divergence is infinite')
    return row | {'note': '; '.join(notes)}


def _number(value: float | None) -> float | None:
    """JSON knows no infinity and no NaN."""
    return float(value) if value is not None and np.isfinite(value) else None


def _averages(table: dict[str, dict], protocol: str) -> dict[str, dict]:
    """Those over the pitch features, the rhythm features, and both groups alike; of cells rounded to three decimals in `thesis`."""
    averages: dict[str, dict] = {'pitch': {}, 'rhythm': {}, 'overall': {}}
    for measure in ('kld', 'oa'):
        for group, names in (('pitch', PITCH), ('rhythm', RHYTHM)):
            cells = [table[name][measure] for name in names if table[name][measure] is not None]
            cells = [round(cell, 3) for cell in cells] if protocol == 'thesis' else cells
            averages[group][measure] = float(np.mean(cells)) if cells else None
        groups = [averages[group][measure] for group in ('pitch', 'rhythm') if averages[group][measure] is not None]
        averages['overall'][measure] = float(np.mean(groups)) if groups else None
    for group, names in (('pitch', PITCH), ('rhythm', RHYTHM), ('overall', FEATURES)):
        missing = [name for name in names if table[name]['oa'] is None or table[name]['kld'] is None]
        averages[group]['note'] = f'over what is defined: not {", ".join(missing)}' if missing else ''
    return averages


def _pairs(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distances of all pairs of pieces for which a feature is defined, and the two pieces of each."""
    first, second = np.triu_indices(len(features), 1)
    distances = pairwise(features, features)[first, second]
    known = ~np.isnan(distances)
    return distances[known], first[known], second[known]


def _resampled(pairs: dict[str, tuple], sizes: tuple[int, int], rng: np.random.Generator) -> dict[str, dict]:
    """OA and KLD of every feature for pieces drawn with replacement; a piece is in no pair with itself."""
    counts = [rng.multinomial(size, np.full(size, 1 / size)) for size in sizes]
    table = {}
    for name in FEATURES:
        densities = [
            fit_density(distances, (count[first] * count[second]).astype(float))
            for (distances, first, second), count in zip(pairs[name], counts, strict=True)
        ]
        if None in densities:
            table[name] = {'kld': None, 'oa': None}
            continue
        points, curves = on_one_grid(*densities)
        table[name] = {'kld': divergence_of(*curves), 'oa': area_of(points, *curves)}
    return table


def _add_interval(cells: dict, measure: str, draws: Sequence[float | None]) -> None:
    """The 95 % interval of a cell: the resamples' spread around their own median, laid around the estimate.

    Resampling repeats pieces, which alone lowers an overlap: the resamples' level says nothing, their spread does.
    """
    known = [draw for draw in draws if draw is not None]
    if cells[measure] is None or len(known) < len(draws) / 2:
        cells |= {f'{measure}_low': None, f'{measure}_high': None}
        return
    low, middle, high = np.percentile(known, [2.5, 50, 97.5])
    bounds = cells[measure] + low - middle, cells[measure] + high - middle
    cells |= {f'{measure}_low': float(max(bounds[0], 0)), f'{measure}_high': float(min(bounds[1], 1) if measure == 'oa' else bounds[1])}


def _permutation_test(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float | None:
    """The share of permutations of the pieces whose energy distance is at least that of the two sets, both counted in; None where the
    feature is undefined for all of a set.
    """
    one, other = (each.reshape(len(each), -1) for each in (one, other))
    one, other = (each[~np.isnan(each).any(axis=1)] for each in (one, other))
    if not (len(one) and len(other)):
        return None
    pooled = np.concatenate([one, other])
    distances = pairwise(pooled, pooled)
    belongs = np.arange(len(pooled)) < len(one)
    labels = np.array([belongs, *(rng.permutation(belongs) for _ in range(NUM_PERMUTATIONS))], float)
    shares, rest = labels / len(one), (1 - labels) / len(other)
    to_one, to_rest = shares @ distances, rest @ distances
    energies = 2 * (to_one * rest).sum(axis=1) - (to_one * shares).sum(axis=1) - (to_rest * rest).sum(axis=1)
    return float((energies >= energies[0] - 1e-12).mean())


def _holm(tests: dict[str, float | None]) -> dict[str, float | None]:
    """Holm's correction: p-values as large as the number of those at least as large allows, and never below a smaller one's."""
    known = sorted((p, name) for name, p in tests.items() if p is not None)
    corrected: dict[str, float | None] = dict.fromkeys(tests)
    largest = 0.0
    for rank, (p, name) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        corrected[name] = largest
    return corrected
