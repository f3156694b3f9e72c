"""The run that a workdir holds, as the modes that draw from it take it."""

import dataclasses
import pathlib

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.files import is_occupied
from symmusic.generate.compose import Manner
from symmusic.generate.wishes import stated
from symmusic.model.model import Params
from symmusic.modes import build
from symmusic.train import shipped
from symmusic.train.checkpoint import Card, Checkpoints
from symmusic.train.devices import claim_cores
from symmusic.train.replicas import best_replica, replica
from symmusic.train.state import TrainState


@dataclasses.dataclass(frozen=True)
class Model:
    """What draws: the best parameters of one replica of a run."""

    params: Params
    card: Card
    name: str  # as the user is told
    made_with: dict  # which of the run's parameters they are
    has_originals: bool = True  # whether the workdir's training tunes are its own


def load(command: Command) -> tuple[ConfigDict, Model, pathlib.Path]:
    """The run's config with the command's settings of sampling and evaluation, its model, and the
    workdir.

    Where there is no run, the shipped model draws.

    Raises:
      UserError: the run has not finished an epoch, or the command states another one's fields.
    """
    claim_cores(command.config.train.cpu_devices)
    workdir = build.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        train = build.command_line(command, 'train')
        if is_occupied(workdir):
            raise UserError(_in_first_epoch(workdir, 'nothing saved yet'))
        if (workdir / 'config.json').exists():
            raise UserError(f'{workdir} holds no trained model; train one with: {train}')
        params, card, figures = shipped.read_shipped()
        require_replica(command.config.sample.replica, card.num_replicas)
        nats, date = figures['nats_per_step'], figures['date']
        does = 'is measured' if command.mode == 'evaluate' else 'draws'
        print(
            f'no run in {workdir}: the shipped model {does} ({card.dataset["corpus"]}, {date};'
            f' {nats["model"]:.3f} nats per step on test tunes, base rate {nats["base_rate"]:.3f});'
            f' to train one: {train}'
        )
        model = Model(params, card, 'the shipped model', {'shipped': date}, has_originals=False)
    else:
        is_training = is_occupied(workdir)
        states, card = _restore(checkpoints)
        if is_training and not states.best_epoch.any():
            raise UserError(_in_first_epoch(workdir, _progress(states, card)))
        if not states.best_epoch.any():
            raise UserError(
                f'the run in {workdir} has not finished its first epoch; go on with:'
                f' {build.command_line(command, "train")}'
            )
        model = choose(command.config, card, states, workdir)
        if is_training:
            print(
                f'the run in {workdir} is still training ({_progress(states, card)}): the'
                f' parameters are those of epoch {model.made_with["epoch"]}, its best so far'
            )
    return runs.for_sampling(runs.from_dict(card.config, command.config), command), model, workdir


def _restore(checkpoints: Checkpoints) -> tuple[TrainState, Card]:
    """The latest checkpoint, which a run that is training may replace while it is read."""
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
    """How far a run was when it was last saved; of several replicas the one that is furthest."""
    num_epochs, batch_size = (card.config['train'][name] for name in ('num_epochs', 'batch_size'))
    num_batches = -(-card.dataset['num_windows'] // batch_size)
    epochs, updates = int(states.epoch.max()), int(states.step.max())
    if epochs == num_epochs or updates % num_batches == 0:
        return f'{epochs} of {num_epochs} epochs, {updates:,} updates'
    return (
        f'epoch {epochs + 1} of {num_epochs}, update {updates % num_batches} of {num_batches} when'
        ' last saved'
    )


def choose(config: ConfigDict, card: Card, states: TrainState, workdir: pathlib.Path) -> Model:
    """The model of the replica that draws."""
    wanted = config.sample.replica
    require_replica(wanted, card.num_replicas)
    index = best_replica(states) if wanted < 0 else wanted
    chosen = replica(states, index)
    epoch = int(chosen.best_epoch)
    name = (
        f'{workdir.name}, '
        + (f'replica {index}, ' if card.num_replicas > 1 else '')
        + f'epoch {epoch}'
    )
    return Model(chosen.best_params, card, name, {'replica': index, 'epoch': epoch})


def require_replica(wanted: int, num_replicas: int) -> None:
    """Passes a `config.sample.replica` that a run of so many has.

    Raises:
      UserError: it has not.
    """
    if wanted >= num_replicas:
        raise UserError(
            f'config.sample.replica = {wanted}: the run has replicas 0 to {num_replicas - 1};'
            ' -1 = the best'
        )


def refuse_wishes(config: ConfigDict) -> None:
    """Passes a config without wishes.

    Raises:
      UserError: it states one.
    """
    if names := stated(config.sample):
        raise UserError(
            f'config.sample.{names[0]} = {config.sample[names[0]]!r}: a wish that holds for'
            ' --mode=sample alone; leave it out here'
        )


def manner(config: ConfigDict, card: Card, *, may_wish: bool = False) -> Manner:
    """How the config draws from the run.

    Raises:
      UserError: the config states wishes, and may not.
    """
    settings = config.sample
    if not may_wish:
        refuse_wishes(config)
    return Manner(
        num_samples=settings.num_samples,
        num_bars=settings.num_bars,
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        window_steps=_window_steps(config, card),
        memory_steps=settings.memory_steps,
        max_redraws=settings.max_redraws,
        redraw_stuck=settings.redraw_stuck,
        keep_distributions=settings.keep_distributions,
    )


def _window_steps(config: ConfigDict, card: Card) -> int | None:
    """The steps of the sampling window, None where the state is carried.

    A model trained on the last step of windows has met no state older than its window, so 'auto'
    does not carry one.
    """
    form = config.sample.form
    is_stateful = form == 'stateful' or (form == 'auto' and card.recipe.targets != 'last')
    return None if is_stateful else config.data.window_steps - 1
