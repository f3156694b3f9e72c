"""A run in progress: its epochs, its checks and what it saves."""

import dataclasses
import pathlib
import time

import jax
import numpy as np
from jax.sharding import Mesh
from tqdm import tqdm

from symmusic.corpus.windows import Windows
from symmusic.errors import Interrupted, UserError
from symmusic.progress import open_bar
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.data import draw_batches, put
from symmusic.training.devices import BY_REPLICA, any_process, fetch, place
from symmusic.training.divergence import diverged
from symmusic.training.metrics import epoch_rows, write_metrics
from symmusic.training.originality import Measure, write_originality
from symmusic.training.replicas import end_epoch_replicas
from symmusic.training.state import TrainState
from symmusic.training.updates import Updates
from symmusic.training.validation import measure_held_out, write_gaps

# Seconds between checks of the loss, each of which waits for the device. Nothing is lost in
# between: an update whose loss is not finite changes nothing.
CHECK_SECONDS = 1.0
UPDATES_PER_DISPATCH = 16  # the default on all devices but a CPU
# updates between the points at which several processes agree whether to save or to stop
AGREED_UPDATES = 50


@dataclasses.dataclass(frozen=True)
class Plan:
    """The parts of a run that do not depend on the model: length, batches, checkpoints."""

    num_epochs: int
    batch_size: int
    seed: int
    checkpoint_minutes: float
    tensorboard: bool = False
    updates_per_dispatch: int = 1  # 0 = the default of the kind of device


@dataclasses.dataclass
class Epoch:
    """An epoch in progress.

    Attributes:
      number: from 1.
      done: the number of its updates that an earlier process did.
      begun, saved, checked: the times in seconds when it began, was last saved, and its loss was
        last checked.
    """

    number: int
    done: int
    begun: float
    saved: float
    checked: float


