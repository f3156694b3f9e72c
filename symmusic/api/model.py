"""A trained model: the shipped one, or that of a run."""

import dataclasses
import logging
import pathlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

import symmusic
from symmusic.api import commands
from symmusic.config import runs
from symmusic.config.check import check
from symmusic.config.fields import FIELDS, default
from symmusic.config.flags import Command
from symmusic.config.protocol import UNTYPED, base_config
from symmusic.errors import UserError
from symmusic.files import is_occupied, read_digested
from symmusic.generate.manner import settle
from symmusic.model.model import Params
from symmusic.training import shipped
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.devices import claim_cores
from symmusic.training.replicas import best_replica, replica
from symmusic.training.state import TrainState
from symmusic.wording import nearest

if TYPE_CHECKING:
    from symmusic.api.piece import Piece

ROOT = pathlib.Path(symmusic.__file__).parents[1]  # the configs are beside the package
Tune = str | pathlib.Path | Iterable[tuple[float, float, int]]
log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained network: the best parameters of one replica of a run, or the shipped ones.

    Attributes:
      params: the network's parameters.
      card: its architecture, vocabulary, config and data.
      name: its name for users.
      made_with: which parameters of the run these are, such as the epoch.
      workdir: the run's folder; None = the shipped model.
      temperature: at which it predicts validation tunes best; None = not known.
    """

    params: Params
    card: Card
    name: str
    made_with: dict
    workdir: pathlib.Path | None = None
    temperature: float | None = None

    def continue_tune(
        self,
        prompt: Tune = '',
        *,
        num_bars: int = default('sample.num_bars'),
        num_samples: int = default('sample.num_samples'),
        seed: int = 0,
        **sample_fields: object,
    ) -> list['Piece']:
        """Draws continuations of a tune.

        Args:
          prompt: the path of a MIDI, ABC or MusicXML file, ABC text, or notes (onset and length in
            quarters, MIDI pitch); '' = the built-in one.
          num_bars: new bars in each piece.
          num_samples: number of pieces.
          seed: another seed gives other pieces.
          **sample_fields: any other field of `config.sample`, such as `scale='prompt'`.

        Raises:
          UserError: the prompt or a field cannot be met.
        """
        fields = {'num_bars': num_bars, 'num_samples': num_samples, **sample_fields}
        return self._draw(prompt, seed, fields)

    def redraw_bars(
        self,
        prompt: Tune,
        bars: str,
        *,
        num_samples: int = default('sample.num_samples'),
        seed: int = 0,
        **sample_fields: object,
    ) -> list['Piece']:
        """Redraws some bars of a tune, such as '2-3'; all others stay. Arguments and errors as for
        `continue_tune`.
        """
        fields = {'regenerate': str(bars), 'num_samples': num_samples, **sample_fields}
        return self._draw(prompt, seed, fields)

    def config(self, seed: int = 0, **sample_fields: object) -> ConfigDict:
        """The config of the run, with the defaults for sampling except for the fields given.

        Raises:
          UserError: a field does not exist, or its value is not allowed.
        """
        base = base_config()
        config = ConfigDict(runs.from_dict(self.card.config, base).to_dict())
        config.sample = ConfigDict(base.sample.to_dict())
        with config.ignore_type():
            config.seed = seed
        if 'replica' in sample_fields:
            raise UserError('replica: a model is one replica of a run; symmusic.load chooses it')
        for name, value in sample_fields.items():
            if name not in config.sample:
                raise UserError(
                    f'{name}: not a field of config.sample{nearest(name, config.sample)}'
                )
            value = FIELDS[f'sample.{name}'].value_of(value)
            usual = UNTYPED.get(f'sample.{name}', config.sample[name])
            if isinstance(usual, float) and type(value) is int:
                value = float(value)
            with config.sample.ignore_type():  # `check` tests the types
                config.sample[name] = value
        check(config)
        return settle(config.lock(), self.temperature)

    def _draw(self, prompt: Tune, seed: int, fields: Mapping[str, object]) -> list['Piece']:
        from symmusic.api.sampling import draw_pieces  # imports this module

        return draw_pieces(self, prompt, self.config(seed, **fields))


def load(
    path: str | pathlib.Path | None = None, *, replica: int = default('sample.replica')
) -> Model:
    """The model of a run's workdir, or the shipped one.

    Args:
      path: the workdir; None = the shipped model.
      replica: which replica of the run; -1 = the one with the best validation loss.

    Raises:
      UserError: there is no run that has finished an epoch.
    """
    if path is None:
        require_replica(replica, 1)
        return read_shipped_model()[0]
    workdir = pathlib.Path(path).expanduser()
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        raise UserError(f'{workdir} holds no trained model')
    states, card = _restore(checkpoints)
    if not states.best_epoch.any():
        raise UserError(f'the run in {workdir} has not finished its first epoch')
    return choose(replica, card, states, workdir)


def read_shipped_model() -> tuple[Model, dict]:
    """The shipped model, and the measures of its evaluation."""
    params, card, figures = shipped.read_shipped()
    calibration = figures.get('calibration') or {}
    made_with = {'shipped': figures['date']}
    model = Model(
        params,
        card,
        'the shipped model',
        made_with,
        temperature=calibration.get('temperature'),
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
    workdir = commands.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        train = commands.command_line(command, 'train')
        if is_occupied(workdir):
            raise UserError(_in_first_epoch(workdir, 'nothing saved yet'))
        if (workdir / 'config.json').exists():
            raise UserError(f'{workdir} holds no trained model; train one with: {train}')
        model, figures = read_shipped_model()
        card = model.card
        require_replica(command.config.sample.replica, card.num_replicas)
        nats, date = figures['nats_per_step'], figures['date']
        does = 'is measured' if command.mode == 'evaluate' else 'draws'
        log.info(
            f'no run in {workdir}: the shipped model {does} ({card.dataset["corpus"]}, {date};'
            f' {nats["model"]:.3f} nats per step on test tunes, base rate {nats["base_rate"]:.3f});'
            f' to train one: {train}'
        )
    else:
        is_training = is_occupied(workdir)
        states, card = _restore(checkpoints)
        if is_training and not states.best_epoch.any():
            raise UserError(_in_first_epoch(workdir, _progress(states, card)))
        if not states.best_epoch.any():
            raise UserError(
                f'the run in {workdir} has not finished its first epoch; continue with:'
                f' {commands.command_line(command, "train")}'
            )
        model = choose(command.config.sample.replica, card, states, workdir)
        if is_training:
            log.info(
                f'the run in {workdir} is still training ({_progress(states, card)}): the'
                f' parameters are those of epoch {model.made_with["epoch"]}, its best so far'
            )
    config = runs.for_sampling(runs.from_dict(card.config, command.config), command)
    return settle(config, model.temperature), model, workdir


def _restore(checkpoints: Checkpoints) -> tuple[TrainState, Card]:
    """The latest checkpoint; a run that is still training may replace it while it is read."""
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
    """How far a run was when it was last saved; of several replicas the furthest."""
    num_epochs, batch_size = (card.config['train'][name] for name in ('num_epochs', 'batch_size'))
    num_batches = -(-card.dataset['num_windows'] // batch_size)
    epochs, updates = int(states.epoch.max()), int(states.step.max())
    if epochs == num_epochs or updates % num_batches == 0:
        return f'{epochs} of {num_epochs} epochs, {updates:,} updates'
    return (
        f'epoch {epochs + 1} of {num_epochs}, update {updates % num_batches} of {num_batches} when'
        ' last saved'
    )


def choose(wanted: int, card: Card, states: TrainState, workdir: pathlib.Path) -> Model:
    """The model of a run's replica; -1 = the one with the best validation loss."""
    require_replica(wanted, card.num_replicas)
    index = best_replica(states) if wanted < 0 else wanted
    chosen = replica(states, index)
    epoch = int(chosen.best_epoch)
    name = (
        f'{workdir.name}, '
        + (f'replica {index}, ' if card.num_replicas > 1 else '')
        + f'epoch {epoch}'
    )
    made_with = {'replica': index, 'epoch': epoch}
    temperature = _calibrated(workdir, index)
    return Model(chosen.best_params, card, name, made_with, workdir, temperature)


def _calibrated(workdir: pathlib.Path, index: int) -> float | None:
    """The temperature that a replica was calibrated to; None where the run is not finished."""
    path = workdir / 'summary.json'
    try:
        calibration = read_digested(path)['replicas'][index].get('calibration')
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(f'{path} is damaged ({error}); remove it and train on') from error
    return calibration and calibration['temperature']


def require_replica(wanted: int, num_replicas: int) -> None:
    """Checks that a run of `num_replicas` has replica `config.sample.replica`.

    Raises:
      UserError: it does not.
    """
    if wanted >= num_replicas:
        raise UserError(
            f'config.sample.replica = {wanted}: the run has replicas 0 to {num_replicas - 1};'
            ' -1 = the best'
        )
