"""Piano rolls: the prompt and what continues it."""

import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.melody.events import from_events
from symmusic.plots import write_figure
from symmusic.score.meter import STEPS_PER_BAR


def draw_piece(path: pathlib.Path, prompt: np.ndarray, continuation: np.ndarray, title: str) -> None:
    """Draws one piece: the prompt's events grey, the continuation's blue, the seam between them as a line."""
    from matplotlib.figure import Figure  # here, because it takes a second to import and few runs of the program draw

    figure = Figure(figsize=(9, 3), layout='constrained')
    axes = figure.subplots()
    _roll(axes, prompt, continuation, _pitch_range(prompt, [continuation]))
    axes.set(xlabel='bar', ylabel='pitch')
    axes.set_title(title, parse_math=False)
    write_figure(path, figure)


def draw_all(path: pathlib.Path, prompt: np.ndarray, continuations: Sequence[np.ndarray], titles: Sequence[str], title: str) -> None:
    """Draws every piece after the same prompt, one small roll each, at most 24 of them."""
    from matplotlib.figure import Figure

    shown = list(zip(continuations, titles, strict=True))[:24]
    num_columns = 2 if len(shown) > 1 else 1
    num_rows = -(-len(shown) // num_columns)
    figure = Figure(figsize=(7 * num_columns, 0.6 + 1.6 * num_rows), layout='constrained')
    grid = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False).ravel()
    pitch_range = _pitch_range(prompt, [continuation for continuation, _ in shown])
    for axes, (continuation, name) in zip(grid, shown, strict=False):
        _roll(axes, prompt, continuation, pitch_range)
        axes.set_title(name, fontsize=9, loc='left', pad=2, parse_math=False)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    left_out = len(continuations) - len(shown)
    figure.suptitle(title + (f' (the first {len(shown)}; {left_out} more in the folder)' if left_out else ''), parse_math=False)
    write_figure(path, figure)


def _pitch_range(prompt: np.ndarray, continuations: Sequence[np.ndarray]) -> tuple[int, int]:
    """The lowest and highest pitch to draw: of all pieces, as they share an axis."""
    events = np.concatenate([prompt, *continuations])
    return int(events[events >= 0].min()) - 2, int(events.max()) + 2


def _roll(axes, prompt: np.ndarray, continuation: np.ndarray, pitch_range: tuple[int, int]) -> None:
    seam = len(prompt)
    notes = from_events(np.concatenate([prompt, continuation]))
    for is_new, color in ((False, '0.55'), (True, 'tab:blue')):
        drawn = [note for note in notes if (note.onset >= seam) == is_new]
        axes.barh(
            [note.pitch for note in drawn],
            [note.end - note.onset - 0.15 for note in drawn],
            left=[note.onset for note in drawn],
            height=0.85,
            color=color,
        )
    axes.axvline(seam, color='tab:red', linewidth=1)
    bars = range(0, seam + len(continuation) + 1, STEPS_PER_BAR)
    axes.set_xticks(list(bars), [str(step // STEPS_PER_BAR + 1) for step in bars])
    axes.set_xlim(0, seam + len(continuation))
    low, high = pitch_range
    axes.set_ylim(low, high)
    octaves = range(low + -low % 12, high + 1, 12)
    axes.set_yticks(list(octaves), [f'C{pitch // 12 - 1}' for pitch in octaves])
    axes.grid(color='0.9', linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
