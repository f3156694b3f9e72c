"""The report of an experiment: `report.md` and `index.html`, of the same sections, and their
pictures.
"""

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence

from symmusic.config.experiments import LISTENERS, Experiment
from symmusic.evaluate.bounds import bounds_of
from symmusic.evaluate.features import FEATURES
from symmusic.evaluate.published import GROUPS, SIMILARITY_BY_WINDOWS, SOURCE, Arm, find_table
from symmusic.experiment import plots
from symmusic.experiment.measures import MAIN, MEASURES
from symmusic.experiment.results import label, with_interval
from symmusic.experiment.statistics import mean_interval
from symmusic.files import write_whole
from symmusic.pages import escape, from_markdown, page, picture

NUM_PIECES = 3  # of an arm, that are named


@dataclasses.dataclass(frozen=True)
class Section:
    """A heading, Markdown, links with their words, and pictures with what they show in words; the
    first section has no heading.
    """

    heading: str
    text: str
    pictures: tuple[tuple[pathlib.Path, str], ...] = ()
    links: tuple[tuple[pathlib.Path, str], ...] = ()


def write_report(
    folder: pathlib.Path,
    found: Mapping,
    experiment: Experiment,
    folders: Mapping[str, pathlib.Path],
    command: str,
) -> None:
    """Writes the report of `results.summarize` into a folder.

    Args:
      folder: of the experiment.
      found: its results.
      experiment: what was asked.
      folders: of the runs of the arms that are done, by name.
      command: what repeats the experiment.
    """
    published = {
        name: _published(arm) for name, arm in _tables(experiment).items() if name in found['arms']
    }
    title = f'{found["experiment"]}: {found["question"]}'
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
        sections.append(
            Section(
                'Losses', '', ((folder / 'losses.png', 'the losses of every replica by epoch'),)
            )
        )
    sections += [
        *_heatmaps(folders),
        *_pieces(folders),
        Section('To repeat it', _settings(found, experiment, command)),
    ]
    lines = [f'# {title}', '']
    for section in sections:
        lines += [f'## {section.heading}', ''] * bool(section.heading) + [section.text, ''] * bool(
            section.text
        )
        lines += [f'- [{text}]({_relative(path, folder)})' for path, text in section.links] + [
            ''
        ] * bool(section.links)
        for path, text in section.pictures:
            lines += [f'![{text}]({_relative(path, folder)})', '']
    write_whole(folder / 'report.md', '\n'.join(lines).rstrip() + '\n')
    parts = [f'<h1>{escape(title)}</h1>']
    for section in sections:
        parts += [f'<h2>{escape(section.heading)}</h2>'] * bool(section.heading) + [
            from_markdown(section.text)
        ]
        parts += [
            f'<p><a href="{escape(_relative(path, folder))}">{escape(text)}</a></p>'
            for path, text in section.links
        ]
        parts += [picture(path.read_bytes(), text, text) for path, text in section.pictures]
    write_whole(folder / 'index.html', page(title, f'<main>{chr(10).join(parts)}</main>'))


def _relative(path: pathlib.Path, folder: pathlib.Path) -> str:
    return pathlib.Path(os.path.relpath(path, folder)).as_posix().replace(' ', '%20')


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        f'| {" | ".join(head)} |',
        '|---' * len(head) + '|',
        *(f'| {" | ".join(row)} |' for row in rows),
    ]
    return '\n'.join(lines)


def _head(found: Mapping) -> str:
    lines = []
    if found['quick']:
        lines.append(
            '**A quick run, to see that everything works: too few tunes, epochs, replicas and'
            ' pieces to answer anything.**'
        )
    lines += [
        f'**The arm {name} is missing**: {reason}.' for name, reason in found['failed'].items()
    ]
    counts = sorted({arm['replicas'] for arm in found['arms'].values()})
    lines.append(
        f'{" or ".join(map(str, counts)) or "No"} replicas of each arm, runs of different seeds.'
        " Brackets hold 95 % intervals of the mean (Student's t; of shares and overlap areas by"
        ' their logit, of what cannot be negative by its logarithm). They say what other seeds'
        ' would give, on the same tunes and the same split of them'
        + (
            '; other splits are below.'
            if found['splits']
            else '; `--config.split_seeds=1,2` repeats all on two others.'
        )
    )
    return '\n\n'.join(lines)


