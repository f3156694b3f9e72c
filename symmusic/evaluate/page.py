"""A comparison as a page that a person reads: what came out in plain words, then every table with
its pictures.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.evaluate import charts, pairs
from symmusic.evaluate.charts import Line
from symmusic.evaluate.comparison import NUM_PERMUTATIONS, NUM_RESAMPLES, SETS
from symmusic.evaluate.features import FEATURES, SHAPES
from symmusic.evaluate.nearness import NONE, UNDEFINED, nearest_pairs, nearness, number
from symmusic.evaluate.pairs import Pair
from symmusic.evaluate.pictures import KINDS, TITLES, Densities, Transitions
from symmusic.evaluate.summary import sentence, summarize
from symmusic.pages import escape, from_markdown, page, table
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER

MOST_POINTS = 256  # of a curve
SCALE, LIKELIHOOD, CRITIC = (
    'The scale',
    'Held-out likelihood',
    'Can it be told from the real thing?',
)
SET_NAMES = {
    'model': 'the model',
    'second_draw': 'other excerpts of the tunes',
    'real_continuations': 'the real continuations',
    'shuffled': 'real notes, shuffled',
    'base_rate': 'base rate',
    'features': 'critic on the features',
    'tokens': 'critic on the notes',
    'real_vs_real': 'real against real',
    **{f'markov_{order}': f'Markov of order {order}' for order in range(1, 6)},
}
STYLE = f"""{charts.STYLE}{pairs.STYLE}
.short {{
  background: var(--panel); border-left: 4px solid var(--accent); border-radius: 4px;
  padding: 0.75rem 1.25rem; margin: 1rem 0;
}}
.short dt {{ font-weight: 600; margin-top: 0.6rem; }} .short dt:first-child {{ margin-top: 0; }}
td {{ white-space: pre; }}
.short dd {{ margin: 0; overflow-wrap: anywhere; }} p {{ max-width: 56rem; }}
nav {{ display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.9rem; }}
"""


def comparison_page(
    comparison: dict,
    names: dict[str, str],
    notes: Sequence[str],
    scale: str,
    densities: Densities,
    transitions: Sequence[Transitions],
    found: Sequence[Pair],
) -> str:
    """The whole document.

    Args:
      comparison: as `comparison.json` has it.
      names: what a reader calls the two sets.
      notes: what else a reader must know, such as what was left out.
      scale: Markdown of a scale and what belongs to it, in sections, the first without a heading;
        '' where there is none.
      densities: of the distances.
      transitions: of both kinds.
      found: the pieces nearest to a tune.
    """
    title = f'{names["generated"]} beside {names["reference"]}'
    beside = _scale_sections(comparison, scale)
    sections = {heading: beside.pop(heading) for heading in (SCALE, CRITIC) if heading in beside}
    sections |= {
        'The nine features': _features(comparison),
        'Distances between pieces': _distances(densities),
        'Transitions': _transitions(transitions, names),
        'Nearness to known tunes': nearness(comparison),
        'The nearest pairs': nearest_pairs(found),
        **beside,
    }
    links = ''.join(
        f'<a href="#s{number}">{escape(heading)}</a>' for number, heading in enumerate(sections)
    )
    short = ''.join(
        f'<dt>{escape(about)}</dt>{"".join(f"<dd>{escape(text)}</dd>" for text in texts)}'
        for about, texts in summarize(comparison, names, notes).items()
    )
    parts = [
        f'<h1>{escape(title)}</h1>',
        f'<dl class="short">{short}</dl>',
        f'<nav aria-label="sections">{links}</nav>',
    ]
    parts += [
        f'<h2 id="s{number}">{escape(heading)}</h2>\n{html}'
        for number, (heading, html) in enumerate(sections.items())
    ]
    return page(title, f'<main>{chr(10).join(parts)}</main>', STYLE)


def _scale_sections(comparison: dict, scale: str) -> dict[str, str]:
    """The sections of the Markdown with a chart at the head of those that have one."""
    drawn = {}
    if 'draws' in comparison:
        levels = {name: each['overall_oa'] for name, each in comparison['draws'].items()}
        drawn[SCALE] = _interval_figure(
            {name: (each['mean'], each['low'], each['high']) for name, each in levels.items()},
            'Overall overlap area, mean over draws',
        )
    critic = comparison.get('critic') or {}
    rows = {
        name: (critic[name]['auc'], critic[name].get('low'), critic[name].get('high'))
        for name in ('features', 'tokens', 'real_vs_real', 'markov_3')
        if critic.get(name)
    }
    if rows:
        drawn[CRITIC] = _interval_figure(
            rows, 'Area under the ROC curve (AUC), 0.5 is chance', low=0.4
        )
    if comparison.get('nats_by_position'):
        drawn[LIKELIHOOD] = _positions(comparison['nats_by_position'])
    sections = {}
    for text in f'{SCALE}\n{scale}'.split('\n## ') if scale else ():
        heading, _, content = text.partition('\n')
        sections[heading] = drawn.pop(heading, '') + from_markdown(content)
    return sections | drawn


def _interval_figure(rows: dict[str, tuple], caption: str, low: float | None = None) -> str:
    rows = dict(sorted(rows.items(), key=lambda row: -(row[1][0] if row[1][0] is not None else -1)))
    kinds = {'model': 'generated', 'features': 'generated', 'tokens': 'generated'}
    listed = [
        (SET_NAMES.get(name, name), kinds.get(name, 'reference'), *cells)
        for name, cells in rows.items()
    ]
    least = min(
        (cell for cells in rows.values() for cell in cells if cell is not None), default=0.0
    )
    text = f'{caption}: {", ".join(f"{label} {number(value)}" for label, _, value, _, _ in listed)}'
    drawing = charts.interval_chart(
        listed, min(np.floor(least * 10) / 10, 1.0 if low is None else low), 1.0, text
    )
    return f'<div class="alone">{charts.figure(drawing, caption)}</div>'


def _positions(nats: dict[str, list]) -> str:
    """Nats per step at every step of the bar, Markov models the stronger the higher their order."""
    lines = []
    for name, values in nats.items():
        order = name.rpartition('_')[2]
        kind = {'model': 'generated', 'base_rate': 'reference'}.get(name, 'inter')
        heights = np.array([np.nan if value is None else value for value in values], float)
        opacity = 0.15 + 0.17 * int(order) if order.isdigit() else 1.0
        lines.append(
            Line(SET_NAMES.get(name, name), kind, np.arange(len(values)), heights, opacity)
        )
    text = (
        f'Nats per step at each of {STEPS_PER_BAR} steps of the bar for'
        f' {", ".join(line.label for line in lines)}; the table below has them'
    )
    drawing = charts.line_chart(
        lines,
        text,
        x_label='step of the bar (0, 4, 8, 12: beats)',
        y_label='nats',
        x_ticks=range(0, STEPS_PER_BAR, STEPS_PER_QUARTER),
    )
    figure = charts.figure(drawing, 'Nats per step over the bar; less is better')
    return f'<div class="alone">{figure}</div>{charts.legend(lines)}'


def _features(comparison: dict) -> str:
    corrected = comparison['protocol'] == 'corrected'
    head = [
        'feature',
        'reference mean (SD)',
        'generated mean (SD)',
        'distance within reference',
        'distance within generated',
        'KLD',
        'OA',
    ]
    head += ['OA with inter-set', 'p'] * corrected
    rows, remarks = [], Remarks()
    for name in FEATURES:
        row = comparison['features'][name]
        cells = [f'{name}: {TITLES[name]}']
        cells += [
            NONE if name in SHAPES else _pair(row[which]['mean'], row[which]['sd'])
            for which in SETS
        ]
        cells += [_pair(row[which]['intra_mean'], row[which]['intra_sd']) for which in SETS]
        cells += [
            _interval(row, 'kld'),
            _interval(row, 'oa'),
            *([number(row['oa_inter']), number(row['p_holm'])] if corrected else []),
        ]
        rows.append([*cells, remarks.numbers(row['note'])])
    for group, row in comparison['averages'].items():
        rows.append(
            [
                f'{group} average',
                *[''] * 4,
                _interval(row, 'kld'),
                _interval(row, 'oa'),
                *[''] * (2 * corrected),
                remarks.numbers(row['note']),
            ]
        )
    if remarks.texts:
        head.append('remark')
    else:
        rows = [row[:-1] for row in rows]
    text = (
        'OA, the overlap area of the two distributions of distances within each set, is 1 where'
        ' they are alike; KLD, their KL divergence in nats, is 0 there. Both compare how varied'
        ' each set is, not what is in it. Distances are Euclidean: mean (SD) over pairs of pieces.'
        ' Histograms and matrices have no mean of their own.'
    )
    if corrected:
        text += (
            f' In brackets 95 % intervals for sets of these sizes, from {NUM_RESAMPLES} resamples'
            ' of the pieces. OA with inter-set lays the distances within the generated set beside'
            ' those between the sets, and so sees content. p is that of a permutation test of the'
            f' energy distance ({NUM_PERMUTATIONS} permutations), corrected for nine features'
            ' (Holm): small where the sets differ.'
        )
    listed = table(head, rows, 'The nine features of both sets')
    numbered = ''.join(f'<li>{escape(sentence(remark))}</li>' for remark in remarks.texts)
    numbered = f'<p>Remarks:</p><ol>{numbered}</ol>' if numbered else ''
    return f'{listed}{numbered}<p class="quiet">{escape(text)}</p>'


def _distances(densities: Densities) -> str:
    figures = []
    for name, curves in densities.items():
        lines, missing = [], [KINDS[kind] for kind, curve in curves.items() if curve is None]
        for kind, curve in curves.items():
            if curve is not None:
                stride = max(1, len(curve[0]) // MOST_POINTS)
                lines.append(Line(KINDS[kind], kind, curve[0][::stride], curve[1][::stride]))
        peaks = [f'{line.label} highest at {line.x[line.y.argmax()]:.3g}' for line in lines]
        text = f'Densities of the distances in {TITLES[name]}: {", ".join(peaks) or "none"}'
        below = (
            f'no density {", ".join(missing)}: fewer than two distances, or all alike'
            if missing
            else ''
        )
        below = below if lines else 'fewer than two distances, or all alike'
        figures.append(
            charts.figure(
                charts.line_chart(lines, text, x_label='distance'), f'{name}: {TITLES[name]}', below
            )
        )
    text = (
        'Where the blue line lies on the grey one the sets are equally varied; where the dashed one'
        ' does too, they hold the same things.'
    )
    key = charts.legend(
        [Line(label, kind, np.zeros(0), np.zeros(0)) for kind, label in KINDS.items()]
    )
    return f'<p>{text}</p>{key}<div class="charts">{"".join(figures)}</div>'


def _transitions(transitions: Sequence[Transitions], names: dict[str, str]) -> str:
    parts = [
        '<p>How often a note of the row is followed by one of the column, per piece: the stronger'
        ' the more, by the square root.</p>'
    ]
    for each in transitions:
        figures = []
        for which, mean in each.means.items():
            order = (
                np.dstack(
                    np.unravel_index(np.argsort(-mean, axis=None, kind='stable')[:3], mean.shape)
                )[0]
                if mean.size
                else []
            )
            listed = ', '.join(
                f'{each.labels[row]} to {each.labels[column]} {mean[row, column]:.2f}'
                for row, column in order
                if mean[row, column]
            )
            text = f'{TITLES[each.name]} of the {which} set; most often {listed or "none"}'
            drawing = charts.matrix(mean, each.labels, each.most, text)
            figures.append(
                charts.figure(
                    drawing, f'{which}: {names[which]}', f'most often: {listed or "none"}'
                )
            )
        title = TITLES[each.name]
        parts.append(
            f'<h3>{escape(title[0].upper() + title[1:])}</h3><div class="charts'
            f' two">{"".join(figures)}</div>'
        )
    return ''.join(parts)


@dataclasses.dataclass
class Remarks:
    """Remarks that cells refer to by number, each once."""

    texts: list[str] = dataclasses.field(default_factory=list)

    def numbers(self, note: str) -> str:
        """The numbers of a note's parts."""
        parts = [part for part in note.split('; ') if part]
        self.texts += [part for part in dict.fromkeys(parts) if part not in self.texts]
        return ', '.join(str(self.texts.index(part) + 1) for part in parts)


def _pair(mean: float | None, sd: float | None) -> str:
    return UNDEFINED if mean is None else f'{mean:.3f}\n({sd:.3f})'


def _interval(cells: dict, measure: str) -> str:
    low, high = cells.get(f'{measure}_low'), cells.get(f'{measure}_high')
    return number(cells[measure]) + (f'\n[{low:.3f}, {high:.3f}]' if low is not None else '')
