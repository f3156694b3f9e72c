"""`--mode=experiment`: runs every arm of an experiment with its replicas, and writes one report."""

import itertools
import json
import pathlib
import shlex
import traceback
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.api import commands, door, gallery, sampling
from symmusic.api.load import choose
from symmusic.config.arms import Experiment, on_split
from symmusic.config.field import ALL
from symmusic.config.fields import walk
from symmusic.config.fields.run import VARIANTS
from symmusic.config.flags import Command
from symmusic.errors import Interrupted, UserError
from symmusic.experiment.arm import Arm, finish, list_arms
from symmusic.experiment.clock import Clock
from symmusic.experiment.ground import Corpora, Grounds
from symmusic.experiment.measures import check_claims
from symmusic.experiment.outcome import Outcome, label
from symmusic.experiment.pieces import draw_once
from symmusic.experiment.results import make_results
from symmusic.experiment.sizes import Place, size_up
from symmusic.experiment.stored import key_of, read_stored
from symmusic.files import SETTINGS, alone_in, write_whole
from symmusic.generate.manner import manner_of, settle
from symmusic.generate.pieces import as_pieces
from symmusic.progress import counted
from symmusic.report.experiment import write_report
from symmusic.report.heatmaps import write_heatmaps
from symmusic.training import run as training
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.saved import saved_steps
from symmusic.wording import count


def run(command: Command) -> None:
    """Runs what is not finished yet, and reports on what is."""
    experiment = command.experiment
    folder = commands.workdir(command) / 'experiment'
    check_claims(experiment.hypothesis)
    splits = [experiment, *(on_split(experiment, seed) for seed in experiment.split_seeds)]
    arms = [
        list_arms(experiment, folder),
        *(list_arms(each, folder / f'split-{_split_seed(each)}') for each in splits[1:]),
    ]
    for arm in itertools.chain(*arms):
        training.check_folder(arm.config, arm.folder)
        door.check(arm.config, arm.folder)
        if arm.config.sample.replica == ALL:
            raise UserError(
                f'config.sample.replica = {ALL!r}: an experiment measures each replica by itself;'
                ' must be the number of the one whose pieces are shown, or -1'
            )
    with alone_in(folder):
        try:
            _run(command, folder, splits, arms)
        except KeyboardInterrupt:
            raise Interrupted(_stopped(list(itertools.chain(*arms)))) from None


def _stopped(arms: Sequence[Arm]) -> str:
    """What is said where an experiment is stopped outside of a training."""
    num_saved = sum(bool(saved_steps(arm.folder)) for arm in arms)
    if not num_saved:
        return 'stopped'
    what = f'{num_saved} of {count(len(arms), "arm")}'
    return f'stopped; the same command continues with what is saved of {what}'


def _run(
    command: Command,
    folder: pathlib.Path,
    splits: Sequence[Experiment],
    arms: Sequence[Sequence[Arm]],
) -> None:
    """Runs the experiment and its repetitions on other splits, each with its arms."""
    experiment, name = command.experiment, command.config_name
    training.claim_devices(command.config)
    print(
        f'{name}: {experiment.hypothesis.question}'
        + ' (quick: too little to answer it)' * experiment.quick
    )
    corpora = Corpora()
    sized = [
        size_up(each, own, corpora, sampling.prepare)
        for each, own in zip(splits, arms, strict=True)
    ]
    clock, grounds = Clock(sum(map(len, arms))), Grounds(corpora)
    with counted(clock.tick):
        done = [
            _run_arms(command, own, sizes, failures, grounds, clock)
            for own, (sizes, failures) in zip(arms, sized, strict=True)
        ]
    results = [
        make_results(name, each, outcomes, failures)
        for each, outcomes, (_, failures) in zip(splits, done, sized, strict=True)
    ]
    seeds = [str(_split_seed(each)) for each in splits]
    found = results[0] | {
        'splits': {seed: _brief(one) for seed, one in zip(seeds[1:], results[1:], strict=True)}
    }
    folders = {
        label(experiment, arm.variant, arm.name): arm.folder
        for arm in arms[0]
        if (arm.variant, arm.name) in done[0]
    }
    write_report(folder, found, experiment, folders, _command_line(command))
    write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')
    for row in found['highlights']:
        print(f'{row["verdict"]}: {row["claim"]} ({row["evidence"]})')
    print(folder)
    undone = [
        f'{arm}{f", split {seed}" * (result is not results[0])}: {why}'
        for seed, result, (sizes, _) in zip(seeds, results, sized, strict=True)
        for arm, why in result['failed'].items()
        if len(sizes) > len(result['arms'])
    ]
    if undone:
        total = sum(map(len, arms))
        raise Interrupted(
            f'{len(undone)} of {count(total, "arm")} failed: {"; ".join(undone)}; the same command'
            f' tries {"them" if len(undone) > 1 else "it"} again'
        )


