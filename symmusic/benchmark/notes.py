"""The inputs of a network before each note of a melody, and the packing of melodies into rows."""

import dataclasses
from collections.abc import Sequence

import numpy as np

NUM_MATCHES = 6  # classes of how many notes agree; see `recall`
RESET = -1  # target of the step before a melody, at which the network's state is reset


@dataclasses.dataclass(frozen=True, eq=False)
class Steps:
    """Steps of any shape, one for each note but a melody's first, which is not predicted.

    Attributes:
      last: the pitch before, as an index of the alphabet.
      interval: from the pitch before that one, V of an alphabet of V pitches where there is none.
      recalled: the pitch that followed the last notes earlier in the melody, V where none did.
      match: how many notes agreed there, 0 to NUM_MATCHES - 1.
      target: the pitch, `RESET` where a melody starts or nothing is read.
      given: further classes, in one more axis; None = nothing else is given.
    """

    last: np.ndarray
    interval: np.ndarray
    recalled: np.ndarray
    match: np.ndarray
    target: np.ndarray
    given: np.ndarray | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def read_melody(
    melody: np.ndarray, num_pitches: int, shift: int = 0, given: np.ndarray | None = None
) -> Steps:
    """The steps [L] of a melody [L] of indices, moved by `shift`; the first is a reset. `given` are
    further classes [L, G] of each note.
    """
    recalled, match = recall(melody)
    moved = melody + shift
    before = np.full(len(melody), num_pitches)
    before[2:] = melody[1:-1] - melody[:-2]
    target = moved.copy()
    target[0] = RESET
    return Steps(
        np.concatenate([[0], moved[:-1]]),
        before,
        np.where(match > 0, recalled + shift, num_pitches),
        match,
        target,
        given,
    )


def recall(melody: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each note: the note [L] that followed the longest earlier match of the preceding notes
    (in a tie, the latest), and the length of that match [L], at most NUM_MATCHES - 1; 0 and 0 if
    there is none.
    """
    length = len(melody)
    recalled, match = np.zeros(length, np.int64), np.zeros(length, np.int64)
    agree = np.zeros(length + 1, np.int64)  # matching notes before each place and before t
    for t in range(1, length):
        agree[1:t] = np.where(melody[: t - 1] == melody[t - 1], agree[: t - 1] + 1, 0)
        if t > 1:
            capped = np.minimum(agree[1:t], NUM_MATCHES - 1)
            best = capped.max()
            if best:
                place = 1 + np.flatnonzero(capped == best)[-1]
                recalled[t], match[t] = melody[place], best
    return recalled, match


def pack(melodies: Sequence[Steps], num_rows: int, row_steps: int, num_pitches: int) -> Steps:
    """Concatenates melodies into rows [B, T]. Each goes into the first row that has room; melodies
    for which no row has room are left out.
    """
    free = np.full(num_rows, row_steps)
    empty = {'interval': num_pitches, 'recalled': num_pitches, 'target': RESET}
    made = {
        name: np.full((num_rows, row_steps), empty.get(name, 0), np.int32)
        for name in ('last', 'interval', 'recalled', 'match', 'target')
    }
    if melodies and (given := melodies[0].given) is not None:
        made['given'] = np.zeros((num_rows, row_steps, given.shape[1]), np.int32)
    for steps in melodies:
        length = len(steps.target)
        rows = np.flatnonzero(free >= length)
        if len(rows):
            begin = row_steps - free[rows[0]]
            for name, values in steps.arrays().items():
                made[name][rows[0], begin : begin + length] = values
            free[rows[0]] -= length
    return Steps(**made)
