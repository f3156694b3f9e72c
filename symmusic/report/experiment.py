"""The report of an experiment: `report.md` and `index.html`, which have the same sections, and
pictures.
"""

import pathlib
from collections.abc import Mapping

from symmusic.config.arms import Experiment
from symmusic.experiment.contrasts import OVER
from symmusic.files import write_whole
from symmusic.report import experiment_plots as plots
from symmusic.report.blocks import Block, Code, Items, Report, Section, Strong, Text, picture
from symmusic.report.experiment_answers import answers_sections
from symmusic.report.experiment_measures import measures_sections
from symmusic.report.experiment_pieces import heatmaps_sections, pieces_sections
from symmusic.report.experiment_published import beside_section, published_figures
from symmusic.report.experiment_training import training_section
from symmusic.report.html import to_html
from symmusic.report.markdown import to_markdown
from symmusic.wording import count


def write_report(
    folder: pathlib.Path,
    found: Mapping,
    experiment: Experiment,
    folders: Mapping[str, pathlib.Path],
    command: str,
) -> None:
    """Writes the report of `results.make_results` into a folder.

    Args:
      folder: the experiment's folder.
      found: its results.
      experiment: its question, arms and claims.
      folders: folders of the runs of the finished arms, by name.
      command: the command that repeats the experiment.
    """
    published = published_figures(found, experiment)
    sections = [
        Section('', _head(found)),
        *answers_sections(found),
    ]
    if folders:
        sections.append(training_section(folder, found, experiment, folders))
    sections += measures_sections(folder, found, published, experiment)
    if published:
        sections.append(beside_section(found, published, experiment))
    if folders:
        plots.draw_losses(folder / 'losses.png', folders)
        losses = picture(folder / 'losses.png', 'the losses of every replica by epoch')
        sections.append(Section('Losses', (losses,)))
    sections += [
        *heatmaps_sections(folders),
        *pieces_sections(folders),
        Section('To repeat it', (_settings(found, experiment, command),)),
    ]
    report = Report(f'{found["experiment"]}: {found["question"]}', tuple(sections))
    write_whole(folder / 'report.md', to_markdown(report, folder))
    write_whole(folder / 'index.html', to_html(report, folder))


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
        f'{" or ".join(map(str, counts)) or "No"} replica{"s" * (counts != [1])} of each arm, runs'
        ' of different seeds.'
        " Brackets hold 95 % intervals of the mean (Student's t; of shares and overlap areas by"
        ' their logit, of what cannot be negative by its logarithm). They say what other seeds'
        f' would give{_crossed(found)}, on the same split of the tunes; '
    )
    if found['splits']:
        return *blocks, Text(about + 'other splits are below.')
    return *blocks, Text((about, Code('--config.split_seeds=1,2'), ' repeats all on two others.'))


def _crossed(found: Mapping) -> str:
    """The names of the measures whose intervals also hold for other tune families, as part of a
    sentence.
    """
    cells = [item for arm in found['arms'].values() for item in arm['measures'].items()]
    names = dict.fromkeys(name for name, cell in cells if cell['over'] != OVER[0])
    if not names:
        return ''
    return f' and, for {", ".join(names)}, other test tunes (seeds and tune families resampled)'


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
            f'{name}: {arm["num_parameters"]:,} parameters{sizes}, at'
            f' most {count(train["num_epochs"], "epoch")}, {evaluate["num_pieces"]} pieces of each'
            f' replica in each of {count(evaluate["num_draws"], "draw")}, protocol '
        )
        protocol = Code(evaluate['protocol'])
        items.append((about, protocol, '; whole config in ', Code('results.json')))
    made = {
        (arm['device'], ', '.join(f'{name} {version}' for name, version in arm['versions'].items()))
        for arm in found['arms'].values()
    }
    return Items((*items, *(f'{device}; {versions}' for device, versions in sorted(made))))
