"""`--mode=sample`: draws pieces from the best parameters of the workdir's run."""

import pathlib
import time

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command
from symmusic.errors import UserError
from symmusic.files import choose_folder
from symmusic.generate.compose import Manner, compose
from symmusic.generate.gallery import write_gallery
from symmusic.generate.prompt import read_prompt
from symmusic.modes import build
from symmusic.progress import bar
from symmusic.train.checkpoint import Card, Checkpoints
from symmusic.train.replicas import best_replica, replica
from symmusic.train.state import TrainState


def run(command: Command) -> None:
    """Draws pieces; needs nothing but the workdir."""
    workdir = build.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        raise UserError(f'{workdir} holds no trained model; train one with: {build.command_line(command, "train")}')
    states, card = checkpoints.restore()
    if not states.best_epoch.any():
        raise UserError(f'the run in {workdir} has not finished its first epoch; go on with: {build.command_line(command, "train")}')
    config = runs.for_sampling(runs.from_dict(card.config, command.config), command)
    print(draw(config, card, states, workdir))


def draw(config: ConfigDict, card: Card, states: TrainState, workdir: pathlib.Path) -> pathlib.Path:
    """Composes pieces after the prompt with the best parameters of one replica and writes them; the folder where they are."""
    settings = config.sample
    if settings.replica >= card.num_replicas:
        raise UserError(f'config.sample.replica = {settings.replica}: the run has replicas 0 to {card.num_replicas - 1}; -1 = the best')
    index = best_replica(states) if settings.replica < 0 else settings.replica
    chosen = replica(states, index)
    params, epoch = chosen.best_params, int(chosen.best_epoch)
    manner = Manner(
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
    prompt = read_prompt(settings.prompt, card.vocabulary, transpose=settings.transpose)
    for notice in prompt.notices:
        print(notice)
    begun = time.perf_counter()
    pieces = compose(params, card.architecture, card.vocabulary, prompt, manner, config.seed)
    seconds = time.perf_counter() - begun
    model = f'{workdir.name}, ' + (f'replica {index}, ' if card.num_replicas > 1 else '') + f'epoch {epoch}'
    form = f'reading {manner.window_steps} steps anew for each' if manner.window_steps else 'carrying the state'
    redraws, num_empty = sum(piece.num_redraws for piece in pieces), sum(piece.is_empty for piece in pieces)
    print(
        f'{len(pieces)} pieces of {manner.num_bars} bars after {prompt.name} by {model}, temperature {manner.temperature:g}, {form}: '
        f'{seconds:.1f} s with compilation, {redraws} drawn again, {num_empty} still empty'
    )
    made_with = {
        'sample': runs.to_dict(settings),
        'seed': config.seed,
        'replica': index,
        'epoch': epoch,
        'prompt_events': prompt.events.tolist(),
    }
    folder = choose_folder(workdir / 'samples', prompt.name, made_with)
    write_gallery(
        folder,
        prompt,
        pieces,
        card.vocabulary,
        is_window=manner.window_steps is not None,
        temperature=manner.temperature,
        seed=config.seed,
        settings=made_with,
        model=model,
        progress=bar,
    )
    return folder


def _window_steps(config: ConfigDict, card: Card) -> int | None:
    """The steps of the sampling window, None where the state is carried.

    A model trained on the last step of windows has met no state older than its window, so 'auto' does not carry one.
    """
    form = config.sample.form
    is_stateful = form == 'stateful' or (form == 'auto' and card.recipe.targets == 'all')
    return None if is_stateful else config.data.window_steps - 1
