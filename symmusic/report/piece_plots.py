"""Piano rolls with given and drawn notes."""

import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.generate.whole import Whole
from symmusic.melody.events import from_events
from symmusic.plots import write_figure

BARS_PER_ROW = 16  # of a single piece's picture; a longer piece continues below, as in a score
MAX_ROWS = 24  # with more bars than fit the rows get longer
# bars shown before the first new one, and from it on, in the picture of all pieces
PROMPT_BARS, NEW_BARS = 4, 64


def draw_piece(path: pathlib.Path, whole: Whole, title: str) -> None:
    """Draws one piece: given notes grey, drawn ones blue, the boundaries between them as lines; in
    several rows where it is long.
    """
    # here, because it takes a second to import and few runs of the program draw
    from matplotlib.figure import Figure

    end = len(whole.events)
    num_bars = -(-end // whole.bar_steps)
    bars_per_row = min(max(BARS_PER_ROW, -(-num_bars // MAX_ROWS)), num_bars)
    begins = range(0, end, bars_per_row * whole.bar_steps)
    figure = Figure(
        figsize=(min(max(9, bars_per_row), 24), 0.8 + 2.2 * len(begins)), layout='constrained'
    )
    pitch_range = _pitch_range([whole.events])
    for axes, begin in zip(
        figure.subplots(len(begins), 1, squeeze=False).ravel(), begins, strict=True
    ):
        _roll(axes, whole, begin, begin + bars_per_row * whole.bar_steps, pitch_range)
        axes.set_ylabel('pitch')
    axes.set_xlabel('bar')
    figure.suptitle(title, parse_math=False)
    write_figure(path, figure)


def draw_all(
    path: pathlib.Path, wholes: Sequence[Whole], titles: Sequence[str], title: str
) -> None:
    """Draws the same bars of every piece, one small roll each, at most 24."""
    from matplotlib.figure import Figure

    shown = list(zip(wholes, titles, strict=True))[:24]
    seam = wholes[0].seams[0]
    bar_steps = wholes[0].bar_steps
    begin = max(seam - PROMPT_BARS * bar_steps, 0)
    longest = max(len(whole.events) for whole, _ in shown) - seam
    end = seam + min(longest, NEW_BARS * bar_steps)
    num_bars = (end - begin) / bar_steps
    num_columns = 2 if len(shown) > 1 and num_bars <= BARS_PER_ROW else 1
    num_rows = -(-len(shown) // num_columns)
    width = min(max(7, 0.6 * num_bars), 24)
    figure = Figure(figsize=(width * num_columns, 0.6 + 1.6 * num_rows), layout='constrained')
    grid = figure.subplots(num_rows, num_columns, sharex=True, sharey=True, squeeze=False).ravel()
    pitch_range = _pitch_range([whole.events[begin:] for whole, _ in shown])
    for axes, (whole, name) in zip(grid, shown, strict=False):
        _roll(axes, whole, begin, end, pitch_range)
        axes.set_title(name, fontsize=9, loc='left', pad=2, parse_math=False)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    left_out = len(wholes) - len(shown)
    title += f' (the first {len(shown)}; {left_out} more in the folder)' if left_out else ''
    title += f' (the first {NEW_BARS} bars of each)' if longest > NEW_BARS * bar_steps else ''
    figure.suptitle(title, parse_math=False)
    write_figure(path, figure)


def _pitch_range(pieces: Sequence[np.ndarray]) -> tuple[int, int]:
    """The lowest and highest pitch of all pieces, which share an axis; around middle C where
    nothing sounds.
    """
    events = np.concatenate(pieces)
    sounding = events[events >= 0]
    return (int(sounding.min()) - 2, int(sounding.max()) + 2) if len(sounding) else (54, 66)


def _roll(axes, whole: Whole, begin: int, end: int, pitch_range: tuple[int, int]) -> None:
    """Draws steps `begin` to `end` of a piece."""
    from matplotlib.collections import PolyCollection

    notes = from_events(whole.events)
    for is_new, color in ((False, '0.55'), (True, 'tab:blue')):
        drawn = [
            note
            for note in notes
            if whole.is_drawn[note.onset] == is_new and note.onset < end and note.end > begin
        ]
        gap = 0.15 * whole.bar.sixteenth
        # One collection, as drawing thousands of notes as separate bars takes ten seconds.
        boxes = np.array(
            [(note.onset, note.end - gap, note.pitch - 0.42, note.pitch + 0.42) for note in drawn]
        ).reshape(-1, 4)
        axes.add_collection(
            PolyCollection(
                boxes[:, [0, 2, 0, 3, 1, 3, 1, 2]].reshape(-1, 4, 2), color=color, linewidth=0
            )
        )
    for seam in whole.seams:
        axes.axvline(seam, color='tab:red', linewidth=1)
    bars = range(begin // whole.bar_steps, -(-min(end, len(whole.events)) // whole.bar_steps))
    every = -(-len(bars) // 40)  # so that the numbers fit
    axes.set_xticks(
        [bar * whole.bar_steps for bar in bars if bar % every == 0],
        [str(bar + whole.first_bar) for bar in bars if bar % every == 0],
    )
    axes.set_xlim(begin, end)
    low, high = pitch_range
    axes.set_ylim(low, high)
    octaves = range(low + -low % 12, high + 1, 12)
    axes.set_yticks(list(octaves), [f'C{pitch // 12 - 1}' for pitch in octaves])
    axes.grid(color='0.9', linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
