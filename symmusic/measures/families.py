"""95 % intervals of measures on pieces that come from tunes: whole tune families are resampled,
because pieces of one family are not independent.

The bootstrap (Efron, 1979) gives the standard error; Student's t, with one degree of freedom fewer
than there are families, gives the width, because percentiles of the resamples cover the truth too
rarely if families are few. The ends lie inside the measure's bounds (`bounds`). More pieces of the
same tunes narrow an interval only as far as the variation among tunes allows.
"""

import dataclasses
from collections.abc import Hashable, Sequence

import numpy as np
import scipy.stats

from symmusic.measures.bounds import ANY, Bounds
from symmusic.measures.estimate import Estimate

CONFIDENCE = 0.95
NUM_RESAMPLES = 2000

Parts = tuple[np.ndarray, np.ndarray]  # numerators [N] and denominators [N] of the pieces


@dataclasses.dataclass(frozen=True)
class Families:
    """N pieces of F families, and how often each family is drawn in B resamples. All measures
    computed with one object use the same resamples, so differences are paired.

    Attributes:
      members_N: the family of each piece, from 0.
      counts_BF: float.
    """

    members_N: np.ndarray
    counts_BF: np.ndarray

    @property
    def num(self) -> int:
        """F."""
        return self.counts_BF.shape[1]

    def ratio(self, parts: Parts, bounds: Bounds = ANY) -> Estimate:
        """The sum of the numerators over all pieces divided by that of the denominators; without a
        value if no denominator is positive.
        """
        value = _ratio(parts[0].sum(), parts[1].sum())
        return self.around(value, self._resampled(parts), bounds)

    def mean(self, values_N: np.ndarray, bounds: Bounds = ANY) -> Estimate:
        """The mean over pieces of a number; NaN marks pieces that have none."""
        return self.ratio(defined(values_N), bounds)

    def difference(self, one: Parts, other: Parts, bounds: Bounds = ANY) -> Estimate:
        """The first ratio minus the second; `bounds` are those of each ratio."""
        value = _ratio(one[0].sum(), one[1].sum()) - _ratio(other[0].sum(), other[1].sum())
        resampled_B = self._resampled(one) - self._resampled(other)
        return self.around(value, resampled_B, bounds.difference)

    def distance(
        self, ones: Sequence[Parts], others: Sequence[Parts], bounds: Bounds = ANY
    ) -> Estimate:
        """The mean absolute difference over pairs of ratios that are defined."""
        values, resamples = [], []
        for one, other in zip(ones, others, strict=True):
            value = _ratio(one[0].sum(), one[1].sum()) - _ratio(other[0].sum(), other[1].sum())
            if np.isfinite(value):
                values.append(abs(value))
                resamples.append(np.abs(self._resampled(one) - self._resampled(other)))
        if not values:
            return Estimate()
        return self.around(np.mean(values), np.mean(resamples, axis=0), bounds)

    def around(self, value: float, resampled_B: np.ndarray, bounds: Bounds = ANY) -> Estimate:
        """A value with an interval computed from its values in the resamples; no interval for a
        single family.
        """
        return _around(value, resampled_B, self.num, bounds)

    def counts_of_pieces(self) -> np.ndarray:
        """How often each piece is drawn, [B, N]."""
        return self.counts_BF[:, self.members_N]

    def _resampled(self, parts: Parts) -> np.ndarray:
        tops_B, bottoms_B = (
            self.counts_BF @ np.bincount(self.members_N, part, self.num) for part in parts
        )
        return _ratio(tops_B, bottoms_B)


@dataclasses.dataclass(frozen=True)
class Beside:
    """The mean over pieces, `own`, and over real ones, `real`, None if there are none. `more` is
    the first minus the second, paired by prompt; None unless both continue the same prompts.
    """

    own: Estimate
    real: Estimate | None = None
    more: Estimate | None = None