def _split_seed(experiment: Experiment) -> int:
    return next(iter(next(iter(experiment.configs.values())).values())).data.split_seed


def _brief(result: dict) -> dict:
    """The results that are kept of a repetition on another split."""
    measures = {name: arm['measures'] for name, arm in result['arms'].items()}
    return {'highlights': result['highlights'], 'measures': measures, 'failed': result['failed']}


def _run_arms(
    command: Command,
    arms: Sequence[Arm],
    sizes: Mapping[Place, dict[str, int]],
    failures: dict[Place, str],
    grounds: Grounds,
    clock: Clock,
) -> dict[Place, Outcome]:
    """The results of the arms that succeed; for the others the reasons are added to `failures`."""
    outcomes = {}
    for arm in arms:
        place, name = (arm.variant, arm.name), label(command.experiment, arm.variant, arm.name)
        if place in failures:
            clock.end_arm()
            continue
        own, base = arm.config.data.split_seed, command.config.data.split_seed
        print(
            f'arm {clock.arm()}: {name}{f", split {own}" if own != base else ""},'
            f' {count(arm.config.replicas, "replica")}{clock.left()}'
        )
        try:
            outcome = finish(arm, sizes[place], grounds)
            _show(arm, grounds)
            outcomes[place] = outcome
        except (Interrupted, BrokenPipeError):
            raise
        except Exception as error:  # of any kind: the other arms can continue
            failures[place] = _reason(arm, error)
            print(f'arm {name} failed: {failures[place]}')
        clock.end_arm()
    return outcomes


def _show(arm: Arm, grounds: Grounds) -> None:
    """Draws the pieces and, with `config.sample.keep_distributions`, the heat maps of an arm's best
    replica, as far as they are missing. The maps are means over the measured pieces of its first
    draw.
    """
    states, card = Checkpoints(arm.folder).restore()
    model = choose(arm.config.sample.replica, card, states, arm.folder)
    config = settle(arm.config, model.temperature)
    gallery.draw(config, model, arm.folder, again=False)
    mark, key = arm.folder / 'heatmaps' / SETTINGS, key_of(arm.config)  # written last
    if not config.sample.keep_distributions or read_stored(mark, key):
        return
    index = model.made_with['replica']
    prompts_NT = grounds(arm.config, card).prompts_RNT[index][: config.evaluate.num_pieces]
    tokens_BT = np.array([card.vocabulary.encode(prompt) for prompt in prompts_NT])
    found = draw_once(model.params, card, config, tokens_BT, index, 0, keep=True)
    write_heatmaps(
        mark.parent,
        as_pieces(found, card.vocabulary),
        card.vocabulary,
        is_window=manner_of(config, card).window_steps is not None,
        title=model.name,
        num_singles=0,
        bar=grounds(arm.config, card).bar,
    )
    write_whole(mark, json.dumps(key, indent=2) + '\n')


def _reason(arm: Arm, error: Exception) -> str:
    """Why an arm failed, in one line; unless it is a user's mistake, the traceback is written to
    the arm's folder.
    """
    reason = ' '.join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, UserError):
        return reason
    write_whole(arm.folder / 'failure.txt', ''.join(traceback.format_exception(error)))
    return f'{reason} (more in {arm.folder / "failure.txt"})'


def _command_line(command: Command) -> str:
    """The command that repeats the experiment, independent of where it was run."""
    experiment, path = command.experiment, pathlib.Path(command.config_path)
    variant = 'both' if len(experiment.configs) == len(VARIANTS) else next(iter(experiment.configs))
    values = dict(walk(command.config)) | {
        'quick': experiment.quick,
        'variant': variant,
        'split_seeds': experiment.split_seeds,
    }
    words = ['python', 'launch.py', '--mode=experiment']
    words.append(
        f'--config={path.relative_to(command.root) if path.is_relative_to(command.root) else path}'
    )
    return shlex.join([*words, *(f'--config.{name}={values[name]}' for name in command.given)])
