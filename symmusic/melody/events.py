"""The event alphabet: one event per step of a grid, and the conversion from and to notes.

| event | means |
|---|---|
| 0..127 | a note of this pitch starts |
| `NOTE_OFF` -1 | the note ends here and at least this step is silent |
| `NO_EVENT` -2 | no change: the note is held, or the silence continues |
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from symmusic.score.bar import COMMON, SIXTEENTHS
from symmusic.score.meter import bar_ticks
from symmusic.score.notes import Note, Score

NO_EVENT = -2
NOTE_OFF = -1


def sounding(events: np.ndarray) -> np.ndarray:
    """The pitch [T] that sounds in each step of events [T], a negative number where none does."""
    last = np.maximum.accumulate(np.where(events != NO_EVENT, np.arange(len(events)), -1))
    return np.where(last >= 0, events[last], NOTE_OFF)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class StepNote:
    """A note on the grid: it starts at step `onset` and sounds up to, but not in, step `end`."""

    onset: int
    end: int
    pitch: int


class Melody(list[StepNote]):
    """Notes in order, with the number of steps in a bar."""

    def __init__(self, notes: Iterable[StepNote], bar_steps: int):
        super().__init__(notes)
        self.bar_steps = bar_steps


def bar_steps_of(notes: Sequence[StepNote]) -> int:
    """The steps in a bar of some notes; those of a 4/4 bar if that is not known."""
    return notes.bar_steps if isinstance(notes, Melody) else COMMON.steps


def quantize(
    score: Score, steps_per_quarter: int = SIXTEENTHS, *, align_pickup: bool = True
) -> list[StepNote]:
    """Quantises a score's notes to a grid: onset and end are rounded half up, and an empty note
    becomes one step long.

    Works in ticks, where tempo does not matter. With `align_pickup` a pickup is moved to the end of
    its bar, so that step 0 is a bar line; without it step 0 is the start of the score.
    """
    shift = ticks_before(score, align_pickup)
    parts = shift.denominator  # of a tick: 1, unless a bar has no whole number of ticks
    begin, quarter = shift.numerator, parts * score.ticks_per_quarter

    def to_step(tick: int) -> int:
        return (2 * steps_per_quarter * (parts * tick + begin) + quarter) // (2 * quarter)

    notes = []
    for note in score.notes:
        onset = to_step(note.onset)
        notes.append(StepNote(onset, max(to_step(note.end), onset + 1), note.pitch))
    return notes


def ticks_before(score: Score, align_pickup: bool) -> Fraction:
    """The ticks from the first bar line of `quantize` to the start of a score."""
    return bar_ticks(score) - score.pickup if align_pickup and score.pickup else Fraction(0)


def count_moved(
    score: Score, steps_per_quarter: int = SIXTEENTHS, *, align_pickup: bool = True
) -> int:
    """How many of a score's notes start or end more than half a tick from the nearest step of a
    grid, so that `quantize` moves them.
    """
    shift = ticks_before(score, align_pickup)
    # units per tick, chosen so that the shift and a step are whole numbers of units
    units = shift.denominator * steps_per_quarter
    begin, step = int(shift * units), shift.denominator * score.ticks_per_quarter

    def is_between(tick: int) -> bool:
        after = (units * tick + begin) % step
        return 2 * min(after, step - after) > units

    return sum(is_between(note.onset) or is_between(note.end) for note in score.notes)


def extract_phrases(notes: Iterable[StepNote], bar_steps: int) -> list[list[StepNote]]:
    """Makes notes monophonic and cuts them into phrases at silences of a bar or more.

    Of notes with the same onset the highest is kept. A note ends any note that still sounds; the
    remainder of that note is dropped.
    """
    phrases: list[list[StepNote]] = []
    for note in sorted(notes, key=lambda note: (note.onset, -note.pitch)):
        last = phrases[-1][-1] if phrases else None
        if last and note.onset == last.onset:
            continue
        if last and note.onset - last.end < bar_steps:
            if last.end > note.onset:
                phrases[-1][-1] = StepNote(last.onset, note.onset, last.pitch)
            phrases[-1].append(note)
        else:
            phrases.append([note])
    return phrases


def to_events(notes: Sequence[StepNote], bar_steps: int) -> np.ndarray:
    """Events [T] int8 of monophonic notes in order; T is the last note's end, so there is no final
    note-off.

    Empty leading bars, of `bar_steps`, are removed; a rest within the first bar stays. Without
    notes the array is empty.
    """
    if not notes:
        return np.zeros(0, np.int8)
    first = notes[0].onset // bar_steps * bar_steps
    events = np.full(notes[-1].end - first, NO_EVENT, np.int8)
    for note in notes:
        if note.end - first < len(events):
            events[note.end - first] = NOTE_OFF
        # a note that starts here overwrites the end of the one before
        events[note.onset - first] = note.pitch
    return events


def from_events(events: Sequence[int], first_step: int = 0) -> list[StepNote]:
    """The notes of events: the inverse of `to_events`; the first event is at step `first_step`.

    A note-off where nothing sounds is ignored, and a note without a note-off lasts to the end of
    the events.
    """
    events = np.asarray(events, int)
    steps = np.flatnonzero(events != NO_EVENT)
    ends, found = np.append(steps[1:], len(events)), events[steps]
    places = steps + first_step, ends + first_step, found
    columns = (each[found >= 0].tolist() for each in places)
    return list(itertools.starmap(StepNote, zip(*columns, strict=True)))


def to_notes(
    notes: Sequence[StepNote],
    ticks_per_quarter: int,
    *,
    velocity: int = 127,
    steps_per_quarter: int = SIXTEENTHS,
) -> list[Note]:
    """Notes in steps of a grid converted to ticks; a step is a whole number of ticks."""
    ticks, rest = divmod(ticks_per_quarter, steps_per_quarter)
    if rest:
        raise ValueError(f'{ticks_per_quarter} ticks are no {steps_per_quarter} equal steps')
    return [
        Note(note.onset * ticks, (note.end - note.onset) * ticks, note.pitch, velocity)
        for note in notes
    ]


def transpose_events(events: np.ndarray, distance: int) -> np.ndarray:
    """Events int8 transposed by semitones; a pitch outside 0..127 is moved back by octaves."""
    moved = events.astype(np.int16) + distance
    moved = np.where(moved < 0, moved % 12, np.where(moved > 127, 116 + (moved - 116) % 12, moved))
    return np.where(events >= 0, moved, events).astype(np.int8)
