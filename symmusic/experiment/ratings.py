"""Statistics of listeners' ratings of generated pieces and training excerpts. Takes and returns
numbers; undefined results are None.

Every listener rates every piece, so ratings are correlated within listeners, who may be strict or
lenient, and within pieces.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.stats

from symmusic.experiment.statistics import CONFIDENCE, effect_size, mean_interval, welch
from symmusic.measures.bounds import Bounds
from symmusic.streams import Stream, generator

QUESTIONS = ('rhythm', 'melody')
LEAST, MOST = 1, 5  # of every rating, and of a listener's experience
SCALE = Bounds(LEAST, MOST)
NUM_RESAMPLES = 4000
# C. Mitroi's master thesis (2019): mean ratings by its 33 listeners of 10 pieces of each kind.
PUBLISHED = {
    'rhythm': {'training': 4.227, 'generated': 3.894},
    'melody': {'training': 3.606, 'generated': 3.030},
}
NUM_PUBLISHED = 33


def compare_ratings(ratings_LP: np.ndarray, is_generated_P: np.ndarray, seed: int) -> dict:
    """The ratings of one question by kind, `training` and `generated`, and the `difference`,
    generated minus training.

    Each kind has `mean`, `sd` and `count` over all its ratings; the difference has `mean` and
    `effect`, Hedges' g over all ratings; all three have `low` and `high` from `crossed_intervals`.
    `tests` holds three tests of the difference, each with its own `low`, `high` and `p`: 'ratings'
    treats all ratings as independent (Welch's t), 'listeners' uses the difference of each listener
    (paired t), 'pieces' the mean of each piece (Welch's t).

    Args:
      ratings_LP: ratings by L listeners of P pieces; at least one listener, and pieces of both
        kinds.
      is_generated_P: bool.
      seed: seed of the resamples.
    """
    ratings_LP = np.asarray(ratings_LP, float)
    real, made = ratings_LP[:, ~is_generated_P], ratings_LP[:, is_generated_P]
    intervals = crossed_intervals(real, made, seed)
    kinds = {
        name: {'mean': float(part.mean()), 'sd': _sd(part), 'count': part.size, **intervals[name]}
        for name, part in (('training', real), ('generated', made))
    }
    difference = {
        'mean': float(made.mean() - real.mean()),
        'effect': effect_size(made.ravel(), real.ravel()),
        **intervals['difference'],
    }
    tests = {
        'ratings': welch(made.ravel(), real.ravel(), SCALE),
        'listeners': paired(made.mean(axis=1) - real.mean(axis=1)),
        'pieces': welch(made.mean(axis=0), real.mean(axis=0), SCALE),
    }
    return {**kinds, 'difference': difference, 'tests': tests}


def crossed_intervals(real_LP: np.ndarray, made_LQ: np.ndarray, seed: int) -> dict[str, dict]:
    """95 % intervals of both means and of their difference, valid for other listeners and other
    pieces. None with fewer than two listeners or two pieces.

    The standard errors are those of means over resampled listeners crossed with resampled pieces of
    each kind (the pigeonhole bootstrap: McCullagh, 2000; Owen, 2007). It counts the residual
    variance three times, so the intervals are conservative. Student's t has the degrees of freedom
    of the smaller number, of listeners or of pieces. Intervals are clipped to the rating scale.
    """
    rng = generator(seed, Stream.RATINGS_RESAMPLES)
    num_listeners = len(real_LP)
    shares_BL = (
        rng.multinomial(num_listeners, np.full(num_listeners, 1 / num_listeners), NUM_RESAMPLES)
        / num_listeners
    )
    means = []
    for part in (real_LP, made_LQ):
        num = part.shape[1]
        shares_BP = rng.multinomial(num, np.full(num, 1 / num), NUM_RESAMPLES) / num
        means.append(((shares_BL @ part) * shares_BP).sum(axis=1))
    real, made = means
    freedoms = [part.shape[1] - 1 for part in (real_LP, made_LQ)]
    found = {
        'training': _interval(real_LP.mean(), real, min(num_listeners - 1, freedoms[0]), SCALE),
        'generated': _interval(made_LQ.mean(), made, min(num_listeners - 1, freedoms[1]), SCALE),
        'difference': _interval(
            made_LQ.mean() - real_LP.mean(),
            made - real,
            min(num_listeners - 1, sum(freedoms)),
            SCALE.difference,
        ),
    }
    return found if min(freedoms) else {**found, 'difference': {'low': None, 'high': None}}


def _interval(mean: float, resampled_B: np.ndarray, freedom: int, bounds: Bounds) -> dict:
    if freedom < 1:
        return {'low': None, 'high': None}
    half = scipy.stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * resampled_B.std()
    low, high = bounds.around(float(mean), float(half))
    return {'low': low, 'high': high}


def paired(differences: Sequence[float]) -> dict:
    """The paired t-test: `difference`, `low`, `high` and two-sided `p`, as in
    `statistics.welch`.
    """
    found = mean_interval(differences, SCALE.difference)
    mean, p = found.pop('mean'), None
    if found['low'] is not None:
        spread = found['high'] - found['low']
        p = (
            float(scipy.stats.ttest_1samp(differences, 0).pvalue)
            if spread > 1e-12
            else float(abs(mean) <= 1e-12)
        )
    return {'difference': mean, **found, 'p': p}


def by_experience(
    ratings_LP: np.ndarray, is_generated_P: np.ndarray, experience_L: np.ndarray, seed: int
) -> dict[str, dict]:
    """`compare_ratings` without the tests for the listeners of each level of experience that
    occurs, with `num_listeners`.
    """
    groups = {}
    for level in sorted(set(np.asarray(experience_L).tolist())):
        of_level = np.asarray(experience_L) == level
        found = compare_ratings(np.asarray(ratings_LP)[of_level], is_generated_P, seed)
        del found['tests']
        groups[str(level)] = {'num_listeners': int(of_level.sum()), **found}
    return groups


def rate_questions(
    ratings: Mapping[str, np.ndarray],
    is_generated_P: np.ndarray,
    experience_L: np.ndarray,
    seed: int,
) -> dict:
    """For the ratings [L, P] of each question: `compare_ratings`, `by_experience`, `counts` of the
    ratings 1 to 5 by kind, and `published`.
    """
    found = {}
    for question, ratings_LP in ratings.items():
        kinds = {
            'training': ratings_LP[:, ~is_generated_P],
            'generated': ratings_LP[:, is_generated_P],
        }
        found[question] = {
            **compare_ratings(ratings_LP, is_generated_P, seed),
            'counts': {
                name: np.bincount(part.ravel(), minlength=MOST + 1)[LEAST:].tolist()
                for name, part in kinds.items()
            },
            'by_experience': by_experience(ratings_LP, is_generated_P, experience_L, seed),
            'published': PUBLISHED[question],
        }
    return found


def rate_pieces(ratings: Mapping[str, np.ndarray]) -> list[dict]:
    """The `mean` and `sd` over listeners for each piece and question."""
    num_pieces = next(iter(ratings.values())).shape[1]
    return [
        {
            question: {'mean': float(part[:, piece].mean()), 'sd': _sd(part[:, piece])}
            for question, part in ratings.items()
        }
        for piece in range(num_pieces)
    ]


def _sd(values: np.ndarray) -> float | None:
    return float(values.std(ddof=1)) if values.size > 1 else None
