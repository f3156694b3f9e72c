"""The section on the scale of an evaluation: the overlap area and its reference points,
best first.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.measures.estimate import Estimate
from symmusic.measures.held_out import Likelihood
from symmusic.measures.overlap import Overlap
from symmusic.measures.registry import Drawing
from symmusic.report import bar_charts
from symmusic.report.blocks import Chart, Section, Table, Text, table
from symmusic.wording import count, interval, number

HEADING = 'The scale: means over draws'


def set_names(drawing: Drawing) -> dict[str, str]:
    """The names of the sets of `--mode=evaluate` in reports."""
    shuffled = (
        'excerpts of the training tunes' if drawing.prompts == 'fixed' else 'real continuations'
    )
    return {
        'model': 'the model',
        'second_draw': 'other excerpts of the training tunes',
        'real_continuations': 'the real continuations',
        'shuffled': f'{shuffled}, notes shuffled',
        'count_model': 'the count model',
        'base_rate': 'base rate',
        **{f'markov_{order}': f'Markov of order {order}' for order in range(1, 10)},
    }


def scale_section(overlap: Overlap, likelihood: Likelihood, drawing: Drawing) -> Section:
    """The overlap area of every set, and the held-out likelihood if it is known."""
    names = set_names(drawing)
    rows = [(names[name], name, each.overall_oa) for name, each in overlap.sets.items()]
    chart = interval_chart(rows, 'Overall overlap area, mean over draws')
    about = Text(_about(drawing, with_nats=likelihood.nats is not None))
    return Section(HEADING, (chart, _table(overlap, likelihood, names), about))


def interval_chart(
    rows: Sequence[tuple[str, str, Estimate]],
    caption: str,
    low: float | None = None,
    ours: Sequence[str] = ('model',),
) -> Chart:
    """A chart of values with their intervals on one scale up to 1, the highest first.

    Args:
      rows: for each row the name in reports, the name and the value.
      caption: above the chart.
      low: start of the scale; None = below the smallest value.
      ours: the names of the model's rows.
    """
    rows = sorted(rows, key=lambda row: -(row[2].value if row[2].value is not None else -1))
    listed = [
        (
            label,
            'generated' if name in ours else 'reference',
            cells.value,
            cells.low,
            cells.high,
        )
        for label, name, cells in rows
    ]
    known = [cell for _, _, *cells in listed for cell in cells if cell is not None]
    least = np.floor(min(known, default=0.0) * 10) / 10
    text = f'{caption}: {", ".join(f"{label} {number(value)}" for label, _, value, *_ in listed)}'
    drawing = bar_charts.interval_chart(listed, min(least, 1.0 if low is None else low), 1.0, text)
    return Chart(drawing, caption, text)


def _table(overlap: Overlap, likelihood: Likelihood, names: Mapping[str, str]) -> Table:
    models = likelihood.nats.models if likelihood.nats else {}

    def nats(name: str) -> list[str]:
        if name not in models:
            return ['', '']
        return [number(each.value) for each in (models[name].per_step, models[name].per_note)]

    sets = sorted(overlap.sets.items(), key=lambda item: -(item[1].overall_oa.value or 0))
    rows = [
        [
            names[name],
            interval(each.overall_oa),
            interval(each.more) if each.more else '',
            *(number(each.means.averages[group].oa) for group in ('pitch', 'rhythm')),
            *nats(name),
        ]
        for name, each in sets
    ]
    if models:
        rows.append([names['base_rate'], '', '', '', '', *nats('base_rate')])
    size = f'{count(overlap.num_draws, "draw")} of {overlap.size}'
    head = [size, 'overall OA', 'more than the real ones', 'pitch OA', 'rhythm OA']
    head += ['nats per step', 'nats per note']
    return table(head, rows, 'the scale')


def _about(drawing: Drawing, *, with_nats: bool) -> str:
    if drawing.prompts == 'fixed':
        text = (
            f'All pieces continue one prompt, {drawing.prompt}, as in the thesis. The corpus'
            ' does not say how it really goes on, so there is no row of real continuations. The'
            ' pieces are compared with excerpts of training tunes, as in the thesis.'
        )
    else:
        text = (
            f'All continue the same prompts, from {drawing.part} tunes, and are compared with'
            ' the same excerpts of training tunes.'
        )
    text += (
        ' In brackets 95 % intervals: over tune families for what continues the prompts of tunes'
        ' by the model, the count model or the book, else over draws.'
    )
    return text + f' Nats on the {drawing.part} tunes.' * with_nats
