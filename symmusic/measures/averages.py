"""Averages of a comparison over the features of pitch, of rhythm, and of both."""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.measures.estimate import Estimate
from symmusic.measures.feature_table import (
    Average,
    Pair,
)
from symmusic.measures.features import FEATURES, PITCH, RHYTHM


def averages_of(pairs: Mapping[str, Pair], protocol: str) -> dict[str, Pair]:
    """The averages over the pitch features, the rhythm features, and both groups with equal weight;
    `thesis` rounds each cell to three decimals first.
    """
    averages = {}
    for group, names in (('pitch', PITCH), ('rhythm', RHYTHM)):
        cells = [(pairs[name].kld, pairs[name].oa) for name in names]
        if protocol == 'thesis':
            cells = [
                [value if value is None else round(value, 3) for value in each] for each in cells
            ]
        averages[group] = Pair(*map(_mean, zip(*cells, strict=True)))
    groups = [(each.kld, each.oa) for each in averages.values()]
    return averages | {'overall': Pair(*map(_mean, zip(*groups, strict=True)))}


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the defined values."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def averages_with_notes(pairs: Mapping[str, Pair], protocol: str) -> dict[str, Average]:
    """The averages, each with a note on the features that are left out."""
    found = {}
    for group, average in averages_of(pairs, protocol).items():
        names = {'pitch': PITCH, 'rhythm': RHYTHM, 'overall': FEATURES}[group]
        missing = [name for name in names if None in (pairs[name].oa, pairs[name].kld)]
        note = f'over what is defined: not {", ".join(missing)}' if missing else ''
        if all(pairs[name].oa is None for name in names):
            note = 'undefined, as all its features are'
        found[group] = Average(Estimate(average.kld), Estimate(average.oa), note)
    return found
