"""Can generated pieces be told apart from real ones? A classifier two-sample test (Lopez-Paz and
Oquab, 2017) with both critics, and checks that the critics are valid.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from symmusic.critics.auc import LEAST_FAMILIES, NUM_FOLDS, LabelledPieces, deal, estimate
from symmusic.critics.critic import flatten, score_features, score_tokens
from symmusic.measures.estimate import Estimate
from symmusic.measures.excerpts import as_score
from symmusic.measures.features import compute_features
from symmusic.melody.encodings import Vocabulary
from symmusic.score.bar import Bar
from symmusic.streams import Stream, generator

CRITICS = ('features', 'tokens')
ARMS = {
    'model': 'model against real',
    'markov_3': 'Markov model of order 3 against real',
    'real_vs_real': 'real against real of other tunes',
}
LEAST_FLOOR = 0.85  # AUC that a critic must reach on Markov models of order 3
AIM = 0.6  # the project's aim: upper bounds of the model's AUC of at most this


@dataclasses.dataclass(frozen=True)
class Trial:
    """What the critics found.

    Attributes:
      aucs: by critic and set.
      is_valid: by critic: its AUC on Markov pieces is at least `LEAST_FLOOR` and its interval for
        real against real contains 0.5.
      is_aim_met: both critics are valid and both upper bounds for the model are at most `AIM`.
      num_pieces, num_families: pieces of each class, and tune families that they are from.
      num_tunes, num_places: tunes of the prompts, and possible prompts in the held-out tunes.
    """

    aucs: dict[str, dict[str, Estimate]]
    is_valid: dict[str, bool]
    is_aim_met: bool
    num_pieces: int
    num_families: int
    num_tunes: int = 0
    num_places: int = 0


@dataclasses.dataclass(frozen=True)
class NoTrial:
    """A trial that was not held; `note` says why."""

    note: str


def hold_trial(
    prompts_NP: np.ndarray,
    continuations: Mapping[str, np.ndarray],
    families_N: Sequence[int],
    vocabulary: Vocabulary,
    protocol: str,
    seed: int,
    progress: Callable[..., Iterable],
    bar: Bar,
) -> Trial | NoTrial:
    """The AUC of both critics with intervals.

    Args:
      prompts_NP: events of N prompts.
      continuations: events [N, T] after them: 'real', 'model' and 'markov_3'.
      families_N: tune family of each prompt.
      vocabulary: of the tokens.
      protocol: one of `features.PROTOCOLS`.
      seed: seed of folds, halves, training and resamples.
      progress: a progress bar such as `symmusic.progress.bar`.
      bar: the bar of all of them.
    """
    num_families, num = len(set(families_N)), len(prompts_NP)
    if num_families < LEAST_FAMILIES:
        return NoTrial(
            f'{NUM_FOLDS} folds need prompts of at least {LEAST_FAMILIES} tune families, not'
            f' {num_families}'
        )
    folds_N, in_first_half_N = deal(families_N, generator(seed, Stream.CRITIC_FOLDS))
    families_N, own = np.asarray(families_N), np.arange(num)
    is_real = np.repeat([True, False], num)
    sets = {
        name: LabelledPieces(
            np.concatenate([own, own + index * num]),
            is_real,
            np.tile(families_N, 2),
            np.tile(folds_N, 2),
        )
        for index, name in ((1, 'model'), (2, 'markov_3'))
    }
    sets['real_vs_real'] = LabelledPieces(own, in_first_half_N, families_N, folds_N)
    pool = np.concatenate([continuations[name] for name in ('real', 'model', 'markov_3')])
    features = flatten(
        [compute_features(as_score(events), protocol) for events in progress(pool, 'piece')]
    )
    given = np.tile(np.array([vocabulary.encode(events) for events in prompts_NP]), (3, 1))
    tokens = np.concatenate([given, [vocabulary.encode(events) for events in pool]], axis=1)
    num_tokens = max(vocabulary.num_classes, vocabulary.padding + 1)
    listed = list(sets.values())
    scores = {
        'features': score_features(features, listed),
        'tokens': score_tokens(
            tokens,
            num_tokens,
            given.shape[1],
            listed,
            seed,
            progress,
            bar.steps,
            bar.beat_steps,
        ),
    }
    found = {
        critic: {
            name: estimate(each, labelled, seed)
            for (name, labelled), each in zip(sets.items(), scores[critic], strict=True)
        }
        for critic in CRITICS
    }
    is_valid = {critic: _is_valid(found[critic]) for critic in CRITICS}
    highs = [found[critic]['model'].high for critic in CRITICS]
    is_aim_met = all(is_valid.values()) and max(highs) <= AIM
    return Trial(found, is_valid, is_aim_met, num, num_families)


def _is_valid(found: Mapping[str, Estimate]) -> bool:
    floor, ceiling = found['markov_3'], found['real_vs_real']
    if floor.value is None or ceiling.value is None:
        return False
    return floor.value >= LEAST_FLOOR and ceiling.low <= 0.5 <= ceiling.high
