"""Trains a run, then draws a few samples."""

import dataclasses
import functools
import logging
import pathlib
from collections.abc import Sequence

import jax
from ml_collections import ConfigDict

from symmusic.api import commands, door, gallery, named, sampling
from symmusic.api.load import calibrated, choose, load
from symmusic.api.model import ROOT, Model
from symmusic.config.flags import Command, parse
from symmusic.generate.manner import settle
from symmusic.measures.calibrated import calibrate_run
from symmusic.melody.encodings import Vocabulary
from symmusic.originality.by_epoch import measure_epochs
from symmusic.terminal import print_log
from symmusic.training import run as training
from symmusic.training import run_folder

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Run:
    """A run in its workdir."""

    workdir: pathlib.Path

    @property
    def summary(self) -> dict:
        """The run's results, as in `summary.json`."""
        return run_folder.read_summary(self.workdir)

    def model(self) -> Model:
        """The best replica's model."""
        return load(self.workdir)


def train(config: str | pathlib.Path, workdir: str | pathlib.Path, **fields: object) -> Run:
    """Trains a config, or resumes the run in the workdir, as `--mode=train` does.

    Args:
      config: path of a config file, such as 'configs/attn.py'.
      workdir: the folder of the run.
      **fields: fields that differ from the config, by dotted name: `**{'model.num_cells': 64}`.

    Raises:
      UserError: a field or file is wrong, or the workdir holds another run.
    """
    print_log()
    words = [f'--config={config}', f'--workdir={workdir}']
    words += [f'--config.{name}={value}' for name, value in fields.items()]
    command = parse(words, root=ROOT, modes=('train',))
    named.check(command)
    train_command(command)
    return Run(command.workdir)


def train_command(command: Command) -> None:
    """Trains as a command asks, or resumes its run; logs progress and follow-up commands."""
    config = command.config
    workdir = commands.workdir(command)
    run_folder.check(config, workdir)
    training.claim_devices(config)
    door.check(config, workdir, may_wish=True)
    commands.log_without_effect(command)
    with run_folder.alone(workdir):
        trained = training.train(
            config,
            workdir,
            check=functools.partial(_check_task, config),
            measure_epochs=functools.partial(measure_epochs, config),
        )
        if jax.process_index() != 0:
            return
        if trained.is_new:
            trained = calibrate_run(config, trained)
            training.log_results(trained)
            model = choose(config.sample.replica, trained.card, trained.states, workdir)
            calibration = calibrated(trained.summary, model.made_with['replica'])
            model = dataclasses.replace(model, calibration=calibration)
            page = _draw(command, settle(config, model.temperature), model, workdir)
            run_folder.write_summary(workdir, trained.summary)
        else:
            pages = workdir.glob('samples/*/index.html')
            page = max(pages, key=lambda path: path.stat().st_mtime, default=workdir)
    commands.log_next(command, page)


def _check_task(config: ConfigDict, vocabulary: Vocabulary, meters: Sequence[str]) -> None:
    """Checks, before training, that the model will be able to draw what the config asks for."""
    if door.draws(config):
        sampling.prepare(config, vocabulary, meters)


def _draw(
    command: Command, config: ConfigDict, model: Model, workdir: pathlib.Path
) -> pathlib.Path:
    """Draws a few pieces and returns the path of their page; the workdir if none can be drawn."""
    if not door.draws(config):
        log.info(f'no pieces: config.data.encoding = {config.data.encoding!r} takes a given rhythm')
        return workdir
    how = {'changed': command.changed, 'typed': command.typed}
    return gallery.draw(config, model, workdir, **how) / 'index.html'
