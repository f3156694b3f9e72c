"""`--mode=train`: prepares the corpus, trains or goes on with the workdir's run, and closes with a
few samples.
"""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from symmusic.api import build, door, material, sampling
from symmusic.api import model as models
from symmusic.config import runs
from symmusic.config.flags import Command, base_config, parse
from symmusic.corpus.dataset import base_rate, target_counts
from symmusic.corpus.originals import gather_originals, write_originals
from symmusic.corpus.prepare import count_drops
from symmusic.errors import UserError
from symmusic.files import alone_in, read_digested, write_digested, write_whole
from symmusic.model.model import Architecture, count_params
from symmusic.modes import parent, sample
from symmusic.training import loop
from symmusic.training.checkpoint import Card, Checkpoints
from symmusic.training.devices import PROCESSES, claim_cores, fetch, join_processes, make_mesh
from symmusic.training.metrics import plot_metrics, require_tensorboard, write_metrics
from symmusic.training.provenance import changes, made_with, versions
from symmusic.training.replicas import best_replica, held_out_losses, init_replicas


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
    config, workdir = command.config, build.workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    run_config = _run_config(workdir, checkpoints, base_config(command.root))
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
    print(
        f'device: {mesh.size} of {jax.device_count()} {device.platform} ({device.device_kind}), jax'
        f' {jax.__version__}'
    )
    _require_kernel(config, device.platform)
    corpus = build.corpus(config)
    origin = parent.load(config)
    vocabulary = origin.card.vocabulary if origin else None
    if line := build.without_effect(command):
        print(line)
    data = build.dataset(
        config, corpus, (vocabulary.min_pitch, vocabulary.max_pitch) if vocabulary else ()
    )
    sampling.prepare(config, data.vocabulary)  # what the door could not know
    architecture, recipe = build.architecture(config, data.vocabulary), build.recipe(config, data)
    described = {
        'corpus': config.data.corpus,
        'fingerprint': data.fingerprint,
        'dropped': count_drops(corpus.tunes),
        'num_tunes': data.num_tunes,
        'num_windows': len(data.train),
    }
    descent = None
    if checkpoints.latest_step() is None:
        states = init_replicas(
            loop.initial_keys(config.seed, config.replicas), architecture, recipe
        )
        card = Card(
            architecture,
            recipe,
            data.vocabulary,
            runs.to_dict(config),
            described,
            num_replicas=config.replicas,
        )
        if origin:
            descent = parent.describe(origin, config, corpus)
            states = parent.begin(origin, states, card)
            for line in parent.announce(origin, descent):
                print(line)
    else:
        descent = parent.read(workdir)
        states, card = checkpoints.restore()
        stored = runs.from_dict(card.config, base_config(command.root))
        runs.check_same_run(stored, config, checkpoints.folder)  # else it is another run's
        if card.dataset != described:
            raise UserError(
                f'{workdir} holds a run on other data: {card.dataset}, now {described}; choose'
                ' another --workdir'
            )
        if config.train.num_epochs > card.config['train']['num_epochs'] and states.stopped.any():
            states = states.replace(
                stopped=jnp.zeros_like(states.stopped), num_waited=jnp.zeros_like(states.num_waited)
            )
        before, card = (
            card,
            dataclasses.replace(
                card,
                recipe=recipe,
                config=runs.to_dict(config),
                versions=versions(),
                device=device.device_kind,
            ),
        )
        changed = (
            changes(before.versions, before.device, card.versions, card.device),
            runs.changes_of_rounding(stored, config),
        )
        if line := ', '.join(filter(None, changed)):
            print(f'the run goes on with {line}: it ends as one left alone would to rounding only')
    num_params = count_params(states.params) // config.replicas
    states = jax.device_get(states)  # looked at here, placed on the mesh by the loop
    replicas = f', {config.replicas} replicas' if config.replicas > 1 else ''
    print(
        f'model: {describe(architecture)}, {num_params:,} parameters, {architecture.num_classes}'
        f' classes{replicas}'
    )
    if (states.stopped | (states.epoch >= config.train.num_epochs)).all():
        if (workdir / 'summary.json').exists():
            write_metrics(workdir / 'metrics.csv', card.rows)  # whatever has become of it
            why = ', ended by early stopping' if states.stopped.all() else ''
            print(
                f'the run in {workdir} is finished after {states.epoch.max()} epochs{why}; a larger'
                ' num_epochs goes on with it'
            )
            pages = sorted(
                workdir.glob('samples/*/index.html'), key=lambda path: path.stat().st_mtime
            )
            _say_next(command, pages[-1] if pages else workdir)
            return
    elif states.step.any():
        print(f'going on after {states.epoch.max()} epochs, {states.step.max()} updates')
    parts = {
        'train': data.train,
        'validation': data.validation,
        **({'test': data.test} if data.test else {}),
    }
    counts = {
        part: target_counts(
            parts[part], architecture.num_classes, all_steps=recipe.targets != 'last'
        )
        for part in parts
    }
    for part in parts:
        if not counts[part].any():
            raise UserError(
                f'the {part} part of corpus {corpus.name} has silence for its only targets, for'
                ' which config.data.encoding = '
                f"{config.data.encoding!r} has no class; use more tunes, or 'pianoroll'"
            )
    if jax.process_index() == 0:
        sessions = runs.made_with(_run_text(workdir) or '{}')
        if run_config is not None:
            sessions = runs.with_rounding(sessions, run_config)
        now = made_with(mesh.size, data.fingerprint, command.root) | {
            'rounding': runs.rounding(config)
        }
        write_whole(
            workdir / 'config.json',
            runs.to_json(config, [*sessions, *([] if now in sessions else [now])]),
        )
        if descent:
            parent.write(workdir, descent)
        tunes = material.split_as_trained(config, corpus)
        write_originals(workdir, gather_originals(tunes.train, [*tunes.validation, *tunes.test]))

    base_rates = {
        part: base_rate(counts['train'], counts[part]) if part in parts else None
        for part in ('validation', 'test')
    }
    plan = loop.Plan(
        config.train.num_epochs,
        config.train.batch_size,
        config.seed,
        config.train.checkpoint_minutes,
        config.train.tensorboard,
        config.train.updates_per_dispatch,
    )
    if jax.process_index() == 0:
        # of a run that goes on it says no longer what came out
        (workdir / 'summary.json').unlink(missing_ok=True)
    states, card = loop.fit(
        states,
        card,
        data.train,
        data.validation,
        base_rates['validation'],
        plan,
        workdir,
        say,
        mesh,
    )

    test_losses_R = [None] * config.replicas
    if data.test:
        how = {
            'architecture': architecture,
            'targets': recipe.targets,
            'batch_size': plan.batch_size,
            'mesh': mesh,
        }
        test_losses_R = held_out_losses(
            states.best_params, loop.put(data.test, mesh), **how
        ).tolist()
    states = fetch(states)
    if jax.process_index() > 0:
        return
    best = best_replica(states)
    plot_metrics(workdir / 'plots' / 'losses.png', card.rows, base_rates['validation'])
    summary = {
        'num_parameters': num_params,
        'seconds': round(card.seconds, 1),  # of training in all sessions
        'base_rate': base_rates,
        'init_from': descent,
        'best_replica': best,
        'replicas': [
            {
                'seed': config.seed + index,
                'best_epoch': int(states.best_epoch[index]),
                'num_epochs': int(states.epoch[index]),
                'num_updates': int(states.step[index]),
                'nats_per_step': {
                    'validation': float(states.best_loss[index]),
                    'test': test_losses_R[index],
                },
            }
            for index in range(config.replicas)
        ],
    }
    summary['worse_than_base_rate'] = _worse_parts(summary)
    for line in _results(summary, recipe.targets):
        print(line)
    folder = sample.draw(
        config, models.choose(config.sample.replica, card, states, workdir), workdir
    )
    write_digested(workdir / 'summary.json', summary)
    _say_next(command, folder / 'index.html')


