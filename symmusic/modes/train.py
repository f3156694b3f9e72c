"""`--mode=train`: prepares the corpus, trains or goes on with the workdir's run, and closes with a
few samples.
"""

import contextlib
import dataclasses
import logging
import os
import pathlib
from collections.abc import Callable

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from symmusic.api import commands, door
from symmusic.api import model as models
from symmusic.config import runs
from symmusic.config.flags import Command, parse
from symmusic.config.protocol import base_config
from symmusic.corpus.originals import gather_originals, write_originals
from symmusic.errors import UserError
from symmusic.files import alone_in, read_digested, write_digested, write_whole
from symmusic.generate.manner import manner_of, settle
from symmusic.measures.given import MOST, calibrate_model, cut_given
from symmusic.measures.temperature import Calibration
from symmusic.model.model import Architecture
from symmusic.model.size import count_parameters
from symmusic.modes import parent, sample, start, summary
from symmusic.training import build, loop
from symmusic.training.checkpoint import Card, Checkpoints
from symmusic.training.devices import PROCESSES, claim_cores, fetch, join_processes, make_mesh
from symmusic.training.metrics import plot_metrics, require_tensorboard, write_metrics
from symmusic.training.provenance import made_with
from symmusic.training.replicas import held_out_losses, replica
from symmusic.training.state import TrainState

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Run:
    """A run in its workdir."""

    workdir: pathlib.Path

    @property
    def summary(self) -> dict:
        """What came out, as `summary.json` holds it."""
        return read_digested(self.workdir / 'summary.json')

    def model(self) -> models.Model:
        """The best replica's model."""
        return models.load(self.workdir)


def train(config: str | pathlib.Path, workdir: str | pathlib.Path, **fields: object) -> Run:
    """Trains a config, or resumes the run that the workdir holds; as `--mode=train`.

    Args:
      config: path of a config file, such as 'configs/attn.py'.
      workdir: where the run is kept.
      **fields: what differs from the config, by dotted names: `**{'model.num_cells': 64}`.

    Raises:
      UserError: a field or file is wrong, or the workdir holds another run.
    """
    words = [f'--config={config}', f'--workdir={workdir}']
    words += [f'--config.{name}={value}' for name, value in fields.items()]
    command = parse(words, root=models.ROOT, modes=('train',))
    run(command)
    return Run(command.workdir)


def run(command: Command, say: Callable[[str], None] = print) -> None:
    """Trains; a run that is finished says so. `say` takes the line of each epoch."""
    config, workdir = command.config, commands.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    run_config = _run_config(workdir, checkpoints, base_config())
    if run_config is not None:
        runs.check_same_run(run_config, config, workdir)
    if config.train.tensorboard:
        require_tensorboard()
    claim_cores(config.train.cpu_devices, deterministic=config.train.deterministic)
    join_processes(os.environ.get(PROCESSES, ''))
    door.check(config, workdir, may_wish=True)
    with alone_in(workdir) if jax.process_index() == 0 else contextlib.nullcontext():
        _run(command, workdir, checkpoints, run_config, say)


def _run(
    command: Command,
    workdir: pathlib.Path,
    checkpoints: Checkpoints,
    run_config: ConfigDict | None,
    say: Callable[[str], None],
) -> None:
    """As `run`, of a workdir that this process has for itself; it held the run of `run_config`."""
    config = command.config
    mesh = make_mesh(config.replicas, config.train.batch_size)
    device = mesh.devices.flat[0]
    log.info(
        f'device: {mesh.size} of {jax.device_count()} {device.platform} ({device.device_kind}), jax'
        f' {jax.__version__}'
    )
    _require_kernel(config, device.platform)
    prepared = start.prepare(command)
    started = start.start(command, workdir, checkpoints, prepared, device.device_kind)
    _report(config, prepared.architecture, started)
    if started.is_done(config.train.num_epochs) and (workdir / 'summary.json').exists():
        _report_finished(command, workdir, started)
        return
    base_rates = start.base_rates(config, prepared)
    if jax.process_index() == 0:
        _write_files(command, workdir, run_config, prepared, started.descent, mesh.size)
    states, card = loop.fit(
        started.states,
        started.card,
        prepared.data.train,
        prepared.data.validation,
        base_rates['validation'],
        _plan(config),
        workdir,
        say,
        mesh,
    )
    test_losses_R = _test_losses(config, prepared, states, mesh)
    states = fetch(states)
    if jax.process_index() == 0:
        calibrations_R = _calibrate(config, prepared, states, card)
        found = summary.summarize(
            config, states, card, base_rates, test_losses_R, calibrations_R, started.descent
        )
        _write_results(command, workdir, states, card, found)


def _report(config: ConfigDict, architecture: Architecture, started: start.Start) -> None:
    """Tells which network is trained, and how far it is."""
    states = started.states
    replicas = f', {config.replicas} replicas' if config.replicas > 1 else ''
    log.info(
        f'model: {build.describe(architecture)}, {count_parameters(architecture):,} parameters,'
        f' {architecture.num_classes} classes{replicas}'
    )
    if states.step.any() and not started.is_done(config.train.num_epochs):
        log.info(f'going on after {states.epoch.max()} epochs, {states.step.max()} updates')


