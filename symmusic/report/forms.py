"""A melody's file in each format: MIDI, ABC, MusicXML."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.generate.prompt import Prompt
from symmusic.generate.structure import Structure
from symmusic.melody.events import from_events, to_notes
from symmusic.report.introduction import what_of
from symmusic.score.abc_writer import format_abc
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.layout import Section
from symmusic.score.midi_writer import format_midi, ticks_of
from symmusic.score.musicxml import format_musicxml


def written_forms(
    events: np.ndarray,
    prompt: Prompt,
    first: int,
    title: str,
    sections: Sequence[Section] = (),
) -> dict[str, bytes | str]:
    """The content of a melody's file in each format, by suffix, in the prompt's key, tempo, metre
    and instrument.

    Args:
      events: the melody, in whole bars.
      prompt: gives key, tempo, metre and instrument; in MIDI also the velocities of its notes, and
        their median for new notes.
      first: step at which the melody starts, counted from the prompt's start; at 0 it starts with
        the prompt's pickup.
      title: the melody's title.
      sections: of a whole tune; () = none.
    """
    steps, num_bars = from_events(events), len(events) // prompt.bar.steps
    notes = to_notes(steps, SIXTEENTHS)  # a tick for each step
    grid = prompt.steps_per_quarter
    in_ticks = to_notes(steps, ticks_of(grid), steps_per_quarter=grid)
    known = dict(enumerate(prompt.velocities))
    played = [
        dataclasses.replace(note, velocity=int(known.get(first + step.onset) or prompt.velocity))
        for note, step in zip(in_ticks, steps, strict=True)
    ]
    form = {
        'title': title,
        'qpm': prompt.qpm,
        'meter': prompt.meter,
        'steps_per_quarter': grid,
        'program': prompt.program,
        'key': prompt.key,
        'pickup': prompt.pickup_of(events) if first == 0 else 0,
        'sections': sections,
    }
    # in a tune with a pickup, the last bar is shorter by the pickup
    is_short = sections and steps and steps[-1].end <= len(events) - form['pickup']
    written = form | {'num_bars': num_bars, 'short': form['pickup'] if is_short else 0}
    return {
        '.mid': format_midi(played, **form),
        '.abc': format_abc(notes, **written),
        '.musicxml': format_musicxml(notes, **written),
    }


def title_of(prompt: Prompt, number: str = '', structure: Structure | None = None) -> str:
    """The title of a piece, with its number if it has one."""
    if prompt.is_blank:
        return f'Tune {number}{" " * bool(number)}in {prompt.key.name}'
    title = prompt.title or prompt.name
    if not number:
        return title
    return f'{title}, {what_of(prompt, structure.sections if structure else ())} {number}'
