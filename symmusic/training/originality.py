"""Records how much a run copies from its training tunes after each epoch: originality.csv, a log
line and the plot. The function that measures it is passed to training.
"""

import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from symmusic.model.model import Params
from symmusic.plots import write_figure
from symmusic.training.metrics import write_rows

FILE = 'originality.csv'
COLUMNS = (
    'replica',
    'epoch',
    'pieces',  # number of pieces drawn
    'longest_run',  # longest run of notes that also occurs in a training tune, mean over the pieces
    'share_beyond',  # share of the pieces with a longer run than 95 % of unseen excerpts
    'level',  # that length of a run
    'unseen_longest_run',  # mean over the unseen excerpts
)
# maps the parameters of all replicas, on the host, and an epoch's rows of metrics.csv to these rows
# with the columns above
Measure = Callable[[Params, Sequence[dict]], list[dict]]


def measured(rows: Sequence[dict]) -> list[dict]:
    """The rows of originality.csv, taken from a run's rows; epochs that were not measured have
    none.
    """
    return [{name: row[name] for name in COLUMNS} for row in rows if COLUMNS[-1] in row]


def write_originality(workdir: pathlib.Path, rows: Sequence[dict]) -> None:
    """Writes originality.csv, one row per epoch and replica, if an epoch was measured."""
    if found := measured(rows):
        write_rows(workdir / FILE, COLUMNS, found)


def originality_line(rows: Sequence[dict]) -> str:
    """The line of an epoch, means over the replicas that trained in it; '' if it was not
    measured.
    """
    if not (found := measured(rows)):
        return ''
    own, share, unseen, level = (
        np.mean([row[name] for row in found])
        for name in ('longest_run', 'share_beyond', 'unseen_longest_run', 'level')
    )
    return (
        f'copied from training tunes: runs of {own:.1f} notes (unseen tunes {unseen:.1f}),'
        f' {100 * share:.0f} % of pieces beyond the {level:g} of 95 % of unseen tunes'
    )


def plot_originality(path: pathlib.Path, rows: Sequence[dict]) -> None:
    """Plots the longest copied run and the share of pieces beyond the level of unseen tunes over
    epochs, if an epoch was measured.
    """
    if not (found := measured(rows)):
        return
    from matplotlib.figure import Figure  # here: it takes a second, as in `metrics`

    figure = Figure(figsize=(7, 5), layout='constrained')
    runs, shares = figure.subplots(2, 1, sharex=True)
    for replica in sorted({row['replica'] for row in found}):
        own = [row for row in found if row['replica'] == replica]
        for axes, name in ((runs, 'longest_run'), (shares, 'share_beyond')):
            axes.plot(
                [row['epoch'] for row in own], [row[name] for row in own], 'tab:blue', marker='.'
            )
    last = found[-1]
    runs.axhline(
        last['unseen_longest_run'], color='grey', linestyle=':', label='unseen tunes, mean'
    )
    runs.axhline(last['level'], color='grey', linestyle='--', label='95 % of unseen tunes')
    runs.set_ylabel('longest copied run, notes')
    figure.legend(loc='outside upper center', ncols=2, frameon=False)
    shares.set(xlabel='epoch', ylabel='share of pieces\nbeyond 95 % of unseen tunes')
    shares.set_ylim(bottom=0)
    shares.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    for axes in (runs, shares):
        axes.spines[['top', 'right']].set_visible(False)
    write_figure(path, figure)
