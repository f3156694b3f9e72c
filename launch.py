"""symmusic's one program: `python launch.py --mode=train|sample|stats --config=configs/attn.py`; `--help` says more."""

import dataclasses
import json
import pathlib
import sys
import time

from symmusic.config import flags, runs
from symmusic.errors import Interrupted, UserError

# The rooms that need JAX are imported by the modes that use them, so that a mistyped flag is answered at once.

ROOT = pathlib.Path(__file__).resolve().parent


def train(command: flags.Command) -> None:
    """Prepares the corpus, trains or goes on with the workdir's run, and closes with a few samples."""
    import jax

    from symmusic.corpus import dataset
    from symmusic.model.model import count_params
    from symmusic.train import loop, step
    from symmusic.train.checkpoint import Card, Checkpoints
    from symmusic.train.metrics import plot_metrics
    from symmusic.train.state import init_state

    config, workdir = command.config, _workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    run_config = _run_config(workdir, checkpoints)
    if run_config is not None:
        runs.check_same_run(run_config, config, workdir)
    print(f'device: {_device(jax)}')
    data = _dataset(config, _corpus(config))
    all_steps = config.train.targets == 'all'
    train_counts = dataset.target_counts(data.train, data.vocabulary.num_classes, all_steps=all_steps)
    base_rates = {
        part: dataset.base_rate(train_counts, dataset.target_counts(windows, data.vocabulary.num_classes, all_steps=all_steps))
        for part, windows in (('validation', data.validation), ('test', data.test))
    }

    architecture, recipe = _architecture(config, data.vocabulary), _recipe(config)
    described = {'corpus': config.data.corpus, 'fingerprint': data.fingerprint, 'num_tunes': data.num_tunes, 'num_windows': len(data.train)}
    card = Card(architecture, recipe, data.vocabulary, runs.to_dict(config), described)
    if checkpoints.latest_step() is None:
        state = init_state(loop.initial_key(config.seed), architecture, recipe)
    else:
        state, card = checkpoints.restore()
        if card.dataset != described:
            raise UserError(f'{workdir} holds a run on other data: {card.dataset}, now {described}; choose another --workdir')
        card = dataclasses.replace(card, config=runs.to_dict(config))
        if int(state.epoch) >= config.train.num_epochs or bool(state.stopped):
            how = 'stopped early' if bool(state.stopped) else 'is finished'
            print(f'the run in {workdir} {how} after epoch {int(state.epoch)}; a larger config.train.num_epochs goes on with it')
            _say_next(command, workdir)
            return
        print(f'resuming: {int(state.epoch)} epochs and {int(state.step)} updates are done')
    print(f'model: {_describe(architecture)}, {count_params(state.params):,} parameters, {architecture.num_classes} classes')
    _write_config(workdir, config)

    plan = loop.Plan(config.train.num_epochs, config.train.batch_size, config.seed, config.train.checkpoint_minutes)
    begun = time.perf_counter()
    state, card = loop.fit(state, card, data.train, data.validation, base_rates['validation'], plan, workdir)
    seconds = time.perf_counter() - begun

    test_loss = step.held_out_loss(
        state.best_params, loop.put(data.test), architecture=architecture, targets=recipe.targets, batch_size=plan.batch_size
    )
    summary = {
        'best_epoch': int(state.best_epoch), 'epochs': int(state.epoch), 'updates': int(state.step), 'seconds': round(seconds, 1),
        'num_parameters': count_params(state.params), 'nats_per_step': {'validation': float(state.best_loss), 'test': test_loss},
        'base_rate': base_rates,
    }  # fmt: skip
    _write(workdir / 'summary.json', json.dumps(summary, indent=2) + '\n')
    plot_metrics(workdir / 'plots' / 'losses.png', card.rows, base_rates['validation'])
    print(f'best epoch {summary["best_epoch"]}: {float(state.best_loss):.4f} nats per step on validation tunes (base rate {base_rates["validation"]:.4f})')
    print(f'on test tunes, measured once: {test_loss:.4f} nats per step (base rate {base_rates["test"]:.4f})')
    _draw(config, card, state.best_params, summary['best_epoch'], workdir)
    _say_next(command, workdir)


