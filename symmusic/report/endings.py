"""The section on how pieces end in an evaluation's report."""

from collections.abc import Mapping

from symmusic.measures.endings import ASPECTS, Endings
from symmusic.report.blocks import Section, Text, table
from symmusic.wording import interval

HEADING = 'Endings'
TITLES = {
    'chord_tone': 'chord tone of the tonic',
    'long': 'a quarter or a beat long',
    'strong_beat': 'on a strong beat',
    'all': 'all three',
}


def endings_section(endings: Endings, names: Mapping[str, str]) -> Section:
    """The share of pieces whose last note is of each kind; `names` are the names of the sets in the
    report.
    """
    rows = [
        [names.get(name, name), *(interval(cells[aspect]) for aspect in ASPECTS)]
        for name, cells in endings.sets.items()
    ]
    if endings.differences:
        cells = [interval(endings.differences[aspect]) for aspect in ASPECTS]
        rows.append(['the model minus real continuations', *cells])
    head = ['the last note is', *(TITLES[aspect] for aspect in ASPECTS)]
    text = (
        'The share of the pieces with a note; the key is that of the prompt. Strong beats are the'
        ' first and, of an even number, the one in the middle. In brackets 95 % intervals, from'
        ' resamples of the tune families. Pieces are cut after their last bar, as the real'
        ' continuations are.'
    )
    return Section(HEADING, (table(head, rows, 'endings'), Text(text)))
