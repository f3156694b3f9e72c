"""Repetition: how much of a continuation is repeated, beside real continuations of the same
prompts.

The self-similarity of a piece at a lag is the mean of a diagonal of its self-similarity matrix
(Foote 1999; by lag: Goto 2003), here of onsets: of the steps at which a note starts, in the piece
or `lag` bars before, the share at which the same pitch starts at both. The bars before may be the
prompt's. Only repetition at the same pitch counts; steps whose lag reaches before the prompt are
not counted.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from symmusic.measures.estimate import Mean
from symmusic.measures.registry import Ground, Sets
from symmusic.measures.scale import interval

LAGS = (1, 2, 4, 8)  # bars


def self_similarity(
    prompts_NT: np.ndarray, events_NT: np.ndarray, lag: int, bar_steps: int
) -> float | None:
    """The self-similarity at `lag` (see above), over N pieces together; None where no onset has a
    step `lag` bars before it.

    Args:
      prompts_NT: events before each piece, in whole bars.
      events_NT: the pieces.
      lag: in bars.
      bar_steps: steps in a bar.
    """
    whole_NT, steps = np.concatenate([prompts_NT, events_NT], axis=1), lag * bar_steps
    first = max(prompts_NT.shape[1] - steps, 0)
    old_NT, new_NT = whole_NT[:, first:-steps], whole_NT[:, first + steps :]
    begins_NT = (new_NT >= 0) | (old_NT >= 0)
    return float((new_NT == old_NT)[begins_NT].mean()) if begins_NT.any() else None


def repeated_bars(prompts_NT: np.ndarray, events_NT: np.ndarray, bar_steps: int) -> float | None:
    """The share of the pieces' bars that equal, event for event, an earlier bar of the prompt or
    the piece. Bars in which no note starts are not counted; None where no bar is.
    """
    whole_NT = np.concatenate([prompts_NT, events_NT], axis=1)
    bars_NBS = whole_NT.reshape(len(events_NT), -1, bar_steps)
    first = prompts_NT.shape[1] // bar_steps
    repeats = []
    for bars_BS in bars_NBS:
        for place in range(first, len(bars_BS)):
            if (bars_BS[place] >= 0).any():
                repeats.append((bars_BS[:place] == bars_BS[place]).all(axis=1).any())
    return float(np.mean(repeats)) if repeats else None


@dataclasses.dataclass(frozen=True)
class SetRepetition:
    """The repetition of one set, means over the draws.

    Attributes:
      lags: self-similarity by lag, in bars.
      repeated_bars: the share of bars that equal an earlier one.
      difference: the mean over the lags of the absolute difference of the self-similarity from that
        of the real continuations; None where these are not known.
    """

    lags: dict[int, Mean]
    repeated_bars: Mean
    difference: Mean | None


def measure_structure(
    prompts_NT: np.ndarray, sets: Mapping[str, np.ndarray], num_draws: int, bar_steps: int
) -> dict[str, SetRepetition]:
    """The repetition of each set over `num_draws` draws. All sets continue the same prompts, draw
    by draw; the differences are from the set `real_continuations`.
    """
    prompts = np.split(prompts_NT, num_draws)
    lags, repeated = {}, {}
    for name, events_NT in sets.items():
        draws = list(zip(prompts, np.split(events_NT, num_draws), strict=True))
        lags[name] = [
            {lag: self_similarity(*draw, lag, bar_steps) for lag in LAGS} for draw in draws
        ]
        repeated[name] = interval(repeated_bars(*draw, bar_steps) for draw in draws)
    real = lags.get('real_continuations')
    return {
        name: SetRepetition(
            {lag: interval(draw[lag] for draw in draws) for lag in LAGS},
            repeated[name],
            interval(map(_difference, draws, real)) if real else None,
        )
        for name, draws in lags.items()
    }


def _difference(one: Mapping[int, float | None], other: Mapping[int, float | None]) -> float | None:
    known = [
        abs(one[lag] - other[lag])
        for lag in LAGS
        if one[lag] is not None and other[lag] is not None
    ]
    return float(np.mean(known)) if known else None


@dataclasses.dataclass(frozen=True)
class Repetition:
    """The repetition of each set that continues the prompts."""

    sets: dict[str, SetRepetition]


class RepetitionMeasure:
    """How much of each set is repeated, beside real continuations of the same prompts."""

    name = 'structure'
    unit = 'share'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Repetition:
        """Of every set that continues the prompts, over the draws."""
        sets = {
            name: events
            for name, events in pieces.events.items()
            if name != 'shuffled' or ground.music.continuations is not None
        }
        bar_steps = ground.music.bar.steps
        return Repetition(
            measure_structure(ground.music.prompts, sets, pieces.num_draws, bar_steps)
        )
