"""SVG charts for a page, in its light or dark colours. All are 340 units wide, about the width of a
narrow screen in pixels, so that their text stays legible there. Labels are always escaped.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from symmusic.report.blocks import LegendEntry
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


def legend(lines: Sequence[Line]) -> tuple[LegendEntry, ...]:
    """The legend entries of lines."""
    return tuple(LegendEntry(line.label, line.kind, line.opacity) for line in lines)


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

    parts = [rule(left, height - bottom, WIDTH - right, height - bottom)]
    for tick in x_ticks or find_ticks(low, high) if known else ():
        parts.append(label(place_x(tick), height - bottom + 14, f'{tick:g}', 'middle'))
    for tick in find_ticks(0, most, 4) if y_label and known else ():
        parts += [
            rule(left, place_y(tick), WIDTH - right, place_y(tick)),
            label(left - 5, place_y(tick) + 4, f'{tick:g}', 'end'),
        ]
    parts += [label(WIDTH - right, height - 5, x_label, 'end')] + (
        [label(0, 10, y_label)] if y_label else []
    )
    if not known:
        parts.append(label(WIDTH / 2, height / 2, 'no density', 'middle'))
    for line in known:
        parts.append(
            f'<path class="line {line.kind}" stroke-opacity="{line.opacity:g}"'
            f' d="{_path(line, place_x, place_y)}"/>'
        )
    return svg(WIDTH, height, text, parts)


def _path(line: Line, place_x: Callable[[float], float], place_y: Callable[[float], float]) -> str:
    """The path through a line's points; a new part begins after each NaN."""
    path, is_down = '', False
    for x, y in zip(line.x, line.y, strict=True):
        if not np.isnan(y):
            path += f'{"L" if is_down else "M"}{place_x(x):.1f} {place_y(y):.1f}'
        is_down = not np.isnan(y)
    return path


def rule(x: float, y: float, to_x: float, to_y: float) -> str:
    """A thin line."""
    return f'<path class="rule" d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"/>'


def label(x: float, y: float, text: str, kind: str = '') -> str:
    """A text at a point; `kind` is a class of the style."""
    return (
        f'<text x="{x:.1f}"'
        f' y="{y:.1f}"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}>{escape(text)}</text>'
    )
