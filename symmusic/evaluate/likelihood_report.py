"""The held-out likelihood as a part of `report.md`, and as a plot over the bar."""

import pathlib
from collections.abc import Iterable

from symmusic.plots import write_figure
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER


def likelihood_md(comparison: dict) -> str:
    """Nats per step and per note with their intervals, and at every step of the bar, in Markdown; a
    line where there are none.
    """
    if comparison['nats_per_step'] is None:
        return f'## Held-out likelihood\n{comparison["likelihood"]["note"]}\n'
    names, about = _titles(comparison['nats_per_step']), comparison['likelihood']
    lines = ['## Held-out likelihood', '| | nats per step | nats per note |', '|---|---|---|']
    for name, title in names.items():
        cells = [
            _interval(comparison[f'nats_{block}'][name], comparison['nats_intervals'][block][name])
            for block in ('per_step', 'per_note')
        ]
        lines.append(f'| {title} | {" | ".join(cells)} |')
    lines += ['', _about(about, comparison['part']), '']
    lines += [
        f'| step of the bar | targets | {" | ".join(names.values())} |',
        '|---|---|' + '---|' * len(names),
    ]
    for position in range(STEPS_PER_BAR):
        beat = f' (beat {position // STEPS_PER_QUARTER + 1})' * (position % STEPS_PER_QUARTER == 0)
        cells = [_number(comparison['nats_by_position'][name][position]) for name in names]
        lines.append(
            f'| {position}{beat} | {about["num_by_position"][position]:,} | {" | ".join(cells)} |'
        )
    return '\n'.join(lines) + '\n'


def _about(about: dict, part: str) -> str:
    """On what the figures are, and what they mean."""
    text = (
        f'On {about["num_steps"]:,} steps of {about["num_tunes"]} {part} tunes, the same for all,'
        f' each counted once; {about["num_notes"]:,} notes begin at them. Nats per note are the'
        ' nats of all these steps, those at which no note begins too, divided by the notes.'
    )
    if about['targets'] == 'last':
        text += (
            ' The steps are the last ones of windows, as this model is trained: not to be compared'
            ' with models of all steps.'
        )
        if not all(about['num_by_position']):
            text += (
                ' Where some step of the bar is never one of them, nats per note are not defined.'
            )
    if about['targets'] == 'gap':
        text += (
            ' The model draws left to right here, told nothing of what follows; what it makes of'
            ' gaps stands below.'
        )
    if about['num_families'] > 1:
        text += (
            f' In brackets 95 % intervals, from resamples of the {about["num_families"]} tune'
            ' families.'
        )
    return text


def draw_positions(path: pathlib.Path, comparison: dict) -> None:
    """Draws nats per step at every step of the bar, a line for each model; nothing where there are
    none.
    """
    if comparison['nats_per_step'] is None:
        return
    # here, because it takes a second to import and few runs of the program draw
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout='constrained')
    axes = figure.subplots()
    for name, title in _titles(comparison['nats_by_position']).items():
        color, width = {'model': ('tab:blue', 2.5), 'base_rate': ('0.4', 1.5)}.get(name, (None, 1))
        order = name.rpartition('_')[2]
        # Markov models: darker with the order
        shade = color or (1, 0.72 - 0.11 * int(order), 0.62 - 0.12 * int(order))
        values = [
            float('nan') if value is None else value
            for value in comparison['nats_by_position'][name]
        ]
        axes.plot(values, 'o-', color=shade, linewidth=width, markersize=width + 1.5, label=title)
    beats = range(0, STEPS_PER_BAR, STEPS_PER_QUARTER)
    axes.set_xticks(
        range(STEPS_PER_BAR),
        [
            f'{step}\nbeat {step // STEPS_PER_QUARTER + 1}' if step in beats else step
            for step in range(STEPS_PER_BAR)
        ],
    )
    axes.set(
        xlabel='step of the bar (sixteenths)',
        ylabel='nats per step',
        title=f'Held-out likelihood on {comparison["part"]} tunes',
    )
    axes.set_ylim(bottom=0)
    axes.grid(axis='y', color='0.9')
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(frameon=False, loc='center left', bbox_to_anchor=(1, 0.5))
    write_figure(path, figure)


def _titles(names: Iterable[str]) -> dict[str, str]:
    """What a reader calls each model."""
    known = {'model': 'the model', 'base_rate': 'base rate'}
    return {name: known.get(name, name.replace('markov_', 'Markov of order ')) for name in names}


def _interval(value: float | None, bounds: list[float] | None) -> str:
    return _number(value) + (f' [{bounds[0]:.3f}, {bounds[1]:.3f}]' if bounds else '')


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.3f}'
