"""The measures of an experiment's arms in its report: means, differences, the amount of data."""

import pathlib
from collections.abc import Mapping

from symmusic.config.arms import Experiment
from symmusic.experiment.highlights import with_interval
from symmusic.experiment.measures import MAIN, MEASURES
from symmusic.experiment.outcome import label
from symmusic.report import experiment_plots as plots
from symmusic.report.blocks import Block, Code, Items, Section, Text, picture, table
from symmusic.thesis.tables import SIMILARITY_BY_WINDOWS, SOURCE


def measures_sections(
    folder: pathlib.Path,
    found: Mapping,
    published: Mapping[str, Mapping[str, float]],
    experiment: Experiment,
) -> list[Section]:
    """The measures of the arms with their differences; pictures are drawn into the folder."""
    arms = found['arms']
    if not arms:
        return []
    levels = real_levels(arms)
    sections = [
        Section('Measures', _measures(folder, found, published, levels)),
        Section('Differences', _differences(folder, found)),
    ]
    if any(
        len({arm['num_windows'] for arm in arms.values() if arm['variant'] == variant}) > 1
        for variant in ('sound', 'source')
    ):
        sections.append(_amount(folder, found, experiment))
    return sections


def _measures(
    folder: pathlib.Path,
    found: Mapping,
    published: Mapping[str, Mapping[str, float]],
    levels: Mapping[str, Mapping],
) -> tuple[Block, ...]:
    columns = {**{name: arm['measures'] for name, arm in found['arms'].items()}, **levels}
    known = [name for name in MEASURES if any(name in cells for cells in columns.values())]
    rows = [
        [
            measure,
            *(
                with_interval(cells[measure]) if measure in cells else '-'
                for cells in columns.values()
            ),
        ]
        for measure in known
    ]
    blocks = [
        table(['', *columns], rows, 'measures of every arm'),
        Items(tuple((Code(name), f': {MEASURES[name]}') for name in known)),
        *_common(found),
    ]
    if levels:
        blocks.append(
            Text(
                'Real continuations: how the prompts go on in the tunes that they are taken from,'
                ' measured as if a replica had drawn them.'
            )
        )
    plots.draw_measures(folder / 'measures.png', found, published, levels)
    what = 'the main measures of every replica and their means, by arm, and of real continuations'
    return *blocks, picture(folder / 'measures.png', what)


def _common(found: Mapping) -> list[Block]:
    """How many tune families the measures of common tunes are over."""
    rows = [
        [variant, measure, str(each['families']), str(each['left_out'])]
        for variant, measures in found['common_tunes'].items()
        for measure, each in measures.items()
    ]
    head = ['variant', 'measure', 'families', 'left out']
    text = 'Left out: families that an arm has seen, or that have a pitch that it does not know.'
    return [table(head, rows, 'common test tunes'), Text(text)] if rows else []


def _differences(folder: pathlib.Path, found: Mapping) -> tuple[Block, ...]:
    rows = [
        [
            f'{row["arms"][0]} minus {row["arms"][1]}',
            row['measure'],
            with_interval({**row, 'mean': row['difference']}),
            *(
                '-' if row[key] is None else f'{row[key]:.2g}'
                for key in ('effect_size', 'p', 'p_permutation')
            ),
        ]
        for row in found['contrasts']
        if row['measure'] in MAIN and row['difference'] is not None
    ]
    head = ['', 'measure', 'difference', "Hedges' g", 'p (Welch)', 'p (permutation)']
    about = (
        'Descriptive, and not corrected for their number: claims are judged above. All measures'
        ' are in '
    )
    blocks = [table(head, rows, 'differences'), Text((about, Code('results.json'), '.'))]
    path = folder / 'differences.png'
    plots.draw_differences(path, found)
    if path.exists():
        blocks.append(picture(path, 'differences of overlap areas between arms'))
    return tuple(blocks)


def real_levels(arms: Mapping[str, Mapping]) -> dict[str, dict]:
    """The measures of the real continuations, keyed by their label in the report; one entry for all
    arms with the same prompts and excerpts.
    """
    groups: list[tuple[dict, list[str]]] = []
    for name, arm in arms.items():
        level = arm['real_continuations']
        if level is not None:
            same = next((names for cells, names in groups if cells == level), None)
            if same is None:
                groups.append((level, [name]))
            else:
                same.append(name)
    alone = len(groups) == 1
    return {
        'real continuations' + ('' if alone else f' ({", ".join(names)})'): cells
        for cells, names in groups
    }


def _amount(folder: pathlib.Path, found: Mapping, experiment: Experiment) -> Section:
    """The section on copying against the amount of data. Arms that change the same fields of the
    hypothesis's variable form a line.
    """
    hypothesis = experiment.hypothesis
    series = {
        label(experiment, variant, arm): ', '.join(
            [*(field for field in hypothesis.variable if field in hypothesis.arms[arm]), variant]
        )
        for variant, configs in experiment.configs.items()
        for arm in configs
    }
    published = SIMILARITY_BY_WINDOWS if 'data.max_windows' in hypothesis.variable else {}
    plots.draw_sizes(folder / 'sizes.png', found, series, published)
    rows = [
        [
            name,
            *(f'{arm[size]:,}' if size in arm else '-' for size in plots.SIZES),
            *(with_interval(arm['measures'][measure]) for measure in ('plagiarism', 'copied_run')),
        ]
        for name, arm in found['arms'].items()
    ]
    head = ['', *plots.SIZES.values(), 'plagiarism', 'copied_run']
    blocks: list[Block] = [table(head, rows, 'copying by the amount of data')]
    if published:
        cells = '; '.join(f'{windows:,} windows {value:g}' for windows, value in published.items())
        text = f'Plagiarism in {SOURCE}, table 5.6, of its own tunes and one seed each: {cells}.'
        blocks.append(Text(text))
    blocks.append(picture(folder / 'sizes.png', 'copying against the amount of data'))
    return Section('The amount of data', tuple(blocks))