def _results(summary: dict, targets: str) -> list[str]:
    """What came out, in two lines: of several replicas the mean and the range as well. Split by
    window there is no test part. A third one where the run is worse than the base rate.
    """
    unit = 'nats per step of gaps' if targets == 'gap' else 'nats per step'
    replicas, base_rates, best = summary['replicas'], summary['base_rate'], summary['best_replica']

    def losses(part):
        values = [one['nats_per_step'][part] for one in replicas]
        spread = (
            f'; {len(values)} replicas: mean {np.mean(values):.4f}, from {min(values):.4f} to'
            f' {max(values):.4f}'
        )
        return f'{values[best]:.4f} {unit}', f'(base rate {base_rates[part]:.4f})' + (
            spread if len(values) > 1 else ''
        )

    who = f'replica {best}, best epoch' if len(replicas) > 1 else 'best epoch'
    validation, validation_more = losses('validation')
    if base_rates['test'] is None:
        return [
            (
                f'{who} {replicas[best]["best_epoch"]}: {validation} on validation windows'
                f' {validation_more}'
            ),
            (
                'no test loss: split by window nothing is kept apart, and every tune has been'
                ' trained on'
            ),
            *_worse(summary),
        ]
    test, test_more = losses('test')
    seen = parent.remark(summary['init_from'])
    return [
        f'{who} {replicas[best]["best_epoch"]}: {validation} on validation tunes {validation_more}',
        f'on test tunes, measured once: {test} {test_more}' + (f'; {seen}' if seen else ''),
        *_worse(summary),
    ]


def _worse_parts(summary: dict) -> list[str]:
    """The held-out parts that the best replica predicts no better than the constant answer."""
    nats = summary['replicas'][summary['best_replica']]['nats_per_step']
    return [
        part
        for part, rate in summary['base_rate'].items()
        if rate is not None and not nats[part] < rate
    ]


def _worse(summary: dict) -> list[str]:
    """A line where there are such parts."""
    parts = summary['worse_than_base_rate']
    what = 'windows' if summary['base_rate']['test'] is None else 'tunes'
    return [
        f'worse than the base rate on {" and ".join(parts)} {what}: the class frequencies alone'
        ' predict no worse; train longer, or with another learning rate'
    ] * bool(parts)


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


def describe(architecture: Architecture) -> str:
    """The network in a few words."""
    directions = 'bidirectional' if architecture.bidirectional else 'unidirectional'
    attention = (
        'no attention'
        if architecture.attention == 'none'
        else f'{architecture.attention} attention'
    )
    return (
        f'{architecture.num_layers} {directions} LSTM layers of {architecture.num_cells} cells,'
        f' {attention}'
    )


def _say_next(command: Command, where: pathlib.Path) -> None:
    """The commands to go on with, and where the run's last pieces are."""
    mine = f'{build.command_line(command, "sample")} --config.sample.prompt=my.mid'
    if command.config.train.targets == 'gap':
        print(f'to redraw bars of your own piece: {mine} --config.sample.regenerate=2-3')
    else:
        print(f'to continue bars of your own: {mine}')
    print(where)