def put_beside(
    own_N: Sequence[float | None],
    real_N: Sequence[float | None],
    families: Families,
    bounds: Bounds,
    *,
    is_paired: bool,
) -> Beside:
    """Means over the pieces of these families and over as many real ones. None marks a piece
    without a value; `real_N` is empty if there are no real pieces.
    """
    own, real = (np.array([*each], float) for each in (own_N, real_N))
    if not len(real):
        return Beside(families.mean(own, bounds))
    if not is_paired:
        known = real[~np.isnan(real)]
        mean = Estimate(float(known.mean())) if len(known) else Estimate()
        return Beside(families.mean(own, bounds), mean)
    more = families.difference(defined(own), defined(real), bounds)
    return Beside(families.mean(own, bounds), families.mean(real, bounds), more)


def resample_families(
    families_N: Sequence[Hashable], rng: np.random.Generator, num_resamples: int = NUM_RESAMPLES
) -> Families:
    """Resamples of the families of N pieces; at least one piece."""
    places: dict[Hashable, int] = {}
    members_N = np.array([places.setdefault(family, len(places)) for family in families_N])
    return Families(members_N, _resample(len(places), num_resamples, rng))


def crossed(
    tops_RN: np.ndarray,
    bottoms_RN: np.ndarray,
    families: Families,
    rng: np.random.Generator,
    bounds: Bounds = ANY,
) -> Estimate:
    """The mean over R seeds of a ratio over the same N tunes' pieces, with an interval that is
    valid for other seeds and other tunes: resampled seeds are crossed with resampled families (the
    pigeonhole bootstrap: McCullagh, 2000; Owen, 2007), and t has the degrees of freedom of the
    smaller number. The variance of the interaction of seed and family is counted three times, so
    the interval is conservative.
    """
    value, resampled_B = _cross(tops_RN, bottoms_RN, families, rng)
    return _around(value, resampled_B, min(len(tops_RN), families.num), bounds)


def crossed_difference(
    one: Parts, other: Parts, families: Families, rng: np.random.Generator, bounds: Bounds = ANY
) -> Estimate:
    """The first mean over seeds minus the second, as in `crossed`; numerators and denominators are
    [R, N]. Both are of the same tunes but of different seeds.
    """
    (first, first_B), (second, second_B) = (_cross(*parts, families, rng) for parts in (one, other))
    num = min(len(one[0]), len(other[0]), families.num)
    return _around(first - second, first_B - second_B, num, bounds.difference)


def defined(values_N: np.ndarray) -> Parts:
    """Numerators and denominators of a mean of those values that are not NaN."""
    values_N = np.asarray(values_N, float)
    return np.nan_to_num(values_N), (~np.isnan(values_N)).astype(float)


def _cross(
    tops_RN: np.ndarray, bottoms_RN: np.ndarray, families: Families, rng: np.random.Generator
) -> tuple[float, np.ndarray]:
    ratios_BR = np.stack(
        [families._resampled(parts) for parts in zip(tops_RN, bottoms_RN, strict=True)], axis=1
    )
    num_seeds = len(tops_RN)
    shares_BR = _resample(num_seeds, len(ratios_BR), rng) / num_seeds
    value = float(np.mean(_ratio(tops_RN.sum(axis=1), bottoms_RN.sum(axis=1))))
    return value, (shares_BR * ratios_BR).sum(axis=1)


def _resample(num: int, num_resamples: int, rng: np.random.Generator) -> np.ndarray:
    return rng.multinomial(num, np.full(num, 1 / num), num_resamples).astype(float)


def _ratio(tops: np.ndarray, bottoms: np.ndarray) -> np.ndarray:
    """NaN where the denominator is not positive."""
    return np.where(bottoms > 0, tops / np.where(bottoms > 0, bottoms, 1), np.nan)


def _around(value: float, resampled_B: np.ndarray, num: int, bounds: Bounds) -> Estimate:
    if not np.isfinite(value):
        return Estimate()
    known = resampled_B[np.isfinite(resampled_B)]
    if num < 2 or not len(known):
        return Estimate(float(value))
    # resamples of few families vary less than samples would
    error = known.std() * np.sqrt(num / (num - 1))
    half = scipy.stats.t.ppf((1 + CONFIDENCE) / 2, num - 1) * error
    return Estimate(float(value), *bounds.around(float(value), float(half)))
