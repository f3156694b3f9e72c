"""`--mode=experiment`: runs every arm of an experiment with its replicas, and writes one report; or
a benchmark (`benchmark`).
"""

import itertools
import json
import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.api import commands, door, gallery, sampling
from symmusic.api.load import choose
from symmusic.config.field import ALL
from symmusic.config.flags import Command
from symmusic.errors import Interrupted, UserError
from symmusic.experiment.arm import Arm
from symmusic.experiment.claims import Claims, join
from symmusic.experiment.ground import Corpora, Grounds
from symmusic.experiment.measures import check_claims
from symmusic.experiment.outcome import label
from symmusic.experiment.pieces import draw_once
from symmusic.experiment.repetition import Repetition, join_results, list_repetitions
from symmusic.experiment.runner import Runner
from symmusic.experiment.stored import key_of, read_stored
from symmusic.experiment.workers import (
    check_same,
    note_code,
    read_shard,
    settings_of,
    write_once,
)
from symmusic.files import SETTINGS, write_whole
from symmusic.generate.manner import manner_of, settle
from symmusic.generate.pieces import as_pieces
from symmusic.modes.benchmark import run_benchmark
from symmusic.progress import counted
from symmusic.report.experiment import write_report
from symmusic.report.heatmaps import write_heatmaps
from symmusic.training import run as training
from symmusic.training import run_folder
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.saved import saved_steps
from symmusic.wording import count


def run(command: Command) -> None:
    """Runs what is not finished yet, and reports."""
    if command.benchmark is not None:
        run_benchmark(command)
        return
    experiment = command.experiment
    folder = commands.workdir(command) / 'experiment'
    read_shard(command.options.get('shard', ''))
    check_claims(experiment.hypothesis)
    repetitions = list_repetitions(experiment, folder)
    arms = list(itertools.chain(*(each.arms for each in repetitions)))
    _check(arms)
    settings = settings_of([each.experiment for each in repetitions])
    with join(folder / 'claims', settings) as claims:
        check_same(claims, settings, folder)
        note_code(folder, settings)
        try:
            _run(command, folder, repetitions, claims)
        except KeyboardInterrupt:
            raise Interrupted(_stopped(arms)) from None


def _check(arms: Sequence[Arm]) -> None:
    for arm in arms:
        run_folder.check(arm.config, arm.folder)
        door.check(arm.config, arm.folder)
        if arm.config.sample.replica == ALL:
            raise UserError(
                f'config.sample.replica = {ALL!r}: an experiment measures each replica by itself;'
                ' must be the number of the one whose pieces are shown, or -1'
            )


def _stopped(arms: Sequence[Arm]) -> str:
    """The message when an experiment is stopped while it is not training."""
    num_saved = sum(bool(saved_steps(arm.folder)) for arm in arms)
    if not num_saved:
        return 'stopped'
    what = f'{num_saved} of {count(len(arms), "arm")}'
    return f'stopped; the same command continues with what is saved of {what}'


def _run(
    command: Command, folder: pathlib.Path, repetitions: Sequence[Repetition], claims: Claims
) -> None:
    """Runs this worker's arms; the last worker reports."""
    experiment = command.experiment
    training.claim_devices(command.config)
    print(
        f'{command.config_name}: {experiment.hypothesis.question}'
        + ' (quick: too little to answer it)' * experiment.quick
    )
    corpora = Corpora()
    for each in repetitions:
        each.size_up(corpora, sampling.prepare)
    grounds = Grounds(corpora)
    runner = Runner(repetitions, grounds, lambda arm: _show(arm, grounds))
    with counted(runner.clock.tick):
        is_all = runner.run(claims, read_shard(command.options.get('shard', '')))
    if is_all:
        _report(command, folder, repetitions, claims)
    runner.check_failures()


def _report(
    command: Command, folder: pathlib.Path, repetitions: Sequence[Repetition], claims: Claims
) -> None:
    """Writes the report and `results.json`, and prints the answers."""
    own = repetitions[0]
    found = join_results(command.config_name, repetitions)
    folders = {
        label(own.experiment, *arm.place): arm.folder
        for arm in own.arms
        if arm.place in own.outcomes
    }

    def write() -> None:
        line = commands.experiment_line(command)
        write_report(folder, found, own.experiment, folders, line)
        write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')

    write_once(claims, found, write)
    for row in found['highlights']:
        print(f'{row["verdict"]}: {row["claim"]} ({row["evidence"]})')
    print(folder)


def _show(arm: Arm, grounds: Grounds) -> None:
    """Draws the pieces of an arm's best replica and, with `config.sample.keep_distributions`, its
    heat maps, unless they exist. The maps are means over the measured pieces of its first draw.
    """
    states, card = Checkpoints(arm.folder).restore()
    model = choose(arm.config.sample.replica, card, states, arm.folder)
    config = settle(arm.config, model.temperature)
    gallery.draw(config, model, arm.folder, again=False)
    mark, key = arm.folder / 'heatmaps' / SETTINGS, key_of(arm.config)  # written last
    if not config.sample.keep_distributions or read_stored(mark, key):
        return
    index, ground = model.made_with['replica'], grounds(arm.config, card)
    prompts_NT = ground.prompts_RNT[index][: config.evaluate.num_pieces]
    tokens_BT = np.array([card.vocabulary.encode(prompt) for prompt in prompts_NT])
    found = draw_once(model.params, card, config, tokens_BT, index, 0, keep=True)
    write_heatmaps(
        mark.parent,
        as_pieces(found, card.vocabulary),
        card.vocabulary,
        is_window=manner_of(config, card).window_steps is not None,
        title=model.name,
        num_singles=0,
        bar=ground.bar,
    )
    write_whole(mark, json.dumps(key, indent=2) + '\n')
