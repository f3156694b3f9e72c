"""A run in its workdir: from a config to trained parameters and results."""

import dataclasses
import logging
import os
import pathlib
from collections.abc import Callable, Sequence

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

import symmusic
from symmusic.config import runs
from symmusic.corpus.cache import Corpus
from symmusic.corpus.originals import gather_originals, write_originals
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Architecture
from symmusic.model.size import count_parameters
from symmusic.training import build, loop, parent, run_folder, session, start, summary
from symmusic.training.card import Card
from symmusic.training.data import put
from symmusic.training.devices import PROCESSES, claim_cores, fetch, join_processes, make_mesh
from symmusic.training.metrics import plot_metrics, require_tensorboard, write_metrics
from symmusic.training.originality import Measure, plot_originality, write_originality
from symmusic.training.provenance import made_with
from symmusic.training.state import TrainState
from symmusic.training.validation import HeldOut, measure_held_out, write_gaps
from symmusic.wording import count

ROOT = pathlib.Path(symmusic.__file__).parents[1]  # the checkout whose commit is recorded
log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Trained:
    """A run that has finished all its epochs.

    Attributes:
      states: of every replica, on the host.
      card: of the run.
      summary: the content of `summary.json`; if the run was trained just now, still to be written.
      corpus: the corpus that it was trained on.
      is_new: whether it was trained just now.
    """

    states: TrainState
    card: Card
    summary: dict
    corpus: Corpus
    is_new: bool


def claim_devices(config: ConfigDict) -> None:
    """Divides the CPU, and joins the other processes; call it before JAX is used."""
    if config.train.tensorboard:
        require_tensorboard()
    claim_cores(config.train.cpu_devices, deterministic=config.train.deterministic)
    join_processes(os.environ.get(PROCESSES, ''))


def train(
    config: ConfigDict,
    workdir: pathlib.Path,
    check: Callable[[Vocabulary, Sequence[str]], object] = lambda vocabulary, meters: None,
    measure_epochs: Callable[[Corpus, Card], Measure | None] = lambda corpus, card: None,
) -> Trained:
    """Trains, or resumes, the run of a workdir that `alone` holds; logs its progress. The
    caller ends it with `run_folder.write_summary`.

    Args:
      config: of the run.
      workdir: its folder.
      check: called with the run's vocabulary and metres before anything is trained.
      measure_epochs: makes, from the run's corpus and card, the function that measures each epoch.

    Raises:
      UserError: a field, the corpus or the folder cannot be used.
      Interrupted: the process received a signal to stop; the run has been saved.
    """
    mesh = make_mesh(config.replicas, config.train.batch_size)
    device = mesh.devices.flat[0]
    log.info(
        f'device: {mesh.size} of {jax.device_count()} {device.platform} ({device.device_kind}), jax'
        f' {jax.__version__}'
    )
    require_kernel(config, device.platform)
    prepared = start.prepare(config)
    check(prepared.data.vocabulary, prepared.data.meters)
    started = start.start(config, workdir, prepared, device.device_kind)
    _log_start(config, prepared.architecture, started)
    if started.is_done(config.train.num_epochs) and (workdir / run_folder.SUMMARY).exists():
        return _finished(workdir, prepared, started)
    base_rates = start.base_rates(config, prepared)
    measure = measure_epochs(prepared.corpus, started.card)
    if jax.process_index() == 0:
        _write_files(config, workdir, prepared, started.descent, mesh.size)
    running = session.Session(
        started.states,
        started.card,
        prepared.data.train,
        prepared.data.validation,
        base_rates['validation'],
        _plan(config),
        workdir,
        mesh,
        measure,
    )
    states, card = loop.fit(running)
    test = _on_test_tunes(config, prepared, states, mesh)
    states = fetch(states)
    found = summary.make_summary(config, states, card, base_rates, test, started.descent)
    if jax.process_index() == 0:
        plot_metrics(workdir / 'plots' / 'losses.png', card.rows, base_rates['validation'])
        plot_originality(workdir / 'plots' / 'originality.png', card.rows)
    return Trained(states, card, found, prepared.corpus, is_new=True)


