"""Piano rolls with given and drawn notes."""

import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.generate.whole import Whole
from symmusic.melody.events import from_events
from symmusic.report.roll_picture import Panel, Sheet, write_sheet

BARS_PER_ROW = 16  # in the picture of a single piece; a longer piece continues below, as in a score
MAX_ROWS = 24  # if a piece has more bars than fit, rows get longer
# bars shown before the first new one, and from it on, in the picture of all pieces
PROMPT_BARS, NEW_BARS = 4, 64
MOST_PIECES = 24  # in the picture of all pieces
MOST_NUMBERS = 40  # most bar numbers below a roll, so that they fit


def draw_piece(path: pathlib.Path, whole: Whole, title: str) -> None:
    """Draws one piece: given notes grey, drawn ones blue, the boundaries between them as lines; in
    several rows where it is long.
    """
    write_sheet(path, sheet_of_piece(whole, title))


def sheet_of_piece(whole: Whole, title: str) -> Sheet:
    """The picture of `draw_piece`."""
    end = len(whole.events)
    num_bars = -(-end // whole.bar_steps)
    bars_per_row = min(max(BARS_PER_ROW, -(-num_bars // MAX_ROWS)), num_bars)
    row_steps = bars_per_row * whole.bar_steps
    pitches = _pitch_range([whole.events])
    rows = [_panel(whole, begin, begin + row_steps, pitches) for begin in range(0, end, row_steps)]
    width = min(max(9, bars_per_row), 24)
    return Sheet(title, rows, panel_size=(width, 2.2), axis_names=('bar', 'pitch'))


def draw_all(
    path: pathlib.Path, wholes: Sequence[Whole], titles: Sequence[str], title: str
) -> None:
    """Draws the same bars of every piece, one small roll each, at most 24."""
    write_sheet(path, sheet_of_all(wholes, titles, title))


def sheet_of_all(wholes: Sequence[Whole], titles: Sequence[str], title: str) -> Sheet:
    """The picture of `draw_all`."""
    shown = list(zip(wholes, titles, strict=True))[:MOST_PIECES]
    seam = wholes[0].seams[0]
    bar_steps = wholes[0].bar_steps
    begin = max(seam - PROMPT_BARS * bar_steps, 0)
    longest = max(len(whole.events) for whole, _ in shown) - seam
    end = seam + min(longest, NEW_BARS * bar_steps)
    num_bars = (end - begin) / bar_steps
    num_columns = 2 if len(shown) > 1 and num_bars <= BARS_PER_ROW else 1
    pitches = _pitch_range([whole.events[begin:] for whole, _ in shown])
    panels = [_panel(whole, begin, end, pitches, name) for whole, name in shown]
    left_out = len(wholes) - len(shown)
    title += f' (the first {len(shown)}; {left_out} more in the folder)' if left_out else ''
    title += f' (the first {NEW_BARS} bars of each)' if longest > NEW_BARS * bar_steps else ''
    width = min(max(7, 0.6 * num_bars), 24)
    return Sheet(title, panels, panel_size=(width, 1.6), num_columns=num_columns)


def _pitch_range(pieces: Sequence[np.ndarray]) -> tuple[int, int]:
    """The lowest and highest pitch of all pieces, which share an axis; around middle C if none has
    a note.
    """
    events = np.concatenate(pieces)
    sounding = events[events >= 0]
    return (int(sounding.min()) - 2, int(sounding.max()) + 2) if len(sounding) else (54, 66)


def _panel(whole: Whole, begin: int, end: int, pitches: tuple[int, int], name: str = '') -> Panel:
    """The panel of steps `begin` to `end` of a piece."""
    notes = [note for note in from_events(whole.events) if note.onset < end and note.end > begin]
    bar_steps = whole.bar_steps
    bars = range(begin // bar_steps, -(-min(end, len(whole.events)) // bar_steps))
    every = -(-len(bars) // MOST_NUMBERS)
    low, high = pitches
    return Panel(
        name,
        (begin, end),
        pitches,
        given=[note for note in notes if not whole.is_drawn[note.onset]],
        new=[note for note in notes if whole.is_drawn[note.onset]],
        gap=0.15 * whole.bar.sixteenth,
        seams=[seam for seam in whole.seams if begin <= seam <= end],
        bars={bar * bar_steps: str(bar + whole.first_bar) for bar in bars if bar % every == 0},
        octaves={pitch: f'C{pitch // 12 - 1}' for pitch in range(low + -low % 12, high + 1, 12)},
    )