def _report_finished(command: Command, workdir: pathlib.Path, started: start.Start) -> None:
    """Tells that there is nothing left to train."""
    write_metrics(workdir / 'metrics.csv', started.card.rows)  # whatever has become of it
    states = started.states
    why = ', ended by early stopping' if states.stopped.all() else ''
    log.info(
        f'the run in {workdir} is finished after {states.epoch.max()} epochs{why}; a larger'
        ' num_epochs goes on with it'
    )
    pages = sorted(workdir.glob('samples/*/index.html'), key=lambda path: path.stat().st_mtime)
    _say_next(command, pages[-1] if pages else workdir)


def _write_files(
    command: Command,
    workdir: pathlib.Path,
    run_config: ConfigDict | None,
    prepared: start.Prepared,
    descent: dict | None,
    num_devices: int,
) -> None:
    """Writes what is known of a run before it trains, and removes the summary of a run that goes
    on, which no longer says what came out.
    """
    config = command.config
    sessions = runs.made_with(_run_text(workdir) or '{}')
    if run_config is not None:
        sessions = runs.with_rounding(sessions, run_config)
    now = made_with(num_devices, prepared.data.fingerprint, command.root) | {
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
    (workdir / 'summary.json').unlink(missing_ok=True)


def _plan(config: ConfigDict) -> loop.Plan:
    return loop.Plan(
        config.train.num_epochs,
        config.train.batch_size,
        config.seed,
        config.train.checkpoint_minutes,
        config.train.tensorboard,
        config.train.updates_per_dispatch,
    )


def _test_losses(
    config: ConfigDict, prepared: start.Prepared, states: TrainState, mesh: Mesh
) -> list[float | None]:
    """Nats per step of each replica's best parameters on the test part, None where there is none;
    every process takes part.
    """
    if not prepared.data.test:
        return [None] * config.replicas
    return held_out_losses(
        states.best_params,
        loop.put(prepared.data.test, mesh),
        architecture=prepared.architecture,
        targets=prepared.recipe.targets,
        batch_size=config.train.batch_size,
        mesh=mesh,
    ).tolist()


def _calibrate(
    config: ConfigDict, prepared: start.Prepared, states: TrainState, card: Card
) -> list[Calibration | None]:
    """Each replica's calibration on the validation tunes, None where none is long enough or the
    protocol is the thesis's, which draws at temperature 1.
    """
    if config.data.protocol == 'thesis':
        return [None] * config.replicas
    tunes = build.split_as_trained(config, prepared.corpus).validation
    given = cut_given(tunes, prepared.data.vocabulary, most=MOST)
    manner = manner_of(settle(config, None), card, may_wish=True)
    return [
        calibrate_model(replica(states.best_params, index), prepared.architecture, given, manner)
        for index in range(config.replicas)
    ]


def _write_results(
    command: Command, workdir: pathlib.Path, states: TrainState, card: Card, found: dict
) -> None:
    """Writes and reports what came out, with a few samples of the best replica."""
    config = command.config
    plot_metrics(workdir / 'plots' / 'losses.png', card.rows, found['base_rate']['validation'])
    for line in summary.lines(found, card.recipe.targets):
        log.info(line)
    model = models.choose(config.sample.replica, card, states, workdir)
    calibration = found['replicas'][model.made_with['replica']]['calibration']
    model = dataclasses.replace(model, temperature=calibration and calibration['temperature'])
    folder = sample.draw(settle(config, model.temperature), model, workdir, command.changed)
    write_digested(workdir / 'summary.json', found)
    _say_next(command, folder / 'index.html')


def _run_config(
    workdir: pathlib.Path, checkpoints: Checkpoints, base: ConfigDict
) -> ConfigDict | None:
    """The config of the run in a workdir, None where there is none."""
    text = _run_text(workdir)
    if text is not None:
        return runs.from_json(text, base)
    return (
        runs.from_dict(checkpoints.restore_card().config, base)
        if checkpoints.latest_step() is not None
        else None
    )


def _run_text(workdir: pathlib.Path) -> str | None:
    """What config.json holds, None where there is none."""
    path = workdir / 'config.json'
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'cannot read {path}: {error}; choose another --workdir') from error


def _require_kernel(config: ConfigDict, platform: str) -> None:
    model, train = config.model, config.train
    if train.kernel != 'fused':
        return
    if platform != 'gpu':
        raise UserError(
            f"config.train.kernel = 'fused': needs a GPU, and the device is a {platform}; must be"
            " 'scan'"
        )
    from symmusic.model.fused import fits  # as in `lstm`

    if not fits(model.num_cells, train.product_dtype):
        raise UserError(
            f"config.train.kernel = 'fused': the weights of {model.num_cells} cells do not fit on"
            " the chip; must be 'scan', or config.model.num_cells at most 64, with"
            " config.train.product_dtype = 'bfloat16' at most 128"
        )


def _say_next(command: Command, where: pathlib.Path) -> None:
    """The commands to go on with, and where the run's last pieces are."""
    mine = f'{commands.command_line(command, "sample")} --config.sample.prompt=my.mid'
    if command.config.train.targets == 'gap':
        log.info(f'to redraw bars of your own piece: {mine} --config.sample.regenerate=2-3')
    else:
        log.info(f'to continue bars of your own: {mine}')
    log.info(f'{where}')