def _answers(found: Mapping) -> str:
    rows = [
        [row['claim'], row['variant'], f'**{row["verdict"]}**', row['evidence']]
        for row in found['highlights']
    ]
    text = (
        'Each claim had its measure, direction and smallest effect of interest before any run.'
        ' A difference is the first arm less the second, here and below.'
        " Confirmed: the difference goes the way claimed, p < 0.05 by Welch's test after Holm's"
        ' correction over all claims that the config states and that are measured here, whether'
        ' their arms are done or not. Not confirmed: the interval of the difference excludes an'
        ' effect of interest. Undecided: neither, or only listeners can tell.'
    )
    return _table(['claim', 'variant', 'verdict', 'evidence'], rows) + '\n\n' + text


def _on_splits(found: Mapping) -> str:
    """Of each claim the difference on every split, and over the splits."""
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
        f'**Missing on split {seed}**: {name}, {why}.'
        for seed, split in splits.items()
        for name, why in split['failed'].items()
    ]
    return '\n\n'.join([_table(head, rows), text, *failed])


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
    columns = {**{name: arm['measures'] for name, arm in arms.items()}, **levels}
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
    text = (
        _table(['', *columns], rows)
        + '\n\n'
        + '\n'.join(f'- `{name}`: {what}' for name, what in MEASURES.items())
    )
    if levels:
        text += (
            '\n\nReal continuations: how the prompts go on in the tunes that they are of, measured'
            ' as if a replica had drawn it.'
        )
    plots.draw_measures(folder / 'measures.png', found, published, levels)
    pictures = [
        (
            folder / 'measures.png',
            (
                'the main measures of every replica and their means, by arm, and of the real'
                ' continuations'
            ),
        )
    ]
    contrasts = [
        row
        for row in found['contrasts']
        if row['measure'] in MAIN and row['difference'] is not None
    ]
    rows = [
        [
            f'{row["arms"][0]} less {row["arms"][1]}',
            row['measure'],
            with_interval({**row, 'mean': row['difference']}),
            *(
                '-' if row[key] is None else f'{row[key]:.2g}'
                for key in ('effect_size', 'p', 'p_permutation')
            ),
        ]
        for row in contrasts
    ]
    differences = _table(
        ['', 'measure', 'difference', "Hedges' g", 'p (Welch)', 'p (permutation)'], rows
    )
    differences += (
        '\n\nDescriptive, and not corrected for their number: claims are judged above. All measures'
        ' are in `results.json`.'
    )
    plots.draw_differences(folder / 'differences.png', found)
    drawn = (
        [(folder / 'differences.png', 'differences of overlap areas between arms')]
        if (folder / 'differences.png').exists()
        else []
    )
    sections = [
        Section('Measures', text, tuple(pictures)),
        Section('Differences', differences, tuple(drawn)),
    ]
    if any(
        len({arm['num_windows'] for arm in arms.values() if arm['variant'] == variant}) > 1
        for variant in ('sound', 'source')
    ):
        sections.append(_amount(folder, found, experiment))
    return sections


def _amount(folder: pathlib.Path, found: Mapping, experiment: Experiment) -> Section:
    """Copying against the amount of data: arms that set the same fields of the stated variable make
    a line.
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
    text = _table(['', *plots.SIZES.values(), 'plagiarism', 'copied_run'], rows)
    if published:
        cells = '; '.join(f'{windows:,} windows {value:g}' for windows, value in published.items())
        text += (
            f'\n\nPlagiarism in {SOURCE}, table 5.6, of its own tunes and one seed each: {cells}.'
        )
    return Section(
        'The amount of data', text, ((folder / 'sizes.png', 'copying against the amount of data'),)
    )


def real_levels(arms: Mapping[str, Mapping]) -> dict[str, dict]:
    """The measures of the real continuations by what a report calls them: once for all arms of the
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


