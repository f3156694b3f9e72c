"""The section on repetition in an evaluation's report."""

from collections.abc import Mapping

from symmusic.measures.estimate import Estimate
from symmusic.measures.structure import LAGS, SetRepetition
from symmusic.report.blocks import Section, Text, table
from symmusic.wording import count, interval

HEADING = 'Repetition'


def repetition_section(sets: Mapping[str, SetRepetition], names: Mapping[str, str]) -> Section:
    """The self-similarity by lag and the share of repeated bars; `names` are the names of the sets
    in the report.
    """
    lags = [lag for lag in LAGS if any(each.lags[lag].value is not None for each in sets.values())]
    columns = [*(f'{count(lag, "bar")} before' for lag in lags), 'repeated bars']
    has_real = 'real_continuations' in sets
    columns += ['more than the real ones', 'differs from them by'] * has_real
    rows = []
    for name, each in sets.items():
        cells = [*(each.lags[lag] for lag in lags), each.repeated_bars]
        cells += [each.more or Estimate(), each.difference] * has_real
        rows.append([names.get(name, name), *map(interval, cells)])
    left_out = [str(lag) for lag in LAGS if lag not in lags]
    text = (
        'Of the steps at which a note starts, in the piece or that many bars before, the share at'
        ' which the same pitch starts at both; the bars before may be those of the prompt. Repeated'
        ' bars: the share of bars that equal an earlier one, event for event.'
        + ' Differs: mean over the lags of the absolute difference.' * has_real
        + ' In brackets 95 % intervals over tune families, of differences paired by family.'
        + f' Prompt and piece are too short to look back {" or ".join(left_out)} bars: a larger'
        ' config.sample.num_bars.' * bool(left_out)
    )
    head = ['as so many bars before', *columns]
    return Section(HEADING, (table(head, rows, 'repetition'), Text(text)))
