"""The pictures of a listening study's report."""

import pathlib
from collections.abc import Mapping

import numpy as np

from symmusic.experiment.ratings import LEAST, MOST
from symmusic.experiment.study import KINDS
from symmusic.plots import write_figure

INKS = {'training': 'tab:gray', 'generated': 'tab:blue'}
SCALE = np.arange(LEAST, MOST + 1)


def draw_ratings(path: pathlib.Path, found: Mapping) -> None:
    """Draws how often each rating was given to each kind of piece, and the means with intervals
    next to the published ones (crosses).
    """
    from matplotlib.figure import Figure  # here, because it takes a second to import

    questions = found['questions']
    figure = Figure(figsize=(4 * len(questions) + 4, 3.6), layout='constrained')
    panels = figure.subplots(1, len(questions) + 1, squeeze=False)[0]
    for axes, (question, row) in zip(panels, questions.items(), strict=False):
        for offset, kind in zip((-0.2, 0.2), KINDS, strict=True):
            counts = np.array(row['counts'][kind])
            axes.bar(SCALE + offset, 100 * counts / counts.sum(), 0.4, color=INKS[kind], label=kind)
        axes.set(title=question, xlabel='rating', ylabel='% of the ratings', xticks=SCALE)
    panels[0].legend(frameon=False)
    places = [(question, kind) for question in questions for kind in KINDS]
    for place, (question, kind) in enumerate(places):
        cell, published = questions[question][kind], questions[question]['published']
        if cell['low'] is not None:
            panels[-1].plot(
                [cell['low'], cell['high']], [place, place], color=INKS[kind], linewidth=2
            )
        panels[-1].plot([cell['mean']], [place], 'o', color=INKS[kind])
        panels[-1].plot([published[kind]], [place], 'x', color='black')
    panels[-1].set_yticks(range(len(places)), [f'{question}, {kind}' for question, kind in places])
    panels[-1].set(
        title='mean, 95 % interval; published (x)',
        xlim=(LEAST - 0.1, MOST + 0.1),
        ylim=(len(places) - 0.5, -0.5),
        xlabel='rating',
    )
    panels[-1].grid(axis='x', color='0.9', linewidth=0.6)
    _finish(path, figure)


def draw_experience(path: pathlib.Path, found: Mapping) -> None:
    """Draws the number of listeners by experience, and the mean ratings of each group with its
    interval, if it has one.
    """
    from matplotlib.figure import Figure

    questions = found['questions']
    figure = Figure(figsize=(4 * len(questions) + 4, 3.6), layout='constrained')
    first, *panels = figure.subplots(1, len(questions) + 1, squeeze=False)[0]
    first.bar(SCALE, found['experience'], color='tab:orange')
    first.set(title='listeners', xlabel='experience', ylabel='number', xticks=SCALE)
    first.yaxis.get_major_locator().set_params(integer=True)
    for axes, (question, row) in zip(panels, questions.items(), strict=True):
        for offset, kind in zip((-0.12, 0.12), KINDS, strict=True):
            for level, group in row['by_experience'].items():
                place, cell = int(level) + offset, group[kind]
                axes.plot([place], [cell['mean']], 'o', color=INKS[kind], label=kind)
                if cell['low'] is not None:
                    axes.plot(
                        [place, place], [cell['low'], cell['high']], color=INKS[kind], linewidth=2
                    )
        axes.set(title=question, xlabel='experience', ylabel='mean rating', xticks=SCALE)
        axes.set(xlim=(LEAST - 0.5, MOST + 0.5), ylim=(LEAST - 0.1, MOST + 0.1))
        axes.grid(axis='y', color='0.9', linewidth=0.6)
    handles = {
        label: handle for handle, label in zip(*panels[0].get_legend_handles_labels(), strict=True)
    }
    panels[0].legend(handles.values(), handles.keys(), frameon=False, loc='lower left')
    _finish(path, figure)


def draw_pieces(path: pathlib.Path, found: Mapping) -> None:
    """Draws the mean ratings of every piece, for each question from the best to the worst."""
    from matplotlib.figure import Figure

    questions, num = list(found['questions']), len(found['pieces'])
    figure = Figure(figsize=(5 * len(questions), 1.2 + 0.22 * num), layout='constrained')
    for axes, question in zip(
        figure.subplots(1, len(questions), squeeze=False)[0], questions, strict=True
    ):
        ordered = sorted(found['pieces'], key=lambda piece: -piece[question]['mean'])
        for kind in KINDS:
            places = [place for place, piece in enumerate(ordered) if piece['kind'] == kind]
            axes.barh(
                places,
                [ordered[place][question]['mean'] for place in places],
                color=INKS[kind],
                label=kind,
            )
        axes.set_yticks(range(num), [f'{piece["piece"]}' for piece in ordered], fontsize=8)
        axes.set(
            title=question,
            xlabel='mean rating',
            ylabel='piece',
            xlim=(LEAST, MOST),
            ylim=(num - 0.5, -0.5),
        )
    figure.axes[0].legend(frameon=False, loc='lower right')
    _finish(path, figure)


def _finish(path: pathlib.Path, figure) -> None:
    for axes in figure.axes:
        axes.spines[['top', 'right']].set_visible(False)
    write_figure(path, figure)
