"""Charts of intervals, histograms and matrices; see `charts`."""

from collections.abc import Callable, Sequence

import numpy as np

from symmusic.report.charts import WIDTH, find_ticks, label, rule, svg
from symmusic.report.html import escape

Place = Callable[[float], float]  # from a value to its coordinate


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
        label(
            place(tick),
            height - 6,
            f'{tick:g}',
            'middle' if low < tick < high else 'end' * (tick >= high),
        )
        for tick in ticks
    ]
    for index, (name, kind, value, begin, end) in enumerate(rows):
        y = index * row_height + 14
        interval = f' [{begin:.3f}, {end:.3f}]' if begin is not None else ''
        strong = ' strong' * (kind == 'generated')
        parts.append(label(left, y, name, strong.strip()))
        parts.append(
            label(
                WIDTH - right,
                y,
                'undefined' if value is None else f'{value:.3f}{interval}',
                f'end{strong}',
            )
        )
        parts += [
            rule(left, y + 9, WIDTH - right, y + 9),
            *(rule(place(tick), y + 6, place(tick), y + 12) for tick in ticks),
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
                rule(left, place_y(tick), WIDTH - right, place_y(tick)),
                label(left - 5, place_y(tick) + 4, f'{tick:g}', 'end'),
            ]
    parts += [
        label(place_x(tick), height - bottom + 14, f'{tick:g}', 'middle')
        for tick in find_ticks(edges[0], edges[-1])
    ]
    parts += [label(WIDTH - right, height - 5, x_label, 'end'), label(0, 10, 'pieces')]
    parts += _bars(counts[0], edges, place_x, place_y)
    if len(others):
        parts.append(_outline(counts[1], edges, place_x, place_y))
    if level:
        x = place_x(min(level[0], edges[-1]))
        parts.append(f'<path class="level" d="M{x:.1f} {top - 8}V{height - bottom}"/>')
        parts.append(
            label(
                x - 4 if x > WIDTH / 2 else x + 4,
                top - 10,
                level[1],
                'end' if x > WIDTH / 2 else '',
            )
        )
    return svg(WIDTH, height, text, parts)


def _bars(counts: np.ndarray, edges: np.ndarray, place_x: Place, place_y: Place) -> list[str]:
    """A bar for each count that is not 0."""
    parts = []
    for count, begin, end in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            x, y = place_x(begin) + 0.5, place_y(count)
            parts.append(
                f'<rect class="bar generated" x="{x:.1f}" y="{y:.1f}"'
                f' width="{place_x(end) - x - 0.5:.1f}" height="{place_y(0) - y:.1f}"/>'
            )
    return parts


def _outline(counts: np.ndarray, edges: np.ndarray, place_x: Place, place_y: Place) -> str:
    """The outline of the counts."""
    steps = ''.join(
        f'V{place_y(count):.1f}H{place_x(end):.1f}'
        for count, end in zip(counts, edges[1:], strict=True)
    )
    start = f'M{place_x(edges[0]):g} {place_y(0):.1f}'
    return f'<path class="hollow inter" d="{start}{steps}V{place_y(0):.1f}"/>'


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
        label(left + middle, 10, 'to', 'middle'),
        (
            f'<text class="middle" transform="translate(10 {top + middle:.1f})'
            ' rotate(-90)">from</text>'
        ),
    ]
    for index, name in enumerate(labels):
        at = (index + 0.5) * size
        parts.append(label(left - 5, top + at + 4, name, 'end'))
        parts.append(
            f'<text transform="translate({left + at + 4:.1f} {top - 5})'
            f' rotate(-90)">{escape(name)}</text>'
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
