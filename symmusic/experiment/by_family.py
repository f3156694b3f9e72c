"""The contribution of each tune family to a replica's measures: the numerator and the denominator
of every measure that is a mean over pieces or steps. They allow a crossed resampling of seeds and
families. Stored as `{measure: {family: [numerator, denominator]}}`; a family is named after its
first tune, because family numbers differ between corpora.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import tune_indices
from symmusic.measures.families import Parts
from symmusic.measures.likelihood import find_targets, model_losses
from symmusic.model.model import Params
from symmusic.training.card import Card
from symmusic.training.data import put

ByFamily = Mapping[str, Mapping[str, Sequence[float]]]


def name_families(corpus: Corpus) -> dict[str, str]:
    """The name of each kept tune's family, keyed by the tune's file."""
    names: dict[int, str] = {}
    return {file: names.setdefault(family, file) for file, family in corpus.family_of.items()}


def sum_by_family(
    parts: Mapping[str, Parts], families_N: Sequence[str]
) -> dict[str, dict[str, list[float]]]:
    """The numerators and denominators [N] of each measure, summed over the pieces of a family."""
    families, members_N = np.unique(np.asarray(families_N), return_inverse=True)
    found = {}
    for measure, both in parts.items():
        sums_2F = [np.bincount(members_N, part, len(families)) for part in both]
        found[measure] = {
            str(family): [float(top), float(bottom)]
            for family, top, bottom in zip(families, *sums_2F, strict=True)
        }
    return found


def nats_by_family(
    params: Params, card: Card, data: Dataset, tunes: Sequence[Tune], families: Mapping[str, str]
) -> dict[str, dict[str, list[float]]]:
    """The loss in nats and the number of targets for each family of the test tunes, for the measure
    `nats_per_step`; empty if no tune is unseen, and for runs that learn gaps alone.

    Args:
      params: of one replica.
      card: of its run.
      data: the windows.
      tunes: the test tunes.
      families: the name of each tune's family by its file.
    """
    recipe = card.recipe
    kind = 'all' if recipe.left_to_right else recipe.targets
    if data.test is None or kind == 'gap':
        return {}
    targets = find_targets(data.test, card.vocabulary, all_steps=kind == 'all')
    losses_K = model_losses(
        params, put(data.test), targets, architecture=card.architecture, kind=kind
    )
    indices_N = tune_indices(data.test, tunes, card.vocabulary)
    families_K = np.array([families[tune.file] for tune in tunes])[indices_N[targets.rows]]
    return sum_by_family({'nats_per_step': (losses_K, np.ones(len(targets)))}, families_K)


def stack(arms: Sequence[Sequence[ByFamily]], measure: str) -> list[Parts | None]:
    """The numerators and denominators [R, F] of a measure for each arm, with the same families in
    the same order and 0 if a replica has no piece of a family; None if they are not known.
    """
    known = [bool(arm) and all(measure in replica for replica in arm) for arm in arms]
    families = sorted(
        {
            family
            for arm, is_known in zip(arms, known, strict=True)
            if is_known
            for replica in arm
            for family in replica[measure]
        }
    )
    found: list[Parts | None] = []
    for arm, is_known in zip(arms, known, strict=True):
        parts = [
            [replica[measure].get(family, (0.0, 0.0)) for family in families]
            for replica in (arm if is_known else ())
        ]
        found.append(tuple(np.moveaxis(np.array(parts), 2, 0)) if is_known else None)
    return found
