"""The training loop: batches in their order, checkpoints, metrics and progress."""

import contextlib
import dataclasses
import math
import pathlib
import signal
import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.corpus.dataset import batch_rows
from symmusic.corpus.windows import Windows
from symmusic.errors import Interrupted, UserError
from symmusic.progress import bar
from symmusic.train.checkpoint import Card, Checkpoints
from symmusic.train.metrics import write_metrics
from symmusic.train.state import TrainState
from symmusic.train.step import Data, end_epoch, held_out_loss, update


def put(windows: Windows) -> Data:
    """Windows on the device."""
    arrays = (windows.stream, windows.starts, windows.positions, windows.num_padding, windows.first_targets)
    return Data(*map(jnp.asarray, arrays), num_steps=windows.num_steps)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The part of a run that is not the model's: how long, in what portions, how often saved."""

    num_epochs: int
    batch_size: int
    seed: int
    checkpoint_minutes: float


def fit(
    state: TrainState,
    card: Card,
    train: Windows,
    validation: Windows,
    base_rate: float,
    plan: Plan,
    workdir: pathlib.Path,
    say: Callable[[str], None] = print,
) -> tuple[TrainState, Card]:
    """Trains until `plan.num_epochs` or early stopping; `state` may be anywhere in a run, and is consumed.

    The state after every epoch, and every `checkpoint_minutes` within one, is saved under `workdir`, with metrics.csv beside it. What the
    run computes does not depend on when it is saved, stopped and taken up again.

    Raises:
      Interrupted: the process was told to stop; the state has been saved.
      UserError: the loss is no longer finite, or the disk is full.
    """
    checkpoints, data, validation_data = Checkpoints(workdir), put(train), put(validation)
    static = {'architecture': card.architecture, 'recipe': card.recipe}
    num_batches = -(-len(train) // plan.batch_size)
    begun = time.perf_counter()
    step = update.lower(state, data, np.zeros(plan.batch_size, np.int32), **static).compile()
    say(f'compiled in {time.perf_counter() - begun:.1f} s; {num_batches} updates per epoch')

    progress = bar(None, 'update', total=plan.num_epochs * num_batches, initial=int(state.step))
    with progress, _stop_signal() as stop:
        while int(state.epoch) < plan.num_epochs and not bool(state.stopped):
            epoch = int(state.epoch)
            done = int(state.step) - epoch * num_batches
            begun = saved = time.perf_counter()
            progress.set_description(f'epoch {epoch + 1}/{plan.num_epochs}')
            for index, rows_B in enumerate(batch_rows(len(train), plan.batch_size, plan.seed, epoch)[done:], done + 1):
                state, loss = step(state, data, rows_B)
                progress.update()
                if not progress.disable:
                    speed = (index - done) * plan.batch_size / (time.perf_counter() - begun)
                    progress.set_postfix_str(f'{float(loss):.2f} nats, base rate {base_rate:.2f}, {speed:.0f} sequences/s', False)
                if index < num_batches and (stop or time.perf_counter() - saved > 60 * plan.checkpoint_minutes):
                    checkpoints.save(state, card)
                    saved = time.perf_counter()
                    if stop:
                        raise Interrupted(f'stopped and saved in epoch {epoch + 1}, update {index} of {num_batches}')
            row = {'replica': 0, 'epoch': epoch + 1, 'train_loss': float(state.epoch_nats) / float(state.epoch_targets)}
            row['learning_rate'] = card.recipe.learning_rate * float(state.plateau_state.scale)
            row['sequences_per_s'] = round((len(train) - done * plan.batch_size) / (time.perf_counter() - begun), 1)
            row['validation_loss'] = held_out_loss(
                state.average_params,
                validation_data,
                architecture=card.architecture,
                targets=card.recipe.targets,
                batch_size=plan.batch_size,
            )
            if not (math.isfinite(row['train_loss']) and math.isfinite(row['validation_loss'])):
                raise UserError(
                    f'the loss of epoch {epoch + 1} is not finite; the last good checkpoint is kept in {checkpoints.folder}; '
                    'train anew in another --workdir with a smaller config.train.learning_rate or config.train.clip_norm'
                )
            state = end_epoch(state, jnp.asarray(row['validation_loss'], jnp.float32), recipe=card.recipe)
            card = dataclasses.replace(card, rows=(*card.rows, row))
            checkpoints.save(state, card)
            write_metrics(workdir / 'metrics.csv', card.rows)
            with progress.external_write_mode():
                say(_epoch_line(row, plan, base_rate, is_best=int(state.best_epoch) == epoch + 1))
            if stop:
                raise Interrupted(f'stopped and saved after epoch {epoch + 1}')
    return state, card


def _epoch_line(row: dict, plan: Plan, base_rate: float, is_best: bool) -> str:
    best = '*' if is_best else ' '
    return (
        f'epoch {row["epoch"]:>3}/{plan.num_epochs}  train {row["train_loss"]:.4f}  validation {row["validation_loss"]:.4f}{best}'
        f' (base rate {base_rate:.4f})  learning rate {row["learning_rate"]:.2g}  {row["sequences_per_s"]:.0f} sequences/s'
    )


@contextlib.contextmanager
def _stop_signal() -> Iterator[list[int]]:
    """A list that is filled when the process is told to stop (Ctrl-C, SIGTERM); a second Ctrl-C stops at once."""
    received: list[int] = []

    def note(number, frame):
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: the process's signals are somebody else's
        yield received
        return
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def initial_key(seed: int) -> jax.Array:
    """The key of a run's initialisation and dropout."""
    return jax.random.fold_in(jax.random.key(seed), 0)
