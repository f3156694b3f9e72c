"""From the replicas' measures to effects and answers: `results.json`.

It is one object with `experiment`, `quick`, `variant`, `question`; `arms` by name with `variant`,
`replicas`, `num_parameters`, `num_windows`, `num_distinct_windows`, `num_notes` (in the training
tunes), `config`, `versions`, `device`, `measures` (by name `mean`, `low`, `high` and `values`, one
per replica, null where undefined) and `real_continuations`, the same measures of the real
continuations of the prompts, null where these are not known; `num_epochs` of each replica,
`num_cut_off` (replicas that early stopping did not end), `count_model` (its nats per step on the
same targets) and `beats_count_model`, null where not known; `failed`, the reasons by name;
`contrasts` of every measure between any two arms of a variant, where `difference` is the first
arm's mean minus the second's, as in `highlights`; `highlights`; and `splits`, by `data.split_seed`
the `highlights`, `measures` of the arms and `failed` on other splits. Where both variants were run,
the arms of `source` are named `<arm>_source`.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.config.arms import Experiment
from symmusic.config.experiments import LISTENERS, Primary
from symmusic.experiment import statistics
from symmusic.experiment.measures import MEASURES, by_measure
from symmusic.measures.bootstrap import holm
from symmusic.measures.bounds import bounds_of
from symmusic.wording import estimate


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The results of an arm: the `measures.MEASURES` of each replica, and what is needed to
    interpret them.
    """

    replicas: tuple[Mapping[str, float | None], ...]
    num_parameters: int
    sizes: Mapping[str, int]
    config: Mapping
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    device: str = ''
    # the measures of the real continuations of its prompts, by replica
    real: Sequence[Mapping[str, float | None]] | None = None
    count_model: float | None = None  # its nats per step on the same targets
    num_epochs: tuple[int, ...] = ()  # that each replica was trained


def label(experiment: Experiment, variant: str, arm: str) -> str:
    """The name of an arm in results and reports."""
    return f'{arm}_{variant}' if variant == 'source' and len(experiment.configs) > 1 else arm


def make_results(
    name: str,
    experiment: Experiment,
    outcomes: Mapping[tuple[str, str], Outcome],
    failures: Mapping[tuple[str, str], str],
) -> dict:
    """`results.json` of an experiment.

    Args:
      name: the name of the experiment.
      experiment: its question, arms and claims.
      outcomes: results of the finished arms, by variant and name.
      failures: reasons for the arms that failed.
    """
    naming = {place: label(experiment, *place) for place in (*outcomes, *failures)}
    arms, contrasts, highlights = {}, [], []
    for place, outcome in outcomes.items():
        arms[naming[place]] = {
            'variant': place[0],
            'replicas': len(outcome.replicas),
            'num_parameters': outcome.num_parameters,
            **outcome.sizes,
            'config': outcome.config,
            'versions': outcome.versions,
            'device': outcome.device,
            'measures': _cells(outcome.replicas),
            'real_continuations': None if outcome.real is None else _cells(outcome.real),
            'num_epochs': list(outcome.num_epochs),
            'num_cut_off': _count_cut_off(outcome),
            'count_model': outcome.count_model,
        }
        arms[naming[place]]['beats_count_model'] = _beats(arms[naming[place]])
    for variant, configs in experiment.configs.items():
        own = [arm for arm in configs if (variant, arm) in outcomes]
        contrasts += [
            {'variant': variant}
            | _contrast(arms, [label(experiment, variant, arm) for arm in pair], measure)
            for pair in pairs_of(own, experiment.hypothesis.primaries)
            for measure in MEASURES
        ]
        highlights += _highlights(experiment, variant, arms)
    return {
        'experiment': name,
        'quick': experiment.quick,
        'variant': 'both' if len(experiment.configs) > 1 else next(iter(experiment.configs)),
        'question': experiment.hypothesis.question,
        'arms': arms,
        'failed': {naming[place]: reason for place, reason in failures.items()},
        'contrasts': contrasts,
        'highlights': highlights,
        'splits': {},
    }


def pairs_of(arms: Sequence[str], primaries: Sequence[Primary]) -> list[tuple[str, str]]:
    """All pairs of arms, to be compared as first minus second. The order is that of a claim on the
    two, so that their difference has the same sign everywhere; where there is none, it is the later
    arm minus the earlier one.
    """
    claimed = {primary.arms for primary in primaries if primary.measure != LISTENERS}
    return [
        (other, one) if (other, one) in claimed else (one, other)
        for index, other in enumerate(arms)
        for one in arms[index + 1 :]
    ]


def _cells(replicas: Sequence[Mapping[str, float | None]]) -> dict[str, dict]:
    """The `mean`, `low`, `high` and `values` of each measure."""
    return {
        measure: statistics.mean_interval(_known(values), bounds_of(measure)) | {'values': values}
        for measure, values in by_measure(replicas).items()
    }


def _contrast(arms: Mapping[str, dict], pair: Sequence[str], measure: str) -> dict:
    one, other = (_known(arms[arm]['measures'][measure]['values']) for arm in pair)
    found = {'arms': list(pair), 'measure': measure}
    found |= statistics.welch(one, other, bounds_of(measure))
    return found | {
        'p_permutation': statistics.permutation(one, other),
        'effect_size': statistics.effect_size(one, other),
    }


