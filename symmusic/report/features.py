"""The sections on the nine features of two sets: the table, the distances between pieces, and the
transitions.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.measures.comparison import NUM_PERMUTATIONS, NUM_RESAMPLES, SETS
from symmusic.measures.feature_table import FeatureTable
from symmusic.measures.features import FEATURES, SHAPES
from symmusic.report import bar_charts, charts
from symmusic.report.blocks import Block, Chart, Charts, Heading, Items, Section, Text, table
from symmusic.report.charts import Line
from symmusic.report.evaluation_plots import KINDS, TITLES, Densities, Transitions
from symmusic.wording import interval, number, sentence, spread

MOST_POINTS = 256  # points of a curve


def features_section(found: FeatureTable, heading: str) -> Section:
    """The means, distances, KLD and OA of every feature, and their averages; numbered remarks
    explain undefined values.
    """
    corrected = found.protocol == 'corrected'
    head = [
        'feature',
        'reference mean (SD)',
        'distance within reference',
        'generated mean (SD)',
        'distance within generated',
        'KLD',
        'OA',
        *['OA with inter-set', 'p'] * corrected,
        'remark',
    ]
    rows, remarks = [], Remarks()
    for name in FEATURES:
        row = found.features[name]
        cells = [f'{name}: {TITLES[name]}']
        for which in SETS:
            own = getattr(row, which)
            cells += [
                '' if name in SHAPES else spread(own.mean, own.sd),
                spread(own.intra_mean, own.intra_sd),
            ]
        cells += [interval(row.kld), interval(row.oa)]
        cells += [number(row.oa_inter), number(row.p_holm)] if corrected else []
        rows.append([*cells, remarks.numbers(row.note)])
    for group, row in found.averages.items():
        cells = [f'{group} average', *[''] * 4, interval(row.kld), interval(row.oa)]
        rows.append([*cells, *[''] * (2 * corrected), remarks.numbers(row.note)])
    if not remarks.texts:
        head, rows = head[:-1], [row[:-1] for row in rows]
    blocks: list[Block] = [table(head, rows, 'The nine features of both sets')]
    if remarks.texts:
        items = tuple(sentence(remark) for remark in remarks.texts)
        blocks += [Text('Remarks:'), Items(items, is_numbered=True)]
    return Section(heading, (*blocks, Text(_about(corrected), quiet=True)))


def _about(corrected: bool) -> str:
    text = (
        'OA, the overlap area of the two distributions of distances within each set, is 1 where'
        ' they are equal; KLD, their KL divergence in nats, is 0 there. Both compare the variety'
        ' within the sets, not their content. Distances are Euclidean: mean (SD) over pairs of'
        ' pieces.'
        ' Histograms and matrices have no mean of their own; - is not defined.'
    )
    if corrected:
        text += (
            f' In brackets 95 % intervals for sets of these sizes, from {NUM_RESAMPLES} resamples'
            ' of the pieces. OA with inter-set compares the distances within the generated set with'
            ' those between the sets, and so sees content. p is that of a permutation test of the'
            f' energy distance ({NUM_PERMUTATIONS} permutations), corrected for nine features'
            ' (Holm): small where the sets differ.'
        )
    return text


def distances_section(densities: Densities) -> Section:
    """The densities of the distances in every feature."""
    drawn = []
    for name, curves in densities.items():
        lines, missing = [], [KINDS[kind] for kind, curve in curves.items() if curve is None]
        for kind, curve in curves.items():
            if curve is not None:
                stride = max(1, len(curve[0]) // MOST_POINTS)
                lines.append(Line(KINDS[kind], kind, curve[0][::stride], curve[1][::stride]))
        peaks = [f'{line.label} highest at {line.x[line.y.argmax()]:.3g}' for line in lines]
        text = f'Densities of the distances in {TITLES[name]}: {", ".join(peaks) or "none"}'
        why = 'fewer than two distances, or all alike'
        remark = f'no density {", ".join(missing)}: {why}' if missing else ''
        drawing = charts.line_chart(lines, text, x_label='distance')
        drawn.append(Chart(drawing, f'{name}: {TITLES[name]}', text, remark if lines else why))
    about = (
        'Where the blue line coincides with the grey one, the sets are equally varied; where the'
        ' dashed one does too, their content is similar as well.'
    )
    lines = [Line(label, kind, np.zeros(0), np.zeros(0)) for kind, label in KINDS.items()]
    all_charts = Charts(tuple(drawn), charts.legend(lines), name='distances')
    return Section('Distances between pieces', (Text(about), all_charts))


def transitions_section(transitions: Sequence[Transitions], names: Mapping[str, str]) -> Section:
    """The mean transitions of both sets as matrices."""
    about = (
        'How often a note of the row is followed by one of the column, per piece; shaded by the'
        ' square root.'
    )
    blocks: list[Block] = [Text(about)]
    for each in transitions:
        title = TITLES[each.name]
        drawn = tuple(_matrix(each, which, names[which]) for which in each.means)
        blocks += [
            Heading(title[0].upper() + title[1:]),
            Charts(drawn, num_columns=2, name=f'transitions_{each.name}'),
        ]
    return Section('Transitions', tuple(blocks))


def _matrix(transitions: Transitions, which: str, name: str) -> Chart:
    mean, labels = transitions.means[which], transitions.labels
    order = np.argsort(-mean, axis=None, kind='stable')[:3]
    places = [np.unravel_index(place, mean.shape) for place in order]
    listed = ', '.join(
        f'{labels[row]} to {labels[column]} {mean[row, column]:.2f}'
        for row, column in places
        if mean[row, column]
    )
    most = f'most often: {listed or "none"}'
    text = f'{TITLES[transitions.name]} of the {which} set; {most}'
    drawing = bar_charts.matrix(mean, labels, transitions.most, text)
    return Chart(drawing, f'{which}: {name}', text, most)


@dataclasses.dataclass
class Remarks:
    """Numbered remarks that cells refer to; each remark is listed once."""

    texts: list[str] = dataclasses.field(default_factory=list)

    def numbers(self, note: str) -> str:
        """The numbers of the remarks that a note consists of."""
        parts = [part for part in note.split('; ') if part]
        self.texts += [part for part in dict.fromkeys(parts) if part not in self.texts]
        return ', '.join(str(self.texts.index(part) + 1) for part in parts)
