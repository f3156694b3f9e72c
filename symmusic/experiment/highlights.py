"""The verdicts on the claims of an experiment, each with its evidence."""

from collections.abc import Mapping, Sequence

from symmusic.config.arms import Experiment
from symmusic.config.experiments import LISTENERS, Primary
from symmusic.experiment import statistics
from symmusic.experiment.by_family import ByFamily
from symmusic.experiment.contrasts import compare_arms, known
from symmusic.experiment.outcome import label
from symmusic.measures.bootstrap import holm
from symmusic.measures.bounds import bounds_of
from symmusic.wording import count, estimate


def highlights(
    experiment: Experiment,
    variant: str,
    arms: Mapping[str, dict],
    families: Mapping[str, Sequence[ByFamily]],
) -> list[dict]:
    """A row for each claim.

    Holm's correction is over the claims that the config states for the variant, including those
    whose arms are not finished, but without claims that only listeners can judge, which have no
    test here.
    """
    primaries = experiment.hypothesis.primaries
    contrasts: list[dict | None] = []
    for primary in primaries:
        pair = [label(experiment, variant, arm) for arm in primary.arms]
        measured = all(arm in arms and primary.measure in arms[arm]['measures'] for arm in pair)
        contrasts.append(compare_arms(arms, families, pair, primary.measure) if measured else None)
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
            why = f'not measured: {_missing(row["arms"], arms)}'
            if primary.measure == LISTENERS:
                why = 'needs listeners'
            rows.append(row | {'verdict': 'undecided', 'evidence': why})
            continue
        p = corrected[index]
        row |= {
            key: contrast[key]
            for key in ('difference', 'low', 'high', 'over', 'p', 'p_permutation', 'effect_size')
        } | {'p_holm': p}
        values = [known(arms[arm]['measures'][primary.measure]['values']) for arm in row['arms']]
        bound = statistics.shared_bound(*values, bounds_of(primary.measure), primary.smallest)
        verdict = statistics.verdict(contrast, p, primary.direction, primary.smallest, bound)
        evidence = _evidence(primary, row, arms, family) + caveats(row['arms'], arms, bound)
        rows.append(row | {'bound': bound, 'verdict': verdict, 'evidence': evidence})
    return rows


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
            text += f'; {name} was cut off by num_epochs in {count(arm["num_cut_off"], "replica")}'
    return text


def _family(tests: Mapping[int, float | None]) -> str:
    """The number of claims in the correction, and of those without a result."""
    num, num_missing = len(tests), sum(p is None for p in tests.values())
    text = count(num, 'claim')
    return text + (f', {num_missing} of them without a result' if num_missing else '')


def _missing(pair: Sequence[str], arms: Mapping[str, dict]) -> str:
    missing = [arm for arm in pair if arm not in arms]
    if not missing:
        return 'not defined in this variant'
    return f'{" and ".join(missing)} {"are" if len(missing) > 1 else "is"} not done'


def _evidence(primary: Primary, row: Mapping, arms: Mapping[str, dict], family: str) -> str:
    cells = [arms[arm]['measures'][primary.measure] for arm in row['arms']]
    counts = [len(known(cell['values'])) for cell in cells]
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
