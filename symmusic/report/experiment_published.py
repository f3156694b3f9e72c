"""Compares an experiment's arms with the figures that the thesis published."""

from collections.abc import Mapping

from symmusic.config.arms import Experiment
from symmusic.experiment.highlights import with_interval
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.outcome import label
from symmusic.measures.features import FEATURES
from symmusic.report.blocks import Code, Section, Strong, Text, table
from symmusic.thesis.tables import GROUPS, SOURCE, ThesisTable, find_table


def _tables(experiment: Experiment) -> dict[str, ThesisTable]:
    """The thesis's tables, keyed by the names of our arms."""
    tables = experiment.hypothesis.tables
    return {
        label(experiment, variant, arm): find_table(table)
        for variant in experiment.configs
        for arm, table in tables.items()
    }


def published_figures(found: Mapping, experiment: Experiment) -> dict[str, dict[str, float]]:
    """The thesis's figures for the finished arms, keyed by the names of our measures."""
    return {
        name: figures_of(arm) for name, arm in _tables(experiment).items() if name in found['arms']
    }


def figures_of(arm: ThesisTable) -> dict[str, float]:
    """The thesis's figures for an arm, keyed by the names of our measures."""
    found = {f'{group}_oa': oa for group, (_, oa) in zip(GROUPS, arm.averages, strict=True)}
    found |= {f'oa_{name}': oa for name, (_, oa) in zip(FEATURES, arm.features, strict=True)}
    return found | {
        'overall_kld': arm.averages[-1][0],
        'plagiarism': arm.similarity[0],
        'unusable': arm.similarity[2],
    }


def beside_section(
    found: Mapping, published: Mapping[str, Mapping[str, float]], experiment: Experiment
) -> Section:
    """The section that compares the arms that the thesis has with its figures
    (`published_figures`).
    """
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
        ' corrected measures, so its overlap areas are not comparable.'
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
    blocks = table(['', *head], rows, 'beside the published figures'), Text(text)
    return Section('Beside the published figures', blocks)
