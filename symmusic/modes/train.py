"""`--mode=train`: prepares the corpus, trains or goes on with the workdir's run, and closes with a few samples."""

import dataclasses
import json
import pathlib
import time

import jax
from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.flags import Command, base_config
from symmusic.corpus.dataset import base_rate, target_counts
from symmusic.corpus.prepare import count_drops
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.generate.prompt import read_prompt
from symmusic.model.model import Architecture, count_params
from symmusic.modes import build, sample
from symmusic.train import loop
from symmusic.train.checkpoint import Card, Checkpoints
from symmusic.train.metrics import plot_metrics
from symmusic.train.state import init_state
from symmusic.train.step import held_out_loss


def run(command: Command) -> None:
    """Trains; a run that is finished says so."""
    config, workdir = command.config, build.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    run_config = _run_config(workdir, checkpoints, base_config(command.root))
    if run_config is not None:
        runs.check_same_run(run_config, config, workdir)
    devices = jax.devices()
    print(f'device: {len(devices)} {devices[0].platform} ({devices[0].device_kind}), jax {jax.__version__}')
    corpus = build.corpus(config)
    data = build.dataset(config, corpus)
    read_prompt(config.sample.prompt, data.vocabulary, transpose=config.sample.transpose)  # a bad one is found before training
    architecture, recipe = build.architecture(config, data.vocabulary), build.recipe(config)
    described = {
        'corpus': config.data.corpus,
        'fingerprint': data.fingerprint,
        'dropped': count_drops(corpus.tunes),
        'num_tunes': data.num_tunes,
        'num_windows': len(data.train),
    }
    if checkpoints.latest_step() is None:
        state = init_state(loop.initial_key(config.seed), architecture, recipe)
        card = Card(architecture, recipe, data.vocabulary, runs.to_dict(config), described)
    else:
        state, card = checkpoints.restore()
        if card.dataset != described:
            raise UserError(f'{workdir} holds a run on other data: {card.dataset}, now {described}; choose another --workdir')
        card = dataclasses.replace(card, config=runs.to_dict(config))
    print(f'model: {_describe(architecture)}, {count_params(state.params):,} parameters, {architecture.num_classes} classes')
    if int(state.epoch) >= config.train.num_epochs or bool(state.stopped):
        if (workdir / 'summary.json').exists():
            goes_on = 'early stopping has ended it' if bool(state.stopped) else 'a larger config.train.num_epochs goes on with it'
            print(f'the run in {workdir} is finished after {int(state.epoch)} epochs; {goes_on}')
            _say_next(command, workdir)
            return
    elif int(state.step):
        print(f'going on after {int(state.epoch)} epochs, {int(state.step)} updates')
    write_whole(workdir / 'config.json', runs.to_json(config))

    all_steps = recipe.targets == 'all'
    counts = [target_counts(part, architecture.num_classes, all_steps=all_steps) for part in (data.train, data.validation, data.test)]
    base_rates = {'validation': base_rate(counts[0], counts[1]), 'test': base_rate(counts[0], counts[2])}
    plan = loop.Plan(config.train.num_epochs, config.train.batch_size, config.seed, config.train.checkpoint_minutes)
    begun = time.perf_counter()
    state, card = loop.fit(state, card, data.train, data.validation, base_rates['validation'], plan, workdir)
    seconds = time.perf_counter() - begun

    test_loss = held_out_loss(
        state.best_params, loop.put(data.test), architecture=architecture, targets=recipe.targets, batch_size=plan.batch_size
    )
    validation_loss, best_epoch = float(state.best_loss), int(state.best_epoch)
    print(f'best epoch {best_epoch}: {validation_loss:.4f} nats per step on validation tunes (base rate {base_rates["validation"]:.4f})')
    print(f'on test tunes, measured once: {test_loss:.4f} nats per step (base rate {base_rates["test"]:.4f})')
    plot_metrics(workdir / 'plots' / 'losses.png', card.rows, base_rates['validation'])
    sample.draw(config, card, state.best_params, best_epoch, workdir)
    summary = {
        'best_epoch': best_epoch,
        'num_epochs': int(state.epoch),
        'num_updates': int(state.step),
        'seconds': round(seconds, 1),  # of the last session, without preparation and samples
        'num_parameters': count_params(state.params),
        'nats_per_step': {'validation': validation_loss, 'test': test_loss},
        'base_rate': base_rates,
    }
    write_whole(workdir / 'summary.json', json.dumps(summary, indent=2) + '\n')
    _say_next(command, workdir)


def _run_config(workdir: pathlib.Path, checkpoints: Checkpoints, base: ConfigDict) -> ConfigDict | None:
    """The config of the run in a workdir, None where there is none."""
    path = workdir / 'config.json'
    try:
        return runs.from_json(path.read_text(), base)
    except FileNotFoundError:
        return runs.from_dict(checkpoints.restore_card().config, base) if checkpoints.latest_step() is not None else None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'cannot read {path}: {error}; choose another --workdir') from error


def _describe(architecture: Architecture) -> str:
    directions = 'bidirectional' if architecture.bidirectional else 'unidirectional'
    attention = 'no attention' if architecture.attention == 'none' else f'{architecture.attention} attention'
    return f'{architecture.num_layers} {directions} LSTM layers of {architecture.num_cells} cells, {attention}'


def _say_next(command: Command, workdir: pathlib.Path) -> None:
    print(f'to continue bars of your own: {build.command_line(command, "sample")} --config.sample.prompt=my.mid')
    print(workdir)
