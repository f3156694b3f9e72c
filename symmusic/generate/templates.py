"""Music files as templates: aligns their rhythm or their notes with the steps to draw.

Step 0 of a template is the start of its first full bar, bar 1; the notes of its pickup come before
it. Bar 1 is aligned with the first drawn bar. If that bar is the prompt's own pickup, bar 1 is
aligned with the second drawn bar, and the template's pickup with the first.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from symmusic.errors import ScoreError
from symmusic.generate.masks import FREE
from symmusic.melody.events import NO_EVENT, NOTE_OFF, StepNote
from symmusic.wording import count


def lay_rhythm(
    notes: Sequence[StepNote], num_steps: int, bar_steps: int, *, pickup: int = 0
) -> tuple[np.ndarray, str]:
    """[N] int16 for `Wishes.rhythm`, and a notice about it: the template's bars, repeated. Its
    pickup leads into each repeat if its last bar leaves room for it.

    Args:
      notes: of the template.
      num_steps: N.
      bar_steps: steps in a bar of both.
      pickup: steps of the prompt's pickup if the first drawn bar is that pickup, else 0.

    Raises:
      ScoreError: the template has only a pickup.
    """
    before, bars = _split(notes)
    first = bar_steps if pickup else 0
    period = -(-bars[-1].end // bar_steps) * bar_steps
    leads = bars[-1].end - period <= min((note.onset for note in before), default=0)
    laid = _upbeat(before, pickup, bar_steps)
    for begin in range(first, num_steps, period):
        if begin > first and leads:
            laid += _moved(before, begin)
        laid += _moved(bars, begin)
    is_used = len(laid) > len(bars) * len(range(first, num_steps, period))
    rhythm = np.full(num_steps, NO_EVENT, np.int16)
    for note in laid:
        if note.end < num_steps:
            rhythm[note.end] = NOTE_OFF
        if note.onset < num_steps:
            rhythm[note.onset] = note.pitch
    if not before:
        rhythm[:first] = FREE
    return rhythm, _said_of(before, is_used)


def lay_fixed(
    notes: Sequence[StepNote], num_steps: int, bar_steps: int, *, pickup: int = 0
) -> tuple[np.ndarray, str]:
    """[N] int16 for `Wishes.fixed`, and a notice about it: the template's notes at their positions,
    each at least as long as there; `FREE` where the template is silent.

    Args:
      notes: of the template.
      num_steps: N.
      bar_steps: steps in a bar of both.
      pickup: as in `lay_rhythm`.

    Raises:
      ScoreError: the template is longer than N steps, or has only a pickup.
    """
    before, bars = _split(notes)
    upbeat = _upbeat(before, pickup, bar_steps)
    laid = [*upbeat, *_moved(bars, bar_steps if pickup else 0)]
    if laid[-1].end > num_steps:
        num_bars = -(-laid[-1].end // bar_steps)
        raise ScoreError(
            f'its notes take {count(num_bars, "bar")}, and only {num_steps // bar_steps} are new'
        )
    fixed = np.full(num_steps, FREE, np.int16)
    for note in laid:
        fixed[note.onset : note.end] = NO_EVENT
        fixed[note.onset] = note.pitch
    return fixed, _said_of(before, len(upbeat) == len(before))


def _split(notes: Sequence[StepNote]) -> tuple[list[StepNote], list[StepNote]]:
    """The notes of the pickup and the others."""
    bars = [note for note in notes if note.onset >= 0]
    if not bars:
        raise ScoreError('it holds nothing but a pickup; must hold notes from its bar 1 on')
    return [note for note in notes if note.onset < 0], bars


def _moved(notes: Iterable[StepNote], steps: int) -> list[StepNote]:
    return [StepNote(note.onset + steps, note.end + steps, note.pitch) for note in notes]


def _upbeat(before: Sequence[StepNote], pickup: int, bar_steps: int) -> list[StepNote]:
    """The notes of the template's pickup that fit in the prompt's, moved to the first bar."""
    return [
        note for note in _moved(before, bar_steps) if pickup and note.onset >= bar_steps - pickup
    ]


def _said_of(before: Sequence[StepNote], is_used: bool) -> str:
    if not before or is_used:
        return ''
    return 'bar 1 is its first full bar; its pickup is left out'
