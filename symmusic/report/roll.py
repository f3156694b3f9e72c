"""The piano roll of a piece on a page, as SVG."""

from markupsafe import Markup

from symmusic.generate.whole import Whole
from symmusic.melody.events import StepNote, from_events
from symmusic.report.html import escape
from symmusic.score.bar import Bar
from symmusic.wording import count

# pixels of a drawing at full size; the third is also in listening.js
SIXTEENTH_WIDTH, PITCH_HEIGHT, LEFT, BOTTOM = 6, 7, 34, 18


def step_width(bar: Bar) -> int:
    """The width of a step, in pixels."""
    return SIXTEENTH_WIDTH // bar.sixteenth


def draw_roll(name: str, whole: Whole, run: dict | None) -> Markup:
    """SVG in a scrolling region; each note has its number as an attribute, so that it can be
    highlighted.

    Args:
      name: the piece's name.
      whole: the piece with the music around it.
      run: the longest copied run of the new bars, as in `samples.json`; None where there is none.
    """
    notes, end, is_drawn = from_events(whole.events), len(whole.events), whole.is_drawn
    step_size, bar_steps = step_width(whole.bar), whole.bar.steps
    pitches = [note.pitch for note in notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    width, height = LEFT + end * step_size, (high - low + 1) * PITCH_HEIGHT
    labels = {section.first: f'{section.label} ' for section in whole.sections}
    parts = [f'<g class="looks" data-height="{height}"></g>']
    for step in range(0, end + 1, bar_steps):
        at = LEFT + step * step_size
        parts.append(f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="{height}"/>')
        if step < end:
            number = whole.first_bar + step // bar_steps
            label = labels.get(step // bar_steps, '')
            parts.append(f'<text x="{at + 3}" y="{height + 14}">{label}{number}</text>')
    for pitch in range(low, high + 1):
        if pitch % 12 == 0:
            parts.append(
                f'<text x="2" y="{(high - pitch + 1) * PITCH_HEIGHT}">C{pitch // 12 - 1}</text>'
            )
    num_before = sum(note.onset < whole.seams[0] for note in notes)
    first, after = run['piece_notes'] if run else (0, 0)
    for number, note in enumerate(notes):
        is_copied = first <= number - num_before < after
        is_new = bool(is_drawn[note.onset])
        parts.append(_note(number, note, step_size, high, is_new, is_copied))
    for seam in whole.seams:
        at = LEFT + seam * step_size
        parts.append(f'<line class="seam" x1="{at}" x2="{at}" y1="0" y2="{height}"/>')
    parts.append(f'<line class="cursor" x1="0" x2="0" y1="0" y2="{height}"/>')
    # so that labels have their size, or up to twice that
    style = f' style="min-width: {width}px; max-width: {2 * width}px"'
    num_new = sum(bool(is_drawn[note.onset]) for note in notes)
    label = escape(
        f'Piano roll of {name}: {count(len(notes) - num_new, "note")} given, {num_new} new'
    )
    return Markup(
        f'<div class="roll" tabindex="0" role="region" aria-label="{label}"><svg viewBox="0 0'
        f' {width} {height + BOTTOM}" role="img" aria-label="{label}"{style}>{"".join(parts)}'
        '</svg></div>'
    )


def _note(
    number: int, note: StepNote, step_size: int, high: int, is_new: bool, is_copied: bool
) -> str:
    at, top = LEFT + note.onset * step_size, (high - note.pitch) * PITCH_HEIGHT
    length, below = (note.end - note.onset) * step_size - 1, top + PITCH_HEIGHT + 2
    line = f'<line class="copied" x1="{at}" x2="{at + length}" y1="{below}" y2="{below}"/>'
    return (
        line
        * is_copied
        + f'<rect class="{"new" if is_new else "given"}" data-note="{number}" x="{at}" y="{top}"'
        f' width="{length}" height="{PITCH_HEIGHT}" rx="1"/>'
    )
