"""The report of an experiment: `report.md` and `index.html`, with the same sections, and their
pictures.
"""

import pathlib
from collections.abc import Mapping

from symmusic.config.arms import Experiment
from symmusic.config.experiments import LISTENERS
from symmusic.experiment.measures import MAIN, MEASURES
from symmusic.experiment.results import label, with_interval
from symmusic.experiment.statistics import mean_interval
from symmusic.files import write_whole
from symmusic.measures.bounds import bounds_of
from symmusic.measures.features import FEATURES
from symmusic.report import experiment_plots as plots
from symmusic.report.blocks import (
    Block,
    Code,
    Items,
    Link,
    Picture,
    Report,
    Section,
    Strong,
    Text,
    table,
)
from symmusic.report.html import to_html
from symmusic.report.markdown import to_markdown
from symmusic.thesis.published import GROUPS, SIMILARITY_BY_WINDOWS, SOURCE, ThesisTable, find_table

NUM_PIECES = 3  # pieces of an arm that are listed


def write_report(
    folder: pathlib.Path,
    found: Mapping,
    experiment: Experiment,
    folders: Mapping[str, pathlib.Path],
    command: str,
) -> None:
    """Writes the report of `results.summarize` into a folder.

    Args:
      folder: the experiment's folder.
      found: its results.
      experiment: its question, arms and claims.
      folders: folders of the runs of the finished arms, by name.
      command: the command that repeats the experiment.
    """
    published = {
        name: _published(arm) for name, arm in _tables(experiment).items() if name in found['arms']
    }
    sections = [
        Section('', _head(found)),
        Section('Answers', _answers(found)),
        *_measured(folder, found, published, experiment),
    ]
    if found['splits']:
        sections.append(Section('On other splits', _on_splits(found)))
    if published:
        sections.append(
            Section('Beside the published figures', _beside(found, published, experiment))
        )
    if folders:
        plots.draw_losses(folder / 'losses.png', folders)
        losses = _picture(folder / 'losses.png', 'the losses of every replica by epoch')
        sections.append(Section('Losses', (losses,)))
    sections += [
        *_heatmaps(folders),
        *_pieces(folders),
        Section('To repeat it', (_settings(found, experiment, command),)),
    ]
    report = Report(f'{found["experiment"]}: {found["question"]}', tuple(sections))
    write_whole(folder / 'report.md', to_markdown(report, folder))
    write_whole(folder / 'index.html', to_html(report, folder))


def _picture(path: pathlib.Path, text: str) -> Picture:
    return Picture(path, text, text)


def _head(found: Mapping) -> tuple[Block, ...]:
    blocks = []
    if found['quick']:
        blocks.append(
            Text(
                Strong(
                    'A quick run, to see that everything works: too few tunes, epochs, replicas'
                    ' and pieces to answer anything.'
                )
            )
        )
    blocks += [
        Text((Strong(f'The arm {name} is missing'), f': {reason}.'))
        for name, reason in found['failed'].items()
    ]
    counts = sorted({arm['replicas'] for arm in found['arms'].values()})
    about = (
        f'{" or ".join(map(str, counts)) or "No"} replicas of each arm, runs of different seeds.'
        " Brackets hold 95 % intervals of the mean (Student's t; of shares and overlap areas by"
        ' their logit, of what cannot be negative by its logarithm). They say what other seeds'
        ' would give, on the same tunes and the same split of them; '
    )
    if found['splits']:
        return *blocks, Text(about + 'other splits are below.')
    return *blocks, Text((about, Code('--config.split_seeds=1,2'), ' repeats all on two others.'))


