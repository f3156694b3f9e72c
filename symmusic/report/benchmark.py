"""The report of the benchmark: tables of its results next to the published ones."""

from collections.abc import Mapping

from symmusic.benchmark.folds import NUM_FOLDS
from symmusic.benchmark.given import GIVEN_SET
from symmusic.benchmark.melodies import INSTALL, SETS
from symmusic.benchmark.results import MODELS, PUBLISHED
from symmusic.report.blocks import Code, Report, Section, Table, Text, table
from symmusic.wording import count

COLUMNS = {
    'count_model': 'LTM',
    'count_model_adaptive': 'LTM+',
    'short_term': 'STM',
    'count_model_with_short_term': 'LTM+ and STM',
    'network': 'network',
    'network_adaptive': 'network, adaptive',
    'network_with_short_term': 'network, adaptive, and STM',
    'network_of_all_sets': 'network of all sets',
    'network_of_all_sets_adaptive': 'network of all sets, adaptive',
    'network_of_all_sets_with_short_term': 'network of all sets, adaptive, and STM',
    'transformer': 'Transformer',
    'transformer_adaptive': 'Transformer, adaptive',
    'transformer_with_short_term': 'Transformer, adaptive, and STM',
}


def benchmark_report(found: Mapping) -> Report:
    """The report of the results that `benchmark.results.summarise` gives."""
    return Report(
        'Predicting melodies: the benchmark of Pearce (2005)',
        (
            Section('', (Text(_said(found)), _means(found), Text(_said_of_counts(found)))),
            Section('By set', (_by_set(found), Text(INTERVALS, quiet=True))),
            *_given(found),
            Section('What differs from the published protocol', (Text(_differs(found)),)),
        ),
    )


INTERVALS = (
    'Bits per note, the mean over folds and partitions; lower is better. Published figures in'
    ' square brackets. Intervals of 95 %: melodies are resampled.'
)


GIVEN = (
    'Set 2, bits per note. Published: 1.953 (Pearce, 2005, table 7.3), by count models of rhythm,'
    ' metre and phrases. Here the onsets and phrase ends of the whole melody are given. Pickups and'
    ' phrase ends, which are fermatas, are read from the same chorales in music21; those of the few'
    ' melodies without a counterpart there are not known.'
)


def _said(found: Mapping) -> str:
    num = len(found['folds'])
    of_folds = '' if num == NUM_FOLDS else f', of each only {count(num, "fold")} of {NUM_FOLDS}'
    return (
        'The pitch of each note given those before it, in bits per note (lower is better):'
        f' {count(len(found["sets"]), "set")}, cross-validation by melody with'
        f' {count(found["partitions"], "partition")} into {NUM_FOLDS} folds{of_folds}.'
        + ' A quick form: networks are trained for too few epochs to say anything.'
        * found['quick']
    )


def _said_of_counts(found: Mapping) -> str:
    """The sentence on how the count models check the protocol."""
    if found['quick']:
        return 'The count models were not run on all folds, so they check nothing.'
    means = found['count_models_on_all_folds']
    pairs = [
        f'{COLUMNS[model]} {means[model]:.3f} (published {_published(found, model):.3f})'
        for model in PUBLISHED
    ]
    return (
        f'As a check of the protocol, the count models on all {NUM_FOLDS} folds of each set:'
        f' {", ".join(pairs)}.'
    )


def _published(found: Mapping, model: str) -> float:
    """The mean of the published figures."""
    values = [each[PUBLISHED[model]] for each in found['published'].values()]
    return sum(values) / len(values)


def _means(found: Mapping) -> Table:
    """The means over sets, with their published counterparts."""
    rows = []
    for model, value in found['mean'].items():
        low, high = found['mean_interval'][model]
        rows.append(
            (
                _title(found, model),
                f'{value:.3f} ({low:.3f} to {high:.3f})',
                f'{found["mean_over_notes"][model]:.3f}',
                f'{_published(found, model):.3f}' if model in PUBLISHED else '',
            )
        )
    return table(('model', 'mean over folds', 'mean over notes', 'published'), rows)


def _title(found: Mapping, model: str) -> str:
    """The model's name, with the number of partitions if it is smaller than that of others."""
    num = found.get('fewer_partitions', {}).get(model)  # results of earlier versions have none
    return MODELS[model] + (f' ({count(num, "partition")})' if num else '')


def _by_set(found: Mapping) -> Table:
    models = [model for model in COLUMNS if model in found['mean']]
    rows = []
    for name, values in found['sets'].items():
        published = found['published'][name]
        row = [name]
        for model in models:
            beside = f' [{published[PUBLISHED[model]]:.3f}]' if model in PUBLISHED else ''
            row.append(f'{values[model]:.3f}{beside}')
        rows.append(row)
    return table(('set', *(COLUMNS[model] for model in models)), rows)


def _given(found: Mapping) -> list[Section]:
    """The results for chorales of which more than the earlier pitches is given; None if they were
    not run.
    """
    values = found['sets'].get(GIVEN_SET, {})
    names = [model for model in MODELS if model in values and 'given' in model]
    if not names:
        return []
    rows = []
    for model in names:
        low, high = found['intervals'][GIVEN_SET][model]
        notes = found['over_notes'][GIVEN_SET][model]
        rows.append(
            (_title(found, model), f'{values[model]:.3f}', f'{notes:.3f} ({low:.3f} to {high:.3f})')
        )
    return [
        Section(
            'Chorales given onsets, metre and phrase ends',
            (
                table(('model', 'mean over folds', 'mean over notes'), rows),
                Text(GIVEN, quiet=True),
            ),
        )
    ]


def _differs(found: Mapping) -> tuple:
    own, published = (sum(counts) for counts in zip(*_counts(), strict=True))
    return (
        'The published partitions are not known: these are drawn by seed. Set 4 has 115 of its 119'
        f' melodies; all sets together have {own:,} notes in place of {published:,}. The first note'
        ' of a melody has the probability that the long-term model gives it without a context. The'
        ' melodies are those of ',
        Code(INSTALL),
        '; the sets 3 to 8 are from the Essen folk song collection, for non-commercial use only.',
    )


def _counts() -> list[tuple[int, int]]:
    return [(source.num_notes, source.published.num_notes) for source in SETS.values()]
