"""The nine features of a piece, after mgeval (Yang and Lerch, 2020), in two protocols.

| feature | what it is | shape, unit | no note | one note |
|---|---|---|---|---|
| PC | pitch count: how many pitches are used | number | 0 | 1 |
| PR | pitch range: highest minus lowest | semitones | NaN | 0 |
| PI | mean interval between a note and the next, without direction | semitones | NaN | NaN |
| PCH | pitch-class histogram, by time sounding | [12], sums to 1 | NaN | one class |
| PCTM | pitch-class transition matrix, from row to column | [12, 12] counts | 0 | 0 |
| NC | note count | number | 0 | 1 |
| IOI | mean inter-onset interval | seconds | NaN | NaN |
| NLH | note-length histogram, classes in `LENGTHS` | [12], sums to 1 | NaN | one class |
| NLTM | note-length transition matrix | [12, 12] counts | 0 | 0 |

`thesis` repeats the original program to the last bit: PCH is weighted by velocity in frames of 10
ms, PCTM counts every pair of notes of which one ends within 50 ms of the other's onset, and IOI is
at the file's own tempo. `corrected` measures durations in ticks, counts the transitions from each
note to the next, and takes IOI at 120 quarters per minute, so that neither velocity nor tempo
matters. In both a whole note lasts four quarters whatever the metre, so that a length keeps its
name.
"""

import numpy as np

from symmusic.score.notes import DEFAULT_QPM, Score

PITCH, RHYTHM = ('PC', 'PR', 'PI', 'PCH', 'PCTM'), ('NC', 'IOI', 'NLH', 'NLTM')
FEATURES = PITCH + RHYTHM
SHAPES = {'PCH': (12,), 'PCTM': (12, 12), 'NLH': (12,), 'NLTM': (12, 12)}  # the others are scalars
PROTOCOLS = ('corrected', 'thesis')
# Classes of note lengths, in 96ths of a bar.
LENGTHS = {
    'whole': 96,
    'half': 48,
    'quarter': 24,
    'eighth': 12,
    'sixteenth': 6,
    'dotted half': 72,
    'dotted quarter': 36,
    'dotted eighth': 18,
    'dotted sixteenth': 9,
    'half triplet': 32,
    'quarter triplet': 16,
    'eighth triplet': 8,
}
FRAMES_PER_SECOND = 100
TRANSITION_SECONDS = 0.05


def compute_features(score: Score, protocol: str) -> dict[str, np.ndarray]:
    """All features of a piece by name: float64 arrays with shapes as in `SHAPES`; NaN where
    undefined.

    Args:
      score: its notes, in the order of their onsets.
      protocol: one of `PROTOCOLS`.
    """
    exact = protocol == 'thesis'
    return {
        'PC': pitch_count(score, exact),
        'PR': pitch_range(score, exact),
        'PI': mean_interval(score),
        'PCH': pitch_class_histogram(score, exact),
        'PCTM': pitch_class_transitions(score, exact),
        'NC': np.float64(len(score.notes)),
        'IOI': mean_inter_onset_interval(score, exact),
        'NLH': note_length_histogram(score),
        'NLTM': note_length_transitions(score),
    }


def pitch_count(score: Score, exact: bool) -> np.ndarray:
    """PC; with `exact` only pitches that sound in at least one frame count."""
    return np.float64(len(_used_pitches(score, exact)))


def pitch_range(score: Score, exact: bool) -> np.ndarray:
    """PR in semitones; with `exact` only pitches that sound in at least one frame count."""
    used = _used_pitches(score, exact)
    return np.float64(used.max() - used.min() if len(used) else np.nan)


def mean_interval(score: Score) -> np.ndarray:
    """PI in semitones: the mean of |next pitch - pitch|. Repeated notes count as 0; rests are
    ignored.
    """
    return _mean(np.abs(np.diff(_pitches(score))))


