"""How much of a piece repeats other melodies, such as its own prompt."""

from collections.abc import Sequence

import numpy as np

from symmusic.originality.copies import Melody, find_symbols

RUN_NOTES = 5  # a run of at least this many notes is a repeat


def repeated_share(piece: Melody, melodies: Sequence[Melody], num_notes: int = RUN_NOTES) -> float:
    """The share of a piece's notes that lie in runs of at least `num_notes` notes (2 or more) that
    also occur in one of the `melodies`, in any key; 0 for a piece without notes.
    """
    known = {run for melody in melodies for run in _runs(melody, num_notes)}
    is_repeated = np.zeros(len(piece), bool)
    for start, run in enumerate(_runs(piece, num_notes)):
        if run in known:
            is_repeated[start : start + num_notes] = True
    return float(is_repeated.mean()) if len(piece) else 0.0


def _runs(melody: Melody, num_notes: int) -> list[bytes]:
    """Every run of `num_notes` notes of a melody."""
    symbols, size = find_symbols(melody), num_notes - 1
    return [symbols[start : start + size].tobytes() for start in range(len(symbols) - size + 1)]
