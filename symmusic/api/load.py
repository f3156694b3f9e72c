"""Loading a model: the shipped one, or that of a run."""

import logging
import os
import pathlib
from collections.abc import Mapping

from ml_collections import ConfigDict

from symmusic.api import commands
from symmusic.api.model import Model
from symmusic.config import runs
from symmusic.config.field import ALL
from symmusic.config.fields import FIELDS, default
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.generate.manner import settle
from symmusic.locks import is_occupied
from symmusic.measures.temperature import Calibration
from symmusic.model.ensemble import Ensemble
from symmusic.model.model import Params
from symmusic.training import shipped
from symmusic.training.card import Card
from symmusic.training.devices import claim_cores
from symmusic.training.replicas import best_replica, replica
from symmusic.training.run_folder import read_summary
from symmusic.training.saved import saved_steps
from symmusic.training.state import TrainState
from symmusic.wording import count

log = logging.getLogger(__name__)


def load(
    path: str | pathlib.Path | None = None, *, replica: int | str = default('sample.replica')
) -> Model:
    """The model of a run's workdir, or the shipped one.

    Args:
      path: the workdir; None = the shipped model.
      replica: which replica of the run; -1 = the one with the best validation loss; 'all' = an
        ensemble of all, which averages their probabilities.

    Raises:
      UserError: `path` is not a path, holds no run that has finished an epoch, or the run has no
        such replica.
    """
    if allowed := FIELDS['sample.replica'].rule(replica):
        raise UserError(f'replica = {replica!r}: must be {allowed}')
    if path is None:
        require_replica(replica, 1)
        return read_shipped_model()[0]
    if not isinstance(path, str | os.PathLike):
        raise UserError(
            f'load: {path!r} is not a path; must be the workdir of a run, or nothing for the'
            ' shipped model'
        )
    workdir = pathlib.Path(path).expanduser()
    if not saved_steps(workdir):
        raise UserError(f'{workdir} holds no trained model')
    states, card = _restore(workdir)
    if not states.best_epoch.any():
        raise UserError(f'the run in {workdir} has not finished its first epoch')
    return choose(replica, card, states, workdir)


def read_shipped_model() -> tuple[Model, dict]:
    """The shipped model, and the results of its evaluation."""
    params, card, figures = shipped.read_shipped()
    calibration = figures.get('calibration')
    made_with = {'shipped': figures['date']}
    model = Model(
        params,
        card,
        'the shipped model',
        made_with,
        calibration=Calibration(**calibration) if calibration else None,
    )
    return model, figures


def load_of_command(command: Command) -> tuple[ConfigDict, Model, pathlib.Path]:
    """The run's config with the command's settings for sampling and evaluation, its model, and the
    workdir.

    Where there is no run, the shipped model is used.

    Raises:
      UserError: the run has not finished an epoch, or the command gives fields that differ from the
        run's.
    """
    claim_cores(command.config.train.cpu_devices)
    workdir = commands.workdir(command)
    if not saved_steps(workdir):
        train = commands.command_line(command, 'train')
        if is_occupied(workdir):
            raise UserError(_in_first_epoch(workdir, 'nothing saved yet'))
        if (workdir / 'config.json').exists():
            raise UserError(f'{workdir} holds no trained model; train one with: {train}')
        model, figures = read_shipped_model()
        card = model.card
        require_replica(command.config.sample.replica, card.num_replicas)
        config = runs.for_sampling(runs.from_dict(card.config, command.config), command, train)
        nats, date = figures['nats_per_step'], figures['date']
        does = 'is measured' if command.mode == 'evaluate' else 'draws'
        log.info(
            f'no run in {workdir}: the shipped model {does} ({card.dataset["corpus"]}, {date};'
            f' {nats["model"]:.3f} nats per step on test tunes, base rate {nats["base_rate"]:.3f});'
            f' to train one: {train}'
        )
    else:
        is_training = is_occupied(workdir)
        states, card = _restore(workdir)
        if is_training and not states.best_epoch.any():
            raise UserError(_in_first_epoch(workdir, _progress(states, card)))
        if not states.best_epoch.any():
            raise UserError(
                f'the run in {workdir} has not finished its first epoch; continue with:'
                f' {commands.command_line(command, "train")}'
            )
        model = choose(command.config.sample.replica, card, states, workdir)
        if is_training:
            epochs = _spell_epochs(model.made_with['epoch'])
            log.info(
                f'the run in {workdir} is still training ({_progress(states, card)}): the'
                f' parameters are those of {epochs}, its best so far'
            )
        config = runs.for_sampling(runs.from_dict(card.config, command.config), command)
    return settle(config, model.temperature), model, workdir


