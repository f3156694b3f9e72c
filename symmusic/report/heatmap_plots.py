"""Drawings of heat maps: attention weights and softmax outputs by generated step."""

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from symmusic.plots import write_figure
from symmusic.score.bar import SIXTEENTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# shows small weights and, unlike a logarithm, zero
SCALE = 'square-root scale'
STEPS_PER_INCH = 16
MOST_MARKED = 256  # steps with marks for what was drawn: with more they would hide the map


class Bars(NamedTuple):
    """The number of the bar at step 0, and the steps in a bar and in a quarter."""

    first: int
    steps: int
    quarter: int = SIXTEENTHS


def input_steps(num_read: int, num_steps: int, width: int) -> np.ndarray:
    """The step of the joined sequence that each weight belongs to, [N, T], for P = `num_read` and T
    = `width`; negative where it is padding.
    """
    return num_read - width + np.arange(num_steps)[:, None] + np.arange(width)


def by_step(weights_NT: np.ndarray, num_read: int) -> tuple[np.ndarray, int]:
    """`(weights_NS, first)`: the weights with a column for each step `first`, `first` + 1, ... of
    the joined sequence instead of for each relative step.

    NaN outside a row's window; weights on steps before the start of the sequence, all 0, are left
    out.
    """
    steps_NT = input_steps(num_read, *weights_NT.shape)
    first = max(int(steps_NT[0, 0]), 0)
    weights_NS = np.full((len(weights_NT), int(steps_NT[-1, -1]) - first + 1), np.nan)
    rows, columns = np.nonzero(steps_NT >= first)
    weights_NS[rows, steps_NT[rows, columns] - first] = weights_NT[rows, columns]
    return weights_NS, first


def draw_attention(
    path: pathlib.Path,
    weights_NT: np.ndarray,
    title: str,
    *,
    num_read: int,
    bars: Bars,
    is_window: bool,
) -> None:
    """Draws the weights of each generated step on the steps before it; the arguments are those of
    `heatmaps.write_heatmaps`.
    """
    num_steps, width = weights_NT.shape
    if is_window:
        image, first = weights_NT, 1
        seen = np.ones(image.shape, bool)
    else:
        image, first = by_step(weights_NT, num_read)
        seen = ~np.isnan(by_step(np.zeros(weights_NT.shape), num_read)[0])
    figure, axes = _new_figure(_inches(image.shape[1], 3.0), _inches(num_steps, 1.6))
    extent = (first - 0.5, first + image.shape[1] - 0.5, num_read + num_steps - 0.5, num_read - 0.5)
    # grey where the attended step is masked, white outside the window
    _show(axes, np.where(seen, 0.82, 1.0), extent, cmap='gray', vmin=0, vmax=1)
    known = image[~np.isnan(image)]
    most = float(known.max()) if known.size and known.max() > 0 else 1.0
    drawn = _show_roots(axes, np.ma.masked_invalid(image), extent, most)
    _color_bar(figure, axes, drawn, 'attention weight')
    if is_window:
        _window_axis(axes, width, bars.steps)
    else:
        _bar_axis(axes.xaxis, first, first + image.shape[1], bars)
        axes.axvline(num_read - 0.5, color='tab:red', linewidth=1)
        axes.set_xlabel('input step, by bar (red: where the continuation begins)')
    _bar_axis(axes.yaxis, num_read, num_read + num_steps, bars)
    axes.set_ylabel('generated step, by bar')
    axes.set_title(title, loc='left', fontsize=10, parse_math=False)
    write_figure(path, figure)