def sample(command: flags.Command) -> None:
    """Draws pieces from the best parameters of the workdir's run."""
    from symmusic.train.checkpoint import Checkpoints

    workdir = _workdir(command, command.config_name)
    checkpoints = Checkpoints(workdir)
    if checkpoints.latest_step() is None:
        raise UserError(f'{workdir} holds no trained model; train one with: {_command(command, "train", command.workdir)}')
    state, card = checkpoints.restore()
    if not int(state.best_epoch):
        raise UserError(f'the run in {workdir} has not finished its first epoch; go on with: {_command(command, "train", command.workdir)}')
    config = runs.for_sampling(runs.from_dict(card.config, command.config), command)
    folder = _draw(config, card, state.best_params, int(state.best_epoch), workdir)
    print(folder)


def stats(command: flags.Command) -> None:
    """Describes a corpus."""
    from symmusic.corpus.stats import as_text, describe, write_stats
    from symmusic.files import choose_folder

    config = command.config
    workdir = _workdir(command, f'stats-{pathlib.Path(config.data.corpus).stem}')
    corpus = _corpus(config)
    windows = {'window_steps': config.data.window_steps, 'hop_steps': config.data.hop_steps, 'keep_last': config.data.keep_last_window}
    statistics = describe(corpus, encoding=config.data.encoding, **windows)
    print(as_text(statistics))
    settings = {**runs.to_dict(config.data), 'fingerprint': corpus.fingerprint}
    folder = choose_folder(workdir, 'stats', settings)
    write_stats(folder, corpus, statistics, settings, keep_last=config.data.keep_last_window)
    print(folder)


MODES = {'train': train, 'sample': sample, 'stats': stats}


def _draw(config, card, params, epoch: int, workdir: pathlib.Path) -> pathlib.Path:
    """Composes pieces after the prompt and writes them; the folder."""
    from symmusic.files import choose_folder
    from symmusic.generate.compose import Manner, compose
    from symmusic.generate.gallery import write_gallery
    from symmusic.generate.prompt import read_prompt
    from symmusic.progress import bar

    settings = config.sample
    form = settings.form
    if form == 'auto':  # a model trained on last steps has met no state older than its window
        form = 'stateful' if card.recipe.targets == 'all' else 'window'
    if form == 'stateful' and card.architecture.bidirectional:
        raise UserError("config.sample.form = 'stateful': the run's model is bidirectional; 'window' or 'auto' serves")
    manner = Manner(
        window_steps=config.data.window_steps - 1 if form == 'window' else None,
        **{name: settings[name] for name in (
            'num_samples', 'num_bars', 'temperature', 'top_k', 'top_p', 'memory_steps', 'max_redraws', 'redraw_stuck', 'keep_distributions',
        )},
    )  # fmt: skip
    prompt = read_prompt(settings.prompt, card.vocabulary, transpose=settings.transpose)
    for notice in prompt.notices:
        print(notice)
    begun = time.perf_counter()
    pieces = compose(params, card.architecture, card.vocabulary, prompt, manner, config.seed)
    seconds = time.perf_counter() - begun
    model = f'{workdir.name}, epoch {epoch}'
    redraws, empty = sum(piece.num_redraws for piece in pieces), sum(piece.is_empty for piece in pieces)
    print(
        f'{len(pieces)} pieces of {manner.num_bars} bars after {prompt.name} by {model}, temperature {manner.temperature:g}, {form} form: '
        f'{seconds:.1f} s with compilation; drawn again {redraws}, still empty {empty}'
    )
    made_with = {'sample': runs.to_dict(settings), 'seed': config.seed, 'epoch': epoch, 'prompt_events': prompt.events.tolist()}
    folder = choose_folder(workdir / 'samples', prompt.name, made_with)
    write_gallery(
        folder, prompt, pieces, temperature=manner.temperature, seed=config.seed, settings=made_with, model=model, progress=bar
    )
    return folder


def _corpus(config):
    """The config's corpus, prepared or from the cache, with a line of what it keeps."""
    from symmusic.corpus.cache import load_corpus
    from symmusic.corpus.prepare import Settings, count_drops
    from symmusic.progress import bar

    data = config.data
    begun = time.perf_counter()
    corpus = load_corpus(
        data.corpus, Settings(data.meters, data.align_pickups, data.rests), max_tunes=data.max_tunes, seed=data.split_seed, progress=bar
    )
    for notice in corpus.notices:
        print(notice)
    drops = ', '.join(f'{count} {reason}' for reason, count in count_drops(corpus.tunes).items()) or 'none'
    how = 'from the cache' if corpus.from_cache else 'prepared'
    print(
        f'corpus {corpus.name}: {len(corpus.kept)} of {len(corpus.tunes)} tunes kept, dropped: {drops}; '
        f'{how} in {time.perf_counter() - begun:.1f} s, fingerprint {corpus.fingerprint}'
    )
    return corpus


