"""The section on filling gaps: the likelihood of the real notes, and how many drawn notes agree
with them.
"""

from symmusic.measures.gaps import Infilling, Redrawn
from symmusic.report.blocks import Block, Section, Text, table
from symmusic.wording import count, interval, number

HEADING = 'Filling gaps'
TITLES = {
    'model': 'the model, given both sides',
    'right_hidden': 'the same, given the left side only',
    'left_to_right': 'the left-to-right model',
    'count_model': 'the count model',
    **{f'markov_{order}': f'Markov of order {order}' for order in range(1, 10)},
    'base_rate': 'base rate',
    'saved': 'left-to-right minus the model',
    'saved_hidden': 'left side only minus both sides',
    'resampled': 'the left-to-right model, resampled',
    'untold': 'the same, given the left side only',
}


def gaps_section(found: Infilling) -> Section:
    """The likelihood of the steps of gaps, and the drawn notes that agree."""
    gaps = list(found.gaps.values())
    heads = [count(length, 'bar') for length in found.gaps]
    rows = [
        [TITLES[name], *(interval(each.nats.models[name].per_step) for each in gaps)]
        for name in gaps[0].nats.models
    ]
    counts = ', '.join(
        f'{count(each.num_gaps, "gap")} of {head}' for each, head in zip(gaps, heads, strict=True)
    )
    about = (
        f'On {counts} in {found.part} tunes, the same steps for all. A gap has a bar or more'
        ' on both sides; at most 8 bars are known after it, at least 8 before it where the tune'
        ' has them. In brackets 95 % intervals, from resamples of the tune families.'
    )
    rival = (
        f'The left-to-right model is {found.left_to_right}.' if found.left_to_right else found.note
    )
    costs = table(['nats per step in gaps of', *heads], rows, 'nats per step in gaps')
    return Section(HEADING, (costs, Text(about), Text(rival), *_drawn(found.drawn)))


def _drawn(drawn: Redrawn | None) -> list[Block]:
    if not drawn:
        return []
    rows = [[TITLES[name], number(value)] for name, value in drawn.overlap.items()]
    head = [
        f'{count(drawn.num_gaps, "gap")} of {count(drawn.num_bars, "bar")} redrawn',
        'notes that agree with the tune',
    ]
    about = (
        'The F1 score of the drawn notes, matched with those of the tune by step and pitch, over'
        f' {count(drawn.num_candidates, "draw")} of each gap; for the resampled ones the draw is'
        ' chosen after which the following bars are most likely.'
    )
    return [table(head, rows, 'notes that agree with the tune'), Text(about)]
