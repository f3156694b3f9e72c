"""Detection of a key from the notes, and transposition to C major or A minor."""

from collections.abc import Sequence

import numpy as np

from symmusic.errors import ScoreError
from symmusic.score.key import MODES, Key
from symmusic.score.notes import Note

# Profiles of the Essen folk songs (Aarden, 2003), with the weights of the thesis's key analysis; C
# major and C minor, from C upwards.
MAJOR = (
    17.7661,
    0.145624,
    14.9265,
    0.160186,
    19.8049,
    11.3587,
    0.291248,
    22.062,
    0.145624,
    8.15494,
    0.232998,
    4.95122,
)
MINOR = (
    18.2648,
    0.737619,
    14.0499,
    16.8599,
    0.702494,
    14.4362,
    0.702494,
    18.6161,
    4.56621,
    1.93186,
    7.37619,
    1.75623,
)


def _profiles() -> np.ndarray:
    rows = [np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)]
    rows = np.array(rows) - np.mean(rows, axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


PROFILES = _profiles()  # [24, 12]: the rotations of MAJOR, then of MINOR, centred and of length one


def detect_key(notes: Sequence[Note]) -> Key:
    """The key whose profile correlates best (Pearson) with the notes' duration-weighted pitch-class
    histogram.

    A flat histogram (all twelve classes equal) correlates with no key: it counts as C major, which
    is not transposed. Of keys that correlate equally the first is taken, in the order C, C#, ...
    major, then minor.

    Raises:
      ScoreError: there are no notes.
    """
    if not notes:
        raise ScoreError('no notes')
    durations = [0.0] * 12  # a list, as adding to an array note by note is slow
    for note in notes:
        durations[note.pitch % 12] += max(note.duration, 1)
    histogram = np.array(durations) / np.sum(durations)
    centred = histogram - histogram.mean()
    # Rounded, so that keys that are equal by symmetry do not differ in the last bit of a sum.
    correlations = np.round(PROFILES @ centred / max(np.linalg.norm(centred), 1e-6), 9)
    best = int(np.argmax(correlations))
    return Key.of(best % 12, 'major' if best < 12 else 'minor')


def key_of_signature(fifths: int, notes: Sequence[Note]) -> Key:
    """The key of a signature whose file states no mode: the mode whose tonic is the one detected,
    or major if none fits.
    """
    found = detect_key(notes)
    keys = (Key(fifths, mode) for mode in MODES)
    fits = (key for key in keys if (key.tonic, key.is_major) == (found.tonic, found.is_major))
    return next(fits, Key(fifths))


def transposition(key: Key) -> int:
    """Semitones, -5 to 6, that transpose a major or minor key to C major or A minor; a tritone goes
    up.
    """
    target = 0 if key.is_major else 9
    distance = -((key.tonic - target) % 12)
    return distance + 12 if distance < -5 else distance
