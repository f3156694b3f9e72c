"""Can generated pieces be distinguished from real ones? A classifier two-sample test (Lopez-Paz and
Oquab, 2017) with several critics, and checks that they are valid. The AUC of a critic is a lower
bound on how well pieces can be distinguished: a better critic may find more.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.critics.auc import (
    LEAST_FAMILIES,
    NUM_FOLDS,
    LabelledPieces,
    assign_families,
    estimate,
    mean_auc,
    mean_over_halvings,
)
from symmusic.critics.findings import CONTEXTS, CriticAucs, CriticResults, NoCritics
from symmusic.critics.regression import WEIGHTS, beside_prompts, flatten, score_features
from symmusic.critics.tokens import CriticOutputs, score_tokens
from symmusic.critics.two_sample import (
    Discrepancy,
    discrepancy,
    feature_distances,
    squared_distances,
)
from symmusic.measures.excerpts import as_score
from symmusic.measures.features import compute_features
from symmusic.melody.encodings import Vocabulary
from symmusic.progress import track
from symmusic.score.bar import Bar
from symmusic.streams import Stream, generator

SETS = ('model', 'markov_3')
NUM_HALVINGS = 10  # halvings of the tunes, for real against real
NUM_OF_FEATURES = 20  # for the critic of features, which is fast


@dataclasses.dataclass(frozen=True)
class CriticData:
    """N prompts with their continuations.

    Attributes:
      prompts_NP: events of the prompts.
      continuations: events [N, T] after them: `real`, `model` and `markov_3`.
      families_N: tune family of each prompt.
      vocabulary: of the tokens.
      protocol: one of `features.PROTOCOLS`.
      bar: of all of them.
    """

    prompts_NP: np.ndarray
    continuations: Mapping[str, np.ndarray]
    families_N: np.ndarray
    vocabulary: Vocabulary
    protocol: str
    bar: Bar

    @functools.cached_property
    def tokens(self) -> dict[str, np.ndarray]:
        """Tokens [N, P + T] of the prompts with each set of continuations."""
        prompts, *sets = (
            np.array([self.vocabulary.encode(events) for events in each])
            for each in (self.prompts_NP, *self.continuations.values())
        )
        return {
            name: np.concatenate([prompts, tokens], axis=1)
            for name, tokens in zip(self.continuations, sets, strict=True)
        }

    def features(self) -> dict[str, list[dict]]:
        """The features of the prompts, under the name `prompts`, and of each set of
        continuations.
        """
        sets = {'prompts': self.prompts_NP, **self.continuations}
        return {
            name: [
                compute_features(as_score(each, self.bar.steps_per_quarter), self.protocol)
                for each in events
            ]
            for name, events in track(sets.items(), 'set')
        }


def run_critics(
    data: CriticData,
    ratios: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]],
    seed: int,
) -> CriticResults | NoCritics:
    """The AUC of all critics with intervals.

    Args:
      data: the pieces.
      ratios: scores of further critics, keyed by critic, context and set, as in
        `ratio.ratio_scores`.
      seed: seed of folds, halves, training and resamples.
    """
    families_N = np.asarray(data.families_N)
    num_families, num = len(set(families_N.tolist())), len(families_N)
    if num_families < LEAST_FAMILIES:
        return NoCritics(
            f'{NUM_FOLDS} folds need prompts of at least {LEAST_FAMILIES} tune families, not'
            f' {num_families}'
        )
    labelled = _label(families_N, generator(seed, Stream.CRITIC_FOLDS))
    features = data.features()
    pool = [each for name in ('real', *SETS) for each in features[name]]
    prompts = features['prompts'] * (1 + len(SETS))
    aucs: dict[str, dict[str, CriticAucs]] = {'features': {}, 'tokens': {}}
    values = {'with': beside_prompts(pool, prompts), 'without': flatten(pool)}
    for context, values_MF in values.items():
        further = np.ones(values_MF.shape[1] - len(WEIGHTS))  # of the differences from the prompt
        scores = score_features(values_MF, labelled, np.append(WEIGHTS, further))
        aucs['features'][context] = _aucs(scores, labelled, seed)
    few = labelled[: len(SETS) + NUM_HALVINGS]
    outputs = {
        context: _classify(data, context, few, seed) for context in track(CONTEXTS, 'context')
    }
    for context, each in outputs.items():
        aucs['tokens'][context] = _aucs([one.scores for one in each], few, seed)
    for critic, contexts in ratios.items():
        aucs[critic] = {
            context: _aucs_of_ratio(scores, families_N, seed)
            for context, scores in contexts.items()
        }
    discrepancies = _compare(features, outputs['with'], families_N, labelled[0].folds[:num], seed)
    return CriticResults(aucs, discrepancies, num, num_families)


def _compare(
    features: Mapping[str, list[dict]],
    outputs: Sequence[CriticOutputs],
    families_N: np.ndarray,
    folds_N: np.ndarray,
    seed: int,
) -> dict[str, dict[str, Discrepancy]]:
    """The discrepancies of each of `SETS` from the real pieces, by representation; the embedding of
    each fold's critic is another one.
    """
    rng = generator(seed, Stream.CRITIC_PERMUTATIONS)
    found: dict[str, dict[str, Discrepancy]] = {'features': {}, 'embedding': {}}
    for name, each in zip(SETS, outputs, strict=False):
        squared_MM = feature_distances([*features['real'], *features[name]])
        found['features'][name] = discrepancy(squared_MM, families_N, rng)
        squared_MM = squared_distances(each.states)
        found['embedding'][name] = discrepancy(squared_MM, families_N, rng, folds_N)
    return found


def _label(families_N: np.ndarray, rng: np.random.Generator) -> list[LabelledPieces]:
    """The labelled pieces: each of `SETS` with the real ones, and `NUM_OF_FEATURES` independent
    halvings of the real ones.
    """
    own, is_real = np.arange(len(families_N)), np.repeat([True, False], len(families_N))
    assigned = [assign_families(families_N, rng) for _ in range(NUM_OF_FEATURES)]
    both_N, folds_N = np.tile(families_N, 2), np.tile(assigned[0][0], 2)
    found = [
        LabelledPieces(np.concatenate([own, own + index * len(own)]), is_real, both_N, folds_N)
        for index in range(1, len(SETS) + 1)
    ]
    return found + [LabelledPieces(own, half_N, families_N, each_N) for each_N, half_N in assigned]


def _classify(
    data: CriticData,
    context: str,
    labelled: Sequence[LabelledPieces],
    seed: int,
) -> list[CriticOutputs]:
    """The outputs of the tokens critic for the pieces, with or without their prompts."""
    num_given = data.prompts_NP.shape[1]
    tokens_MT = np.concatenate([data.tokens[name] for name in ('real', *SETS)])
    num_tokens = max(data.vocabulary.num_classes, data.vocabulary.padding + 1)
    if context == 'without':
        tokens_MT, num_given = tokens_MT[:, num_given:], 0
    steps = data.bar.steps, data.bar.beat_steps
    return score_tokens(tokens_MT, num_tokens, num_given, labelled, seed, *steps)


def _aucs(
    scores: Sequence[np.ndarray], labelled: Sequence[LabelledPieces], seed: int
) -> CriticAucs:
    """The cross-validated AUCs of a critic."""
    found = [estimate(*each, seed) for each in zip(scores[:2], labelled, strict=False)]
    null = [mean_auc(*each) for each in zip(scores[2:], labelled[2:], strict=True)]
    return CriticAucs(*found, mean_over_halvings(null))


def _aucs_of_ratio(
    scores: Mapping[str, np.ndarray], families_N: np.ndarray, seed: int
) -> CriticAucs:
    """The AUCs of scores that were not learnt from these pieces, so that there are no folds."""
    num = len(families_N)
    both = LabelledPieces(
        np.arange(2 * num),
        np.repeat([True, False], num),
        np.tile(families_N, 2),
        np.zeros(2 * num, int),
    )
    found = [estimate(scores[name], both, seed, widening=1.0) for name in SETS]
    rng, null = generator(seed, Stream.CRITIC_FOLDS), []
    for _ in range(NUM_HALVINGS):
        halves = LabelledPieces(
            np.arange(num), assign_families(families_N, rng)[1], families_N, np.zeros(num, int)
        )
        null.append(mean_auc(scores['model'][:num], halves))
    return CriticAucs(*found, mean_over_halvings(null))
