"""The section on the scale of an evaluation: the overlap area beside its reference points, best
first.
"""

from collections.abc import Mapping

import numpy as np

from symmusic.report import bar_charts
from symmusic.report.blocks import Chart, Section, Table, Text, table
from symmusic.wording import count, estimate, number

HEADING = 'The scale: means over draws'


def set_names(comparison: Mapping) -> dict[str, str]:
    """The names of the sets of `--mode=evaluate` for readers."""
    shuffled = (
        'excerpts of the training tunes'
        if comparison['prompts'] == 'fixed'
        else 'real continuations'
    )
    return {
        'model': 'the model',
        'second_draw': 'other excerpts of the training tunes',
        'real_continuations': 'the real continuations',
        'shuffled': f'{shuffled}, notes shuffled',
        'base_rate': 'base rate',
        **{f'markov_{order}': f'Markov of order {order}' for order in range(1, 10)},
    }


def scale_section(comparison: Mapping) -> Section:
    """The overlap area of every set, and the held-out likelihood where it is known."""
    names = set_names(comparison)
    levels = {name: each['overall_oa'] for name, each in comparison['draws'].items()}
    rows = [(names[name], name, *_cells(level)) for name, level in levels.items()]
    chart = interval_chart(rows, 'Overall overlap area, mean over draws')
    return Section(HEADING, (chart, _table(comparison, names), Text(_about(comparison))))


def interval_chart(rows: list[tuple], caption: str, low: float | None = None) -> Chart:
    """A chart of values with their intervals on one scale up to 1, the highest first.

    Args:
      rows: for each its name for readers, its name (`model` is ours), its value and both ends of
        its interval.
      caption: above the chart.
      low: start of the scale; None = below the smallest value.
    """
    ours = ('model', 'features', 'tokens')
    rows = sorted(rows, key=lambda row: -(row[2] if row[2] is not None else -1))
    listed = [
        (label, 'generated' if name in ours else 'reference', *cells)
        for label, name, *cells in rows
    ]
    known = [cell for row in rows for cell in row[2:] if cell is not None]
    least = np.floor(min(known, default=0.0) * 10) / 10
    text = f'{caption}: {", ".join(f"{label} {number(value)}" for label, _, value, *_ in listed)}'
    drawing = bar_charts.interval_chart(listed, min(least, 1.0 if low is None else low), 1.0, text)
    return Chart(drawing, caption, text)


def _cells(level: Mapping) -> tuple:
    return level['mean'], level['low'], level['high']


def _table(comparison: Mapping, names: Mapping[str, str]) -> Table:
    draws = comparison['draws']
    nats = [comparison[f'nats_{unit}'] or {} for unit in ('per_step', 'per_note')]
    rows = []
    for name in sorted(draws, key=lambda name: -(draws[name]['overall_oa']['mean'] or 0)):
        row = comparison['model'] if name == 'model' else comparison['scale'][name]
        rows.append(
            [
                names[name],
                estimate(*_cells(draws[name]['overall_oa'])),
                *(number(row['averages'][group]['oa']) for group in ('pitch', 'rhythm')),
                *(number(each[name]) if name in each else '' for each in nats),
            ]
        )
    if nats[0]:
        rows.append([names['base_rate'], '', '', '', *(number(each['base_rate']) for each in nats)])
    size = f'{count(draws["model"]["num_draws"], "draw")} of {draws["model"]["size"]}'
    head = [size, 'overall OA', 'pitch OA', 'rhythm OA', 'nats per step', 'nats per note']
    return table(head, rows, 'the scale')


def _about(comparison: Mapping) -> str:
    if comparison['prompts'] == 'fixed':
        text = (
            f'All pieces continue one prompt, {comparison["prompt"]}, as in the thesis. The corpus'
            ' does not say how it really goes on, so there is no row of real continuations. The'
            ' pieces are compared with excerpts of training tunes, as in the thesis.'
        )
    else:
        text = (
            f'All continue the same prompts, from {comparison["part"]} tunes, and are compared with'
            ' the same excerpts of training tunes.'
        )
    text += ' In brackets 95 % intervals of the mean over draws.'
    return text + f' Nats on the {comparison["part"]} tunes.' * bool(comparison['nats_per_step'])
