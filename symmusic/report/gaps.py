"""The section on filling gaps: the likelihood of the real notes, and how many drawn notes agree
with them.
"""

from collections.abc import Mapping

from symmusic.report.blocks import Block, Section, Text, table
from symmusic.wording import estimate, number

HEADING = 'Filling gaps'
TITLES = {
    'model': 'the model, given both sides',
    'right_hidden': 'the same, given the left side only',
    'left_to_right': 'the left-to-right model',
    'markov_5': 'Markov of order 5',
    'base_rate': 'base rate',
    'saved': 'left-to-right minus the model',
    'saved_hidden': 'left side only minus both sides',
    'resampled': 'the left-to-right model, resampled',
    'untold': 'the same, given the left side only',
}


def gaps_section(found: Mapping) -> Section:
    """The section on the results of `modes.infilling.measure`."""
    lengths = list(found['gaps'])
    heads = [f'{length} bar{"s" * (length != "1")}' for length in lengths]
    rows = [
        [
            TITLES[name],
            *(
                estimate(
                    found['gaps'][length]['nats_per_step'][name],
                    *(found['gaps'][length]['nats_intervals']['per_step'][name] or ()),
                )
                for length in lengths
            ),
        ]
        for name in found['gaps'][lengths[0]]['nats_per_step']
    ]
    counts = ', '.join(
        f'{found["gaps"][length]["num_gaps"]} gaps of {head}'
        for length, head in zip(lengths, heads, strict=True)
    )
    about = (
        f'On {counts} in {found["part"]} tunes, the same steps for all. A gap has a bar or more'
        ' on both sides; at most 8 bars are known after it, at least 8 before it where the tune'
        ' has them. In brackets 95 % intervals, from resamples of the tune families.'
    )
    rival = (
        f'The left-to-right model is {found["left_to_right"]}.'
        if found['left_to_right']
        else found['note']
    )
    costs = table(['nats per step in gaps of', *heads], rows, 'nats per step in gaps')
    return Section(HEADING, (costs, Text(about), Text(rival), *_drawn(found['drawn'])))


def _drawn(drawn: Mapping | None) -> list[Block]:
    if not drawn:
        return []
    rows = [[TITLES[name], number(value)] for name, value in drawn['overlap'].items()]
    head = [
        f'{drawn["num_gaps"]} gaps of {drawn["num_bars"]} bars redrawn',
        'notes that agree with the tune',
    ]
    about = (
        'The F1 score of the drawn notes, matched with those of the tune by step and pitch, over'
        f' {drawn["num_candidates"]} draws of each gap; for the resampled ones the draw is chosen'
        ' after which the following bars are most likely.'
    )
    return [table(head, rows, 'notes that agree with the tune'), Text(about)]
