"""One arm of an experiment: trains its replicas, then measures the pieces of each. A stopped arm
resumes with what is missing.
"""

import dataclasses
import functools
import json
import pathlib
import shutil
from collections.abc import Mapping

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.arms import Experiment
from symmusic.config.field import Change
from symmusic.config.fields import names_of
from symmusic.experiment import pieces
from symmusic.experiment.by_family import sum_by_family
from symmusic.experiment.ground import Ground, Grounds
from symmusic.experiment.measures import measure_pieces
from symmusic.experiment.outcome import Outcome
from symmusic.experiment.stored import key_of, log_damaged, read_stored
from symmusic.files import read_digested, write_digested
from symmusic.generate.manner import settle
from symmusic.measures.calibrated import calibrate_run
from symmusic.model.model import Params
from symmusic.originality.by_epoch import measure_epochs
from symmusic.progress import step
from symmusic.training import run as training
from symmusic.training import run_folder
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.replicas import replica

Place = tuple[str, str]  # an arm's variant and name


@dataclasses.dataclass(frozen=True)
class Arm:
    """An arm and its workdir."""

    variant: str
    name: str
    config: ConfigDict
    folder: pathlib.Path
    # the folder of an earlier arm with the same training but other sampling or measuring; see
    # `_take_over`
    twin: pathlib.Path | None = None

    @property
    def place(self) -> Place:
        """Its variant and name."""
        return self.variant, self.name


def list_arms(experiment: Experiment, folder: pathlib.Path) -> list[Arm]:
    """The arms of all variants. An arm whose training equals that of an earlier arm has the first
    such arm as its twin.
    """
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


def finish(arm: Arm, sizes: Mapping[str, int], grounds: Grounds) -> Outcome:
    """Trains and measures whatever is not finished yet of an arm; counts a step of progress for
    each epoch and for each replica measured.

    Args:
      arm: the arm.
      sizes: sizes of its training data.
      grounds: the grounds of the experiment.
    """
    done, key = arm.folder / 'arm.json', key_of(arm.config)
    stored = read_stored(done, key)
    if not stored:
        _train(arm)
        stored = _measure(arm, grounds, key)
        write_digested(done, stored)
    elif not {'real', 'count_model'} <= stored.keys():  # stored by an older version
        stored |= _levels(arm, Checkpoints(arm.folder).restore_card(), grounds)
        write_digested(done, stored)
    return _outcome(arm, stored, sizes)


def _train(arm: Arm) -> None:
    """Trains an arm, or resumes its training."""
    summary_path = arm.folder / run_folder.SUMMARY
    try:
        read_digested(summary_path)
    except FileNotFoundError:
        pass
    except (ValueError, RecursionError) as error:
        log_damaged(summary_path, error)
        summary_path.unlink()  # training writes one if there is none
    _take_over(arm)
    with run_folder.alone(arm.folder):
        measuring = functools.partial(measure_epochs, arm.config)
        trained = training.train(arm.config, arm.folder, measure_epochs=measuring)
        if trained.is_new:
            trained = calibrate_run(arm.config, trained)
            training.log_results(trained)
            run_folder.write_summary(arm.folder, trained.summary)


def _take_over(arm: Arm) -> None:
    """Copies the finished training of the arm's twin, if it has one; pieces are still drawn and
    measured.
    """
    if (
        arm.twin is None
        or not (arm.twin / 'arm.json').exists()
        or (arm.folder / 'checkpoints').exists()
    ):
        return
    arm.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(arm.twin / 'metrics.csv', arm.folder)
    aside = arm.folder / '.checkpoints'
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(arm.twin / 'checkpoints', aside)
    aside.rename(arm.folder / 'checkpoints')


def _measure(arm: Arm, grounds: Grounds, key: dict) -> dict:
    """The content of `arm.json` for a trained arm; replicas that were measured before are not
    measured again.
    """
    states, card = Checkpoints(arm.folder).restore()
    summary = run_folder.read_summary(arm.folder)
    found = []
    for index in range(card.num_replicas):
        path = arm.folder / 'measures' / f'{index:04}.json'
        of = key | {
            'replica': index,
            'num_updates': int(states.step[index]),
            'best_epoch': int(states.best_epoch[index]),
        }
        if not (kept := read_stored(path, of)):
            params, came_out = replica(states.best_params, index), summary['replicas'][index]
            calibration = came_out.get('calibration')
            config = settle(arm.config, calibration and calibration['temperature'])
            measures, parts = _measure_replica(
                params, card, config, grounds(arm.config, card), index
            )
            nats = came_out['nats_per_step']
            measures['nats_per_step'] = nats['validation'] if nats['test'] is None else nats['test']
            parts |= grounds.nats_by_family(arm.config, card, params)
            for measure in (grounds.likelihoods, grounds.common_nats):
                more, their_parts = measure(arm.config, card, params)
                measures |= more
                parts |= their_parts
            kept = {'of': of, 'measures': measures, 'by_family': parts}
            kept = json.loads(json.dumps(kept))  # in the form in which it would be read back
            write_digested(path, kept)
        found.append(kept)
        step()
    return {
        'of': key,
        'num_parameters': summary['num_parameters'],
        'versions': card.versions,
        'device': card.device,
        'replicas': [kept['measures'] for kept in found],
        'by_family': [kept['by_family'] for kept in found],
        **_levels(arm, card, grounds),
    }


def _levels(arm: Arm, card: Card, grounds: Grounds) -> dict:
    """The reference points of an arm: `real`, the measures of the real continuations, and
    `count_model`, the count model's nats per step; None if not known.
    """
    return {
        'real': grounds(arm.config, card).levels,
        'count_model': grounds.count_nats(arm.config),
    }


def _measure_replica(
    params: Params, card: Card, config: ConfigDict, ground: Ground, index: int
) -> tuple[dict, dict]:
    """The measures of a replica's pieces, and the contribution of each tune family to them."""
    prompts_NT = ground.prompts_RNT[index]
    found = measure_pieces(
        prompts_NT,
        pieces.draw(params, card, config, prompts_NT, index),
        ground.references[index],
        ground.originals,
        config.evaluate.protocol,
        ground.bar,
        None if ground.continuations_RNT is None else ground.continuations_RNT[index],
    )
    if ground.families_RN is None:
        return found.values, {}
    return found.values, sum_by_family(found.parts, ground.families_RN[index])


def _outcome(arm: Arm, stored: dict, sizes: Mapping[str, int]) -> Outcome:
    of, names = stored['of'], ('versions', 'device', 'real', 'count_model')
    summary = run_folder.read_summary(arm.folder)
    return Outcome(
        tuple(stored['replicas']),
        stored['num_parameters'],
        sizes,
        of['config'],
        by_family=tuple(stored['by_family']),
        num_epochs=tuple(each['num_epochs'] for each in summary['replicas']),
        **{name: stored[name] for name in names if name in stored},
    )
