"""The training loop: batches in their order, checkpoints, metrics and progress."""

import contextlib
import dataclasses
import functools
import pathlib
import shutil
import signal
import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from symmusic.corpus.dataset import batch_rows
from symmusic.corpus.windows import Windows
from symmusic.errors import Interrupted, UserError
from symmusic.progress import bar
from symmusic.streams import Stream, random_key
from symmusic.training.checkpoint import Card, Checkpoints
from symmusic.training.devices import BY_REPLICA, BY_ROW, EVERYWHERE, any_process, fetch, place
from symmusic.training.metrics import epoch_line, event_log, write_metrics
from symmusic.training.replicas import end_epoch_replicas, held_out_losses, update_replicas
from symmusic.training.state import Recipe, TrainState
from symmusic.training.step import Data

# after which the loss is looked at, as that waits for the device; an update on one that is not
# finite changes nothing
LOOK_SECONDS = 1.0
UPDATES_PER_DISPATCH = 16  # where it is not said, on all but a CPU
# of several processes, after which they ask one another whether to save or to stop
AGREED_UPDATES = 50


def put(windows: Windows, mesh: Mesh | None = None) -> Data:
    """Windows on every device of the mesh, on the first device if None."""
    arrays = (
        windows.stream,
        windows.starts,
        windows.positions,
        windows.num_padding,
        windows.first_targets,
    )
    return place(Data(*map(jnp.asarray, arrays), num_steps=windows.num_steps), mesh, EVERYWHERE)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The part of a run that is not the model's: how long, in what portions, how often saved."""

    num_epochs: int
    batch_size: int
    seed: int
    checkpoint_minutes: float
    tensorboard: bool = False
    updates_per_dispatch: int = 1  # 0 = as suits the kind of device