def _tables(experiment: Experiment) -> dict[str, Arm]:
    """The source's arms by the names of ours."""
    tables = experiment.hypothesis.tables
    return {
        label(experiment, variant, arm): find_table(table)
        for variant in experiment.configs
        for arm, table in tables.items()
    }


def _published(arm: Arm) -> dict[str, float]:
    """What the source says of an arm, by the names of our measures."""
    found = {f'{group}_oa': oa for group, (_, oa) in zip(GROUPS, arm.averages, strict=True)}
    found |= {f'oa_{name}': oa for name, (_, oa) in zip(FEATURES, arm.features, strict=True)}
    return found | {
        'overall_kld': arm.averages[-1][0],
        'plagiarism': arm.similarity[0],
        'unusable': arm.similarity[2],
    }


def _beside(
    found: Mapping, published: Mapping[str, Mapping[str, float]], experiment: Experiment
) -> str:
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
    return (
        _table(['', *head], rows)
        + f'\n\n{SOURCE}: {titles}. **The corpora differ**: the published figures are of its own'
        ' tunes, one seed and 100 pieces after one prompt each. What `variant = source` takes'
        ' over is in `configs/base.py`, `AS_PUBLISHED`; `sound` has other targets, another'
        ' split, prompts of unseen tunes and mended measures, so that its overlap areas are on'
        ' another scale.'
    )


def _newest(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder of pieces that a run drew last."""
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
    return [Section('What the models look at and draw from', text, tuple(found))] if found else []


def _pieces(folders: Mapping[str, pathlib.Path]) -> list[Section]:
    pictures, links, lines = [], [], []
    for name, folder in folders.items():
        drawn = _newest(folder)
        if drawn is None:
            continue
        some = ', '.join(sorted(path.name for path in drawn.glob('*.mid'))[:NUM_PIECES])
        lines.append(
            f'- {name}: {some} and more in `{folder.name}/samples/{drawn.name}`, with the prompt in'
            ' `joined`'
        )
        pictures.append(
            (drawn / 'all.png', f'{name}: continuations of the prompt {drawn.name}, not selected')
        )
        links += (
            [(drawn / 'index.html', f'{name}: listen')] if (drawn / 'index.html').exists() else []
        )
    text = "Of each arm's best replica, MIDI files.\n\n" + '\n'.join(lines)
    return [Section('Pieces', text, tuple(pictures), tuple(links))] if lines else []


def _settings(found: Mapping, experiment: Experiment, command: str) -> str:
    hypothesis = experiment.hypothesis
    lines = [f'- `{command}`', f'- the arms differ in `{", ".join(hypothesis.variable)}`']
    lines += [f'- and in `{name}`: {why}' for name, why in hypothesis.also.items()]
    for name, arm in found['arms'].items():
        train, evaluate = arm['config']['train'], arm['config']['evaluate']
        lines.append(
            f'- {name}: {arm["num_parameters"]:,} parameters'
            + ''.join(
                f', {arm[size]:,} {what}' for size, what in plots.SIZES.items() if size in arm
            )
            + f', at most {train["num_epochs"]} epochs, {evaluate["num_pieces"]} pieces of each'
            f' replica in each of {evaluate["num_draws"]} draws, protocol'
            f' `{evaluate["protocol"]}`; whole config in `results.json`'
        )
    made = {
        (arm['device'], ', '.join(f'{name} {version}' for name, version in arm['versions'].items()))
        for arm in found['arms'].values()
    }
    return '\n'.join([*lines, *(f'- {device}; {versions}' for device, versions in sorted(made))])
