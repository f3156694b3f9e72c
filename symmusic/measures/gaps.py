"""Gaps in unseen tunes: the likelihood of their steps under a model that is given both sides,
compared with models that are given only the left side; and how many of the drawn notes agree with
the tune.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.meters import bars_on_grid, find_index
from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import Windows
from symmusic.measures.likelihood import Nats, Targets, find_targets
from symmusic.melody.encodings import Vocabulary
from symmusic.model.places import first_place
from symmusic.score.bar import SIXTEENTHS

CONTEXT_BARS = 8  # context: at most after a gap, and at least before it if the tune is long enough


@dataclasses.dataclass(frozen=True)
class Gaps:
    """N gaps of whole bars.

    Attributes:
      windows: the windows around them; the first target of each is the start of its gap.
      ends: [N] the first step of each window after the gap.
      tunes: [N] index of the tune that each is from.
      targets: the K steps of all gaps.
      context_steps: steps of the context on either side.
      meter: the index of their metre.
    """

    windows: Windows
    ends: np.ndarray
    tunes: np.ndarray
    targets: Targets
    context_steps: int
    meter: int = 0

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def followed(self) -> np.ndarray:
        """[n] indices of the gaps with the whole context after them, which are all at the same
        place in their windows.
        """
        return np.flatnonzero(self.ends == self.windows.num_steps - self.context_steps)


@dataclasses.dataclass(frozen=True)
class GapNats:
    """The loss of each model on the steps of gaps of one length, in nats."""

    nats: Nats
    num_gaps: int


@dataclasses.dataclass(frozen=True)
class Redrawn:
    """The share of notes, drawn in gaps, that agree with the tune.

    Attributes:
      num_gaps, num_bars, num_candidates: gaps, their length, and draws of each.
      overlap: the F1 score by the name of the model.
    """

    num_gaps: int
    num_bars: int
    num_candidates: int
    overlap: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Infilling:
    """Gaps in unseen tunes, filled by a model that is given both sides and by others.

    Attributes:
      part: whose tunes have the gaps.
      left_to_right: the name of the left-to-right model; None if there is none, in which case
        `note` says why.
      note: see above.
      gaps: results keyed by the length of the gaps in bars.
      drawn: None where no gap has 8 bars on both sides.
    """

    part: str
    left_to_right: str | None
    note: str
    gaps: dict[int, GapNats]
    drawn: Redrawn | None


def find_gaps(
    tunes: Sequence[Tune],
    vocabulary: Vocabulary,
    num_bars: int,
    max_gaps: int,
    rng: np.random.Generator,
    meters: Sequence[str] = ('4/4',),
    meter: int = 0,
    steps_per_quarter: int = SIXTEENTHS,
    most_bars: int = 0,
) -> Gaps:
    """Consecutive gaps of `num_bars` bars, from the second bar on and with at least a whole bar
    after them, in each tune whose metre has index `meter` among `meters`; a random `max_gaps` of
    them if there are more. Windows are as long as those of gaps of `most_bars` bars, so that one
    program serves gaps of all lengths; the context before shorter gaps is longer.
    """
    bars = bars_on_grid(tunes, meters, steps_per_quarter)
    bar_steps, line = bars[meter], first_place(meter, bars)
    gap_steps, context_steps = num_bars * bar_steps, CONTEXT_BARS * bar_steps
    num_steps = max(num_bars, most_bars) * bar_steps + 2 * context_steps
    rows, places = [], []  # tokens [S], and (padding, start, tune) of each
    for index, tune in enumerate(tunes):
        for phrase in tune.phrases if find_index(tune.counted_in, meters) == meter else ():
            tokens = vocabulary.encode(phrase)
            for begin in range(bar_steps, len(tokens) - gap_steps - bar_steps + 1, gap_steps):
                stop = min(begin + gap_steps + context_steps, len(tokens))
                padding = max(num_steps - stop, 0)
                own = tokens[max(stop - num_steps, 0) : stop]
                rows.append(np.concatenate([np.full(padding, vocabulary.padding, np.uint8), own]))
                position = line + (stop - num_steps) % bar_steps
                places.append((padding, begin - stop + num_steps, position, index))
    kept = (
        np.arange(len(rows))
        if len(rows) <= max_gaps
        else np.sort(rng.choice(len(rows), max_gaps, replace=False))
    )
    padding, begins, positions, owners = (
        column[kept] for column in np.array(places, int).reshape(-1, 4).T
    )
    stream = np.concatenate([np.zeros(0, np.uint8), *(rows[each] for each in kept)])
    windows = Windows(
        stream=stream,
        starts=(np.arange(len(kept)) * num_steps).astype(np.int32),
        positions=positions.astype(np.uint16),
        num_padding=padding.astype(np.uint16),
        first_targets=begins.astype(np.uint16),
        num_steps=num_steps,
        bars=bars,
        steps_per_quarter=steps_per_quarter,
    )
    ends = begins + gap_steps
    every = find_targets(windows, vocabulary, all_steps=True)
    inside = every.steps < ends[every.rows]
    return Gaps(windows, ends, owners, every.select(inside), context_steps, meter)


def overlap(drawn_NT: np.ndarray, real_NT: np.ndarray) -> float:
    """The F1 score of the drawn notes, matched by step and pitch: 2 |both| / (|drawn| + |real|)
    over all events; 0 where there is no note.
    """
    both = ((drawn_NT == real_NT) & (real_NT >= 0)).sum()
    return float(2 * both / max((drawn_NT >= 0).sum() + (real_NT >= 0).sum(), 1))