def _highlights(experiment: Experiment, variant: str, arms: Mapping[str, dict]) -> list[dict]:
    """A row for each claim.

    Holm's correction is over the claims that the config states for the variant, including those
    whose arms are not done, but without claims that only listeners can judge, which have no test
    here.
    """
    primaries = experiment.hypothesis.primaries
    contrasts: list[dict | None] = []
    for primary in primaries:
        pair = [label(experiment, variant, arm) for arm in primary.arms]
        measured = primary.measure != LISTENERS and all(arm in arms for arm in pair)
        contrasts.append(_contrast(arms, pair, primary.measure) if measured else None)
    tests = {
        index: contrast and contrast['p']
        for index, (primary, contrast) in enumerate(zip(primaries, contrasts, strict=True))
        if primary.measure != LISTENERS
    }
    corrected, family = holm(tests), _family(tests)
    rows = []
    for index, (primary, contrast) in enumerate(zip(primaries, contrasts, strict=True)):
        row = {'claim': primary.claim, 'variant': variant, 'measure': primary.measure}
        row['arms'] = [label(experiment, variant, arm) for arm in primary.arms]
        row |= {'direction': primary.direction, 'smallest': primary.smallest}
        if contrast is None:
            why = (
                'needs listeners'
                if primary.measure == LISTENERS
                else f'not measured: {_missing(row["arms"], arms)} not done'
            )
            rows.append(row | {'verdict': 'undecided', 'evidence': why})
            continue
        p = corrected[index]
        row |= {
            key: contrast[key]
            for key in ('difference', 'low', 'high', 'p', 'p_permutation', 'effect_size')
        } | {'p_holm': p}
        values = [_known(arms[arm]['measures'][primary.measure]['values']) for arm in row['arms']]
        bound = statistics.shared_bound(*values, bounds_of(primary.measure), primary.smallest)
        verdict = statistics.verdict(contrast, p, primary.direction, primary.smallest, bound)
        evidence = _evidence(primary, row, arms, family) + caveats(row['arms'], arms, bound)
        rows.append(row | {'bound': bound, 'verdict': verdict, 'evidence': evidence})
    return rows


def _count_cut_off(outcome: Outcome) -> int:
    """How many replicas were trained for all the epochs that are allowed: their loss may have been
    falling still.
    """
    allowed = outcome.config.get('train', {}).get('num_epochs')
    return sum(num == allowed for num in outcome.num_epochs)


def _beats(arm: Mapping) -> bool | None:
    """Whether an arm predicts better than its count model, by the upper end of its interval; None
    where that is not known.
    """
    cells = arm['measures']['nats_per_step']
    most = cells['mean'] if cells['high'] is None else cells['high']
    return None if most is None or arm['count_model'] is None else most < arm['count_model']


def caveats(pair: Sequence[str], arms: Mapping[str, dict], bound: float | None) -> str:
    """What limits a comparison of two arms, to be added to its evidence."""
    text = ''
    if bound is not None:
        text += f'; both arms are at {bound:g}, the bound of the measure: nothing was measured'
    for name in pair:
        arm = arms[name]
        if arm['beats_count_model'] is False:
            text += f'; {name} does not beat counting ({arm["count_model"]:.3f} nats per step)'
        if arm['num_cut_off']:
            text += f'; {name} was cut off by num_epochs in {arm["num_cut_off"]} replicas'
    return text


def _family(tests: Mapping[int, float | None]) -> str:
    """The number of claims in the correction, and of those without a result."""
    num, num_missing = len(tests), sum(p is None for p in tests.values())
    text = f'{num} claim{"s" * (num != 1)}'
    return text + (f', {num_missing} of them without a result' if num_missing else '')


def _missing(pair: Sequence[str], arms: Mapping[str, dict]) -> str:
    missing = [arm for arm in pair if arm not in arms]
    return f'{" and ".join(missing)} {"are" if len(missing) > 1 else "is"}'


def _evidence(primary: Primary, row: Mapping, arms: Mapping[str, dict], family: str) -> str:
    cells = [arms[arm]['measures'][primary.measure] for arm in row['arms']]
    counts = [len(_known(cell['values'])) for cell in cells]
    if not all(counts):
        return (
            f'{primary.measure} is not defined for'
            f' {" or ".join(arm for arm, num in zip(row["arms"], counts, strict=True) if not num)}'
        )
    means = ', '.join(
        f'{arm} {with_interval(cell)}' for arm, cell in zip(row['arms'], cells, strict=True)
    )
    text = (
        f'{primary.measure}: {means}; difference'
        f' {with_interval({**row, "mean": row["difference"]})}, claimed {primary.direction}, '
    )
    text += f'smallest effect of interest {primary.smallest:g}; '
    if row['p'] is None:
        return text + f'{" and ".join(map(str, counts))} replicas: too few for an interval'
    text += f'p {row["p"]:.2g}, {row["p_holm"]:.2g} after Holm over {family}'
    return text + f'; {" and ".join(map(str, counts))} replicas'


def with_interval(cells: Mapping) -> str:
    """`mean [low, high]` of a cell, as far as they are defined."""
    return estimate(cells['mean'], cells['low'], cells['high'])


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and np.isfinite(value)]
