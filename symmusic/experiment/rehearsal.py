"""A rehearsal of the listening study with simulated listeners: their ratings, their answer files,
and the smallest difference that the study finds. Nothing here is a result about music.

A rating is the mean of its arm plus normal deviations of the listener, of the piece, of the
listener's taste for the arm, and of the single rating; it is rounded to the scale from 1 to 5.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.stats

from symmusic.experiment.answers import FORMAT
from symmusic.experiment.ratings import LEAST, MOST, QUESTIONS, compare_ratings
from symmusic.experiment.statistics import CONFIDENCE
from symmusic.experiment.study import SIMULATED, Study
from symmusic.measures.bootstrap import holm
from symmusic.streams import Stream, generator

ARMS = ('real', 'shipped', 'count_model', 'thesis')  # the first is what others are compared with
POWER = 0.8
STEP, LARGEST = 0.05, 2.0  # of the differences that are tried


@dataclasses.dataclass(frozen=True)
class Spread:
    """Assumed standard deviations in points of the scale: of listeners, of pieces, of listeners'
    taste for an arm, and of single ratings.
    """

    listener: float = 0.5
    piece: float = 0.4
    taste: float = 0.3
    rating: float = 0.9


def simulate(
    means: Mapping[str, float],
    num_listeners: int,
    num_pieces: int,
    rng: np.random.Generator,
    spread: Spread = Spread(),
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings [L, P] of `num_pieces` pieces of each arm, and the arm [P] of each piece; `means` are
    those of the arms before rounding.
    """
    arms_P = np.repeat(list(means), num_pieces)
    means_P = np.repeat(list(means.values()), num_pieces)
    taste_LA = rng.normal(0, spread.taste, (num_listeners, len(means)))
    ratings_LP = (
        means_P
        + rng.normal(0, spread.listener, (num_listeners, 1))
        + rng.normal(0, spread.piece, len(arms_P))
        + np.repeat(taste_LA, num_pieces, axis=1)
        + rng.normal(0, spread.rating, (num_listeners, len(arms_P)))
    )
    return np.clip(np.rint(ratings_LP), LEAST, MOST).astype(int), arms_P


def compare_arms(ratings_LP: np.ndarray, arms_P: np.ndarray, seed: int) -> dict[str, dict]:
    """Each arm beside the first one: `difference`, `low` and `high`, valid for other listeners and
    other pieces; and `p` (paired t-test over listeners) with `p_holm`, corrected over the arms.
    """
    first, *others = dict.fromkeys(arms_P.tolist())
    found = {}
    for arm in others:
        own_P = np.isin(arms_P, (first, arm))
        both = compare_ratings(ratings_LP[:, own_P], arms_P[own_P] == arm, seed)
        apart = both['difference']
        found[arm] = {'difference': apart['mean'], 'low': apart['low'], 'high': apart['high']}
        found[arm]['p'] = both['tests']['listeners']['p']
    corrected = holm({arm: each['p'] for arm, each in found.items()})
    return {arm: each | {'p_holm': corrected[arm]} for arm, each in found.items()}


def power(
    difference: float,
    num_listeners: int,
    num_pieces: int,
    num_studies: int,
    seed: int,
    spread: Spread = Spread(),
) -> float:
    """The share of simulated studies in which the interval of an arm's difference from real pieces,
    valid for other listeners and pieces, excludes 0. The means are on both sides of 3.5.
    """
    means = {'real': 3.5 + difference / 2, 'shipped': 3.5 - difference / 2}
    num_found = 0
    for study in range(num_studies):
        rng = generator(seed, Stream.REHEARSAL, study)
        ratings_LP, _ = simulate(means, num_listeners, num_pieces, rng, spread)
        real, made = np.split(ratings_LP.astype(float), 2, axis=1)
        num_found += abs(made.mean() - real.mean()) > half_width(real, made)
    return num_found / num_studies


def half_width(real_LP: np.ndarray, made_LQ: np.ndarray) -> float:
    """Half of the interval of the difference that `ratings.crossed_intervals` finds by resampling,
    computed exactly: the variance of a mean over resampled listeners and pieces is the sum of those
    over listeners, over pieces, and of what is left of each rating without both.
    """
    num_listeners = len(real_LP)
    apart_L = made_LQ.mean(axis=1) - real_LP.mean(axis=1)
    variance = apart_L.var() / num_listeners
    for part in (real_LP, made_LQ):
        pieces_P = part.mean(axis=0)
        rest_LP = part - pieces_P - part.mean(axis=1, keepdims=True) + part.mean()
        variance += pieces_P.var() / len(pieces_P) + rest_LP.var() / part.size
    num_free = min(num_listeners - 1, real_LP.shape[1] + made_LQ.shape[1] - 2)
    return float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, num_free) * np.sqrt(variance))


def smallest_difference(
    num_listeners: int, num_pieces: int, num_studies: int, seed: int, spread: Spread = Spread()
) -> float | None:
    """The smallest difference, in steps of `STEP`, that is found with a power of `POWER`; None if
    it is larger than `LARGEST`. By bisection: the same random numbers are used for all differences.
    """
    low, high = 0, round(LARGEST / STEP)
    how = num_listeners, num_pieces, num_studies, seed, spread
    if power(high * STEP, *how) < POWER:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle * STEP, *how) >= POWER else (middle, high)
    return high * STEP


def simulated_answers(
    study: Study, means: Mapping[str, float], num_listeners: int, seed: int
) -> list[dict]:
    """The answers, as the page saves them, of simulated listeners of a study; `means` are those of
    `study.KINDS`. Their names show that nobody has listened.
    """
    rng = generator(seed, Stream.REHEARSAL, 0)
    kinds = [excerpt.kind for excerpt in study.excerpts]
    order_P = np.argsort(np.argsort([list(means).index(kind) for kind in kinds], kind='stable'))
    ratings = {
        question: simulate(means, num_listeners, len(kinds) // len(means), rng)[0][:, order_P]
        for question in QUESTIONS
    }
    return [
        {
            'format': FORMAT,
            'study': study.id,
            'listener': f'{SIMULATED}{listener + 1:02}',
            'saved': '1970-01-01T00:00:00.000Z',
            'complete': True,
            'experience': int(rng.integers(LEAST, MOST + 1)),
            'ratings': _rows({name: each[listener] for name, each in ratings.items()}),
        }
        for listener in range(num_listeners)
    ]


def _rows(ratings: Mapping[str, Sequence[int]]) -> list[dict]:
    return [
        {'piece': piece, 'plays': 1, **dict(zip(ratings, map(int, row), strict=True))}
        for piece, row in enumerate(zip(*ratings.values(), strict=True), 1)
    ]