class Session:
    """A run in progress. The given states may come from any point of a run, and are consumed;
    `measure` adds the columns of originality.csv to the rows of an epoch.

    Attributes:
      states: of every replica, on the mesh.
      now: the states without their parameters, on the host, at the end of the last epoch.
      active_R: which replicas are still training.
      card: of the run, at the end of the last epoch.
      num_batches: updates per epoch.
      most: the largest number of updates per dispatch.
    """

    def __init__(
        self,
        states: TrainState,
        card: Card,
        train: Windows,
        validation: Windows,
        base_rate: float,
        plan: Plan,
        workdir: pathlib.Path,
        mesh: Mesh | None = None,
        measure: Measure | None = None,
    ):
        self.started, self.spent = time.perf_counter(), card.seconds
        self.card, self.base_rate, self.plan, self.workdir = card, base_rate, plan, workdir
        self.mesh, self.checkpoints, self.measure = mesh, Checkpoints(workdir), measure
        self.num_windows = len(train)
        self.num_batches = -(-self.num_windows // plan.batch_size)
        self.validation = put(validation, mesh)
        self.states = place(states, mesh, BY_REPLICA)
        self.now = _counts(self.states)
        self.active_R = _active(self.now, plan)
        is_cpu = jax.default_backend() == 'cpu'
        self.most = plan.updates_per_dispatch or (1 if is_cpu else UPDATES_PER_DISPATCH)
        # Devices of a CPU share few threads: with several updates dispatched, all threads may wait
        # for a sum that none is left to compute.
        self.one_at_a_time = mesh is not None and mesh.shape['data'] > 1 and is_cpu
        self.update = Updates(
            put(train, mesh), plan.batch_size, card.architecture, card.recipe, mesh
        )

    def compile(self) -> float:
        """Compiles the update for each number of batches that are dispatched together; returns the
        seconds that it took.
        """
        begun = time.perf_counter()
        for num_updates in {
            min(self.most, self.num_batches),
            self.num_batches % self.most or self.most,
        }:
            self.update.compile(num_updates, self.states)
        return time.perf_counter() - begun

    def open_bar(self) -> tqdm:
        """The progress bar over all updates of the run."""
        return open_bar(
            'update',
            total=self.plan.num_epochs * self.num_batches,
            initial=int(np.min(self.now.step, where=self.active_R, initial=2**31 - 1)),
        )

    def train_epoch(self, progress: tqdm, stop: list[int]) -> Epoch:
        """Does the remaining updates of an epoch.

        Raises:
          Interrupted: `stop` is no longer empty; the states have been saved.
          UserError: the loss is not finite.
        """
        active_R = place(self.active_R, self.mesh, BY_REPLICA)
        number = int(self.now.epoch[self.active_R].min()) + 1
        # Replicas wait for one another between epochs, so all active ones are at the same update.
        done = int((self.now.step - self.now.epoch * self.num_batches)[self.active_R].min())
        begun = time.perf_counter()
        epoch = Epoch(number, done, begun, begun, begun)
        progress.set_description(f'epoch {number}/{self.plan.num_epochs}')
        batches_RUB, index = (
            draw_batches(self.num_windows, self.plan.batch_size, self.plan.seed, self.now.epoch),
            done,
        )
        while index < self.num_batches:
            before, index = index, min((index // self.most + 1) * self.most, self.num_batches)
            self.states, losses_RU = self.update(
                self.states, batches_RUB[:, before:index], active_R
            )
            if self.one_at_a_time:
                losses_RU.block_until_ready()
            progress.update(index - before)
            if not progress.disable:
                self._show(progress, epoch, index, losses_RU)
            if index < self.num_batches and (
                jax.process_count() == 1 or index // AGREED_UPDATES > before // AGREED_UPDATES
            ):
                self._check(epoch, index, losses_RU, stop)
        jax.block_until_ready(self.states.step)  # updates are dispatched ahead of time
        return epoch

    def _show(self, progress: tqdm, epoch: Epoch, index: int, losses_RU: jax.Array) -> None:
        """Shows the loss and the speed on the bar."""
        num_sequences = (index - epoch.done) * self.plan.batch_size * self.active_R.sum()
        speed = num_sequences / (time.perf_counter() - epoch.begun)
        loss = (
            f'{np.mean(losses_RU[:, -1], where=self.active_R):.2f} nats, '
            if jax.process_count() == 1
            else ''
        )
        progress.set_postfix_str(
            f'{loss}base rate {self.base_rate:.2f}, {speed:.0f} sequences/s', False
        )

    def _check(self, epoch: Epoch, index: int, losses_RU: jax.Array, stop: list[int]) -> None:
        """Checks the loss and saves the states, if this is due or the process is to stop."""
        now_s = time.perf_counter()
        is_stopped, is_due, is_checked = any_process(
            [
                bool(stop),
                now_s - epoch.saved > 60 * self.plan.checkpoint_minutes,
                now_s - epoch.checked > CHECK_SECONDS,
            ]
        )
        if not (is_stopped or is_due or is_checked):
            return
        epoch.checked = now_s
        parts = losses_RU.addressable_shards
        if any_process([not all(np.isfinite(part.data).all() for part in parts)])[0]:
            raise self._diverged(_counts(self.states))
        if is_stopped or is_due:
            self.checkpoints.save(self.states, self._timed(self.card))
            epoch.saved = time.perf_counter()
        if is_stopped:
            raise Interrupted(
                f'stopped and saved in epoch {epoch.number}, update {index} of {self.num_batches};'
                ' the same command continues from there'
            )

    def end_epoch(self, epoch: Epoch) -> list[dict]:
        """Measures the held-out loss, ends the epoch and saves; the rows of metrics.csv, with those
        of gaps.csv and what `measure` adds.

        Raises:
          UserError: a loss is not finite.
        """
        num_sequences = self.num_windows - epoch.done * self.plan.batch_size
        speed = num_sequences / (time.perf_counter() - epoch.begun)
        held_out = measure_held_out(
            self.states.average_params,
            self.validation,
            self.card.architecture,
            self.card.recipe,
            self.plan.batch_size,
            self.mesh,
        )
        validation_losses_R = held_out.loss_R
        now = _counts(self.states)
        if not np.isfinite(now.epoch_nats + validation_losses_R).all():
            raise self._diverged(now)
        rows = epoch_rows(now, self.active_R, validation_losses_R, self.card.recipe, speed)
        rows = held_out.added_to(rows)
        if self.measure:
            rows = self.measure(fetch(self.states.average_params), rows)
        self.states = end_epoch_replicas(
            self.states,
            place(validation_losses_R.astype(np.float32), self.mesh, BY_REPLICA),
            place(self.active_R, self.mesh, BY_REPLICA),
            recipe=self.card.recipe,
            mesh=self.mesh,
        )
        self.card = self._timed(dataclasses.replace(self.card, rows=(*self.card.rows, *rows)))
        self.checkpoints.save(self.states, self.card)
        if jax.process_index() == 0:
            write_metrics(self.workdir / 'metrics.csv', self.card.rows)
            write_originality(self.workdir, self.card.rows)
            write_gaps(self.workdir, self.card.rows)
        self.now = _counts(self.states)
        self.active_R = _active(self.now, self.plan)
        return rows

    def _diverged(self, now: TrainState) -> UserError:
        return diverged(self.states, now, self.card, self.num_batches, self.workdir)

    def _timed(self, card: Card) -> Card:
        """The card with the training time so far."""
        return dataclasses.replace(card, seconds=self.spent + time.perf_counter() - self.started)


def _counts(states: TrainState) -> TrainState:
    """The states on the host without their parameters."""
    return fetch(states.replace(params=(), average_params=(), best_params=(), optimizer_state=()))


def _active(now: TrainState, plan: Plan) -> np.ndarray:
    """Which replicas [R] are still training."""
    return ~now.stopped & (now.epoch < plan.num_epochs)
