"""`--mode=experiment`: runs every arm of an experiment with its replicas, and writes one report."""

import itertools
import json
import pathlib
import shlex
import time
import traceback
from collections.abc import Mapping, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import commands, door
from symmusic.config import runs
from symmusic.config.arms import Experiment, on_split
from symmusic.config.experiments import LISTENERS
from symmusic.config.field import Change
from symmusic.config.fields import names_of, walk
from symmusic.config.fields.run import VARIANTS
from symmusic.config.flags import Command
from symmusic.config.protocol import base_config
from symmusic.corpus.cache import Corpus
from symmusic.corpus.dataset import Dataset
from symmusic.errors import Interrupted, UserError
from symmusic.experiment.measures import MEASURES
from symmusic.experiment.results import Outcome, label, summarize
from symmusic.files import alone_in, write_whole
from symmusic.model.size import count_parameters
from symmusic.modes.arm import Arm, Grounds, finish
from symmusic.progress import bar
from symmusic.report.experiment import write_report
from symmusic.thesis.published import find_table
from symmusic.training import build
from symmusic.training.devices import claim_cores
from symmusic.wording import nearest

# training fields that the windows depend on
CUT = ('sequence_steps', 'sequence_hop_steps', 'held_out_steps', 'augment_keys')
# fields that an experiment on the amount of data varies
SIZES = ('data.max_windows', 'data.max_tunes', 'data.train_share')


def run(command: Command) -> None:
    """Runs what is not finished yet, and reports on what is."""
    experiment, folder = (
        command.experiment,
        commands.workdir(command, command.config_name) / 'experiment',
    )
    _check_measures(experiment)
    splits = [experiment, *(on_split(experiment, seed) for seed in experiment.split_seeds)]
    arms = [
        list_arms(experiment, folder),
        *(list_arms(each, folder / f'split-{_split_seed(each)}') for each in splits[1:]),
    ]
    for arm in itertools.chain(*arms):
        _check_folder(arm, base_config())
        door.check(arm.config, arm.folder)
    with alone_in(folder):
        _run(command, folder, splits, arms)


def _run(
    command: Command,
    folder: pathlib.Path,
    splits: Sequence[Experiment],
    arms: Sequence[Sequence[Arm]],
) -> None:
    """Runs the experiment and its repetitions on other splits, each with its arms."""
    experiment = command.experiment
    claim_cores(command.config.train.cpu_devices, deterministic=command.config.train.deterministic)
    print(
        f'{command.config_name}: {experiment.hypothesis.question}'
        + ' (quick: too little to answer it)' * experiment.quick
    )
    corpora = Corpora()
    sized = [size_up(each, own, corpora) for each, own in zip(splits, arms, strict=True)]
    clock, grounds = Clock(list(itertools.chain(*arms))), Grounds(corpora)
    results, folders = [], {}
    for each, own, (sizes, failures) in zip(splits, arms, sized, strict=True):
        outcomes = _run_arms(command, own, sizes, failures, grounds, clock)
        results.append(summarize(command.config_name, each, outcomes, failures))
        if each is experiment:
            folders = {
                label(each, arm.variant, arm.name): arm.folder
                for arm in own
                if (arm.variant, arm.name) in outcomes
            }
    found = results[0] | {
        'splits': {
            str(_split_seed(each)): _brief(one)
            for each, one in zip(splits[1:], results[1:], strict=True)
        }
    }
    write_report(folder, found, experiment, folders, _command_line(command))
    write_whole(folder / 'results.json', json.dumps(found, indent=2) + '\n')
    for row in found['highlights']:
        print(f'{row["verdict"]}: {row["claim"]} ({row["evidence"]})')
    print(folder)
    undone = [
        f'{name}{"" if each is experiment else f", split {_split_seed(each)}"}: {why}'
        for each, result, (sizes, _) in zip(splits, results, sized, strict=True)
        for name, why in result['failed'].items()
        if len(sizes) > len(result['arms'])
    ]
    if undone:
        raise Interrupted(
            f'{len(undone)} of {sum(map(len, arms))} arms failed: {"; ".join(undone)}'
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
    sizes: Mapping[tuple[str, str], dict[str, int]],
    failures: dict[tuple[str, str], str],
    grounds: Grounds,
    clock: 'Clock',
) -> dict[tuple[str, str], Outcome]:
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
            f' {arm.config.replicas} replicas{clock.left()}'
        )
        try:
            outcomes[place] = finish(command, arm, sizes[place], grounds, clock.tick)
        except (Interrupted, BrokenPipeError):
            raise
        except Exception as error:  # whatever it is, the other arms can go on
            failures[place] = _reason(arm, error)
            print(f'arm {name} failed: {failures[place]}')
        clock.end_arm()
    return outcomes


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


def _reason(arm: Arm, error: Exception) -> str:
    """Why an arm failed, in one line; unless it is a user's mistake, the traceback is written to
    the arm's folder.
    """
    reason = ' '.join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, UserError):
        return reason
    write_whole(arm.folder / 'failure.txt', ''.join(traceback.format_exception(error)))
    return f'{reason} (more in {arm.folder / "failure.txt"})'


def list_arms(experiment: Experiment, folder: pathlib.Path) -> list[Arm]:
    """The arms of all variants, each with the first arm of the same training as its twin."""
    arms: list[Arm] = []
    for variant, configs in experiment.configs.items():
        for name, config in configs.items():
            twins = [
                arm.folder
                for arm in arms
                if not runs.differences(arm.config, config, names_of(Change.FREE))
            ]
            arms.append(
                Arm(variant, name, config, folder / variant / name, twins[0] if twins else None)
            )
    return arms


