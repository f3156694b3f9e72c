"""Many melodies as arrays; note objects are only created for melodies that are accessed."""

from collections.abc import Sequence
from typing import overload

import numpy as np

from symmusic.melody.events import Melody, from_events


class Melodies(Sequence[Melody]):
    """The melodies of events.

    Args:
      events: [T] of each.
      first_steps: at which step each starts.
      bar_steps: the steps in a bar of each.
    """

    def __init__(
        self,
        events: Sequence[np.ndarray],
        first_steps: Sequence[int],
        bar_steps: Sequence[int],
    ):
        self._rows = list(zip(events, first_steps, bar_steps, strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Melody: ...

    @overload
    def __getitem__(self, place: slice) -> list[Melody]: ...

    def __getitem__(self, place):
        if isinstance(place, slice):
            return list(map(_as_melody, self._rows[place]))
        return _as_melody(self._rows[place])

    def notes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pitches, the onsets in steps from the start of its melody's events, and the number of
        the melody of all notes, each int64 [notes].
        """
        parts = [events for events, _, _ in self._rows]
        lengths = np.array([len(events) for events in parts], np.int64)
        whole = np.concatenate([np.zeros(0, np.int8), *parts])
        places = np.flatnonzero(whole >= 0)
        ends = np.cumsum(lengths)
        numbers = np.searchsorted(ends, places, side='right')
        return whole[places].astype(np.int64), places - (ends - lengths)[numbers], numbers


def _as_melody(row: tuple[np.ndarray, int, int]) -> Melody:
    events, first_step, bar_steps = row
    return Melody(from_events(events, first_step), bar_steps)
