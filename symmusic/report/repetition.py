"""The section on repetition in an evaluation's report."""

from collections.abc import Mapping

from symmusic.measures.structure import LAGS
from symmusic.report.blocks import Section, Text, table
from symmusic.wording import estimate

HEADING = 'Repetition'


def repetition_section(
    blocks: Mapping[str, Mapping[str, dict]], names: Mapping[str, str]
) -> Section:
    """The self-similarity by lag and the share of repeated bars; `names` are the names of the sets
    for readers.
    """
    lags = [
        lag
        for lag in LAGS
        if any(block[f'lag_{lag}']['mean'] is not None for block in blocks.values())
    ]
    columns = {f'lag_{lag}': f'{lag} bar{"s" * (lag > 1)} before' for lag in lags}
    columns['repeated_bars'] = 'repeated bars'
    has_real = 'real_continuations' in blocks
    columns |= {'difference': 'differs from the real ones by'} if has_real else {}
    rows = [
        [
            names.get(name, name),
            *(estimate(*map(block[column].get, ('mean', 'low', 'high'))) for column in columns),
        ]
        for name, block in blocks.items()
    ]
    left_out = [str(lag) for lag in LAGS if lag not in lags]
    text = (
        'Of the steps at which a note starts, in the piece or that many bars before, the share at'
        ' which the same pitch starts at both; the bars before may be those of the prompt. Repeated'
        ' bars: the share of bars that equal an earlier one, event for event.'
        + ' Differs: mean over the lags of the absolute difference.' * has_real
        + ' In brackets 95 % intervals of the mean over draws.'
        + f' Prompt and piece are too short to look back {" or ".join(left_out)} bars: a larger'
        ' config.sample.num_bars.' * bool(left_out)
    )
    head = ['as so many bars before', *columns.values()]
    return Section(HEADING, (table(head, rows, 'repetition'), Text(text)))
