"""Piano rolls of a piece and the tune that it is nearest to."""

from collections.abc import Sequence

from symmusic.melody.events import Melody, StepNote, bar_steps_of
from symmusic.pitches import pitch_name
from symmusic.report.blocks import Chart
from symmusic.report.charts import svg
from symmusic.report.html import escape
from symmusic.report.pairs import Pair, describe

MOST_STEPS = 128  # steps of a picture


def draw_pair(pair: Pair) -> Chart:
    """Two piano rolls with the common passage marked and aligned."""
    passage = pair.passage
    spans = (passage.piece_notes, passage.tune_notes)
    starts = [
        melody[notes[0]].onset if passage.tune is not None else 0
        for melody, notes in zip(pair.melodies, spans, strict=True)
    ]
    bar_steps = bar_steps_of(pair.melodies[0])
    bars = -(-max(note.end for note in pair.melodies[0]) // bar_steps)
    num_steps = min(bars * bar_steps, MOST_STEPS)
    begin = 0
    if bars * bar_steps > MOST_STEPS:
        first_bar = min(max(starts[0] // bar_steps - 1, 0), bars - MOST_STEPS // bar_steps)
        begin = first_bar * bar_steps
    begins = [begin, begin + starts[1] - starts[0]]
    shown = [
        [
            (index, note)
            for index, note in enumerate(melody)
            if note.end > first and note.onset < first + num_steps
        ]
        for melody, first in zip(pair.melodies, begins, strict=True)
    ]
    rows = max(
        12,
        *(
            max(pitches) - min(pitches) + 1
            for each in shown
            if (pitches := [note.pitch for _, note in each])
        ),
    )
    parts, top = [], 0.0
    for melody, notes, first, span, title in zip(
        pair.melodies, shown, begins, spans, ('piece', 'tune'), strict=True
    ):
        part, height = _roll(
            melody, notes, first, num_steps, rows, span, f'{title}: {pair.names[title == "tune"]}'
        )
        parts.append(f'<g transform="translate(0 {top:.1f})">{part}</g>')
        top += height
    text = (
        f'Piano rolls of piece {pair.names[0]} and, below it, tune {pair.names[1]};'
        f' {describe(pair)}'
    )
    label = f'piano rolls of piece {pair.names[0]}'
    return Chart(svg(720, top, text, parts), label, text, is_wide=True)


def _roll(
    melody: Melody,
    notes: Sequence[tuple[int, StepNote]],
    begin: int,
    num_steps: int,
    rows: int,
    span: tuple[int, int],
    title: str,
) -> tuple[str, float]:
    """One roll that starts at step `begin`, and its height."""
    left, top, width = 34, 32, 680
    row_height = min(5.0, 160 / rows)
    height = rows * row_height + 4
    pitches = [note.pitch for _, note in notes] or [60]
    highest = max(pitches) + (rows - (max(pitches) - min(pitches) + 1)) // 2

    def place(step):
        return left + min(max(step - begin, 0), num_steps) / num_steps * width

    parts = [
        f'<text class="strong" x="0" y="12">{escape(title)}</text>',
        f'<rect class="paper" x="{left}" y="{top}" width="{width}" height="{height:.1f}"/>',
    ]
    bar_steps = bar_steps_of(melody)
    for bar in range(-(-begin // bar_steps), (begin + num_steps) // bar_steps + 1):
        x = place(bar * bar_steps)
        parts.append(f'<path class="rule" d="M{x:.1f} {top}v{height:.1f}"/>')
        if bar >= 0 and x < left + width - 20:
            parts.append(f'<text x="{x + 2:.1f}" y="{top - 5}">bar {bar + 1}</text>')
    if span[1] > span[0]:
        x, end = place(melody[span[0]].onset), place(melody[span[1] - 1].end)
        parts.append(
            f'<rect class="span" x="{x:.1f}" y="{top}" width="{end - x:.1f}"'
            f' height="{height:.1f}"/>'
        )
    for index, note in notes:
        x, y = place(note.onset), top + 2 + (highest - note.pitch) * row_height
        marked = ' marked' * (span[0] <= index < span[1])
        parts.append(
            f'<rect class="note{marked}" x="{x:.1f}" y="{y:.1f}"'
            f' width="{max(place(note.end) - x - 1, 1):.1f}" height="{row_height - 0.5:.1f}"'
            f' rx="1"><title>{escape(pitch_name(note.pitch))}</title></rect>'
        )
    # labels must not overlap
    apart = max(0, 11 - (max(pitches) - min(pitches)) * row_height) / 2
    for pitch, way in {max(pitches): -1, min(pitches): 1}.items():
        y = (
            top
            + 2
            + (highest - pitch + 0.5) * row_height
            + 4
            + way * apart * (max(pitches) > min(pitches))
        )
        parts.append(
            f'<text class="end" x="{left - 4}" y="{y:.1f}">{escape(pitch_name(pitch))}</text>'
        )
    return ''.join(parts), top + height + 14
