"""The results of the benchmark: bits per note of each model on each set, with intervals."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.benchmark.melodies import SETS
from symmusic.benchmark.mixing import fit_weights, mix
from symmusic.benchmark.ppm import combine
from symmusic.measures.bounds import Bounds
from symmusic.measures.families import Families, resample_families

Arrays = Mapping[str, np.ndarray]
BIAS = 2.0  # of `combine`
AT_LEAST_0 = Bounds(0.0)
MODELS = {
    'count_model': 'count model, fixed (LTM)',
    'count_model_adaptive': 'count model, adaptive (LTM+)',
    'short_term': 'count model of the melody itself (STM)',
    'count_model_with_short_term': 'LTM+ and STM',
    'network': 'network, fixed',
    'network_adaptive': 'network, adaptive',
    'network_with_short_term': 'network, adaptive, and STM',
    'network_of_all_sets': 'network, of the other sets as well, fixed',
    'network_of_all_sets_adaptive': 'the same, adaptive',
    'network_of_all_sets_with_short_term': 'the same, adaptive, and STM',
    'transformer': 'Transformer, fixed',
    'transformer_adaptive': 'the same, adaptive',
    'transformer_with_short_term': 'the same, adaptive, and STM',
    'network_given': 'network given onsets, metre and phrase ends, fixed',
    'network_given_adaptive': 'the same, adaptive',
    'network_given_with_short_term': 'the same, adaptive, and STM',
    'network_given_ensemble': 'five networks given the same, of the other sets as well, fixed',
    'network_given_ensemble_adaptive': 'the same, adaptive',
    'network_given_ensemble_with_short_term': 'the same, adaptive, and STM',
}
OF_COUNTS = tuple(MODELS)[:4]
PUBLISHED = {  # the published figure of the same kind
    'count_model': 'long_term',
    'count_model_adaptive': 'adaptive',
    'count_model_with_short_term': 'combined',
}


@dataclasses.dataclass(frozen=True, eq=False)
class FoldBits:
    """The bits of the N notes of a fold, keyed by model, and each note's melody number."""

    bits: dict[str, np.ndarray]
    melody_N: np.ndarray


def bits_of_fold(
    counts: Arrays, predicted: Mapping[str, Arrays], validation: Sequence[np.ndarray]
) -> FoldBits:
    """The bits of a fold's notes.

    Args:
      counts: of `stages.count_models`.
      predicted: of `stages.predictions`, by network.
      validation: the validation melodies.
    """
    notes, melody = counts['notes'], counts['melody']
    rows = np.arange(len(notes))
    both = combine(counts['adaptive'], counts['short_term'], BIAS)
    of_counts = (counts['fixed'], counts['adaptive'], counts['short_term'], both)
    bits = {
        name: -np.log2(each[rows, notes]) for name, each in zip(OF_COUNTS, of_counts, strict=True)
    }
    for network, found in predicted.items():
        later = np.flatnonzero(np.concatenate([[False], melody[1:] == melody[:-1]]))
        short_NV = np.log(counts['short_term'])
        is_later = np.concatenate([np.arange(len(each)) > 0 for each in validation])
        weights = fit_weights(
            found['fixed_of_validation'],
            np.log(counts['short_term_of_validation'][is_later]),
            np.concatenate(validation)[is_later],
        )
        logs = {
            network: found['fixed'],
            f'{network}_adaptive': found['adaptive'],
            f'{network}_with_short_term': mix(weights, found['adaptive'], short_NV[later]),
        }
        for name, logs_NV in logs.items():
            # a network does not predict the first note: it gets the count model's probability
            # without a context
            bits[name] = bits['count_model'].copy()
            bits[name][later] = -logs_NV[np.arange(len(later)), notes[later]] / np.log(2)
    return FoldBits(bits, melody)


def summarise(folds: Mapping[str, Sequence[Sequence[FoldBits]]], rng: np.random.Generator) -> dict:
    """The results as `docs/results/pearce.json` has them.

    Args:
      folds: the folds of each set, indexed by partition and fold.
      rng: resamples melodies for the intervals.
    """
    sets, over_notes, intervals, resampled, num_partitions = {}, {}, {}, {}, {}
    (rng_of_slow,) = rng.spawn(1)
    for name, partitions in folds.items():
        sets[name], over_notes[name], intervals[name] = {}, {}, {}
        of_all = _families(partitions, rng)
        for model in MODELS:
            # a slow model is run in some of the partitions
            own = [each for each in partitions if all(model in fold.bits for fold in each)]
            if not own:
                continue
            families = of_all
            if len(own) < len(partitions):
                families = _families(own, rng_of_slow)
                num_partitions[model] = len(own)
            values = np.concatenate([fold.bits[model] for each in own for fold in each])
            means = [[fold.bits[model].mean() for fold in each] for each in own]
            sets[name][model] = float(np.mean(list(map(np.mean, means))))
            over_notes[name][model] = float(values.mean())
            resampled_B = _resampled(families, values)
            found = families.around(over_notes[name][model], resampled_B, AT_LEAST_0)
            intervals[name][model] = [found.low, found.high]
            resampled.setdefault(model, []).append(resampled_B)
    shown = [model for model in MODELS if len(resampled.get(model, ())) == len(folds)]
    means = {model: _mean(sets, model) for model in shown}
    return {
        'sets': sets,
        'mean': means,
        'mean_interval': {
            model: _interval(means[model], np.mean(resampled[model], axis=0)) for model in shown
        },
        'mean_over_notes': {model: _mean(over_notes, model) for model in shown},
        'over_notes': over_notes,
        'intervals': intervals,
        'published': {name: dataclasses.asdict(SETS[name].published) for name in folds},
        'fewer_partitions': num_partitions,
    }


def _families(partitions: Sequence[Sequence[FoldBits]], rng: np.random.Generator) -> Families:
    melody_N = np.concatenate([fold.melody_N for each in partitions for fold in each])
    return resample_families(melody_N, rng)


def _mean(sets: Mapping[str, Mapping[str, float]], model: str) -> float:
    return float(np.mean([found[model] for found in sets.values()]))


def _resampled(families: Families, values_N: np.ndarray) -> np.ndarray:
    """The mean of the notes' values in each resample of their melodies, [B]."""
    tops_F = np.bincount(families.members_N, values_N, families.num)
    bottoms_F = np.bincount(families.members_N, minlength=families.num)
    return (families.counts_BF @ tops_F) / (families.counts_BF @ bottoms_F)


def _interval(value: float, resampled_B: np.ndarray) -> list[float]:
    return list(AT_LEAST_0.around(value, float(1.96 * resampled_B.std())))
