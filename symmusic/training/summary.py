"""The results of a training, as in `summary.json` and the last lines of its output."""

import numpy as np
from ml_collections import ConfigDict

from symmusic.model.size import count_parameters
from symmusic.training import parent
from symmusic.training.card import Card
from symmusic.training.replicas import best_replica
from symmusic.training.state import TrainState
from symmusic.training.validation import HeldOut


def make_summary(
    config: ConfigDict,
    states: TrainState,
    card: Card,
    base_rates: dict[str, float | None],
    test: HeldOut | None,
    descent: dict | None,
) -> dict:
    """The content of `summary.json`.

    Args:
      config: of the run.
      states: of every replica, on the host.
      card: of the run.
      base_rates: nats per step of each held-out part, None if there is no such part.
      test: the losses of each replica on the test part; None if there is none.
      descent: what `parent.descent_of` gives, None of a run that began at random.
    """
    found = {
        'num_parameters': count_parameters(card.architecture),
        'seconds': round(card.seconds, 1),  # of training in all sessions
        'base_rate': base_rates,
        'init_from': descent,
        'best_replica': best_replica(states),
        'replicas': [
            {
                'seed': config.seed + index,
                'best_epoch': int(states.best_epoch[index]),
                'num_epochs': int(states.epoch[index]),
                'num_updates': int(states.step[index]),
                **_nats(states, card, test, index),
                'calibration': None,  # until it is measured
            }
            for index in range(config.replicas)
        ],
    }
    found['worse_than_base_rate'] = worse_parts(found)
    return found


def _nats(states: TrainState, card: Card, test: HeldOut | None, index: int) -> dict:
    """The losses of a replica at its best epoch: `nats_per_step`, for predicting left to right (for
    a run that learns gaps alone, the loss in gaps); and `nats_per_gap_step`, for a run that learns
    both.
    """
    best, epoch = float(states.best_loss[index]), int(states.best_epoch[index])
    if not card.recipe.both:
        tested = None if test is None else float(test.loss_R[index])
        return {'nats_per_step': {'validation': best, 'test': tested}}
    row = next(row for row in card.rows if (row['replica'], row['epoch']) == (index, epoch))
    return {
        'nats_per_step': {
            'validation': row['left_to_right_loss'],
            'test': None if test is None else float(test.left_to_right_R[index]),
        },
        'nats_per_gap_step': {
            'validation': row['gap_loss'],
            'test': None if test is None else float(test.gap_R[index]),
        },
    }


def lines(summary: dict, targets: str) -> list[str]:
    """The results in two lines, with mean and range if there are several replicas. Split by window,
    there is no test part. Further lines on gaps, if both losses are learned, and on a run that is
    worse than the base rate.
    """
    replicas, base_rates, best = summary['replicas'], summary['base_rate'], summary['best_replica']
    gaps = replicas[best].get('nats_per_gap_step')
    unit = 'nats per step of gaps' if targets == 'gap' and not gaps else 'nats per step'

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
            *_of_gaps(gaps),
            *_worse(summary),
        ]
    test, test_more = losses('test')
    seen = parent.remark(summary['init_from'])
    return [
        f'{who} {replicas[best]["best_epoch"]}: {validation} on validation tunes {validation_more}',
        f'on test tunes, measured once: {test} {test_more}' + (f'; {seen}' if seen else ''),
        *_of_gaps(gaps),
        *_calibrated(replicas[best].get('calibration')),
        *_calibrated((summary.get('ensemble') or {}).get('calibration'), len(replicas)),
        *_worse(summary),
    ]


def _of_gaps(gaps: dict | None) -> list[str]:
    """A line about gaps, if these are learned as well."""
    if not gaps:
        return []
    test = '' if gaps['test'] is None else f', {gaps["test"]:.4f} of test tunes'
    return [f'in gaps, given both sides: {gaps["validation"]:.4f} nats per step{test}']


def _calibrated(calibration: dict | None, num_together: int = 1) -> list[str]:
    """A line about the calibration, if there is one, of one replica or of the ensemble."""
    who = f"all {num_together} replicas together (config.sample.replica = 'all'), "
    return [
        f'{who * (num_together > 1)}'
        f'after 4-bar prompts of validation tunes: {each["at_one"]:.4f} nats per step, entropy'
        f' {each["entropy"]:.4f}; at the best temperature, {each["temperature"]:g}:'
        f' {each["at_best"]:.4f}'
        for each in (calibration,)
        if each
    ]


def worse_parts(summary: dict) -> list[str]:
    """The held-out parts that the best replica predicts no better than the constant answer."""
    nats = summary['replicas'][summary['best_replica']]['nats_per_step']
    return [
        part
        for part, rate in summary['base_rate'].items()
        if rate is not None and not nats[part] < rate
    ]


def _worse(summary: dict) -> list[str]:
    """A line about these parts, if there are any."""
    parts = summary['worse_than_base_rate']
    what = 'windows' if summary['base_rate']['test'] is None else 'tunes'
    return [
        f'worse than the base rate on {" and ".join(parts)} {what}: the class frequencies alone'
        ' predict no worse; train longer, or with another learning rate'
    ] * bool(parts)
