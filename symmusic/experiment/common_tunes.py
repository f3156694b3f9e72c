"""The likelihood of the same unseen tunes under arms that are trained on different corpora, in nats
per note, for each style: `common_nats_<style>`.

The tunes are the test tunes of `config.evaluate.common_corpus` in `METERS`, split as
`config.data.split_as` says. An arm leaves out families with a setting of its own training or
validation tunes, and families with a pitch outside its vocabulary or in a metre that it does not
know; `on_common` then keeps the families that no arm left out. The nats of a tune are minus the log
probability of its events, so that they can be compared between vocabularies of one encoding: an arm
that knows more pitches has to tell a note from all of them. Each step counts once, and all arms
have the same context (`train.held_out_steps`).
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.meters import find_index
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import find_seen
from symmusic.corpus.windows import Windows, cut_windows, tune_indices
from symmusic.experiment.by_family import name_families, sum_by_family
from symmusic.experiment.measures import COMMON
from symmusic.experiment.outcome import Outcome
from symmusic.measures.likelihood import Targets, find_targets, model_losses
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Params
from symmusic.training.card import Card
from symmusic.training.data import put

METERS = ('4/4', '2/2')  # of the tunes; every arm of the stated experiments knows them


@dataclasses.dataclass(frozen=True)
class CommonTunes:
    """The tunes of one measure, as an arm reads them.

    Attributes:
      windows: of the tunes that it can be measured on.
      targets: all of their steps; a tune's first is one if it is shorter than a window.
      families_K: the name of the family of each target.
      left_out: the names of the families that are left out.
    """

    windows: Windows
    targets: Targets
    families_K: np.ndarray
    left_out: tuple[str, ...]


def read_common(
    config: ConfigDict, corpus: Corpus, common: Corpus, card: Card
) -> dict[str, CommonTunes]:
    """The tunes that an arm is measured on, for each measure, that is, for each style.

    Args:
      config: of the arm.
      corpus: that it is trained on.
      common: the corpus of the tunes.
      card: of the arm's run.
    """
    seed, names = config.data.split_seed, name_families(common)
    own, test = corpus.split(seed), common.split(seed).test
    numbers = np.array([common.family_of[tune.file] for tune in test])
    seen = find_seen(test, numbers, [*own.train, *own.validation])
    left_out = {
        names[tune.file]
        for tune, family in zip(test, numbers.tolist(), strict=True)
        if family in seen or not _is_known(tune, card.vocabulary, card.meters)
    }
    found = {}
    for measure, style in COMMON.items():
        tunes = [tune for tune in test if tune.style == style]
        kept = [tune for tune in tunes if names[tune.file] not in left_out]
        if not tunes:
            continue
        steps = config.train.held_out_steps + 1
        grid = {'meters': card.meters, 'steps_per_quarter': card.steps_per_quarter}
        how = {'cover_end': True, 'count_once': True}
        windows = cut_windows(kept, card.vocabulary, steps, steps // 2, **how, **grid)
        targets = find_targets(windows, card.vocabulary, all_steps=True)
        of_windows = tune_indices(windows, kept, card.vocabulary)
        files = np.array([names[tune.file] for tune in kept])
        others = sorted({names[tune.file] for tune in tunes} & left_out)
        found[measure] = CommonTunes(
            windows, targets, files[of_windows[targets.rows]], tuple(others)
        )
    return found


def _is_known(tune: Tune, vocabulary: Vocabulary, meters: Sequence[str]) -> bool:
    pitches = tune.events[tune.events >= 0]
    is_within = vocabulary.min_pitch <= pitches.min() and pitches.max() <= vocabulary.max_pitch
    return bool(is_within) and find_index(tune.counted_in, meters) is not None


def common_nats(
    params: Params, card: Card, tunes: Mapping[str, CommonTunes]
) -> tuple[dict[str, float | None], dict[str, dict[str, list[float]]]]:
    """Each measure of a replica, in nats per note, and its parts by tune family: nats and notes,
    both 0 for a family that the arm leaves out. Nothing for models that do not predict every step
    from those before it.
    """
    if not card.recipe.left_to_right:
        return {}, {}
    parts: dict[str, dict[str, list[float]]] = {}
    for measure, each in tunes.items():
        parts[measure] = {family: [0.0, 0.0] for family in each.left_out}
        if len(each.targets):
            losses_K = model_losses(
                params, put(each.windows), each.targets, architecture=card.architecture, kind='all'
            )
            of_measure = {measure: (losses_K, each.targets.is_onset.astype(float))}
            parts[measure] |= sum_by_family(of_measure, each.families_K)[measure]
    return {measure: per_note(each.values()) for measure, each in parts.items()}, parts


def per_note(parts: Sequence[Sequence[float]]) -> float | None:
    """Nats per note of some families, each given as its nats and its notes."""
    nats, notes = np.sum([*parts, (0.0, 0.0)], axis=0)
    return float(nats / notes) if notes else None


def on_common(
    outcomes: Mapping[tuple[str, str], Outcome],
) -> tuple[dict[tuple[str, str], Outcome], dict[str, dict[str, dict[str, int]]]]:
    """The outcomes of arms with these measures on the families that no arm of the variant left out,
    and for each variant and measure the number of `families` and of those `left_out`.
    """
    found, counts = dict(outcomes), {}
    for measure in COMMON:
        for variant in dict.fromkeys(variant for variant, _ in outcomes):
            own = {
                place: outcome
                for place, outcome in found.items()
                if place[0] == variant and outcome.by_family and measure in outcome.by_family[0]
            }
            if not own:
                continue
            parts = [outcome.by_family[0][measure] for outcome in own.values()]
            known = set.intersection(
                *({family for family, (_, notes) in each.items() if notes} for each in parts)
            )
            every = set().union(*parts)
            counts.setdefault(variant, {})[measure] = {
                'families': len(known),
                'left_out': len(every - known),
            }
            found |= {place: _only(outcome, measure, known) for place, outcome in own.items()}
    return found, counts


def _only(outcome: Outcome, measure: str, families: set[str]) -> Outcome:
    """An outcome with a measure on some of its families alone."""
    replicas, by_family = [], []
    for values, parts in zip(outcome.replicas, outcome.by_family, strict=True):
        own = {name: parts[measure][name] for name in sorted(families)}
        replicas.append({**values, measure: per_note(own.values())})
        others = {name: each for name, each in parts.items() if name != measure}
        by_family.append(others | ({measure: own} if own else {}))
    return dataclasses.replace(outcome, replicas=tuple(replicas), by_family=tuple(by_family))
