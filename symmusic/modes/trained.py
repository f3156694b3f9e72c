"""The run that a workdir holds, as the modes that draw from it take it."""

import pathlib

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.generate.compose import Manner
from symmusic.model.model import Params
from symmusic.modes import build
from symmusic.train.checkpoint import Card, Checkpoints
from symmusic.train.replicas import best_replica, replica
from symmusic.train.state import TrainState


def load(command: Command) -> tuple[ConfigDict, Card, TrainState, pathlib.Path]:
    """The run's config with the command's settings of sampling and evaluation, its card and states, and the workdir.

    Raises:
      UserError: there is no run, none that has finished an epoch, or the command states another one's fields.
    """
    workdir = build.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        raise UserError(f'{workdir} holds no trained model; train one with: {build.command_line(command, "train")}')
    states, card = checkpoints.restore()
    if not states.best_epoch.any():
        raise UserError(f'the run in {workdir} has not finished its first epoch; go on with: {build.command_line(command, "train")}')
    return runs.for_sampling(runs.from_dict(card.config, command.config), command), card, states, workdir


def choose(config: ConfigDict, card: Card, states: TrainState) -> tuple[Params, int, int]:
    """The best parameters of the replica that draws, their epoch, and which one it is."""
    wanted = config.sample.replica
    if wanted >= card.num_replicas:
        raise UserError(f'config.sample.replica = {wanted}: the run has replicas 0 to {card.num_replicas - 1}; -1 = the best')
    index = best_replica(states) if wanted < 0 else wanted
    chosen = replica(states, index)
    return chosen.best_params, int(chosen.best_epoch), index


def manner(config: ConfigDict, card: Card) -> Manner:
    """How the config draws from the run."""
    settings = config.sample
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

    A model trained on the last step of windows has met no state older than its window, so 'auto' does not carry one.
    """
    form = config.sample.form
    is_stateful = form == 'stateful' or (form == 'auto' and card.recipe.targets == 'all')
    return None if is_stateful else config.data.window_steps - 1
