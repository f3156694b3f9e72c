"""SVG charts for a page, in its colours, light or dark. All are 340 units wide, about the width of
a narrow screen in pixels, so that their text is legible there. Labels are always escaped.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.report.html import escape

STYLE = """
svg { display: block; width: 100%; }
svg text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
svg text.strong { fill: var(--text); font-weight: 600; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.rule { stroke: var(--line); }
.level { stroke: var(--warm); stroke-width: 1.5; stroke-dasharray: 2 3; }
.reference { --ink: var(--quiet); --dash: none; }
.generated { --ink: var(--accent); --dash: none; }
.inter { --ink: var(--warm); --dash: 5 3; }
.line { fill: none; stroke: var(--ink); stroke-width: 2; stroke-dasharray: var(--dash); }
.bar, .dot { fill: var(--ink); }
.hollow { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 2; }
.cell { fill: var(--accent); } .paper { fill: var(--panel); }
.charts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr));
  gap: 0.5rem 1.75rem;
}
.charts.two { grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 27rem)); }
.charts figure { margin: 0.75rem 0; }
.alone { max-width: 27rem; }
figure > figcaption:first-child { color: var(--text); margin-bottom: 0.3rem; }
.legend {
  display: flex; flex-wrap: wrap; gap: 0.2rem 1.25rem; margin: 0.75rem 0; padding: 0;
  list-style: none; font-size: 0.9rem;
}
.legend svg { display: inline-block; width: 28px; height: 10px; margin-right: 0.4rem; }
"""
WIDTH = 340


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a chart: `kind` is a class of the style, 'reference', 'generated' or 'inter'; NaN
    values leave gaps.
    """

    label: str
    kind: str
    x: np.ndarray
    y: np.ndarray
    opacity: float = 1.0


