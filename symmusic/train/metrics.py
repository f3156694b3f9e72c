"""What a run measures of itself: metrics.csv and the plot of losses."""

import csv
import io
import pathlib
from collections.abc import Sequence

from symmusic.files import write_whole
from symmusic.plots import write_figure

COLUMNS = ('replica', 'epoch', 'train_loss', 'validation_loss', 'learning_rate', 'sequences_per_s')


def write_metrics(path: pathlib.Path, rows: Sequence[dict]) -> None:
    """Writes metrics.csv, one row per epoch; losses in nats per predicted step."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())


def plot_metrics(path: pathlib.Path, rows: Sequence[dict], base_rate: float) -> None:
    """Draws training and validation loss beside the base rate, and the learning rate below them, over epochs."""
    from matplotlib.figure import Figure  # here, because it takes a second to import and few runs of the program draw

    figure = Figure(figsize=(7, 5), layout='constrained')
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    epochs = [row['epoch'] for row in rows]
    best = min(rows, key=lambda row: row['validation_loss'])
    losses.plot(epochs, [row['train_loss'] for row in rows], color='tab:blue', label='training (with dropout)')
    losses.plot(epochs, [row['validation_loss'] for row in rows], color='tab:orange', label='validation')
    losses.plot(best['epoch'], best['validation_loss'], 'o', color='tab:orange', label=f'best: {best["validation_loss"]:.3f}')
    losses.axhline(base_rate, color='grey', linestyle=':', label=f'base rate of the validation targets: {base_rate:.3f}')
    losses.set_ylabel('nats per predicted step')
    losses.legend(frameon=False)
    rates.step(epochs, [row['learning_rate'] for row in rows], where='mid', color='tab:green')
    rates.set(xlabel='epoch', ylabel='learning rate', yscale='log')
    rates.xaxis.get_major_locator().set_params(integer=True)
    for axes in (losses, rates):
        axes.spines[['top', 'right']].set_visible(False)
    write_figure(path, figure)
