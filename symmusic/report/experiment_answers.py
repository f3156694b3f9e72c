"""The answers in an experiment's report: verdicts on its claims, on this split and on others."""

from collections.abc import Mapping

from symmusic.config.experiments import LISTENERS
from symmusic.experiment.highlights import with_interval
from symmusic.experiment.statistics import mean_interval
from symmusic.measures.bounds import bounds_of
from symmusic.report.blocks import Block, Section, Strong, Text, table


def answers_sections(found: Mapping) -> list[Section]:
    """The verdict on each claim and, if other splits were run, the differences on them."""
    sections = [Section('Answers', _answers(found))]
    if found['splits']:
        sections.append(Section('On other splits', _on_splits(found)))
    return sections


def _answers(found: Mapping) -> tuple[Block, ...]:
    rows = [
        [row['claim'], row['variant'], Strong(row['verdict']), row['evidence']]
        for row in found['highlights']
    ]
    text = (
        'Each claim had its measure, direction and smallest effect of interest before any run.'
        ' A difference is the first arm minus the second, here and below.'
        ' Confirmed: the difference goes the way claimed and reaches the smallest effect of'
        " interest, its interval excludes 0, and p < 0.05 by Welch's test after Holm's correction"
        ' over all claims that the config states and that are measured here, whether their arms'
        ' are done or not. Not confirmed: the interval excludes an effect of interest. Undecided:'
        ' neither, or both arms are at the floor or the ceiling of the measure, or only listeners'
        ' can tell.'
    )
    return table(['claim', 'variant', 'verdict', 'evidence'], rows, 'answers'), Text(text)


def _on_splits(found: Mapping) -> tuple[Block, ...]:
    """The difference of each claim on every split, and over the splits."""
    rows, splits = [], found['splits']
    for index, row in enumerate(found['highlights']):
        each = [row, *(split['highlights'][index] for split in splits.values())]
        if row['measure'] == LISTENERS:
            continue
        known = [one['difference'] for one in each if one.get('difference') is not None]
        cells = [
            (
                f'{with_interval({**one, "mean": one["difference"]})}: {one["verdict"]}'
                if 'difference' in one
                else '-'
            )
            for one in each
        ]
        rows.append(
            [
                f'{row["claim"]} ({row["variant"]}, {row["measure"]})',
                *cells,
                with_interval(mean_interval(known, bounds_of(row['measure']).difference)),
            ]
        )
    head = [
        'difference',
        'the split above',
        *(f'split_seed {seed}' for seed in splits),
        'mean of the splits',
    ]
    text = (
        'All arms again, trained and measured on other splits of the tunes. Brackets of a split'
        ' hold what other seeds would give there, those of the mean what other splits would give'
        " (Student's t over the splits). Verdicts of each split are by the rule above."
    )
    failed = [
        Text((Strong(f'Missing on split {seed}'), f': {name}, {why}.'))
        for seed, split in splits.items()
        for name, why in split['failed'].items()
    ]
    return table(head, rows, 'differences on every split'), Text(text), *failed
