"""The held-out likelihood of an evaluation: a section, and a plot over the bar."""

import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from symmusic.plots import write_figure
from symmusic.report import charts
from symmusic.report.blocks import Block, Chart, Section, Text, table
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER
from symmusic.wording import estimate, number

HEADING = 'Held-out likelihood'


def likelihood_section(comparison: Mapping) -> Section:
    """Nats per step and per note with their intervals, and at every step of the bar; or the reason
    why there are none.
    """
    if comparison['nats_per_step'] is None:
        return Section(HEADING, (Text(comparison['likelihood']['note']),))
    names, about = _titles(comparison['nats_per_step']), comparison['likelihood']
    rows = [
        [
            title,
            *(
                estimate(
                    comparison[f'nats_{unit}'][name],
                    *(comparison['nats_intervals'][unit][name] or ()),
                )
                for unit in ('per_step', 'per_note')
            ),
        ]
        for name, title in names.items()
    ]
    blocks: list[Block] = [
        position_chart(comparison['nats_by_position']),
        table(['', 'nats per step', 'nats per note'], rows, 'nats of every model'),
        Text(_about(about, comparison['part'])),
    ]
    rows = []
    for position in range(STEPS_PER_BAR):
        beat = f' (beat {position // STEPS_PER_QUARTER + 1})' * (position % STEPS_PER_QUARTER == 0)
        cells = [number(comparison['nats_by_position'][name][position]) for name in names]
        rows.append([f'{position}{beat}', f'{about["num_by_position"][position]:,}', *cells])
    head = ['step of the bar', 'targets', *names.values()]
    return Section(HEADING, (*blocks, table(head, rows, 'nats per step over the bar')))


def position_chart(nats: Mapping[str, list]) -> Chart:
    """Nats per step at every step of the bar; Markov models are darker with their order."""
    lines = []
    for name, title in _titles(nats).items():
        order = name.rpartition('_')[2]
        kind = {'model': 'generated', 'base_rate': 'reference'}.get(name, 'inter')
        heights = np.array([np.nan if value is None else value for value in nats[name]], float)
        opacity = 0.15 + 0.17 * int(order) if order.isdigit() else 1.0
        lines.append(charts.Line(title, kind, np.arange(len(heights)), heights, opacity))
    text = (
        f'Nats per step at each of {STEPS_PER_BAR} steps of the bar for'
        f' {", ".join(line.label for line in lines)}; the table below has them'
    )
    drawing = charts.line_chart(
        lines,
        text,
        x_label='step of the bar (0, 4, 8, 12: beats)',
        y_label='nats',
        x_ticks=range(0, STEPS_PER_BAR, STEPS_PER_QUARTER),
    )
    caption = 'Nats per step over the bar; less is better'
    return Chart(drawing, caption, text, legend=charts.legend(lines))


def _about(about: dict, part: str) -> str:
    """What the figures were measured on, and what they mean."""
    text = (
        f'On {about["num_steps"]:,} steps of {about["num_tunes"]} {part} tunes, the same for all,'
        f' each counted once; {about["num_notes"]:,} notes start at them. Nats per note are the'
        ' nats of all these steps, including those at which no note starts, divided by the number'
        ' of notes.'
    )
    if about['targets'] == 'last':
        text += (
            ' The steps are the last steps of windows, as in the training of this model, and cannot'
            ' be compared with those of models of all steps.'
        )
        if not all(about['num_by_position']):
            text += (
                ' Where some step of the bar is never one of them, nats per note are not defined.'
            )
    if about['targets'] == 'gap':
        text += (
            ' The model predicts left to right here, without knowing what follows; for gaps see'
            ' below.'
        )
    if about['num_families'] > 1:
        text += (
            f' In brackets 95 % intervals, from resamples of the {about["num_families"]} tune'
            ' families.'
        )
    return text


def draw_positions(path: pathlib.Path, comparison: dict) -> None:
    """Draws nats per step at every step of the bar, a line for each model; does nothing where there
    are none.
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
    """The name of each model for readers."""
    known = {'model': 'the model', 'base_rate': 'base rate'}
    return {name: known.get(name, name.replace('markov_', 'Markov of order ')) for name in names}
