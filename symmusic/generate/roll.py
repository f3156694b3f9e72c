"""The piano roll of a piece on a page, as SVG."""

from collections.abc import Sequence

from symmusic.melody.events import StepNote
from symmusic.pages import escape
from symmusic.score.meter import STEPS_PER_BAR

# pixels of a drawing at full size; listening.js knows the first and the third
STEP_WIDTH, PITCH_HEIGHT, LEFT, BOTTOM = 6, 7, 34, 18
STYLE = """
.roll { overflow-x: auto; }
.roll svg { display: block; width: 100%; min-width: 34rem; }
.given { fill: var(--quiet); } .new { fill: var(--accent); } .sounding { fill: var(--warm); }
.grid { stroke: var(--line); } .seam { stroke: var(--warm); stroke-width: 2; }
.copied { stroke: var(--warm); stroke-width: 2; }
.cursor { stroke: var(--text); stroke-width: 2; visibility: hidden; }
.roll text { fill: var(--quiet); font-size: 12px; }
.looks rect { fill: var(--accent); } .looks .asking { fill: none; stroke: var(--accent); stroke-width: 1.5; }
"""


def draw_roll(
    name: str, notes: Sequence[StepNote], seam: int, end: int, run: dict | None, first_bar: int = 1
) -> str:
    """SVG in a region that scrolls; each note knows its number, so that it can light up.

    Args:
      name: of the piece.
      notes: of the prompt and the piece.
      seam: the first new step.
      end: the step after the last.
      run: the piece's longest copied run, as `samples.json` has it; None where there is none.
      first_bar: the number of the first bar.
    """
    pitches = [note.pitch for note in notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    width, height = LEFT + end * STEP_WIDTH, (high - low + 1) * PITCH_HEIGHT
    parts = [f'<g class="looks" data-height="{height}"></g>']
    for step in range(0, end + 1, STEPS_PER_BAR):
        at = LEFT + step * STEP_WIDTH
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="{height}"/>')
        if step < end:
            parts.append(
                f'<text x="{at + 3}" y="{height + 14}">{step // STEPS_PER_BAR + first_bar}</text>'
            )
    for pitch in range(low, high + 1):
        if pitch % 12 == 0:
            parts.append(
                f'<text x="2" y="{(high - pitch + 1) * PITCH_HEIGHT}">C{pitch // 12 - 1}</text>'
            )
    num_given = sum(note.onset < seam for note in notes)
    first, after = run['piece_notes'] if run else (0, 0)
    for number, note in enumerate(notes):
        at, top = LEFT + note.onset * STEP_WIDTH, (high - note.pitch) * PITCH_HEIGHT
        if first <= number - num_given < after:
            below = top + PITCH_HEIGHT + 2
            parts.append(
                f'<line class="copied" x1="{at}" x2="{LEFT + note.end * STEP_WIDTH - 1}"'
                f' y1="{below}" y2="{below}"/>'
            )
        kind, length = (
            'new' if note.onset >= seam else 'given',
            (note.end - note.onset) * STEP_WIDTH - 1,
        )
        parts.append(
            f'<rect class="{kind}" data-note="{number}" x="{at}" y="{top}" width="{length}"'
            f' height="{PITCH_HEIGHT}" rx="1"/>'
        )
    at = LEFT + seam * STEP_WIDTH
    parts.append(
        f'<line class="seam" x1="{at}" x2="{at}" y1="0" y2="{height}"/><line class="cursor" x1="0"'
        f' x2="0" y1="0" y2="{height}"/>'
    )
    style = f' style="min-width: {width // 2}px"' if end > 16 * STEPS_PER_BAR else ''
    label = f'Piano roll of {name}: {num_given} notes given, {len(notes) - num_given} new'
    return (
        f'<div class="roll" tabindex="0" role="region" aria-label="{escape(label)}"><svg viewBox="0'
        f' 0 {width} {height + BOTTOM}" role="img"'
        f' aria-label="{escape(label)}"{style}>{"".join(parts)}</svg></div>'
    )
