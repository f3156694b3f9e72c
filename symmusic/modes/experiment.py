"""`--mode=experiment`: runs every arm of an experiment with its replicas, and writes one report; or
a benchmark (`benchmark`).
"""

import itertools
import json
import pathlib
import traceback
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from symmusic.api import commands, door, gallery, sampling
from symmusic.api.load import choose
from symmusic.config.arms import Experiment, on_split
from symmusic.config.field import ALL
from symmusic.config.flags import Command
from symmusic.errors import Interrupted, UserError
from symmusic.experiment.arm import Arm, finish, list_arms
from symmusic.experiment.claims import Claims, join
from symmusic.experiment.clock import Clock
from symmusic.experiment.ground import Corpora, Grounds
from symmusic.experiment.measures import check_claims
from symmusic.experiment.outcome import Outcome, label
from symmusic.experiment.pieces import draw_once
from symmusic.experiment.results import make_results
from symmusic.experiment.sizes import Place, size_up
from symmusic.experiment.stored import key_of, read_stored
from symmusic.experiment.workers import (
    check_same,
    is_done,
    note_code,
    read_shard,
    settings_of,
    shard_of,
    work,
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

T = TypeVar('T')


def run(command: Command) -> None:
    """Runs what is not finished yet, and reports on what is."""
    if command.benchmark is not None:
        run_benchmark(command)
        return
    experiment = command.experiment
    folder = commands.workdir(command) / 'experiment'
    read_shard(command.options.get('shard', ''))
    check_claims(experiment.hypothesis)
    splits = [experiment, *(on_split(experiment, seed) for seed in experiment.split_seeds)]
    arms = [
        list_arms(experiment, folder),
        *(list_arms(each, folder / f'split-{_split_seed(each)}') for each in splits[1:]),
    ]
    for arm in itertools.chain(*arms):
        run_folder.check(arm.config, arm.folder)
        door.check(arm.config, arm.folder)
        if arm.config.sample.replica == ALL:
            raise UserError(
                f'config.sample.replica = {ALL!r}: an experiment measures each replica by itself;'
                ' must be the number of the one whose pieces are shown, or -1'
            )
    settings = settings_of(splits)
    with join(folder / 'claims', settings) as claims:
        check_same(claims, settings, folder)
        note_code(folder, settings)
        try:
            _run(command, folder, splits, arms, claims)
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
    claims: Claims,
) -> None:
    """Runs this worker's arms of the experiment and of its repetitions on other splits; the last
    worker reports.
    """
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
    worker = _Worker(command, arms, sized, Grounds(corpora))
    with counted(worker.clock.tick):
        is_all = worker.work(claims)
    if not is_all:
        return worker.check_failures()
    results = [
        make_results(name, each, _in_order(own, outcomes), _in_order(own, failures))
        for each, own, outcomes, failures in zip(
            splits, arms, worker.done, worker.failures, strict=True
        )
    ]
    seeds = [str(_split_seed(each)) for each in splits]
    found = results[0] | {
        'splits': {seed: _brief(one) for seed, one in zip(seeds[1:], results[1:], strict=True)}
    }
    folders = {
        label(experiment, arm.variant, arm.name): arm.folder
        for arm in arms[0]
        if (arm.variant, arm.name) in worker.done[0]
    }

    def write() -> None:
        write_report(folder, found, experiment, folders, commands.experiment_line(command))
        write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')

    write_once(claims, found, write)
    for row in found['highlights']:
        print(f'{row["verdict"]}: {row["claim"]} ({row["evidence"]})')
    print(folder)
    worker.check_failures()


def _in_order(arms: Sequence[Arm], of_place: Mapping[Place, T]) -> dict[Place, T]:
    """What is known of arms, in their order, whichever worker did them first."""
    places = [(arm.variant, arm.name) for arm in arms]
    return {place: of_place[place] for place in places if place in of_place}


def _split_seed(experiment: Experiment) -> int:
    return next(iter(next(iter(experiment.configs.values())).values())).data.split_seed


def _brief(result: dict) -> dict:
    """The results that are kept of a repetition on another split."""
    measures = {name: arm['measures'] for name, arm in result['arms'].items()}
    return {'highlights': result['highlights'], 'measures': measures, 'failed': result['failed']}


class _Worker:
    """This process's way through the arms of an experiment on all splits.

    Attributes:
      done: by split the results of the arms that succeeded.
      failures: by split the reasons for the others, those that are left out among them.
      failed: the reasons for those that were tried in vain, by name and split.
    """

    def __init__(
        self,
        command: Command,
        arms: Sequence[Sequence[Arm]],
        sized: Sequence[tuple[Mapping[Place, dict[str, int]], dict[Place, str]]],
        grounds: Grounds,
    ):
        self.command, self.arms, self.grounds = command, arms, grounds
        self.sizes, self.failures = zip(*sized, strict=True)
        self.done: list[dict[Place, Outcome]] = [{} for _ in arms]
        self.failed: dict[str, str] = {}
        self.split_of = {arm.folder: index for index, own in enumerate(arms) for arm in own}
        self.clock = Clock(len(self.split_of))

    def work(self, claims: Claims) -> bool:
        """Does every arm that no other worker does, or those of the shard; whether all arms of the
        experiment have then come to an end.
        """
        every = list(itertools.chain(*self.arms))
        shard = read_shard(self.command.options.get('shard', ''))
        if shard is None:
            work(every, claims, self.do)
            return True
        own = shard_of(every, *shard)
        for arm in own:
            self.do(arm)
        places = {arm.folder for arm in own}
        others = [arm for arm in every if arm.folder not in places]
        left = [arm for arm in others if not (self._is_left_out(arm) or is_done(arm))]
        if left:
            print(
                f'shard {shard[0]}/{shard[1]} has no arm left; of the other shards'
                f' {count(len(left), "arm")} {"is" if len(left) == 1 else "are"} not finished, and'
                ' the last shard reports'
            )
            return False
        for arm in others:
            self.do(arm)
        return True

    def do(self, arm: Arm) -> None:
        """Does an arm, or what is missing of it, or reads its results; notes why it failed."""
        if self._is_left_out(arm):
            self.clock.end_arm()
            return
        split, place = self.split_of[arm.folder], (arm.variant, arm.name)
        name = label(self.command.experiment, *place)
        where = f', split {arm.config.data.split_seed}' * (split > 0)
        print(
            f'arm {self.clock.arm()}: {name}{where},'
            f' {count(arm.config.replicas, "replica")}{self.clock.left()}'
        )
        try:
            outcome = finish(arm, self.sizes[split][place], self.grounds)
            _show(arm, self.grounds)
            self.done[split][place] = outcome
        except (Interrupted, BrokenPipeError):
            raise
        except Exception as error:  # of any kind: the other arms can continue
            reason = _reason(arm, error)
            self.failures[split][place] = self.failed[name + where] = reason
            print(f'arm {name} failed: {reason}')
        self.clock.end_arm()

    def check_failures(self) -> None:
        """Ends the run with the reasons for the arms that failed, if any did."""
        if self.failed:
            reasons = '; '.join(f'{name}: {why}' for name, why in self.failed.items())
            raise Interrupted(
                f'{len(self.failed)} of {count(len(self.split_of), "arm")} failed: {reasons}; the'
                f' same command tries {"them" if len(self.failed) > 1 else "it"} again'
            )

    def _is_left_out(self, arm: Arm) -> bool:
        return (arm.variant, arm.name) in self.failures[self.split_of[arm.folder]]


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
