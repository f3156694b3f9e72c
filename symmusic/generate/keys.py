"""The key in which a model reads a prompt, as the prompt alone suggests it."""

import numpy as np

from symmusic.errors import UserError
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import NO_EVENT, from_events, to_notes
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.detection import detect_key, transposition


def find_distance(events: np.ndarray, vocabulary: Vocabulary) -> int:
    """The semitones that transpose a prompt, events [T], to C major or A minor and, by octaves,
    into the model's range; 0 if the prompt has no notes or the model has one of them in no octave.
    """
    notes = to_notes(from_events(events), SIXTEENTHS)  # a tick for each step
    if not notes:
        return 0
    distance = transposition(detect_key(notes))
    try:
        return distance + vocabulary.fit_range(_moved(events, distance))[1]
    except UserError:
        return 0


def place(events: np.ndarray, distance: int, vocabulary: Vocabulary) -> np.ndarray:
    """Events [T] transposed by semitones; notes outside the model's range are moved into it by
    octaves. A note is left out if the model has its pitch in no octave.
    """
    moved = _moved(events, distance)
    low, high = vocabulary.min_pitch, vocabulary.max_pitch
    up, down = -(-(low - moved) // 12) * 12, -(-(moved - high) // 12) * 12
    moved = np.where(events >= 0, moved + np.maximum(up, 0) - np.maximum(down, 0), moved)
    is_homeless = (events >= 0) & ((moved < low) | (moved > high))
    return np.where(is_homeless, NO_EVENT, moved).astype(np.int8)


def _moved(events: np.ndarray, distance: int) -> np.ndarray:
    return np.where(events >= 0, events.astype(np.int16) + distance, events)