def log_results(trained: Trained) -> None:
    """Logs the results of a training."""
    for line in summary.lines(trained.summary, trained.card.recipe.targets):
        log.info(line)


def _log_start(config: ConfigDict, architecture: Architecture, started: start.Start) -> None:
    """Logs which network is trained, and how far its training is."""
    states = started.states
    replicas = f', {config.replicas} replicas' if config.replicas > 1 else ''
    log.info(
        f'model: {build.describe(architecture)}, {count_parameters(architecture):,} parameters,'
        f' {architecture.num_classes} classes{replicas}'
    )
    if states.step.any() and not started.is_done(config.train.num_epochs):
        log.info(
            f'going on after {count(states.epoch.max(), "epoch")},'
            f' {count(states.step.max(), "update")}'
        )


def _finished(workdir: pathlib.Path, prepared: start.Prepared, started: start.Start) -> Trained:
    """A run with nothing left to train."""
    write_metrics(workdir / 'metrics.csv', started.card.rows)  # whatever its state
    write_originality(workdir, started.card.rows)
    write_gaps(workdir, started.card.rows)
    states = started.states
    why = ', ended by early stopping' if states.stopped.all() else ''
    log.info(
        f'the run in {workdir} is finished after {count(states.epoch.max(), "epoch")}{why}; a'
        ' larger num_epochs continues it'
    )
    found = run_folder.read_summary(workdir)
    return Trained(states, started.card, found, prepared.corpus, is_new=False)


def _write_files(
    config: ConfigDict,
    workdir: pathlib.Path,
    prepared: start.Prepared,
    descent: dict | None,
    num_devices: int,
) -> None:
    """Writes what is known of a run before it trains, and removes the summary of a resumed
    run, which is outdated.
    """
    sessions = runs.made_with(run_folder.read_config_text(workdir) or '{}')
    if (before := run_folder.read_config(workdir)) is not None:
        sessions = runs.with_rounding(sessions, before)
    now = made_with(num_devices, prepared.data.fingerprint, ROOT) | {
        'rounding': runs.rounding(config)
    }
    write_whole(
        workdir / 'config.json',
        runs.to_json(config, [*sessions, *([] if now in sessions else [now])]),
    )
    if descent:
        parent.write(workdir, descent)
    tunes = build.split_as_trained(config, prepared.corpus)
    write_originals(workdir, gather_originals(tunes.train, [*tunes.validation, *tunes.test]))
    (workdir / run_folder.SUMMARY).unlink(missing_ok=True)


def _plan(config: ConfigDict) -> session.Plan:
    return session.Plan(
        config.train.num_epochs,
        config.train.batch_size,
        config.seed,
        config.train.checkpoint_minutes,
        config.train.tensorboard,
        config.train.updates_per_dispatch,
    )


def _on_test_tunes(
    config: ConfigDict, prepared: start.Prepared, states: TrainState, mesh: Mesh
) -> HeldOut | None:
    """The losses of each replica's best parameters on the test part; None if there is none. Every
    process takes part.
    """
    if not prepared.data.test:
        return None
    return measure_held_out(
        states.best_params,
        put(prepared.data.test, mesh),
        prepared.architecture,
        prepared.recipe,
        config.train.batch_size,
        mesh,
    )


def require_kernel(config: ConfigDict, platform: str) -> None:
    """Checks that the config's kernel runs on a kind of device.

    Raises:
      UserError: it does not.
    """
    model, settings = config.model, config.train
    if settings.kernel != 'fused':
        return
    if platform != 'gpu':
        raise UserError(
            f"config.train.kernel = 'fused': needs a GPU, and the device is a {platform}; must be"
            " 'scan'"
        )
    from symmusic.model.fused import fits  # as in `lstm`

    if not fits(model.num_cells, settings.product_dtype):
        raise UserError(
            f"config.train.kernel = 'fused': the weights of {model.num_cells} cells do not fit on"
            " the chip; must be 'scan', or config.model.num_cells at most 64, with"
            " config.train.product_dtype = 'bfloat16' at most 128"
        )
