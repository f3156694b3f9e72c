"""The measures of a replica: named numbers, measured on the pieces that it generated."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.config.experiments import LISTENERS, Hypothesis
from symmusic.corpus.collections import COLLECTIONS
from symmusic.corpus.prepare import Tune
from symmusic.errors import UserError
from symmusic.measures.comparison import compare_briefly
from symmusic.measures.families import Parts, defined
from symmusic.measures.feature_table import Pieces
from symmusic.measures.features import FEATURES
from symmusic.measures.scale import measure
from symmusic.measures.structure import LAGS, count_repeated, count_similar, repeated_bars
from symmusic.melody.events import from_events
from symmusic.originality.copies import Melody, find_longest_runs
from symmusic.originality.plagiarism import index_corpus, similarity_of
from symmusic.originality.shape_index import ShapeIndex
from symmusic.score.bar import Bar
from symmusic.thesis.tables import find_table
from symmusic.wording import count, nearest

# The style of the tunes of each measure of `common_tunes`.
COMMON = {
    f'common_nats_{style.lower().replace(" ", "_")}': style
    for style in dict.fromkeys(each.style for each in COLLECTIONS.values())
}
# Descriptions by name.
MEASURES = {
    'overall_oa': (
        'overlap area of the distances within the pieces and within training excerpts, mean of'
        ' pitch and rhythm features'
    ),
    'pitch_oa': 'the same, mean of the pitch features',
    'rhythm_oa': 'the same, mean of the rhythm features',
    'overall_kld': 'KL divergence of the same distances, mean of pitch and rhythm features',
    **{f'oa_{name}': f'overlap area of {name}' for name in FEATURES},
    'nats_per_step': (
        'nats per target step on test tunes; split by window, which holds out no tune, on'
        ' validation windows'
    ),
    'plagiarism': (
        'similarity of a piece to the nearest training tune (MelodyShape 2015-shapeh), mean over'
        ' usable pieces'
    ),
    'unusable': 'pieces of fewer than 3 notes, which have no such similarity',
    'copied_run': (
        'longest run of notes of a piece that occurs in a training tune, mean over pieces'
    ),
    'repeated_bars': (
        'share of the bars of the pieces, except those without an onset, that equal an earlier bar'
        ' of the prompt or the piece'
    ),
    **{
        f'self_similarity_{lag}': (
            f'share of the steps with an onset, there or {count(lag, "bar")} before, at which the'
            ' same pitch starts at both'
        )
        for lag in LAGS
    },
    'self_similarity_distance': (
        'absolute difference of these shares from those of the real continuations of the same'
        ' prompts, mean over the lags that pieces are long enough for'
    ),
    'gap_nats': (
        'nats per step in gaps of 1, 2 and 4 bars of test tunes, given both sides where the model'
        ' was trained to fill gaps, else the left one'
    ),
    'sounding_nats': (
        'nats of the pitch that sounds, per step of test tunes at which one does, given that one'
        ' does: the same question to models of all encodings'
    ),
    **{
        name: (
            f'nats per note on the test tunes of the style {style!r} of'
            ' config.evaluate.common_corpus that no arm has seen and all arms can express'
        )
        for name, style in COMMON.items()
    },
    'note_count': 'notes of a piece, mean',
    'empty': 'pieces without a note, after as many redraws as are allowed',
}
MAIN = (
    'overall_oa',
    'pitch_oa',
    'rhythm_oa',
    'overall_kld',
    'nats_per_step',
    'plagiarism',
    'copied_run',
    'repeated_bars',
)
# measures of a model's likelihood, not of its pieces
OF_LIKELIHOOD = ('nats_per_step', 'gap_nats', 'sounding_nats', *COMMON)


@dataclasses.dataclass(frozen=True)
class OriginalsIndex:
    """The training tunes, indexed once for all replicas of a corpus, in which copies are
    searched.
    """

    collection: ShapeIndex
    melodies: tuple[Melody, ...]


def index_originals(tunes: Sequence[Tune]) -> OriginalsIndex:
    """Indexes the tunes that were kept."""
    return OriginalsIndex(
        index_corpus(tunes), tuple(from_events(tune.events) for tune in tunes if tune.kept)
    )


@dataclasses.dataclass(frozen=True)
class Measured:
    """The measures of N pieces: `values` keyed by name, None if undefined; and, for measures that
    are means over the pieces, `parts`: their numerators and denominators [N].
    """

    values: dict[str, float | None]
    parts: dict[str, Parts]


def measure_pieces(
    prompts_NT: np.ndarray,
    events_NT: np.ndarray,
    references: Sequence[Pieces],
    originals: OriginalsIndex,
    protocol: str,
    bar: Bar,
    continuations_NT: np.ndarray | None = None,
) -> Measured:
    """All measures of a replica's pieces, that is, all but `OF_LIKELIHOOD`.

    Args:
      prompts_NT: events before each piece, in whole bars.
      events_NT: the pieces: D draws of N / D pieces each, concatenated.
      references: excerpts for each of the D draws.
      originals: the training tunes.
      protocol: one of `features.PROTOCOLS`, for features and distances.
      bar: of all of them.
      continuations_NT: events of the real continuations of the prompts; None where not known.
    """
    draws = [
        compare_briefly(reference, measure(events, protocol, bar.steps_per_quarter), protocol)
        for reference, events in zip(references, np.split(events_NT, len(references)), strict=True)
    ]
    found = {
        f'{group}_oa': _mean(draw.averages[group].oa for draw in draws)
        for group in ('overall', 'pitch', 'rhythm')
    }
    found['overall_kld'] = _mean(draw.averages['overall'].kld for draw in draws)
    found |= {f'oa_{name}': _mean(draw.features[name].oa for draw in draws) for name in FEATURES}
    melodies = [from_events(events) for events in events_NT]
    similarity = similarity_of(
        {str(index): [note.pitch for note in notes] for index, notes in enumerate(melodies)},
        originals.collection,
    )
    found |= {'plagiarism': similarity.mean, 'unusable': similarity.unusable}
    runs = [passage.score for passage in find_longest_runs(melodies, originals.melodies)]
    counts = [len(notes) for notes in melodies]
    found |= {'copied_run': _mean(runs), 'note_count': _mean(counts)}
    found['repeated_bars'] = repeated_bars(prompts_NT, events_NT, bar.steps)
    found['empty'] = counts.count(0)
    scores = [np.nan if each.score is None else each.score for each in similarity.pieces.values()]
    means = {'plagiarism': scores, 'copied_run': runs, 'note_count': counts}
    parts = {name: defined(np.array(values)) for name, values in means.items()}
    parts['repeated_bars'] = count_repeated(prompts_NT, events_NT, bar.steps)
    similar = _similar(prompts_NT, events_NT, bar)
    found |= {name: _share(similar.get(name)) for name in _SIMILARITIES}
    found['self_similarity_distance'] = None
    if continuations_NT is not None:
        real = _similar(prompts_NT, continuations_NT, bar)
        found['self_similarity_distance'] = _mean(
            abs(_share(similar[name]) - _share(real[name])) for name in similar.keys() & real.keys()
        )
    return Measured(found, parts | similar)


_SIMILARITIES = {f'self_similarity_{lag}': lag for lag in LAGS}


def _similar(prompts_NT: np.ndarray, events_NT: np.ndarray, bar: Bar) -> dict[str, Parts]:
    """The parts of the self-similarity of pieces at each lag that any piece is long enough for."""
    found = {
        name: count_similar(prompts_NT, events_NT, lag, bar.steps)
        for name, lag in _SIMILARITIES.items()
    }
    return {name: parts for name, parts in found.items() if parts[1].any()}


def _share(parts: Parts | None) -> float | None:
    return None if parts is None else float(parts[0].sum() / parts[1].sum())


def _mean(values) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def by_measure(replicas: Sequence[Mapping[str, float | None]]) -> dict[str, list[float | None]]:
    """The values of each measure that is present, one per replica."""
    return {
        name: [replica[name] for replica in replicas] for name in MEASURES if name in replicas[0]
    }


def check_claims(hypothesis: Hypothesis) -> None:
    """Checks that the measures and tables that a hypothesis names exist.

    Raises:
      UserError: a measure or table does not exist.
    """
    for primary in hypothesis.primaries:
        if primary.measure != LISTENERS and primary.measure not in MEASURES:
            known = (*MEASURES, LISTENERS)
            raise UserError(
                f"config.experiment, the primary '{primary.claim}': no such measure as"
                f' {primary.measure!r}'
                f'{nearest(primary.measure, known)}; there are {", ".join(known)}'
            )
    for name, table in hypothesis.tables.items():
        if find_table(table) is None:
            raise UserError(f'config.experiment: the thesis has no arm in table {table} ({name})')