def fit(
    states: TrainState,
    card: Card,
    train: Windows,
    validation: Windows,
    base_rate: float,
    plan: Plan,
    workdir: pathlib.Path,
    say: Callable[[str], None] = print,
    mesh: Mesh | None = None,
) -> tuple[TrainState, Card]:
    """Trains every replica until `plan.num_epochs` or early stopping; `states` may be anywhere in a
    run, and are consumed.

    The states after every epoch, and every `checkpoint_minutes` within one, are saved under
    `workdir`, with metrics.csv beside it. What the run computes does not depend on when it is
    saved, stopped and taken up again.

    Raises:
      Interrupted: the process was told to stop; the states have been saved.
      UserError: the loss is no longer finite, or the disk is full.
    """
    started, spent = time.perf_counter(), card.seconds
    checkpoints, data, validation_data = (
        Checkpoints(workdir),
        put(train, mesh),
        put(validation, mesh),
    )
    static = {'architecture': card.architecture, 'recipe': card.recipe, 'mesh': mesh}
    states = place(states, mesh, BY_REPLICA)
    num_batches = -(-len(train) // plan.batch_size)
    num_replicas = len(states.step)
    now = _counts(states)
    active_R = _active(now, plan)
    num_processes = jax.process_count()
    # Devices of a CPU share few threads: with further updates dispatched, all can come to wait for
    # a sum that no thread is left to make.
    one_at_a_time = mesh is not None and mesh.shape['data'] > 1 and jax.default_backend() == 'cpu'
    # of a process that ended between the checkpoint and these, or damaged since
    if card.rows and jax.process_index() == 0:
        write_metrics(workdir / 'metrics.csv', card.rows)
    begun = time.perf_counter()
    most = plan.updates_per_dispatch or (
        1 if jax.default_backend() == 'cpu' else UPDATES_PER_DISPATCH
    )

    @functools.cache
    def step(num_updates):
        no_rows_RUB = place(
            np.zeros((num_replicas, num_updates, plan.batch_size), np.int32), mesh, BY_ROW
        )
        return update_replicas.lower(
            states, data, no_rows_RUB, place(active_R, mesh, BY_REPLICA), **static
        ).compile()

    for num_updates in {min(most, num_batches), num_batches % most or most}:
        step(num_updates)
    say(f'compiled in {time.perf_counter() - begun:.1f} s; {num_batches} updates per epoch')

    def timed(card):
        return dataclasses.replace(card, seconds=spent + time.perf_counter() - started)

    progress = bar(
        None,
        'update',
        total=plan.num_epochs * num_batches,
        initial=int(np.min(now.step, where=active_R, initial=2**31 - 1)),
    )
    events = (
        event_log(workdir / 'tensorboard', now.epoch + 1)
        if plan.tensorboard
        else contextlib.nullcontext()
    )
    with progress, events as log_events, _stop_signal() as stop:
        while active_R.any():
            placed_active_R = place(active_R, mesh, BY_REPLICA)
            epoch = int(now.epoch[active_R].min())
            # Between epochs replicas wait for one another: all active ones have done as many
            # updates of theirs.
            done = int((now.step - now.epoch * num_batches)[active_R].min())
            begun = saved = looked = time.perf_counter()
            progress.set_description(f'epoch {epoch + 1}/{plan.num_epochs}')
            batches_RUB, index = _batches(len(train), plan, now.epoch), done
            while index < num_batches:
                before, index = index, min((index // most + 1) * most, num_batches)
                states, losses_RU = step(index - before)(
                    states, data, place(batches_RUB[:, before:index], mesh, BY_ROW), placed_active_R
                )
                if one_at_a_time:
                    losses_RU.block_until_ready()
                progress.update(index - before)
                if not progress.disable:
                    speed = (
                        (index - done)
                        * plan.batch_size
                        * active_R.sum()
                        / (time.perf_counter() - begun)
                    )
                    loss = (
                        f'{np.mean(losses_RU[:, -1], where=active_R):.2f} nats, '
                        if num_processes == 1
                        else ''
                    )
                    progress.set_postfix_str(
                        f'{loss}base rate {base_rate:.2f}, {speed:.0f} sequences/s', False
                    )
                if index == num_batches or (
                    num_processes > 1 and index // AGREED_UPDATES == before // AGREED_UPDATES
                ):
                    continue
                now_s = time.perf_counter()
                is_stopped, is_due, is_look = any_process(
                    [
                        bool(stop),
                        now_s - saved > 60 * plan.checkpoint_minutes,
                        now_s - looked > LOOK_SECONDS,
                    ]
                )
                if is_stopped or is_due or is_look:
                    looked = now_s
                    if any_process(
                        [
                            not all(
                                np.isfinite(part.data).all()
                                for part in losses_RU.addressable_shards
                            )
                        ]
                    )[0]:
                        raise _diverged(states, card, num_batches, workdir)
                if is_stopped or is_due:
                    checkpoints.save(states, timed(card))
                    saved = time.perf_counter()
                    if is_stopped:
                        raise Interrupted(
                            f'stopped and saved in epoch {epoch + 1}, update {index} of'
                            f' {num_batches}'
                        )
            jax.block_until_ready(states.step)  # updates are dispatched ahead of being done
            speed = (len(train) - done * plan.batch_size) / (time.perf_counter() - begun)
            validation_losses_R = held_out_losses(
                states.average_params,
                validation_data,
                architecture=card.architecture,
                targets=card.recipe.targets,
                batch_size=plan.batch_size,
                mesh=mesh,
            )
            now = _counts(states)
            if not np.isfinite(now.epoch_nats + validation_losses_R).all():
                raise _diverged(states, card, num_batches, workdir)
            rows = _rows(now, active_R, validation_losses_R, card.recipe, speed)
            placed_losses_R = place(validation_losses_R.astype(np.float32), mesh, BY_REPLICA)
            states = end_epoch_replicas(
                states, placed_losses_R, placed_active_R, recipe=card.recipe, mesh=mesh
            )
            card = timed(dataclasses.replace(card, rows=(*card.rows, *rows)))
            checkpoints.save(states, card)
            if jax.process_index() == 0:
                write_metrics(workdir / 'metrics.csv', card.rows)
            if log_events and jax.process_index() == 0:
                log_events(rows)
            now = _counts(states)
            with progress.external_write_mode():
                say(epoch_line(rows, plan.num_epochs, base_rate, best_epochs_R=now.best_epoch))
            if any_process([bool(stop)])[0]:
                raise Interrupted(f'stopped and saved after epoch {epoch + 1}')
            active_R = _active(now, plan)
    return states, card


def _counts(states: TrainState) -> TrainState:
    """The states on the host without their parameters."""
    return fetch(states.replace(params=(), average_params=(), best_params=(), optimizer_state=()))


def _rows(
    now: TrainState,
    active_R: np.ndarray,
    validation_losses_R: np.ndarray,
    recipe: Recipe,
    speed: float,
) -> list[dict]:
    """The rows of metrics.csv of the epoch that the active replicas have come to the end of; the
    learning rate is the last update's.
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


def _diverged(states: TrainState, card: Card, num_batches: int, workdir: pathlib.Path) -> UserError:
    """Keeps states whose loss is not finite for a look, in a folder that nothing goes on from; what
    is to be said of them.
    """
    now, good, aside = _counts(states), Checkpoints(workdir).latest_step(), workdir / 'diverged'
    bad_R = ~np.isfinite(now.epoch_nats)
    replica = int(np.argmax(bad_R))  # 0 where none is: then it is the loss of held-out tunes
    number = int(now.step[replica] - now.epoch[replica] * num_batches) + 1
    what = (
        f'loss or gradient of epoch {now.epoch[replica] + 1}, update {number} of {num_batches},'
        if bad_R.any()
        else 'validation loss'
    )
    try:
        if jax.process_index() == 0 and aside.exists():
            shutil.rmtree(aside)
        Checkpoints(aside).save(states, card)
        kept = f'the state before it is kept for a look in {aside}'
    except (OSError, UserError) as error:
        kept = f'the state before it could not be kept ({error})'
    return UserError(
        f'the {what}{f" of replica {replica}" if len(bad_R) > 1 else ""} is not finite; {kept}; the'
        ' last good checkpoint is'
        f' {workdir / "checkpoints" / str(good) if good is not None else "none yet"}; train anew in'
        ' another --workdir with a smaller config.train.learning_rate'
        f' ({card.recipe.learning_rate:g}) or config.train.clip_norm ({card.recipe.clip_norm:g}; 0'
        ' = no clipping)'
    )


def _active(now: TrainState, plan: Plan) -> np.ndarray:
    """Which replicas [R] go on."""
    return ~now.stopped & (now.epoch < plan.num_epochs)


def _batches(num_windows: int, plan: Plan, epochs_R: np.ndarray) -> np.ndarray:
    """The rows [R, num_batches, B] of an epoch, each replica's in the order of its own seed and
    epoch.
    """
    orders = [
        batch_rows(num_windows, plan.batch_size, plan.seed + replica, int(epoch))
        for replica, epoch in enumerate(epochs_R)
    ]
    return np.stack(orders)


@contextlib.contextmanager
def _stop_signal() -> Iterator[list[int]]:
    """A list that is filled when the process is told to stop (Ctrl-C, SIGTERM); a second Ctrl-C
    stops at once.
    """
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


def initial_keys(seed: int, num_replicas: int = 1) -> list[jax.Array]:
    """The keys of each replica's initialisation and dropout: replica r's is that of the run of
    `seed` + r alone.
    """
    return [random_key(seed + replica, Stream.TRAINING) for replica in range(num_replicas)]
