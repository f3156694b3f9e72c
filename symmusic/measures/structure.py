"""Repetition: how much of a continuation is repeated, compared with real continuations of the same
prompts.

The self-similarity of a piece at a lag is the mean of a diagonal of its self-similarity matrix
(Foote 1999; by lag: Goto 2003), computed here on onsets: among the steps at which a note starts in
the piece or `lag` bars before, the share of steps at which the same pitch starts at both. The bars
before may be in the prompt. Only repetition at the same pitch counts; steps less than `lag` bars
after the start of the prompt are left out.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from symmusic.measures.bounds import SHARE
from symmusic.measures.estimate import Estimate
from symmusic.measures.families import Families, Parts, resample_families
from symmusic.measures.registry import Ground, Sets
from symmusic.streams import Stream, generator

LAGS = (1, 2, 4, 8)  # bars


def count_similar(prompts_NT: np.ndarray, events_NT: np.ndarray, lag: int, bar_steps: int) -> Parts:
    """Counts, for each of N pieces, the steps at which the same pitch starts in it and `lag` bars
    before, and the steps at which a note starts in either.

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
    return ((new_NT == old_NT) & begins_NT).sum(axis=1), begins_NT.sum(axis=1)


def self_similarity(
    prompts_NT: np.ndarray, events_NT: np.ndarray, lag: int, bar_steps: int
) -> float | None:
    """The self-similarity at `lag` (see above), over N pieces together; None where no onset has a
    step `lag` bars before it. Arguments as in `count_similar`.
    """
    return _share(count_similar(prompts_NT, events_NT, lag, bar_steps))


def count_repeated(prompts_NT: np.ndarray, events_NT: np.ndarray, bar_steps: int) -> Parts:
    """Counts, for each of N pieces, the bars that equal, event for event, an earlier bar of the
    prompt or the piece, and all bars. Bars in which no note starts are not counted.
    """
    whole_NT = np.concatenate([prompts_NT, events_NT], axis=1)
    bars_NBS = whole_NT.reshape(len(events_NT), -1, bar_steps)
    first = prompts_NT.shape[1] // bar_steps
    counts_N2 = np.zeros((len(events_NT), 2), np.int64)
    for counts, bars_BS in zip(counts_N2, bars_NBS, strict=True):
        for place in range(first, len(bars_BS)):
            if (bars_BS[place] >= 0).any():
                counts += (bars_BS[:place] == bars_BS[place]).all(axis=1).any(), 1
    return counts_N2[:, 0], counts_N2[:, 1]


def repeated_bars(prompts_NT: np.ndarray, events_NT: np.ndarray, bar_steps: int) -> float | None:
    """The share of the pieces' bars that equal an earlier one, as `count_repeated`; None where no
    bar is counted.
    """
    return _share(count_repeated(prompts_NT, events_NT, bar_steps))


def _share(parts: Parts) -> float | None:
    num, every = (int(part.sum()) for part in parts)
    return num / every if every else None


@dataclasses.dataclass(frozen=True)
class SetRepetition:
    """The repetition of one set over all draws, with intervals over tune families.

    Attributes:
      lags: self-similarity by lag, in bars.
      repeated_bars: the share of bars that equal an earlier one.
      difference: the mean over the lags of the absolute difference of the self-similarity from that
        of the real continuations; None where these are not known.
      more: the share of repeated bars minus that of the real continuations; None if these are not
        known.
    """

    lags: dict[int, Estimate]
    repeated_bars: Estimate
    difference: Estimate | None
    more: Estimate | None = None


def measure_structure(
    prompts_NT: np.ndarray, sets: Mapping[str, np.ndarray], families: Families, bar_steps: int
) -> dict[str, SetRepetition]:
    """The repetition of each set. All sets continue the same prompts, whose tunes belong to these
    families; differences from the set `real_continuations` are paired.
    """
    similar = {
        name: {lag: count_similar(prompts_NT, events_NT, lag, bar_steps) for lag in LAGS}
        for name, events_NT in sets.items()
    }
    repeated = {
        name: count_repeated(prompts_NT, events_NT, bar_steps) for name, events_NT in sets.items()
    }
    real = 'real_continuations'
    return {
        name: SetRepetition(
            {lag: families.ratio(parts, SHARE) for lag, parts in similar[name].items()},
            families.ratio(repeated[name], SHARE),
            families.distance(list(similar[name].values()), list(similar[real].values()), SHARE)
            if real in sets
            else None,
            families.difference(repeated[name], repeated[real], SHARE) if real in sets else None,
        )
        for name in sets
    }


@dataclasses.dataclass(frozen=True)
class Repetition:
    """The repetition of each set that continues the prompts."""

    sets: dict[str, SetRepetition]


class RepetitionMeasure:
    """How much of each set is repeated, compared with real continuations of the same prompts."""

    name = 'structure'
    unit = 'share'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Repetition:
        """Measures every set that continues the prompts, over all draws."""
        sets = {
            name: events
            for name, events in pieces.events.items()
            if name != 'shuffled' or ground.music.continuations is not None
        }
        families = resample_families(ground.prompt_families, generator(key, Stream.DRAWS_RESAMPLES))
        return Repetition(
            measure_structure(ground.music.prompts, sets, families, ground.music.bar.steps)
        )