def _restore(workdir: pathlib.Path) -> tuple[TrainState, Card]:
    """The latest checkpoint; a run that is still training may replace it while it is read."""
    # imported here, because Orbax is slow to import and the shipped model does not need it
    from symmusic.training.checkpoint import Checkpoints

    checkpoints = Checkpoints(workdir)
    while True:
        step = checkpoints.latest_step()
        try:
            return checkpoints.restore()
        except UserError:
            if checkpoints.latest_step() == step:
                raise


def _in_first_epoch(workdir: pathlib.Path, progress: str) -> str:
    return (
        f'{workdir} holds no trained model yet: its run is training and in its first epoch'
        f' ({progress}); run the same command when that is finished'
    )


def _progress(states: TrainState, card: Card) -> str:
    """The run's progress when it was last saved; that of the furthest replica, if there are
    several.
    """
    num_epochs, batch_size = (card.config['train'][name] for name in ('num_epochs', 'batch_size'))
    num_batches = -(-card.dataset['num_windows'] // batch_size)
    epochs, updates = int(states.epoch.max()), int(states.step.max())
    if epochs == num_epochs or updates % num_batches == 0:
        return f'{epochs} of {count(num_epochs, "epoch")}, {updates:,} updates'
    return (
        f'epoch {epochs + 1} of {num_epochs}, update {updates % num_batches} of {num_batches} when'
        ' last saved'
    )


def choose(wanted: int | str, card: Card, states: TrainState, workdir: pathlib.Path) -> Model:
    """The model of a run's replica, as `sample.replica` names it; 'all' = the ensemble of all.

    All replicas of a run have its card: the same architecture and vocabulary.
    """
    require_replica(wanted, card.num_replicas)
    if wanted == ALL:
        epochs, who = states.best_epoch.tolist(), f', all {card.num_replicas} replicas'
        return _model(Ensemble(states.best_params), card, workdir, who, ALL, epochs)
    index = best_replica(states) if wanted < 0 else wanted
    chosen = replica(states, index)
    who = f', replica {index}' * (card.num_replicas > 1)
    epoch = int(chosen.best_epoch)
    return _model(chosen.best_params, card, workdir, who, index, epoch)


def _model(
    params: Params,
    card: Card,
    workdir: pathlib.Path,
    who: str,
    which: int | str,
    epoch: int | list[int],
) -> Model:
    summary = read_summary(workdir)
    calibration = calibrated(summary, which) if summary else None
    name = f'{workdir.name}{who}, {_spell_epochs(epoch)}'
    made_with = {'replica': which, 'epoch': epoch}
    return Model(params, card, name, made_with, workdir, calibration)


def _spell_epochs(epoch: int | list[int]) -> str:
    """The best epoch of one replica, or those of all, in words."""
    epochs = {epoch} if isinstance(epoch, int) else set(epoch)
    least, most = min(epochs), max(epochs)
    return f'epoch {least}' if least == most else f'epochs {least} to {most}'


def calibrated(summary: Mapping, which: int | str) -> Calibration | None:
    """The calibration of a replica, or of the ensemble 'all', from a run's summary; None if it has
    none.
    """
    found = (summary.get('ensemble') or {}) if which == ALL else summary['replicas'][which]
    calibration = found.get('calibration')
    return Calibration(**calibration) if calibration else None


def require_replica(wanted: int | str, num_replicas: int) -> None:
    """Checks that a run of `num_replicas` has replica `config.sample.replica`; several for 'all'.

    Raises:
      UserError: the run has no such replica, or 'all' is asked of a single one.
    """
    if wanted == ALL:
        if num_replicas == 1:
            raise UserError(
                f'config.sample.replica = {ALL!r}: there is one replica; must be -1 or 0, or a run'
                ' of config.replicas = 2 or more'
            )
    elif wanted >= num_replicas:
        raise UserError(
            f'config.sample.replica = {wanted}: the run has replicas 0 to {num_replicas - 1};'
            ' -1 = the best'
        )
