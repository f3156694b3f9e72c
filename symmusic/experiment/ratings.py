"""What listeners' ratings say of generated pieces beside training excerpts. Numbers in, numbers
out; what cannot be told is None.

Every listener rates every piece, so that ratings hang together twice: those of a listener, who is
strict or kind, and those of a piece.
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
# C. Mitroi's master thesis (2019): mean ratings of its 33 listeners, each of 10 pieces of either
# kind.
PUBLISHED = {
    'rhythm': {'training': 4.227, 'generated': 3.894},
    'melody': {'training': 3.606, 'generated': 3.030},
}
NUM_PUBLISHED = 33


def compare_ratings(ratings_LP: np.ndarray, is_generated_P: np.ndarray, seed: int) -> dict:
    """One question's ratings by kind, `training` and `generated`, and the `difference`, generated
    less training.

    Of a kind `mean`, `sd` of all its ratings and `count`; of the difference `mean` and `effect`,
    Hedges' g of all ratings; of all three `low` and `high` as `crossed_intervals` has them. `tests`
    has three of the difference, each with its own `low`, `high` and `p`: 'ratings' takes all
    ratings for independent (Welch's t), 'listeners' is of their own differences (paired t),
    'pieces' of the pieces' means (Welch's t).

    Args:
      ratings_LP: of L listeners and P pieces; at least one of each and both kinds.
      is_generated_P: bool.
      seed: of the resamples.
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
    """95 % intervals of both means and of their difference, for other listeners and other pieces.

    Their standard errors are of means over resampled listeners and, crossed with them, resampled
    pieces of either kind (the pigeonhole bootstrap: McCullagh, 2000; Owen, 2007), which counts
    three times what is neither the listener's nor the piece's, and so is rather too wide; Student's
    t has the freedom of what is fewer, listeners or pieces. Nothing outside of the scale is in an
    interval. Of fewer than two listeners, or than two pieces, there is nothing to tell how others
    would be: None.
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
    """Student's t of differences of independent pairs: `difference`, `low`, `high` and two-sided
    `p`, as of `statistics.welch`.
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
    """As `compare_ratings`, without tests, of the listeners of each experience that there is, with
    `num_listeners`.
    """
    groups = {}
    for level in sorted(set(np.asarray(experience_L).tolist())):
        of_level = np.asarray(experience_L) == level
        found = compare_ratings(np.asarray(ratings_LP)[of_level], is_generated_P, seed)
        del found['tests']
        groups[str(level)] = {'num_listeners': int(of_level.sum()), **found}
    return groups


def summarize(
    ratings: Mapping[str, np.ndarray],
    is_generated_P: np.ndarray,
    experience_L: np.ndarray,
    seed: int,
) -> dict:
    """Of each question's ratings [L, P]: `compare_ratings`, `by_experience`, `counts` of the
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


def describe_pieces(ratings: Mapping[str, np.ndarray]) -> list[dict]:
    """Of each piece and question the `mean` and `sd` over listeners."""
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
