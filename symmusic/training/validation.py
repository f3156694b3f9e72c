"""Held-out losses of a run in progress, which determine the best epoch, the learning rate and early
stopping. A run that learns both to continue and to fill gaps has a loss of each kind and uses their
mean, weighted by their shares of the sequences.
"""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from jax.sharding import Mesh

from symmusic.model.model import Architecture, Params
from symmusic.training.batch import Data
from symmusic.training.metrics import write_rows
from symmusic.training.replicas import held_out_losses
from symmusic.training.state import Recipe

FILE = 'gaps.csv'
COLUMNS = ('replica', 'epoch', 'left_to_right_loss', 'gap_loss')


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Losses of each replica, nats per target [R].

    Attributes:
      loss_R: the loss that decides on the best epoch, the learning rate and early stopping.
      left_to_right_R: the loss given only the steps before; None unless the run learns both.
      gap_R: the loss of steps in gaps, given both sides; None unless the run learns both.
    """

    loss_R: np.ndarray
    left_to_right_R: np.ndarray | None = None
    gap_R: np.ndarray | None = None

    def added_to(self, rows: Sequence[dict]) -> list[dict]:
        """The rows of an epoch with the columns of gaps.csv, if the run learns both."""
        if self.gap_R is None:
            return list(rows)
        return [
            row
            | {
                'left_to_right_loss': float(self.left_to_right_R[row['replica']]),
                'gap_loss': float(self.gap_R[row['replica']]),
            }
            for row in rows
        ]


def measure_held_out(
    params_R: Params,
    data: Data,
    architecture: Architecture,
    recipe: Recipe,
    batch_size: int,
    mesh: Mesh | None = None,
) -> HeldOut:
    """The losses over all windows of `data`."""

    def losses(targets):
        return held_out_losses(
            params_R,
            data,
            architecture=architecture,
            targets=targets,
            batch_size=batch_size,
            mesh=mesh,
        )

    if not recipe.both:
        return HeldOut(losses(recipe.targets))
    left_to_right_R, gap_R, share = losses('all'), losses('gap'), recipe.gap_share
    return HeldOut((1 - share) * left_to_right_R + share * gap_R, left_to_right_R, gap_R)


def write_gaps(workdir: pathlib.Path, rows: Sequence[dict]) -> None:
    """Writes gaps.csv, one row per epoch and replica, if the run learns both."""
    if found := [row for row in rows if 'gap_loss' in row]:
        write_rows(workdir / FILE, COLUMNS, found)


def gap_line(rows: Sequence[dict]) -> str:
    """The log line of an epoch, with means over the replicas that trained in it; '' unless the run
    learns both.
    """
    if not (found := [row for row in rows if 'gap_loss' in row]):
        return ''
    forward, gap = (np.mean([row[name] for row in found]) for name in COLUMNS[2:])
    return f'left to right {forward:.4f}, gaps {gap:.4f} nats per step of validation tunes'