def svg(width: float, height: float, text: str, parts: Sequence[str]) -> str:
    """An SVG element with `parts`; `text` is the alternative text."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(text)}">{"".join(parts)}</svg>'
    )


def legend(lines: Sequence[Line]) -> str:
    """The legend of some lines."""
    swatch = (
        '<svg viewBox="0 0 28 10" aria-hidden="true"><path class="line {}" stroke-opacity="{:g}"'
        ' d="M0 5H28"/></svg>'
    )
    items = ''.join(
        f'<li>{swatch.format(line.kind, line.opacity)}{escape(line.label)}</li>' for line in lines
    )
    return f'<ul class="legend">{items}</ul>'


def find_ticks(low: float, high: float, num: int = 5) -> list[float]:
    """About `num` round numbers between `low` and `high`."""
    if not high > low:
        return [low]
    raw = (high - low) / num
    size = 10 ** np.floor(np.log10(raw))
    step = size * next(factor for factor in (1, 2, 5, 10) if factor * size >= raw * 0.999)
    return [
        float(round(tick * step, 10))
        for tick in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)
    ]


def line_chart(
    lines: Sequence[Line],
    text: str,
    *,
    x_label: str,
    y_label: str = '',
    x_ticks: Sequence[float] = (),
) -> str:
    """A line chart with heights from 0; without `y_label` it has no vertical scale. Without lines
    the frame is empty.
    """
    height, left, right, top, bottom = 190, 34 if y_label else 6, 8, 16 if y_label else 6, 36
    known = [line for line in lines if len(line.x)]
    low, high = (
        (min(0.0, *(line.x.min() for line in known)), max(line.x.max() for line in known))
        if known
        else (0.0, 1.0)
    )
    most = (
        max((float(np.nanmax(line.y)) for line in known if not np.isnan(line.y).all()), default=1.0)
        or 1.0
    )

    def place_x(x):
        return left + (x - low) / (high - low or 1) * (WIDTH - left - right)

    def place_y(y):
        return height - bottom - y / most * (height - top - bottom)

    parts = [_rule(left, height - bottom, WIDTH - right, height - bottom)]
    for tick in x_ticks or find_ticks(low, high) if known else ():
        parts.append(_text(place_x(tick), height - bottom + 14, f'{tick:g}', 'middle'))
    for tick in find_ticks(0, most, 4) if y_label and known else ():
        parts += [
            _rule(left, place_y(tick), WIDTH - right, place_y(tick)),
            _text(left - 5, place_y(tick) + 4, f'{tick:g}', 'end'),
        ]
    parts += [_text(WIDTH - right, height - 5, x_label, 'end')] + (
        [_text(0, 10, y_label)] if y_label else []
    )
    if not known:
        parts.append(_text(WIDTH / 2, height / 2, 'no density', 'middle'))
    for line in known:
        points = [
            None if np.isnan(y) else f'{place_x(x):.1f} {place_y(y):.1f}'
            for x, y in zip(line.x, line.y, strict=True)
        ]
        pen = [
            'M' if index == 0 or points[index - 1] is None else 'L' for index in range(len(points))
        ]
        path = ''.join(f'{move}{point}' for move, point in zip(pen, points, strict=True) if point)
        parts.append(
            f'<path class="line {line.kind}" stroke-opacity="{line.opacity:g}" d="{path}"/>'
        )
    return svg(WIDTH, height, text, parts)


def interval_chart(
    rows: Sequence[tuple[str, str, float | None, float | None, float | None]],
    low: float,
    high: float,
    text: str,
) -> str:
    """Values with their intervals, one row each, on a common scale from `low` to `high`.

    Args:
      rows: for each the label, the kind (as in `Line`), the value and both ends of its interval,
        None where undefined.
      low: start of the scale.
      high: end of the scale.
      text: the alternative text.
    """
    left, right, row_height = 6, 8, 31
    height = row_height * len(rows) + 22

    def place(x):
        return left + (min(max(x, low), high) - low) / (high - low) * (WIDTH - left - right)

    ticks = find_ticks(low, high)
    parts = [
        _text(
            place(tick),
            height - 6,
            f'{tick:g}',
            'middle' if low < tick < high else 'end' * (tick >= high),
        )
        for tick in ticks
    ]
    for index, (label, kind, value, begin, end) in enumerate(rows):
        y = index * row_height + 14
        interval = f' [{begin:.3f}, {end:.3f}]' if begin is not None else ''
        strong = ' strong' * (kind == 'generated')
        parts.append(_text(left, y, label, strong.strip()))
        parts.append(
            _text(
                WIDTH - right,
                y,
                'undefined' if value is None else f'{value:.3f}{interval}',
                f'end{strong}',
            )
        )
        parts += [
            _rule(left, y + 9, WIDTH - right, y + 9),
            *(_rule(place(tick), y + 6, place(tick), y + 12) for tick in ticks),
        ]
        if begin is not None:
            parts.append(
                f'<path class="line {kind}" style="--dash:none" d="M{place(begin):.1f}'
                f' {y + 9}H{place(end):.1f}"/>'
            )
        if value is not None:
            parts.append(f'<circle class="dot {kind}" cx="{place(value):.1f}" cy="{y + 9}" r="4"/>')
    return svg(WIDTH, height, text, parts)


def histogram(
    values: Sequence[float],
    edges: Sequence[float],
    text: str,
    *,
    x_label: str,
    others: Sequence[float] = (),
    level: tuple | None = None,
) -> str:
    """A histogram with bars for `values`, the outline of `others` scaled to the same number, and a
    line at `level` (value, label).
    """
    height, left, right, top, bottom = 200, 28, 10, 22, 36
    edges = np.asarray(edges, float)
    counts = [np.histogram(each, edges)[0].astype(float) for each in (values, others)]
    if len(others) and len(values):
        counts[1] *= len(values) / len(others)
    most = max(1.0, *(each.max() for each in counts))

    def place_x(x):
        return left + (x - edges[0]) / (edges[-1] - edges[0]) * (WIDTH - left - right)

    def place_y(y):
        return height - bottom - y / most * (height - top - bottom)

    parts = []
    for tick in find_ticks(0, most, 4):
        if tick == int(tick):
            parts += [
                _rule(left, place_y(tick), WIDTH - right, place_y(tick)),
                _text(left - 5, place_y(tick) + 4, f'{tick:g}', 'end'),
            ]
    parts += [
        _text(place_x(tick), height - bottom + 14, f'{tick:g}', 'middle')
        for tick in find_ticks(edges[0], edges[-1])
    ]
    parts += [_text(WIDTH - right, height - 5, x_label, 'end'), _text(0, 10, 'pieces')]
    for count, begin, end in zip(counts[0], edges[:-1], edges[1:], strict=True):
        if count:
            x, y = place_x(begin) + 0.5, place_y(count)
            parts.append(
                f'<rect class="bar generated" x="{x:.1f}" y="{y:.1f}"'
                f' width="{place_x(end) - x - 0.5:.1f}" height="{place_y(0) - y:.1f}"/>'
            )
    if len(others):
        steps = ''.join(
            f'V{place_y(count):.1f}H{place_x(end):.1f}'
            for count, end in zip(counts[1], edges[1:], strict=True)
        )
        parts.append(
            f'<path class="hollow inter" d="M{left} {place_y(0):.1f}{steps}V{place_y(0):.1f}"/>'
        )
    if level:
        x = place_x(min(level[0], edges[-1]))
        parts.append(f'<path class="level" d="M{x:.1f} {top - 8}V{height - bottom}"/>')
        parts.append(
            _text(
                x - 4 if x > WIDTH / 2 else x + 4,
                top - 10,
                level[1],
                'end' if x > WIDTH / 2 else '',
            )
        )
    return svg(WIDTH, height, text, parts)


def matrix(values: np.ndarray, labels: Sequence[str], most: float, text: str) -> str:
    """A square matrix [K, K], from row to column, shaded by the square root of the values; the
    darkest is `most`.
    """
    left = 28 + 6 * max(map(len, labels), default=0)
    size = min((WIDTH - left - 4) / max(len(labels), 1), 32)
    top, middle = left, size * len(labels) / 2
    height = top + size * len(labels) + 4
    parts = [
        f'<rect class="paper" x="{left}" y="{top}" width="{size * len(labels):.1f}"'
        f' height="{size * len(labels):.1f}"/>'
    ]
    parts += [
        _text(left + middle, 10, 'to', 'middle'),
        (
            f'<text class="middle" transform="translate(10 {top + middle:.1f})'
            ' rotate(-90)">from</text>'
        ),
    ]
    for index, label in enumerate(labels):
        at = (index + 0.5) * size
        parts.append(_text(left - 5, top + at + 4, label, 'end'))
        parts.append(
            f'<text transform="translate({left + at + 4:.1f} {top - 5})'
            f' rotate(-90)">{escape(label)}</text>'
        )
    for row, column in np.argwhere(values > 0):
        shade = np.sqrt(values[row, column] / most)
        parts.append(
            f'<rect class="cell" x="{left + column * size:.1f}" y="{top + row * size:.1f}"'
            f' width="{size - 1:.1f}" height="{size - 1:.1f}"'
            f' fill-opacity="{max(shade, 0.04):.2f}"><title>{escape(labels[row])} to'
            f' {escape(labels[column])}: {values[row, column]:.2f}</title></rect>'
        )
    return svg(WIDTH, height, text, parts)


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path class="rule" d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"/>'


def _text(x: float, y: float, text: str, kind: str = '') -> str:
    return (
        f'<text x="{x:.1f}"'
        f' y="{y:.1f}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{escape(text)}</text>'
    )
