"""The pictures of an experiment's report."""

import csv
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.experiment.measures import MAIN
from symmusic.plots import write_figure

MOST_ROOM = 2  # in multiples of the replicas' spread
MOST_PAIRS = 6  # number of panels drawn side by side
SIZES = {
    'num_windows': 'training windows',
    'num_distinct_windows': 'different training windows',
    'num_notes': 'notes in the training tunes',
}
INKS = (
    'tab:blue',
    'tab:orange',
    'tab:green',
    'tab:red',
    'tab:purple',
    'tab:brown',
    'tab:pink',
    'tab:olive',
    'tab:cyan',
    'tab:gray',
)


def draw_losses(path: pathlib.Path, folders: Mapping[str, pathlib.Path]) -> None:
    """Draws the losses of all replicas of each arm: training as points, validation as lines."""
    # imported here, because it takes a second and is rarely needed
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(4 * len(folders), 20), 4), layout='constrained')
    for axes, (name, folder) in zip(
        figure.subplots(1, len(folders), sharey=True, squeeze=False)[0],
        folders.items(),
        strict=True,
    ):
        with open(folder / 'metrics.csv', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        for replica in sorted({row['replica'] for row in rows}, key=int):
            own = [row for row in rows if row['replica'] == replica]
            epochs, ink = [int(row['epoch']) for row in own], INKS[int(replica) % len(INKS)]
            axes.plot(
                epochs, [float(row['validation_loss']) for row in own], color=ink, linewidth=1
            )
            axes.plot(
                epochs, [float(row['train_loss']) for row in own], '.', color=ink, markersize=3
            )
        axes.set(title=name, xlabel='epoch')
        axes.grid(color='0.9', linewidth=0.6)
    figure.axes[0].set_ylabel('nats per step')
    figure.suptitle(
        'Losses of every replica: validation (lines) and training with dropout (points)'
    )
    write_figure(path, figure)


def find_limits(cells: Sequence[Mapping]) -> tuple[float, float]:
    """The axis limits of a measure. They extend at most `MOST_ROOM` times the spread of all
    replicas beyond these, so that a wide interval of two replicas does not dwarf everything else.
    """
    values = [value for each in cells for value in each['values'] if value is not None]
    if not values:
        return -np.inf, np.inf
    spread = (max(values) - min(values)) or np.inf
    return min(values) - MOST_ROOM * spread, max(values) + MOST_ROOM * spread


def draw_measures(
    path: pathlib.Path,
    found: Mapping,
    published: Mapping[str, Mapping[str, float]],
    levels: Mapping[str, Mapping[str, Mapping]],
) -> None:
    """Draws the main measures: every replica as a point, the mean with its interval, and the
    published figure of the arm as a cross; below the arms the same for real continuations
    (`levels`), in black.
    """
    from matplotlib.figure import Figure

    rows = {**{name: arm['measures'] for name, arm in found['arms'].items()}, **levels}
    inks = [
        *(INKS[place % len(INKS)] for place in range(len(found['arms']))),
        *['black'] * len(levels),
    ]
    figure = Figure(figsize=(13, 1.2 + 2 * (0.7 + 0.32 * len(rows))), layout='constrained')
    for axes, measure in zip(figure.subplots(2, 4, sharey=True).ravel(), MAIN, strict=True):
        limits = find_limits([row[measure] for row in rows.values() if measure in row])
        for place, (name, measures) in enumerate(rows.items()):
            if measure not in measures:
                continue
            cells, ink = measures[measure], inks[place]
            known = [value for value in cells['values'] if value is not None]
            axes.plot(known, [place] * len(known), '.', color='0.6', markersize=4, zorder=1)
            if cells['low'] is not None:
                ends = np.clip([cells['low'], cells['high']], *limits)
                axes.plot(ends, [place, place], color=ink, linewidth=2)
            if cells['mean'] is not None:
                axes.plot([cells['mean']], [place], 'o', color=ink)
            if measure in published.get(name, {}):
                axes.plot([published[name][measure]], [place], 'x', color='black', markersize=6)
        axes.set_title(measure, fontsize=10)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis='x', color='0.9', linewidth=0.6)
        axes.spines[['top', 'right']].set_visible(False)
    figure.suptitle(
        'Every replica (grey), mean with 95 % interval (drawn to at most twice the spread of all'
        ' replicas), published figure of one seed (cross)'
    )
    write_figure(path, figure)


