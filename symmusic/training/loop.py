"""The training loop: batches in their order, checkpoints, metrics and progress."""

import contextlib
import logging

import jax

from symmusic.errors import Interrupted
from symmusic.progress import step
from symmusic.training.card import Card
from symmusic.training.devices import any_process
from symmusic.training.metrics import epoch_line, event_log, write_metrics
from symmusic.training.originality import originality_line, write_originality
from symmusic.training.session import Session
from symmusic.training.signals import stop_signal
from symmusic.training.state import TrainState
from symmusic.training.validation import gap_line, write_gaps
from symmusic.wording import count

log = logging.getLogger(__name__)


def fit(run: Session) -> tuple[TrainState, Card]:
    """Trains every replica until `plan.num_epochs` or early stopping. Returns the final states and
    card.

    The states are saved under `workdir` after every epoch, and every `checkpoint_minutes` within
    one, together with metrics.csv. Saving, stopping and resuming do not change what the run
    computes.

    Raises:
      Interrupted: the process received a signal to stop; the states have been saved.
      UserError: the loss is no longer finite, or the disk is full.
    """
    plan, workdir = run.plan, run.workdir
    # the files may be missing or damaged, or older than the checkpoint
    if run.card.rows and jax.process_index() == 0:
        write_metrics(workdir / 'metrics.csv', run.card.rows)
        write_originality(workdir, run.card.rows)
        write_gaps(workdir, run.card.rows)
    log.info(f'compiled in {run.compile():.1f} s; {count(run.num_batches, "update")} per epoch')
    events = (
        event_log(workdir / 'tensorboard', run.now.epoch + 1)
        if plan.tensorboard
        else contextlib.nullcontext()
    )
    progress = run.open_bar()
    with progress, events as log_events, stop_signal() as stop:
        while run.active_R.any():
            epoch = run.train_epoch(progress, stop)
            rows = run.end_epoch(epoch)
            if log_events and jax.process_index() == 0:
                log_events(rows)
            log.info(epoch_line(rows, plan.num_epochs, run.base_rate, run.now.best_epoch))
            for line in filter(None, (gap_line(rows), originality_line(rows))):
                log.info(line)
            step()
            if any_process([bool(stop)])[0]:
                raise Interrupted(
                    f'stopped and saved after epoch {epoch.number}; the same command continues from'
                    ' there'
                )
    return run.states, run.card
