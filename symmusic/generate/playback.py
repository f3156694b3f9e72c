"""How pages play melodies: Web Audio, no network."""

import pathlib
from collections.abc import Sequence

from symmusic.melody.events import from_events


def playback_script() -> str:
    """JavaScript that a page's own script follows: `playNotes` and the names of `SOUNDS`."""
    return pathlib.Path(__file__).with_suffix('.js').read_text(encoding='utf-8')


def played_notes(events: Sequence[int]) -> list[list[int]]:
    """The notes of events as `playNotes` takes them: [onset, end, pitch], in steps."""
    return [[note.onset, note.end, note.pitch] for note in from_events(events)]