def draw_softmax(
    path: pathlib.Path,
    probabilities_NV: np.ndarray,
    labels: Sequence[str],
    title: str,
    *,
    num_read: int,
    bars: Bars,
    tokens: np.ndarray | None,
) -> None:
    """Draws the probabilities of the classes at each generated step, and the tokens drawn from
    them where known.
    """
    num_steps, num_classes = probabilities_NV.shape
    figure, axes = _new_figure(_inches(1.5 * num_steps, 3.0), min(1.6 + 0.13 * num_classes, 20))
    extent = (num_read - 0.5, num_read + num_steps - 0.5, -0.5, num_classes - 0.5)
    drawn = _show_roots(axes, probabilities_NV.T, extent, 1, origin='lower')
    _color_bar(figure, axes, drawn, 'probability')
    if tokens is not None and num_steps <= MOST_MARKED:
        axes.plot(
            num_read + np.arange(num_steps),
            tokens,
            's',
            color='tab:red',
            markersize=3,
            markerfacecolor='none',
            markeredgewidth=0.8,
        )
        title += ', red: what was drawn'
    every = _every(num_classes, most=80)
    axes.set_yticks(range(0, num_classes, every), labels[::every], fontsize=6)
    _bar_axis(axes.xaxis, num_read, num_read + num_steps, bars)
    axes.set(xlabel='generated step, by bar', ylabel="class, in the model's key")
    axes.set_title(title, loc='left', fontsize=10, parse_math=False)
    write_figure(path, figure)


def _new_figure(width: float, height: float) -> tuple['Figure', 'Axes']:
    # imported here, because it takes a second and is rarely needed
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout='constrained')
    return figure, figure.subplots()


def _show(axes: 'Axes', image: np.ndarray, extent: tuple[float, ...], **how):
    return axes.imshow(image, extent=extent, aspect='auto', interpolation='nearest', **how)


def _show_roots(axes: 'Axes', image: np.ndarray, extent: tuple[float, ...], most: float, **how):
    """Shows values from 0 to `most` by their square roots."""
    from matplotlib.colors import PowerNorm

    return _show(axes, image, extent, cmap='viridis', norm=PowerNorm(0.5, 0, most), **how)


def _color_bar(figure: 'Figure', axes: 'Axes', drawn, what: str) -> None:
    figure.colorbar(drawn, ax=axes, label=f'{what} ({SCALE})', pad=0.01, aspect=40, fraction=0.04)


def _window_axis(axes: 'Axes', width: int, bar_steps: int) -> None:
    """Ticks at every bar before the end of the window."""
    bars = range(1, width // bar_steps + 1)
    every = _every(len(bars))
    ticks = [
        (
            width + 1 - bar * bar_steps,
            f'{width + 1 - bar * bar_steps}\n{bar} bar{"s" * (bar > 1)} back',
        )
        for bar in bars
        if bar % every == 0 and width + 1 - bar * bar_steps > 0
    ]
    ticks.append((width, str(width)))
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
    axes.set_xlabel('input step, by its place in the window')


def _bar_axis(axis, first: int, end: int, bars: Bars) -> None:
    """Ticks at bar lines, numbered as in the piano rolls from step 0 on; minor ticks at
    quarters where there are few bars.
    """
    shown = range(-(-first // bars.steps), -(-end // bars.steps))
    every = _every(len(shown))
    axis.set_ticks(
        [bar * bars.steps - 0.5 for bar in shown if bar % every == 0],
        [str(bar + bars.first) for bar in shown if bar % every == 0],
    )
    if len(shown) <= 16:
        axis.set_ticks(
            [
                step - 0.5
                for step in range(-(-first // bars.quarter) * bars.quarter, end, bars.quarter)
            ],
            minor=True,
        )


def _every(num: int, most: int = 20) -> int:
    """The smallest power of two k such that every k-th of `num` ticks gives at most `most`."""
    return 1 << max(0, int(np.ceil(np.log2(max(num, 1) / most))))


def _inches(num_steps: float, margin: float) -> float:
    """The length of a side of a picture: one inch per `STEPS_PER_INCH`, within limits that keep
    labels legible on a screen.
    """
    return margin + min(max(num_steps / STEPS_PER_INCH, 3.0), 12.0)
