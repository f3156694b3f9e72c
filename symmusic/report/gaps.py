"""What filling gaps cost and how much came out as in the tunes, as a section of a report."""

from collections.abc import Mapping

from symmusic.report.blocks import Block, Section, Text, table
from symmusic.wording import estimate, number

HEADING = 'Filling gaps'
TITLES = {
    'model': 'the model, told both sides',
    'right_hidden': 'the same, told the left side alone',
    'left_to_right': 'the left-to-right model',
    'markov_5': 'Markov of order 5',
    'base_rate': 'base rate',
    'saved': 'left-to-right minus the model',
    'saved_hidden': 'left side alone minus both sides',
    'resampled': 'the left-to-right model, resampled',
    'untold': 'the same, told the left side alone',
}


def gaps_section(found: Mapping) -> Section:
    """The section of `modes.infilling.measure`."""
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
    head = [f'{drawn["num_gaps"]} gaps of {drawn["num_bars"]} bars redrawn', 'notes as in the tune']
    about = (
        'The share of notes that stand in the tune and in what was drawn, of the same step and'
        f' pitch (F1), over {drawn["num_candidates"]} draws of each gap; of the resampled ones one'
        ' of these is chosen by how well what follows goes on.'
    )
    return [table(head, rows, 'notes as in the tune'), Text(about)]
