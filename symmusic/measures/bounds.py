"""The range of each measure, and 95 % intervals that stay inside it.

A measure is bounded on both sides (a share, an overlap area, an AUC), below (a KL divergence, nats,
a number of notes) or not at all. The interval of an estimate is computed on the scale of its logit
or logarithm (the delta method), which is unbounded. A difference keeps its symmetric interval, so
that it agrees with the test of the same difference, and is clipped to the possible range of a
difference.
"""

import dataclasses
import math

import numpy as np
import scipy.special


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The smallest and the largest possible value of a measure; `is_difference`: the measure is a
    difference of two others.
    """

    least: float = -math.inf
    most: float = math.inf
    is_difference: bool = False

    @property
    def difference(self) -> 'Bounds':
        """The bounds of the difference of two measures with these bounds."""
        return Bounds(self.least - self.most, self.most - self.least, is_difference=True)

    def around(self, value: float, half: float) -> tuple[float, float]:
        """The ends of an interval around `value`; `half` is its half width before the
        transformation.

        If the value is at a bound or the width is 0, the interval is only clipped.
        """
        is_inside = self.least < value < self.most
        if self.is_difference or not is_inside or not half > 0 or not math.isfinite(self.least):
            return self.cut(value - half, value + half)
        above = value - self.least
        if not math.isfinite(self.most):
            with np.errstate(over='ignore'):
                factor = np.exp(half / above)
            low, high = above / factor, min(above * factor, np.finfo(float).max)
            return self.least + float(low), self.least + float(high)
        span = self.most - self.least
        share = above / span
        width = half / span / (share * (1 - share))
        low, high = scipy.special.expit(scipy.special.logit(share) + np.array([-width, width]))
        return self.least + span * float(low), self.least + span * float(high)

    def cut(self, low: float, high: float) -> tuple[float, float]:
        """The interval clipped to the bounds."""
        return (
            float(min(max(low, self.least), self.most)),
            float(max(min(high, self.most), self.least)),
        )


ANY, SHARE, AMOUNT = Bounds(), Bounds(0, 1), Bounds(0)
SIMILARITY = Bounds(most=1)  # of MelodyShape: 1 for a copy, below 0 if little is similar
_BY_NAME = {
    'kld': AMOUNT,
    'oa': SHARE,
    'auc': SHARE,
    'overall_kld': AMOUNT,
    'nats_per_step': AMOUNT,
    'plagiarism': SIMILARITY,
    'unusable': AMOUNT,
    'copied_run': AMOUNT,
    'repeated_bars': SHARE,
    'gap_nats': AMOUNT,
    'sounding_nats': AMOUNT,
    'note_count': AMOUNT,
    'empty': AMOUNT,
}


def bounds_of(measure: str) -> Bounds:
    """The bounds of a named measure; overlap areas, self-similarities and likelihoods of common
    tunes are recognised by the beginning or end of the name.

    Raises:
      KeyError: no bounds are known for this measure.
    """
    if measure.endswith('_oa') or measure.startswith(('oa_', 'self_similarity_')):
        return SHARE
    if measure.startswith('common_nats_'):
        return AMOUNT
    return _BY_NAME[measure]