class Corpora:
    """Corpora by their settings, each read once."""

    def __init__(self):
        self.read: dict[str, Corpus] = {}

    def __call__(self, config: ConfigDict) -> Corpus:
        data = config.data
        name = json.dumps(
            [
                data.corpus,
                data.protocol,
                data.meters,
                data.align_pickups,
                data.rests,
                data.max_tunes,
                data.split_seed,
            ]
        )
        if name not in self.read:
            self.read[name] = build.corpus(config)
        return self.read[name]


class Clock:
    """The progress over all arms, in epochs and measured replicas, and an estimate of the time
    left.
    """

    def __init__(self, arms: Sequence[Arm]):
        self.ends = np.cumsum(
            [arm.config.train.num_epochs + arm.config.replicas for arm in arms]
        ).tolist()
        self.num_arms, self.done, self.paid, self.begun = len(arms), 0, 0, time.perf_counter()
        self.bar = bar(None, 'step', total=self.ends[-1])
        self.bar.set_description('experiment')

    def tick(self) -> None:
        """Counts an epoch of all replicas, or a measured replica."""
        self._move(min(self.done + 1, self.ends[0]), paid=1)

    def end_arm(self) -> None:
        """Marks the arm as finished, even if it stopped early."""
        self._move(self.ends.pop(0), paid=0)
        if not self.ends:
            self.bar.close()

    def _move(self, done: int, paid: int) -> None:
        self.bar.update(done - self.done)
        self.done, self.paid = done, self.paid + paid

    def arm(self) -> str:
        """The number of the current arm, 'N of M'."""
        return f'{self.num_arms - len(self.ends) + 1} of {self.num_arms}'

    def left(self) -> str:
        """'; about N minutes left', where there is an estimate."""
        if not self.paid:
            return ''
        seconds = (time.perf_counter() - self.begun) / self.paid * (self.ends[-1] - self.done)
        return f'; about {max(1, round(seconds / 60))} min left for all, at most'


def _check_measures(experiment: Experiment) -> None:
    for primary in experiment.hypothesis.primaries:
        if primary.measure != LISTENERS and primary.measure not in MEASURES:
            known = (*MEASURES, LISTENERS)
            raise UserError(
                f"config.experiment, the primary '{primary.claim}': no such measure as"
                f' {primary.measure!r}'
                f'{nearest(primary.measure, known)}; there are {", ".join(known)}'
            )
    for name, table in experiment.hypothesis.tables.items():
        if find_table(table) is None:
            raise UserError(f'config.experiment: the thesis has no arm in table {table} ({name})')


def _check_folder(arm: Arm, base: ConfigDict) -> None:
    """Checks that an arm's folder is empty, or holds the same run."""
    path = arm.folder / 'config.json'
    try:
        found = runs.from_json(path.read_text(), base)
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'cannot read {path}: {error}; choose another --workdir') from error
    runs.check_same_run(found, arm.config, arm.folder)


def size_up(
    experiment: Experiment, arms: Sequence[Arm], corpora: Corpora
) -> tuple[dict[tuple[str, str], dict[str, int]], dict[tuple[str, str], str]]:
    """The sizes of each arm's training data, printed with the number of its parameters; and the
    reasons for arms that are left out.

    Raises:
      UserError: an arm has fewer windows than it asks for, or than the other arms although the
        experiment is not about the amount of data.
    """
    tolerance = 1
    varied = {*experiment.hypothesis.variable, *experiment.hypothesis.also} & set(SIZES)
    windows: dict[tuple[str, str], int] = {}
    sizes, missing = {}, {}
    built: dict[str, Dataset] = {}
    for arm in arms:
        cut = json.dumps(
            [arm.config.data.to_dict(), arm.config.train.targets, *map(arm.config.train.get, CUT)]
        )
        data = built[cut] = built.get(cut) or build.dataset(arm.config, corpora(arm.config))
        num = windows[arm.variant, arm.name] = len(data.train)
        name, wanted = label(experiment, arm.variant, arm.name), arm.config.data.max_windows
        architecture = build.architecture(arm.config, data.vocabulary)
        print(
            f'  {name}: {build.describe(architecture)},'
            f' {count_parameters(architecture):,} parameters, {num} training windows'
        )
        # split by window, the number is that of both parts together
        have = num + (len(data.validation) if data.test is None else 0)
        if have < wanted - len(data.styles):
            why = (
                f'config.data.max_windows = {wanted}: corpus {arm.config.data.corpus} gives {have}'
            )
            if not experiment.hypothesis.may_miss:
                raise UserError(f'arm {name}: {why}; ask for no more')
            missing[arm.variant, arm.name] = why
            print(f'    left out: {why}')
            continue
        sizes[arm.variant, arm.name] = _sizes(data)
        others = {
            other: count for (variant, other), count in windows.items() if variant == arm.variant
        }
        # all styles have the same number, in both parts
        tolerance = max(tolerance, 2 * len(data.styles) - 1)
        if not varied and max(others.values()) - min(others.values()) >= tolerance:
            counts = ', '.join(f'{other} {count}' for other, count in others.items())
            raise UserError(
                f'the arms have unequal numbers of training windows ({counts}); set'
                ' config.data.max_windows to what all have'
            )
    return sizes, missing


def _sizes(data: Dataset) -> dict[str, int]:
    """The number of training windows, the number of distinct ones, and the number of notes in their
    tunes.
    """
    distinct = len(np.unique(data.train.tokens(), axis=0))
    stream = data.train.stream
    num_notes = int((data.vocabulary.decode(stream) >= 0).sum())
    return {
        'num_windows': len(data.train),
        'num_distinct_windows': distinct,
        'num_notes': num_notes,
    }
