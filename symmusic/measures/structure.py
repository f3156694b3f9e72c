"""Repetition: how much of a continuation is repeated, beside real continuations of the same
prompts.

The self-similarity of a piece at a lag is the mean of a diagonal of its self-similarity matrix
(Foote 1999; by lag: Goto 2003), here of onsets: of the steps at which a note starts, in the piece
or `lag` bars before, the share at which the same pitch starts at both. The bars before may be the
prompt's. Only repetition at the same pitch counts; steps whose lag reaches before the prompt are
not counted.
"""

from collections.abc import Mapping

import numpy as np

from symmusic.measures.scale import interval
from symmusic.score.meter import STEPS_PER_BAR

LAGS = (1, 2, 4, 8)  # bars


def self_similarity(prompts_NT: np.ndarray, events_NT: np.ndarray, lag: int) -> float | None:
    """The self-similarity at `lag` (see above), over N pieces together; None where no onset has a
    step `lag` bars before it.

    Args:
      prompts_NT: events before each piece, in whole bars.
      events_NT: the pieces.
      lag: in bars.
    """
    whole_NT, steps = np.concatenate([prompts_NT, events_NT], axis=1), lag * STEPS_PER_BAR
    first = max(prompts_NT.shape[1] - steps, 0)
    old_NT, new_NT = whole_NT[:, first:-steps], whole_NT[:, first + steps :]
    begins_NT = (new_NT >= 0) | (old_NT >= 0)
    return float((new_NT == old_NT)[begins_NT].mean()) if begins_NT.any() else None


def repeated_bars(prompts_NT: np.ndarray, events_NT: np.ndarray) -> float | None:
    """The share of the pieces' bars that equal, event for event, an earlier bar of the prompt or
    the piece. Bars in which no note starts are not counted; None where no bar is.
    """
    bars_NBS = np.concatenate([prompts_NT, events_NT], axis=1).reshape(
        len(events_NT), -1, STEPS_PER_BAR
    )
    first = prompts_NT.shape[1] // STEPS_PER_BAR
    repeats = []
    for bars_BS in bars_NBS:
        for place in range(first, len(bars_BS)):
            if (bars_BS[place] >= 0).any():
                repeats.append((bars_BS[:place] == bars_BS[place]).all(axis=1).any())
    return float(np.mean(repeats)) if repeats else None


def measure_structure(
    prompts_NT: np.ndarray, sets: Mapping[str, np.ndarray], num_draws: int
) -> dict[str, dict[str, dict]]:
    """The block `structure` of `comparison.json`: `{set: {'lag_1', ..., 'repeated_bars',
    'difference': scale.interval over draws}}`.

    `difference` is the mean over the lags of the absolute difference of the self-similarity from
    that of the set `real_continuations`; absent without that set. All sets continue the same
    prompts, draw by draw.
    """
    draws = {
        name: [
            _measure(*each)
            for each in zip(
                np.split(prompts_NT, num_draws), np.split(events_NT, num_draws), strict=True
            )
        ]
        for name, events_NT in sets.items()
    }
    real = draws.get('real_continuations')
    blocks = {}
    for name, found in draws.items():
        blocks[name] = {measure: interval(draw[measure] for draw in found) for measure in found[0]}
        if real:
            blocks[name]['difference'] = interval(map(_difference, found, real))
    return blocks


def _measure(prompts_NT: np.ndarray, events_NT: np.ndarray) -> dict[str, float | None]:
    found = {f'lag_{lag}': self_similarity(prompts_NT, events_NT, lag) for lag in LAGS}
    return found | {'repeated_bars': repeated_bars(prompts_NT, events_NT)}


def _difference(one: Mapping[str, float | None], other: Mapping[str, float | None]) -> float | None:
    pairs = [(one[f'lag_{lag}'], other[f'lag_{lag}']) for lag in LAGS]
    known = [
        abs(ours - theirs) for ours, theirs in pairs if ours is not None and theirs is not None
    ]
    return float(np.mean(known)) if known else None
