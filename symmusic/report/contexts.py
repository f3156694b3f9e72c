"""The sections on likelihood by the length of the prompt, and on calibration."""

import numpy as np

from symmusic.measures.contexts import Contexts, Sureness
from symmusic.measures.material import PROMPT_BARS
from symmusic.report import charts
from symmusic.report.blocks import Block, Chart, Section, Text, table
from symmusic.wording import count, interval, number

HEADING = 'Short prompts and calibration'


def contexts_section(found: Contexts, part: str | None) -> Section:
    """The model's loss after prompts of several lengths, and its calibration."""
    if found.note:
        return Section(HEADING, (Text(found.note),))
    rows = [
        [count(num_bars, 'bar'), interval(each.by_prompt), interval(each.by_tune)]
        for num_bars, each in found.lengths.items()
    ]
    head = ['prompt', 'nats per step, key of the prompt', 'key of the whole tune']
    about = (
        f'What {count(found.num_bars, "bar")} after a prompt cost the model, in nats per step: the'
        f' same {found.num_steps:,} steps of {part} tunes for all lengths, and the prompt is all'
        ' that the model is given. The left column is in the key that the prompt suggests, which is'
        ' how the model is used; the key of the whole tune is not known in use. In'
        ' brackets 95 % intervals, from resamples of the'
        f' {count(found.num_families, "tune family")}.'
    )
    blocks: list[Block] = [table(head, rows, 'nats per step by length of the prompt'), Text(about)]
    return Section(HEADING, (*blocks, *_calibration(found.sureness)))


def _calibration(levels: tuple[Sureness, ...]) -> list[Block]:
    if not levels:
        return []
    rows = [
        [
            f'{level.temperature:g}',
            interval(level.cost),
            interval(level.entropy),
            number(level.error),
        ]
        for level in levels
    ]
    head = ['temperature', 'nats per step', 'entropy', 'calibration error']
    about = (
        f'After prompts of {PROMPT_BARS} bars. A calibrated model is as uncertain as it is wrong:'
        ' its entropy is what the real steps cost it; one whose entropy is lower is too sure. The'
        ' calibration error is the mean difference between the probability of the likeliest class'
        ' and how often it is right, over ten bins.'
    )
    return [
        table(head, rows, 'calibration by temperature'),
        Text(about),
        _reliability_chart(levels),
    ]


def _reliability_chart(levels: tuple[Sureness, ...]) -> Chart:
    """The chart of how often the likeliest class is right, by its probability."""
    kinds = ('generated', 'inter')
    lines = [charts.Line('calibrated', 'reference', np.array([0.0, 1.0]), np.array([0.0, 1.0]))]
    for level, kind in zip(levels, kinds, strict=False):
        confidences, accuracies = (
            np.array([getattr(each, name) for each in level.bins])
            for name in ('confidence', 'accuracy')
        )
        title = f'temperature {level.temperature:g}'
        lines.append(charts.Line(title, kind, confidences, accuracies))
    cells = '; '.join(
        f'temperature {level.temperature:g}: '
        + ', '.join(f'{each.confidence:.2f} {each.accuracy:.2f}' for each in level.bins)
        for level in levels
    )
    text = f'Probability of the likeliest class and how often it is right, by bins. {cells}'
    drawing = charts.line_chart(
        lines, text, x_label='probability of the likeliest class', y_label='how often it is right'
    )
    caption = 'Reliability after prompts: below the grey line the model is too sure'
    return Chart(drawing, caption, text, legend=charts.legend(lines), name='reliability')