def _dataset(config, corpus):
    """The windows or, for targets at all steps, sequences of a corpus, with a line of how many."""
    from symmusic.corpus.dataset import build_dataset

    data, train_config = config.data, config.train
    if train_config.targets == 'all':
        cut = {'window_steps': train_config.sequence_steps + 1, 'hop_steps': train_config.sequence_hop_steps, 'cover_end': True}
    else:
        cut = {'window_steps': data.window_steps, 'hop_steps': data.hop_steps, 'cover_end': False}
    built = build_dataset(
        corpus, encoding=data.encoding, keep_last=data.keep_last_window, max_windows=data.max_windows, split_seed=data.split_seed, **cut
    )
    parts = {'train': built.train, 'validation': built.validation, 'test': built.test}
    print(
        ', '.join(f'{part}: {built.num_tunes[part]} tunes, {len(windows)} windows' for part, windows in parts.items())
        + f' of {cut["window_steps"]} steps; {sum(built.num_copies.values())} held-out copies removed'
    )
    return built


def _architecture(config, vocabulary):
    from symmusic.model.model import Architecture
    from symmusic.score.meter import STEPS_PER_BAR

    fields = {name: value for name, value in config.model.items() if name != 'metric_position'}
    return Architecture(vocabulary.num_classes, num_positions=STEPS_PER_BAR if config.model.metric_position else 0, **fields)


def _recipe(config):
    from symmusic.train.state import Recipe

    return Recipe(**{field.name: config.train[field.name] for field in dataclasses.fields(Recipe)})


def _describe(architecture) -> str:
    directions = 'bidirectional' if architecture.bidirectional else 'unidirectional'
    attention = 'no attention' if architecture.attention == 'none' else f'{architecture.attention} attention'
    return f'{architecture.num_layers} {directions} LSTM layers of {architecture.num_cells} cells, {attention}'


def _device(jax) -> str:
    devices = jax.devices()
    return f'{len(devices)} {devices[0].platform} ({devices[0].device_kind}), jax {jax.__version__}'


def _workdir(command: flags.Command, name: str) -> pathlib.Path:
    return command.workdir or pathlib.Path.cwd() / 'runs' / name


def _run_config(workdir: pathlib.Path, checkpoints):
    """The config of the run in a workdir, None where there is none."""
    path = workdir / 'config.json'
    base = flags.parse(['--config=configs/base.py'], root=ROOT, modes=tuple(MODES)).config
    try:
        return runs.from_json(path.read_text(), base)
    except FileNotFoundError:
        return runs.from_dict(checkpoints.restore_card().config, base) if checkpoints.latest_step() is not None else None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'cannot read {path}: {error}; choose another --workdir') from error


def _write_config(workdir: pathlib.Path, config) -> None:
    _write(workdir / 'config.json', runs.to_json(config))


def _write(path: pathlib.Path, text: str) -> None:
    from symmusic.files import write_whole

    write_whole(path, text)


def _say_next(command: flags.Command, workdir: pathlib.Path) -> None:
    print('to continue bars of your own: ' + _command(command, 'sample', command.workdir) + ' --config.sample.prompt=my.mid')
    print(workdir)


def _command(command: flags.Command, mode: str, workdir: pathlib.Path | None) -> str:
    words = ['python launch.py'] + ([f'--mode={mode}'] if mode != 'train' else [])
    words += [f'--config={command.config_path}'] if command.config_name != 'attn' else []
    return ' '.join(words + ([f'--workdir={workdir}'] if workdir else []))


def main(arguments: list[str]) -> int:
    """Runs one command; the exit status: 0, 2 for a user's mistake (one line says which), 1 for a run that was stopped."""
    try:
        command = flags.parse(arguments, root=ROOT, modes=tuple(MODES))
        MODES[command.mode](command)
    except UserError as error:
        print('error: ' + ' '.join(str(error).split()), file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print(f'{stopped}; the same command goes on from there', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
