"""Piano rolls of a piece and the tune that it is nearest to."""

from symmusic.melody.events import bar_steps_of
from symmusic.pitches import pitch_name
from symmusic.report.blocks import Roll, Rolls
from symmusic.report.pairs import Pair, describe

MOST_STEPS = 128  # steps of a picture


def roll_pair(pair: Pair) -> Rolls:
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
    begins = (begin, begin + starts[1] - starts[0])
    rolls = []
    for what, name, melody, first, (since, after) in zip(
        ('piece', 'tune'), pair.names, pair.melodies, begins, spans, strict=True
    ):
        notes = tuple(
            (note.onset, note.end, note.pitch, int(since <= index < after))
            for index, note in enumerate(melody)
            if note.end > first and note.onset < first + num_steps
        )
        names = {note[2]: pitch_name(note[2]) for note in notes}
        rolls.append(Roll(what, name, notes, first, num_steps, bar_steps_of(melody), names))
    text = (
        f'Piano rolls of piece {pair.names[0]} and, below it, tune {pair.names[1]};'
        f' {describe(pair)}'
    )
    return Rolls(tuple(rolls), text)
