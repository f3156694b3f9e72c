"""Likelihoods that compare models trained with different losses: of gaps, for models with and
without backward layers; and of the sounding pitch, for all encodings.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.dataset import Dataset
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import tune_indices
from symmusic.experiment.by_family import sum_by_family
from symmusic.measures.distributions import model_log_probabilities
from symmusic.measures.gaps import find_gaps
from symmusic.measures.likelihood import find_targets, model_losses
from symmusic.measures.material import evaluated_index
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import sounding
from symmusic.model.model import Params
from symmusic.streams import Stream, generator
from symmusic.training.card import Card
from symmusic.training.data import put

GAP_BARS = (1, 2, 4)
MAX_GAPS = 200  # of each length


def measure_likelihoods(
    params: Params,
    card: Card,
    config: ConfigDict,
    data: Dataset,
    tunes: Sequence[Tune],
    families: Mapping[str, str],
) -> tuple[dict[str, float | None], dict[str, dict[str, list[float]]]]:
    """`gap_nats` and `sounding_nats` of a replica, None where they are not defined, and their parts
    by tune family. Both are undefined for models of last steps, `sounding_nats` also for those that
    learn gaps alone.

    Args:
      params: of the replica.
      card: of its run.
      config: of the arm.
      data: its windows.
      tunes: the test tunes.
      families: the name of each tune's family by its file.
    """
    parts = {}
    if data.test is not None and card.recipe.targets != 'last':
        parts = _gaps(params, card, config, tunes, families)
        if card.recipe.left_to_right:
            parts |= _sounding(params, card, data, tunes, families)
    sums = {name: np.sum(list(each.values()), axis=0) for name, each in parts.items()}
    found = dict.fromkeys(('gap_nats', 'sounding_nats'))
    return found | {name: float(top / bottom) for name, (top, bottom) in sums.items()}, parts


def _gaps(
    params: Params,
    card: Card,
    config: ConfigDict,
    tunes: Sequence[Tune],
    families: Mapping[str, str],
) -> dict[str, dict[str, list[float]]]:
    """The parts of `gap_nats`; the same gaps for all arms of one corpus."""
    rng, kind = generator(config.seed, Stream.GAPS), card.recipe.targets
    meter = evaluated_index(config, card.meters)
    losses, names = [], []
    for num_bars in GAP_BARS:
        how = num_bars, MAX_GAPS, rng, card.meters, meter, card.steps_per_quarter
        gaps = find_gaps(tunes, card.vocabulary, *how)
        if not len(gaps):
            continue
        losses.append(
            model_losses(
                params,
                put(gaps.windows),
                gaps.targets,
                architecture=card.architecture,
                kind=kind,
                ends_N=gaps.ends if kind == 'gap' else None,
            )
        )
        names += [families[tunes[index].file] for index in gaps.tunes[gaps.targets.rows]]
    if not losses:
        return {}
    nats_K = np.concatenate(losses)
    return sum_by_family({'gap_nats': (nats_K, np.ones(len(nats_K)))}, names)


def _sounding(
    params: Params, card: Card, data: Dataset, tunes: Sequence[Tune], families: Mapping[str, str]
) -> dict[str, dict[str, list[float]]]:
    """The parts of `sounding_nats`."""
    vocabulary = card.vocabulary
    targets = find_targets(data.test, vocabulary, all_steps=True)
    logs_KV = model_log_probabilities(
        params, put(data.test), targets, architecture=card.architecture, kind='all'
    )
    pitches_NS = np.array([sounding(vocabulary.decode(row)) for row in data.test.tokens()])
    now_K = pitches_NS[targets.rows, targets.steps]
    before_K = pitches_NS[targets.rows, targets.steps - 1]
    is_counted_K = now_K >= 0
    if not is_counted_K.any():
        return {}
    nats_K = sounding_losses(
        logs_KV[is_counted_K], before_K[is_counted_K], now_K[is_counted_K], vocabulary
    )
    files = np.array([families[tune.file] for tune in tunes])
    names_K = files[tune_indices(data.test, tunes, vocabulary)[targets.rows[is_counted_K]]]
    return sum_by_family({'sounding_nats': (nats_K, np.ones(len(nats_K)))}, names_K)


def sounding_losses(
    logs_KV: np.ndarray, before_K: np.ndarray, now_K: np.ndarray, vocabulary: Vocabulary
) -> np.ndarray:
    """The loss [K] in nats of the pitch that sounds, given that one does.

    A piano roll's classes are these pitches. In a melody of events a pitch sounds if its note
    starts, or if it sounds already and nothing happens.

    Args:
      logs_KV: log probabilities of the classes.
      before_K: the pitch that sounds in the step before, a negative number for none.
      now_K: the pitch that sounds.
      vocabulary: of the classes.
    """
    rows = np.arange(len(now_K))
    probabilities_KP = np.exp(logs_KV[:, vocabulary.first_pitch :].astype(np.float64))
    if 'no event' in vocabulary.other_classes:
        held = before_K >= 0
        index = vocabulary.other_classes.index('no event')
        probabilities_KP[rows[held], before_K[held] - vocabulary.min_pitch] += np.exp(
            logs_KV[held, index].astype(np.float64)
        )
    own_K = probabilities_KP[rows, now_K - vocabulary.min_pitch]
    return np.log(probabilities_KP.sum(axis=1)) - np.log(own_K)