def _answers(found: Mapping) -> tuple[Block, ...]:
    rows = [
        [row['claim'], row['variant'], Strong(row['verdict']), row['evidence']]
        for row in found['highlights']
    ]
    text = (
        'Each claim had its measure, direction and smallest effect of interest before any run.'
        ' A difference is the first arm minus the second, here and below.'
        " Confirmed: the difference goes the way claimed, p < 0.05 by Welch's test after Holm's"
        ' correction over all claims that the config states and that are measured here, whether'
        ' their arms are done or not. Not confirmed: the interval of the difference excludes an'
        ' effect of interest. Undecided: neither, or only listeners can tell.'
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


def _measured(
    folder: pathlib.Path,
    found: Mapping,
    published: Mapping[str, Mapping[str, float]],
    experiment: Experiment,
) -> list[Section]:
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
    rows = [
        [
            measure,
            *(
                with_interval(cells[measure]) if measure in cells else '-'
                for cells in columns.values()
            ),
        ]
        for measure in MEASURES
    ]
    blocks = [
        table(['', *columns], rows, 'measures of every arm'),
        Items(tuple((Code(name), f': {what}') for name, what in MEASURES.items())),
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
    return *blocks, _picture(folder / 'measures.png', what)


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
        blocks.append(_picture(path, 'differences of overlap areas between arms'))
    return tuple(blocks)


def _amount(folder: pathlib.Path, found: Mapping, experiment: Experiment) -> Section:
    """Copying against the amount of data; arms that share the same fields of the stated variable
    form a line.
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
    blocks.append(_picture(folder / 'sizes.png', 'copying against the amount of data'))
    return Section('The amount of data', tuple(blocks))


def real_levels(arms: Mapping[str, Mapping]) -> dict[str, dict]:
    """The measures of the real continuations by their name in a report, once for all arms with the
    same prompts and excerpts.
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


def _tables(experiment: Experiment) -> dict[str, ThesisTable]:
    """The thesis's arms by the names of ours."""
    tables = experiment.hypothesis.tables
    return {
        label(experiment, variant, arm): find_table(table)
        for variant in experiment.configs
        for arm, table in tables.items()
    }


def _published(arm: ThesisTable) -> dict[str, float]:
    """The thesis's figures of an arm, by the names of our measures."""
    found = {f'{group}_oa': oa for group, (_, oa) in zip(GROUPS, arm.averages, strict=True)}
    found |= {f'oa_{name}': oa for name, (_, oa) in zip(FEATURES, arm.features, strict=True)}
    return found | {
        'overall_kld': arm.averages[-1][0],
        'plagiarism': arm.similarity[0],
        'unusable': arm.similarity[2],
    }


def _beside(
    found: Mapping, published: Mapping[str, Mapping[str, float]], experiment: Experiment
) -> tuple[Block, ...]:
    tables = _tables(experiment)
    head = [cell for name in published for cell in (f'{name}, here', f'table {tables[name].table}')]
    measures = [
        measure for measure in MEASURES if all(measure in row for row in published.values())
    ]
    rows = [
        [
            measure,
            *(
                cell
                for name, row in published.items()
                for cell in (
                    with_interval(found['arms'][name]['measures'][measure]),
                    f'{row[measure]:g}',
                )
            ),
        ]
        for measure in measures
    ]
    titles = '; '.join(
        dict.fromkeys(f'table {tables[name].table}: {tables[name].title}' for name in published)
    )
    about = (
        ': the published figures are of its own tunes, one seed and 100 pieces after one prompt'
        ' each. What '
    )
    more = (
        '; the variant sound has other targets, another split, prompts of unseen tunes and'
        ' corrected measures, so that its overlap areas are on another scale.'
    )
    text = (
        f'{SOURCE}: {titles}. ',
        Strong('The corpora differ'),
        about,
        Code('variant = source'),
        ' takes over is in ',
        Code('configs/base.py'),
        ', ',
        Code('AS_PUBLISHED'),
        more,
    )
    return table(['', *head], rows, 'beside the published figures'), Text(text)


def _newest(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder of the latest pieces of a run."""
    folders = [path.parent for path in (folder / 'samples').glob('*/samples.json')]
    return max(folders, key=lambda path: (path / 'samples.json').stat().st_mtime, default=None)


def _heatmaps(folders: Mapping[str, pathlib.Path]) -> list[Section]:
    found = []
    for name, folder in folders.items():
        maps = folder / 'heatmaps'
        kinds = {
            'attention': 'attention weights',
            'attention_masked': 'attention weights without the positions that hold no event',
            'softmax': 'softmax outputs',
        }
        found += [
            (maps / f'{kind}.png', f'{name}: {what}, mean of the measured pieces')
            for kind, what in kinds.items()
        ]
    found = [(path, text) for path, text in found if path.exists()]
    text = (
        "Of each arm's best replica: means over the pieces of its first draw, which are measured"
        ' above. Rows are the generated steps, and weights are those of the network, not'
        ' renormalised where positions are left out.'
    )
    if not found:
        return []
    pictures = [_picture(path, what) for path, what in found]
    return [Section('What the models look at and draw from', (Text(text), *pictures))]


def _pieces(folders: Mapping[str, pathlib.Path]) -> list[Section]:
    pictures, links, items = [], [], []
    for name, folder in folders.items():
        drawn = _newest(folder)
        if drawn is None:
            continue
        some = ', '.join(sorted(path.name for path in drawn.glob('*.mid'))[:NUM_PIECES])
        where = Code(f'{folder.name}/samples/{drawn.name}')
        items.append(
            (f'{name}: {some} and more in ', where, ', with the prompt in ', Code('joined'))
        )
        what = f'{name}: continuations of the prompt {drawn.name}, not selected'
        pictures.append(_picture(drawn / 'all.png', what))
        if (drawn / 'index.html').exists():
            links.append(Link(f'{name}: listen', drawn / 'index.html'))
    if not items:
        return []
    listen = [Items(tuple(links))] if links else []
    about = Text("Of each arm's best replica, MIDI files.")
    return [Section('Pieces', (about, Items(tuple(items)), *listen, *pictures))]


def _settings(found: Mapping, experiment: Experiment, command: str) -> Items:
    hypothesis = experiment.hypothesis
    items = [Code(command), ('the arms differ in ', Code(', '.join(hypothesis.variable)))]
    items += [('and in ', Code(name), f': {why}') for name, why in hypothesis.also.items()]
    for name, arm in found['arms'].items():
        train, evaluate = arm['config']['train'], arm['config']['evaluate']
        sizes = ''.join(
            f', {arm[size]:,} {what}' for size, what in plots.SIZES.items() if size in arm
        )
        about = (
            f'{name}: {arm["num_parameters"]:,} parameters{sizes}, at most {train["num_epochs"]}'
            f' epochs, {evaluate["num_pieces"]} pieces of each replica in each of'
            f' {evaluate["num_draws"]} draws, protocol '
        )
        protocol = Code(evaluate['protocol'])
        items.append((about, protocol, '; whole config in ', Code('results.json')))
    made = {
        (arm['device'], ', '.join(f'{name} {version}' for name, version in arm['versions'].items()))
        for arm in found['arms'].values()
    }
    return Items((*items, *(f'{device}; {versions}' for device, versions in sorted(made))))
