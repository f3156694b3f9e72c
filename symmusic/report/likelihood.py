"""The section on the held-out likelihood of an evaluation."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from symmusic.corpus.overlap import as_words
from symmusic.measures.estimate import Estimate
from symmusic.measures.held_out import Likelihood
from symmusic.measures.likelihood import Nats
from symmusic.report import charts
from symmusic.report.blocks import Block, Chart, Section, Text, table
from symmusic.wording import count, interval, number, sentence

HEADING = 'Held-out likelihood'
JOINT = 'model_with_count_model'


def likelihood_section(likelihood: Likelihood, part: str) -> Section:
    """Nats per step, nats and bits per note with their intervals, and nats at every step of the
    bar; or the reason why there are none.
    """
    nats = likelihood.nats
    if nats is None:
        return Section(HEADING, (Text(likelihood.note),))
    names = _titles(nats.models)
    rows = [
        [
            names[name],
            interval(model.per_step),
            interval(model.per_note),
            interval(_in_bits(model.per_note)),
            interval(model.more) if model.more else '',
        ]
        for name, model in nats.models.items()
    ]
    head = ['', 'nats per step', 'nats per note', 'bits per note', 'per step, more than the model']
    blocks: list[Block] = [
        position_chart(nats, likelihood.steps_per_quarter),
        table(head, rows, 'nats of every model'),
        Text(_about(likelihood, nats, part)),
    ]
    if nats.by_meter:
        blocks.append(_meter_table(nats, names))
    rows = []
    for position in range(len(nats.num_by_position)):
        beat_index, rest = divmod(position, likelihood.steps_per_quarter)
        beat = f' (beat {beat_index + 1})' * (rest == 0)
        cells = [number(model.by_position[position]) for model in nats.models.values()]
        rows.append([f'{position}{beat}', f'{nats.num_by_position[position]:,}', *cells])
    head = ['step of the bar', 'targets', *names.values()]
    return Section(HEADING, (*blocks, table(head, rows, 'nats per step over the bar')))


def _in_bits(nats: Estimate) -> Estimate:
    """An amount in nats as one in bits."""
    values = (nats.value, nats.low, nats.high)
    return Estimate(*(None if value is None else value / math.log(2) for value in values))


def _meter_table(nats: Nats, names: Mapping[str, str]) -> Block:
    """Nats per note of each model by metre."""
    rows = [
        [meter, f'{each.num_notes:,}', *(number(each.per_note[name]) for name in names)]
        for meter, each in nats.by_meter.items()
    ]
    return table(['metre', 'notes', *names.values()], rows, 'nats per note by metre')


def position_chart(nats: Nats, steps_per_quarter: int) -> Chart:
    """Nats per step at every step of the bar; Markov models are darker with their order."""
    lines = []
    for name, title in _titles(nats.models).items():
        order = name.rpartition('_')[2]
        kinds = {'model': 'generated', JOINT: 'generated', 'base_rate': 'reference'}
        heights = np.array(
            [np.nan if value is None else value for value in nats.models[name].by_position], float
        )
        opacity = 0.1 + 0.12 * int(order) if order.isdigit() else 0.5 if name == JOINT else 1.0
        kind = kinds.get(name, 'inter')
        lines.append(charts.Line(title, kind, np.arange(len(heights)), heights, opacity))
    num_steps = len(nats.num_by_position)
    text = (
        f'Nats per step at each of {num_steps} steps of the bar for'
        f' {", ".join(line.label for line in lines)}; the table below has them'
    )
    drawing = charts.line_chart(
        lines,
        text,
        x_label='step of the bar (marked: quarters)',
        y_label='nats',
        x_ticks=range(0, num_steps, steps_per_quarter),
    )
    caption = 'Nats per step over the bar; less is better'
    return Chart(drawing, caption, text, legend=charts.legend(lines), name='nats_by_position')


def _about(likelihood: Likelihood, nats: Nats, part: str) -> str:
    """The paragraph on what the figures were measured on and what they mean."""
    text = (
        f'On {nats.num_steps:,} steps of {count(likelihood.num_tunes, f"{part} tune")}, the same'
        f' for all, each counted once; {nats.num_notes:,} notes start at them. Nats per note are'
        ' the nats of all these steps, including those at which no note starts, divided by the'
        ' number of notes; a nat is 1 / ln 2 = 1.443 bits.'
    )
    if likelihood.targets == 'last':
        text += (
            ' The steps are the last steps of windows, as in the training of this model, and cannot'
            ' be compared with those of models of all steps.'
        )
        if not all(nats.num_by_position):
            text += (
                ' Where some step of the bar is never one of them, nats per note are not defined.'
            )
    if likelihood.targets == 'gap':
        text += (
            ' The model predicts left to right here, without knowing what follows; for gaps see'
            ' below.'
        )
    if JOINT in nats.models:
        text += (
            ' The weights of the count model and of the mixture were fitted on validation tunes.'
        )
    if likelihood.overlap:
        text += f' {sentence(as_words(likelihood.overlap))}'
    if nats.num_families > 1:
        text += (
            f' In brackets 95 % intervals, from resamples of the {nats.num_families} tune families.'
        )
    return text


def _titles(names: Iterable[str]) -> dict[str, str]:
    """The name of each model in reports."""
    known = {
        'model': 'the model',
        'count_model': 'the count model',
        JOINT: 'the model and the count model mixed',
        'base_rate': 'base rate',
    }
    return {name: known.get(name, name.replace('markov_', 'Markov of order ')) for name in names}