def draw_differences(path: pathlib.Path, found: Mapping) -> None:
    """Draws the difference of every two arms in every overlap area, with its interval."""
    from matplotlib.figure import Figure

    contrasts = [
        row
        for row in found['contrasts']
        if row['measure'].endswith('_oa') or row['measure'].startswith('oa_')
    ]
    contrasts = [row for row in contrasts if row['low'] is not None]
    pairs = list(dict.fromkeys(tuple(row['arms']) for row in contrasts))[:MOST_PAIRS]
    if not pairs:
        return
    figure = Figure(figsize=(min(3.6 * len(pairs) + 1, 22), 4.5), layout='constrained')
    measures = list(dict.fromkeys(row['measure'] for row in contrasts))
    for axes, pair in zip(
        figure.subplots(1, len(pairs), sharey=True, sharex=True, squeeze=False)[0],
        pairs,
        strict=True,
    ):
        for row in contrasts:
            if tuple(row['arms']) == pair:
                place = measures.index(row['measure'])
                axes.plot([row['low'], row['high']], [place, place], color='tab:blue', linewidth=2)
                axes.plot([row['difference']], [place], 'o', color='tab:blue')
        axes.axvline(0, color='0.4', linewidth=1)
        axes.set_title(f'{pair[0]} minus {pair[1]}', fontsize=9)
        axes.set_yticks(range(len(measures)), measures)
        axes.grid(axis='x', color='0.9', linewidth=0.6)
        axes.spines[['top', 'right']].set_visible(False)
    figure.axes[0].invert_yaxis()
    figure.suptitle('Differences of overlap areas with 95 % intervals')
    write_figure(path, figure)


def draw_sizes(
    path: pathlib.Path, found: Mapping, series: Mapping[str, str], published: Mapping[int, float]
) -> None:
    """Draws the measures of copying against each of `SIZES`, with intervals.

    Args:
      path: path of the picture.
      found: the results.
      series: for each arm the name of the line that it belongs to.
      published: the thesis's `plagiarism` by number of windows, drawn as crosses.
    """
    from matplotlib.figure import Figure

    sizes = [size for size in SIZES if all(size in arm for arm in found['arms'].values())]
    measures = ('plagiarism', 'copied_run', 'overall_oa')
    figure = Figure(figsize=(12, 3.6 * len(sizes)), layout='constrained')
    for row, size in zip(
        figure.subplots(len(sizes), len(measures), squeeze=False), sizes, strict=True
    ):
        for axes, measure in zip(row, measures, strict=True):
            limits = find_limits([arm['measures'][measure] for arm in found['arms'].values()])
            for ink, line in zip(
                INKS, dict.fromkeys(series[name] for name in found['arms']), strict=False
            ):
                own = [arm for name, arm in found['arms'].items() if series[name] == line]
                points = sorted(
                    (arm[size], *(arm['measures'][measure][key] for key in ('mean', 'low', 'high')))
                    for arm in own
                    if arm['measures'][measure]['mean'] is not None
                )
                axes.plot(
                    [point[0] for point in points],
                    [point[1] for point in points],
                    'o-',
                    color=ink,
                    label=line,
                )
                for at, _, low, high in points:
                    if low is not None:
                        ends = np.clip([low, high], *limits)
                        axes.plot([at, at], ends, color=ink, linewidth=2)
            if published and (size, measure) == ('num_windows', 'plagiarism'):
                axes.plot(
                    list(published),
                    list(published.values()),
                    'x',
                    color='black',
                    label='published, one seed',
                )
            axes.set_xscale('log')
            axes.tick_params(axis='x', which='minor', labelbottom=False)  # they would overlap
            axes.set(xlabel=SIZES[size], title=measure)
            axes.grid(color='0.9', linewidth=0.6)
    figure.axes[0].legend(frameon=False)
    figure.suptitle('Copying against the amount of data: mean of the replicas with 95 % interval')
    write_figure(path, figure)