def pitch_class_histogram(score: Score, exact: bool) -> np.ndarray:
    """PCH [12], C first: the share of each class in the sounding time; with `exact` in velocity
    times frames.
    """
    weights = (
        _roll_weights(score) if exact else np.array([note.duration for note in score.notes], float)
    )
    return _shares(np.bincount(_pitches(score) % 12, weights, 12))


def pitch_class_transitions(score: Score, exact: bool) -> np.ndarray:
    """PCTM [12, 12]: how often a note of the row's class is followed by one of the column's.

    From each note to the next; with `exact` wherever a note ends and a note (possibly the same one)
    starts less than 50 ms apart.
    """
    classes = _pitches(score) % 12
    if not exact:
        return _transitions(classes)
    starts, ends = _seconds(score)
    before, after = np.nonzero(np.abs(ends[:, None] - starts) < TRANSITION_SECONDS)
    counts = np.zeros((12, 12))
    np.add.at(counts, (classes[before], classes[after]), 1)
    return counts


def mean_inter_onset_interval(score: Score, exact: bool) -> np.ndarray:
    """IOI in seconds at 120 quarters per minute; with `exact` at the file's tempo."""
    if exact:
        return _mean(np.diff(np.sort(_seconds(score)[0])))
    # one division, so that pieces with the same interval get the same number
    onsets = [note.onset for note in score.notes]
    return np.float64(
        (max(onsets) - min(onsets))
        / ((len(onsets) - 1) * (DEFAULT_QPM / 60) * score.ticks_per_quarter)
        if len(onsets) > 1
        else np.nan
    )


def note_length_histogram(score: Score) -> np.ndarray:
    """NLH [12]: the share of each class in the notes; a length belongs to the nearest class, in a
    tie to the first.
    """
    return _shares(np.bincount(_length_classes(score), minlength=12).astype(float))


def note_length_transitions(score: Score) -> np.ndarray:
    """NLTM [12, 12]: how often a note of the row's length is followed by one of the column's."""
    return _transitions(_length_classes(score))


def _pitches(score: Score) -> np.ndarray:
    return np.array([note.pitch for note in score.notes], np.int64)


def _seconds(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and ends in seconds at the score's tempi, multiplied in the original's order."""
    tempi = [(tempo.tick, tempo.qpm) for tempo in score.tempi]
    if not tempi or tempi[0][0] > 0:
        tempi.insert(0, (0, DEFAULT_QPM))
    ticks = np.array([tick for tick, _ in tempi])
    scales = np.array([60.0 / (qpm * score.ticks_per_quarter) for _, qpm in tempi])
    begins = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * scales[:-1])])

    def at(values):
        segment = np.searchsorted(ticks, values, side='right') - 1
        return begins[segment] + scales[segment] * (values - ticks[segment])

    return at(np.array([note.onset for note in score.notes], np.int64)), at(
        np.array([note.end for note in score.notes], np.int64)
    )


def _roll_weights(score: Score) -> np.ndarray:
    """What each note adds to a piano roll of 10 ms frames: its velocity in every frame from its
    onset up to its end.
    """
    starts, ends = _seconds(score)
    frames = (FRAMES_PER_SECOND * ends).astype(np.int64) - (FRAMES_PER_SECOND * starts).astype(
        np.int64
    )
    return frames * np.array([note.velocity for note in score.notes], float)


def _used_pitches(score: Score, exact: bool) -> np.ndarray:
    pitches = _pitches(score)
    return np.unique(pitches[_roll_weights(score) > 0] if exact else pitches)


def _length_classes(score: Score) -> np.ndarray:
    lengths = np.array(list(LENGTHS.values())) * (4 * score.ticks_per_quarter / 96)
    durations = np.array([note.duration for note in score.notes], float)
    return np.abs(durations[:, None] - lengths).argmin(axis=1)


def _transitions(classes: np.ndarray) -> np.ndarray:
    counts = np.zeros((12, 12))
    np.add.at(counts, (classes[:-1], classes[1:]), 1)
    return counts


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum() if counts.sum() > 0 else np.full(counts.shape, np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    return np.float64(values.mean() if len(values) else np.nan)
