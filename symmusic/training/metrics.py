"""A run's record of its own training: metrics.csv, TensorBoard events, a line per epoch and the
plot of losses.
"""

import contextlib
import csv
import importlib.util
import io
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence

import jax
import numpy as np

from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.plots import write_figure
from symmusic.training.state import Recipe, TrainState

COLUMNS = ('replica', 'epoch', 'train_loss', 'validation_loss', 'learning_rate', 'sequences_per_s')


def write_metrics(path: pathlib.Path, rows: Sequence[dict]) -> None:
    """Writes metrics.csv, one row per epoch and replica; losses in nats per predicted step."""
    write_rows(path, COLUMNS, rows)


def write_rows(path: pathlib.Path, columns: Sequence[str], rows: Sequence[dict]) -> None:
    """Writes the `columns` of rows as a CSV file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator='\n')
    writer.writeheader()
    writer.writerows({name: row[name] for name in columns} for row in rows)
    write_whole(path, text.getvalue())


def require_tensorboard() -> None:
    """Checks that the optional package tensorboardX is installed.

    Raises:
      UserError: it is not.
    """
    if importlib.util.find_spec('tensorboardX') is None:
        raise UserError(
            'config.train.tensorboard = True needs the package tensorboardX: pip install'
            ' tensorboardX'
        )


@contextlib.contextmanager
def event_log(
    folder: pathlib.Path, first_epochs_R: Sequence[int]
) -> Iterator[Callable[[Sequence[dict]], None]]:
    """A function that logs the rows of an epoch as TensorBoard events, in a folder per replica.

    Earlier events of the epochs `first_epochs_R` and later, from a run that was interrupted after
    writing them, are marked as void.
    """
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(_writer(folder / f'replica-{replica}', int(epoch)))
            for replica, epoch in enumerate(first_epochs_R)
        ]

        def log(rows: Sequence[dict]) -> None:
            for row in rows:
                writer = writers[row['replica']]
                for name in COLUMNS[2:]:
                    writer.add_scalar(name, row[name], row['epoch'])
                writer.flush()

        yield log


def epoch_rows(
    now: TrainState,
    active_R: np.ndarray,
    validation_losses_R: np.ndarray,
    recipe: Recipe,
    speed: float,
) -> list[dict]:
    """The rows of metrics.csv for the epoch that the active replicas have just finished; the
    learning rate is that of its last update.
    """
    factors_R = jax.vmap(recipe.rate_factor)(now.step - 1, now.plateau_state)
    return [
        {
            'replica': int(replica),
            'epoch': int(now.epoch[replica]) + 1,
            'train_loss': float(now.epoch_nats[replica]) / float(now.epoch_targets[replica]),
            'validation_loss': float(validation_losses_R[replica]),
            'learning_rate': recipe.learning_rate * float(factors_R[replica]),
            'sequences_per_s': round(speed, 1),
        }
        for replica in np.flatnonzero(active_R)
    ]


def epoch_line(
    rows: Sequence[dict], num_epochs: int, base_rate: float, best_epochs_R: np.ndarray
) -> str:
    """The line of an epoch, from the rows of the replicas that trained in it; a star marks a new
    best.

    For several replicas it gives means, and how many of them have a new best.
    """
    is_best = [int(best_epochs_R[row['replica']]) == row['epoch'] for row in rows]
    star = (
        ('*' if any(is_best) else ' ')
        if len(best_epochs_R) == 1
        else f' ({sum(is_best)} best of {len(rows)} replicas)'
    )
    train, validation, rate, speed = (
        np.mean([row[name] for row in rows])
        for name in ('train_loss', 'validation_loss', 'learning_rate', 'sequences_per_s')
    )
    return (
        f'epoch {rows[0]["epoch"]:>3}/{num_epochs}  train {train:.4f}  validation'
        f' {validation:.4f}{star} (base rate {base_rate:.4f})  learning rate {rate:.2g} '
        f' {speed * len(rows):.0f} sequences/s'
    )


def plot_metrics(path: pathlib.Path, rows: Sequence[dict], base_rate: float) -> None:
    """Plots training and validation loss with the base rate, and the learning rate below them, over
    epochs.
    """
    # imported here: it takes a second, and few commands draw a plot
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout='constrained')
    losses, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    replicas = sorted({row['replica'] for row in rows})
    for replica in replicas:
        own = [row for row in rows if row['replica'] == replica]
        epochs, best = (
            [row['epoch'] for row in own],
            min(own, key=lambda row: row['validation_loss']),
        )
        line = {'linewidth': 1.5 if len(replicas) == 1 else 0.8, 'marker': '.'}
        names = ('training (with dropout)', 'validation', f'best: {best["validation_loss"]:.3f}')
        if len(replicas) > 1:  # the legend shows one line of each kind
            names = (
                (*names[:2], f'best of each of {len(replicas)} replicas')
                if replica == replicas[0]
                else (None, None, None)
            )
        losses.plot(
            epochs, [row['train_loss'] for row in own], color='tab:blue', label=names[0], **line
        )
        losses.plot(
            epochs,
            [row['validation_loss'] for row in own],
            color='tab:orange',
            label=names[1],
            **line,
        )
        losses.plot(best['epoch'], best['validation_loss'], 'o', color='tab:orange', label=names[2])
        rates.step(
            epochs, [row['learning_rate'] for row in own], where='mid', color='tab:green', **line
        )
    losses.axhline(
        base_rate,
        color='grey',
        linestyle=':',
        label=f'base rate of the validation targets: {base_rate:.3f}',
    )
    losses.set_ylabel('nats per predicted step')
    figure.legend(loc='outside upper center', ncols=2, frameon=False)
    rates.set(xlabel='epoch', ylabel='learning rate', yscale='log')
    rates.set_xlim(0.5, max(row['epoch'] for row in rows) + 0.5)
    rates.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    for axes in (losses, rates):
        axes.spines[['top', 'right']].set_visible(False)
    write_figure(path, figure)


def _writer(folder, first_epoch):
    """A writer of events in a file of its own."""
    from tensorboardX import SummaryWriter  # imported here: optional, and slow to import

    # file names contain the second in which a session starts, and two sessions may start in the
    # same second
    num_before = len(os.listdir(folder)) if os.path.isdir(folder) else 0
    return SummaryWriter(str(folder), purge_step=first_epoch, filename_suffix=f'.{num_before}')
