"""How the arms of an experiment were trained, and how their difference develops during training."""

import csv
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.config.arms import Experiment
from symmusic.config.experiments import LISTENERS
from symmusic.experiment import learning
from symmusic.experiment.highlights import with_interval
from symmusic.experiment.outcome import label
from symmusic.plots import write_figure
from symmusic.report.blocks import Block, Section, Strong, Text, picture, table
from symmusic.wording import count, estimate

# fields that must agree so that the losses of two arms are on the same targets
TARGETS = ('corpus', 'encoding', 'split', 'split_seed', 'max_tunes')
AXES = {'epochs': 'epochs', 'seconds': 'seconds of training per replica'}


def training_section(
    folder: pathlib.Path, found: Mapping, experiment: Experiment, folders: Mapping
) -> Section:
    """Parameters, epochs and the count model's loss for each arm; and how the difference between
    arms with a claim develops over epochs and seconds, drawn into the experiment's folder.
    """
    blocks = [*_arms(found)]
    rows = {name: read_metrics(path / 'metrics.csv') for name, path in folders.items()}
    effects = find_effects(found, experiment, rows)
    if effects:
        draw_effects(folder / 'effects.png', effects)
        what = 'the difference in validation loss over epochs and over seconds of training'
        blocks += [*_over_epochs(effects), picture(folder / 'effects.png', what)]
    return Section('Training', tuple(blocks))


def read_metrics(path: pathlib.Path) -> list[dict]:
    """The rows of a run's metrics.csv as numbers."""
    with open(path, encoding='utf-8') as file:
        return [
            {
                name: int(value) if name in ('replica', 'epoch') else float(value)
                for name, value in row.items()
            }
            for row in csv.DictReader(file)
        ]


def _arms(found: Mapping) -> list[Block]:
    rows = []
    for name, arm in found['arms'].items():
        epochs, cut_off = arm['num_epochs'], arm['num_cut_off']
        spent = f'{min(epochs)} to {max(epochs)}' if epochs else '-'
        beats = {True: 'yes', False: Strong('no'), None: '-'}[arm['beats_count_model']]
        rows.append(
            [
                name,
                f'{arm["num_parameters"]:,}',
                spent,
                Strong(f'{cut_off} of {len(epochs)}') if cut_off else 'none',
                with_interval(arm['measures']['nats_per_step']),
                estimate(arm['count_model']),
                beats,
            ]
        )
    head = ['', 'parameters', 'epochs', 'cut off', 'nats per step', 'count model', 'beats it']
    text = (
        'An arm is trained until its validation loss no longer improves; its best parameters are'
        ' measured. Replicas that num_epochs ended instead are cut off: they may have gone on'
        ' improving. The count model learns nothing but counts and predicts the same steps; an arm'
        ' whose interval does not lie below it does not beat it.'
    )
    return [table(head, rows, 'training of every arm'), Text(text)]


def find_effects(
    found: Mapping, experiment: Experiment, rows: Mapping[str, Sequence[dict]]
) -> dict[str, dict[str, dict]]:
    """The differences, over each of `AXES`, between any two arms that a claim names and whose
    losses are on the same targets; keyed by 'first minus second', then by axis.
    """
    effects = {}
    for variant in experiment.configs:
        for primary in experiment.hypothesis.primaries:
            pair = [label(experiment, variant, arm) for arm in primary.arms]
            if primary.measure == LISTENERS or not all(rows.get(name) for name in pair):
                continue
            one, other = (found['arms'][name] for name in pair)
            if not _are_comparable(one['config'], other['config']):
                continue
            curves = {
                'epochs': [learning.by_epoch(rows[name]) for name in pair],
                'seconds': [
                    learning.by_second(rows[name], found['arms'][name]['num_windows'])
                    for name in pair
                ],
            }
            effects[' minus '.join(pair)] = {
                axis: learning.effect_over(*both) for axis, both in curves.items()
            }
    return effects


def _are_comparable(one: Mapping, other: Mapping) -> bool:
    return one['train']['targets'] == other['train']['targets'] and all(
        one['data'][name] == other['data'][name] for name in TARGETS
    )


def _over_epochs(effects: Mapping[str, Mapping]) -> list[Block]:
    """A table of the differences after 1, 2, 4, ... epochs and at the end."""
    longest = max(effect['epochs']['at'][-1] for effect in effects.values())
    marks = [2**power for power in range(int(np.log2(longest)) + 1)]
    head = ['', *(count(mark, 'epoch') for mark in marks), 'all epochs', 'as many seconds']
    rows = [
        [
            name,
            *(_at(effect['epochs'], mark) for mark in marks),
            _at(effect['epochs'], longest),
            _at(effect['seconds'], min(effect['seconds']['ends'])),
        ]
        for name, effect in effects.items()
    ]
    text = (
        'Validation loss of the best parameters so far, first arm minus second, with 95 % intervals'
        ' over replicas. A difference that shrinks with the epochs is one in the speed of learning.'
        ' The last column compares both arms when the faster one has ended. Seconds are those of'
        ' one replica on the whole machine, without validation.'
    )
    return [table(head, rows, 'the difference during training'), Text(text)]


def _at(effect: Mapping[str, list], point: float) -> str:
    """The difference at the last point of a curve that is not beyond `point`."""
    index = int(np.searchsorted(effect['at'], point, side='right')) - 1
    if index < 0:
        return '-'
    return estimate(*(effect[name][index] for name in ('difference', 'low', 'high')))


def draw_effects(path: pathlib.Path, effects: Mapping[str, Mapping]) -> None:
    """Draws the differences over epochs and seconds, with their intervals."""
    # imported here, because it takes a second and is rarely needed
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout='constrained')
    for axes, (axis, name) in zip(figure.subplots(1, 2, sharey=True), AXES.items(), strict=True):
        for number, (pair, by_axis) in enumerate(effects.items()):
            effect, ink = by_axis[axis], f'C{number % 10}'
            axes.plot(effect['at'], effect['difference'], color=ink, label=pair)
            if effect['low'][0] is not None:
                axes.fill_between(
                    effect['at'], effect['low'], effect['high'], color=ink, alpha=0.2, linewidth=0
                )
        axes.axhline(0, color='0.4', linewidth=1)
        axes.set(xscale='log', xlabel=name)
        axes.grid(color='0.9', linewidth=0.6)
        axes.spines[['top', 'right']].set_visible(False)
    figure.axes[0].set_ylabel('difference, nats per step')
    # both axes draw the same pairs
    drawn = figure.axes[0].get_legend_handles_labels()
    figure.legend(*drawn, loc='outside upper center', ncols=3, frameon=False)
    write_figure(path, figure)
