"""The measures of arms and their differences, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.config.experiments import LISTENERS, Primary
from symmusic.experiment import statistics
from symmusic.experiment.by_family import ByFamily, stack
from symmusic.experiment.measures import by_measure
from symmusic.measures.bounds import bounds_of

OVER = ('seeds', 'seeds and tune families')  # what an interval is over


def pairs_of(arms: Sequence[str], primaries: Sequence[Primary]) -> list[tuple[str, str]]:
    """All pairs of arms, to be compared as first minus second. The order is that of a claim on the
    two, so that their difference has the same sign everywhere; without a claim it is the later arm
    minus the earlier one.
    """
    claimed = {primary.arms for primary in primaries if primary.measure != LISTENERS}
    return [
        (other, one) if (other, one) in claimed else (one, other)
        for index, other in enumerate(arms)
        for one in arms[index + 1 :]
    ]


def cells(
    replicas: Sequence[Mapping[str, float | None]], by_family: Sequence[ByFamily] = ()
) -> dict[str, dict]:
    """The `mean`, `low`, `high` and `values` of each measure, and `over`: what its interval
    accounts for.
    """
    found = {}
    for measure, values in by_measure(replicas).items():
        (parts,) = stack([by_family], measure)
        interval = (
            statistics.mean_interval(known(values), bounds_of(measure))
            if parts is None
            else statistics.crossed_interval(parts, bounds_of(measure))
        )
        found[measure] = interval | {'values': values, 'over': OVER[parts is not None]}
    return found


def compare_arms(
    arms: Mapping[str, dict],
    families: Mapping[str, Sequence[ByFamily]],
    pair: Sequence[str],
    measure: str,
) -> dict:
    """The difference of two arms in a measure, as a row of `contrasts`; `families` are the
    contributions of the tune families to each arm's replicas (`by_family`).
    """
    one, other = (known(arms[arm]['measures'][measure]['values']) for arm in pair)
    parts = stack([families[arm] for arm in pair], measure)
    is_crossed = None not in parts
    found = {'arms': list(pair), 'measure': measure, 'over': OVER[is_crossed]}
    found |= (
        statistics.crossed_contrast(*parts, bounds_of(measure))
        if is_crossed
        else statistics.welch(one, other, bounds_of(measure))
    )
    return found | {
        'p_permutation': statistics.permutation(one, other),
        'effect_size': statistics.effect_size(one, other),
    }


def known(values: Sequence[float | None]) -> list[float]:
    """The defined values."""
    return [value for value in values if value is not None and np.isfinite(value)]
