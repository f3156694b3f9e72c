"""The contexts that a count model uses before each step: the metre, the last notes, what sounded 1,
2, 4 and 8 bars ago, and what followed the same three notes last time, with how long the melody has
agreed with these.

    c d e f | c d e .     the step at '.', four steps to a bar
                          note 1 e, note 2 d; one bar ago f; agreed with it for 3 steps
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import NOTE_OFF
from symmusic.model.places import Bars, bar_steps, later
from symmusic.score.bar import COMMON, SIXTEENTHS

LAGS = (1, 2, 4, 8)  # bars
NUM_NOTES = 7
NO_NOTE = 128  # one past the MIDI pitches
LONGEST = 17  # sixteenths; longer runs count as this
NUM_RECALLED = 3
NUM_AGREEMENTS = 8  # see `_agreement`

_NOTES = ('position', 'since', 'ended', 'note 1')
# Each context extends the one before it, by which it is smoothed.
CHAIN = (
    (),
    ('position',),
    ('position', 'since', 'ended'),
    _NOTES,
    (*_NOTES, 'note 2'),
    (*_NOTES, 'note 2', 'note 3', 'gap 1'),
    (*_NOTES, 'note 2', 'note 3', 'note 4', 'gap 1', 'gap 2'),
    (*_NOTES, *(f'note {k}' for k in range(2, 6)), *(f'gap {k}' for k in range(1, 4))),
    (*_NOTES, *(f'note {k}' for k in range(2, 8)), *(f'gap {k}' for k in range(1, 7))),
)
BASE = CHAIN.index(_NOTES)  # the context by which the repeats are smoothed


def _ago(*lags: int | str) -> tuple[str, ...]:
    return tuple(f'{name} {lag}' for lag in lags for name in ('agreement', 'token'))


# how long the melody has agreed with what came before; the weights depend on it
AGREEMENTS = tuple(f'agreement {lag}' for lag in (*LAGS, 'recall'))
REPEATS = (
    *((*_ago(lag), 'position') for lag in (*LAGS, 'recall')),
    *((*_ago(lag), 'note 1', 'since', 'position') for lag in LAGS),
    (*_ago('recall'), 'note 1', 'since'),
    (*_ago(1, 2), 'note 1', 'since'),
    (*_ago(4, 8), 'since'),
    _ago(2, 4, 8),
    (*(f'{name} {lag}' for lag in LAGS for name in ('agrees', 'token')), 'note 1', 'since'),
)


@dataclasses.dataclass(frozen=True)
class Stream:
    """Sequences one after the other, L steps in all.

    Attributes:
      tokens: [L]
      events: [L] as the vocabulary decodes each sequence.
      positions: [L] the place in the bar (`model.places`).
      bars: [L] the steps in a bar.
      begins: [L] the index of the first step of the sequence that each step is in.
      steps_per_quarter: the grid.
    """

    tokens: np.ndarray
    events: np.ndarray
    positions: np.ndarray
    bars: np.ndarray
    begins: np.ndarray
    steps_per_quarter: int = SIXTEENTHS

    @property
    def sixteenth(self) -> int:
        """The steps of a sixteenth."""
        return self.steps_per_quarter // SIXTEENTHS


def join(
    sequences: Sequence[np.ndarray],
    vocabulary: Vocabulary,
    positions: Sequence[int] | None = None,
    bars: Bars = (COMMON.steps,),
    steps_per_quarter: int = SIXTEENTHS,
) -> Stream:
    """Sequences of tokens as a stream; `positions` are the places of their first steps (None: all
    start at a bar line of the first metre), and `bars` the steps in a bar of each metre on the grid
    of `steps_per_quarter`.
    """
    lengths = np.array([len(each) for each in sequences], int)
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
    firsts = np.zeros(len(lengths), int) if positions is None else np.asarray(positions, int)
    steps = np.arange(len(begins)) - begins
    places = np.asarray(later(np.repeat(firsts, lengths), steps, bars))
    none = [np.zeros(0, np.int64)]
    return Stream(
        np.concatenate([*none, *sequences]).astype(np.int64),
        np.concatenate([*none, *map(vocabulary.decode, sequences)]).astype(np.int64),
        places,
        np.asarray(bar_steps(places, bars)),
        begins,
        steps_per_quarter,
    )


def find_features(stream: Stream, steps: np.ndarray) -> dict[str, np.ndarray]:
    """The features [n] of n steps of a stream by name, each from the steps before it in its
    sequence:

    | feature | value |
    |---|---|
    | position | the place in the bar: the metre and the step |
    | since | steps since the last onset, at most 17 sixteenths, which also stands for none |
    | ended | whether that note has ended |
    | note k | the pitch of the k-th last note, 128 without one |
    | gap k | steps between the onsets of notes k + 1 and k, at most as many; 0 without them |
    | token n | the token n bars before; -1 where there is none |
    | agreement n | for how long the tokens have equalled those n bars before; see `_agreement` |
    | agrees n | whether it is 8 sixteenths or more |
    | token, agreement recall | likewise of the latest place with the same three notes before it |
    """
    features = {'position': stream.positions[steps], **_notes(stream, steps, NUM_NOTES)}
    for lag in LAGS:
        features |= _look_back(stream, steps, lag)
    return features | _recall(stream, steps)


def _notes(stream: Stream, steps: np.ndarray, num: int) -> dict[str, np.ndarray]:
    """The features of the last `num` notes."""
    begins, is_onset = stream.begins[steps], stream.events >= 0
    longest = LONGEST * stream.sixteenth
    onsets = np.append(np.flatnonzero(is_onset), -1)  # the last: there is none
    rank = (np.cumsum(is_onset) - is_onset)[steps]
    places = []
    for k in range(1, num + 1):
        found = onsets[np.where(rank >= k, rank - k, -1)]
        places.append(np.where(found >= begins, found, -1))
    features = {
        'since': np.where(places[0] < 0, longest, np.minimum(steps - places[0], longest)),
        'ended': (_latest(stream.events == NOTE_OFF, steps, begins) > places[0]).astype(int),
    }
    pitches = np.append(stream.events, NO_NOTE)  # at -1
    for k, place in enumerate(places, 1):
        features[f'note {k}'] = pitches[place]
    for k, (last, earlier) in enumerate(itertools.pairwise(places), 1):
        features[f'gap {k}'] = np.where(earlier < 0, 0, np.minimum(last - earlier, longest))
    return features


def _latest(is_marked: np.ndarray, steps: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """For each step the latest marked step before it in the same sequence; -1 if there is none."""
    marked = np.maximum.accumulate(np.where(is_marked, np.arange(len(is_marked)), -1))
    before = np.concatenate([[-1], marked])[steps]
    return np.where(before >= begins, before, -1)


def _look_back(stream: Stream, steps: np.ndarray, lag: int) -> dict[str, np.ndarray]:
    """The features of the step `lag` bars before."""
    back_L, begins = lag * stream.bars, stream.begins[steps]
    earlier, num_back = np.maximum(np.arange(len(stream.tokens)) - back_L, 0), back_L[steps]
    is_other, is_there = stream.tokens != stream.tokens[earlier], steps - num_back >= begins
    # the first steps of a sequence have no earlier ones
    last_other = np.maximum(_latest(is_other, steps, begins), begins + num_back - 1)
    agreement = _agreement(np.where(is_there, steps - 1 - last_other, 0), stream.sixteenth)
    return {
        f'token {lag}': np.where(is_there, stream.tokens[earlier[steps]], -1),
        f'agreement {lag}': agreement,
        f'agrees {lag}': (agreement > 3).astype(int),
    }


def _recall(stream: Stream, steps: np.ndarray) -> dict[str, np.ndarray]:
    """The features of the latest place after the same last notes with the same steps between them
    and since the last one, anywhere in the bar. Agreement counts from the third note on.
    """
    everywhere = np.arange(len(stream.tokens))
    notes = _notes(stream, everywhere, NUM_RECALLED)
    codes = code(notes | {'sequence': stream.begins}, ('sequence', *notes))
    order = np.argsort(codes, kind='stable')
    is_again = codes[order[1:]] == codes[order[:-1]]
    earlier = np.full(len(order), -1)
    earlier[order[1:][is_again]] = order[:-1][is_again]
    earlier[notes[f'note {NUM_RECALLED}'] == NO_NOTE] = -1
    goes_on = np.zeros(len(order), bool)
    goes_on[1:] = (earlier[:-1] >= 0) & (earlier[1:] == earlier[:-1] + 1)
    run = everywhere - np.maximum.accumulate(np.where(goes_on, -1, everywhere))
    place = earlier[steps]
    return {
        'token recall': np.where(place >= 0, stream.tokens[place], -1),
        'agreement recall': _agreement(np.where(place >= 0, run[steps] + 1, 0), stream.sixteenth),
    }


def _agreement(run: np.ndarray, sixteenth: int) -> np.ndarray:
    """A run of steps as a number from 0 to 7: 0, 1, 2, 4, 8, 16, 32 or 64 sixteenths and more; 0
    also if there is no earlier step.
    """
    return np.searchsorted(sixteenth * 2 ** np.arange(NUM_AGREEMENTS - 1), run, side='right')


def code(features: dict[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    """A hash [n] uint64 of the values of some features: equal for equal values; the chance of any
    collision among n different ones is about n^2 / 2^65.
    """
    first = next(iter(features.values()))
    codes = np.zeros(len(first), np.uint64)
    for name in names:
        codes = _mix(codes + (features[name] + 2).astype(np.uint64))
    return codes


def _mix(codes: np.ndarray) -> np.ndarray:
    """A bijection of 64 bits (SplitMix64; Steele, Lea and Flood, 2014)."""
    codes = codes + np.uint64(0x9E3779B97F4A7C15)
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return codes ^ (codes >> np.uint64(31))
