"""Gaps in unseen tunes: what their steps cost a model that knows both sides, beside models that
know the left one, and how much of what is drawn there is as in the tune.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.corpus.prepare import Tune
from symmusic.corpus.windows import Windows
from symmusic.evaluate.likelihood import Targets, find_targets
from symmusic.melody.encodings import Vocabulary
from symmusic.score.meter import STEPS_PER_BAR

# after a gap at most, and before it at least, where the tune has them
CONTEXT_STEPS = 8 * STEPS_PER_BAR


@dataclasses.dataclass(frozen=True)
class Gaps:
    """N gaps of whole bars.

    Attributes:
      windows: around them; the first target of each is the gap's begin.
      ends: [N] the first step of each window after the gap.
      tunes: [N] which tune each is from.
      targets: K steps of all gaps.
    """

    windows: Windows
    ends: np.ndarray
    tunes: np.ndarray
    targets: Targets

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def centred(self) -> np.ndarray:
        """[n] which ones have as many steps after as before them, and so stand at one place in
        their windows.
        """
        return np.flatnonzero(self.windows.first_targets == CONTEXT_STEPS)


def find_gaps(
    tunes: Sequence[Tune],
    vocabulary: Vocabulary,
    num_bars: int,
    max_gaps: int,
    rng: np.random.Generator,
) -> Gaps:
    """Gaps of `num_bars` bars, side by side in each tune from its second bar on as long as a whole
    bar follows; of more than `max_gaps` so many are drawn.
    """
    gap_steps = num_bars * STEPS_PER_BAR
    num_steps = gap_steps + 2 * CONTEXT_STEPS
    rows, places = [], []  # tokens [S], and (padding, begin, tune) of each
    for index, tune in enumerate(tunes):
        for phrase in tune.phrases:
            tokens = vocabulary.encode(phrase)
            for begin in range(
                STEPS_PER_BAR, len(tokens) - gap_steps - STEPS_PER_BAR + 1, gap_steps
            ):
                stop = min(begin + gap_steps + CONTEXT_STEPS, len(tokens))
                padding = max(num_steps - stop, 0)
                own = tokens[max(stop - num_steps, 0) : stop]
                rows.append(np.concatenate([np.full(padding, vocabulary.padding, np.uint8), own]))
                places.append(
                    (padding, begin - stop + num_steps, (stop - num_steps) % STEPS_PER_BAR, index)
                )
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
        positions=positions.astype(np.uint8),
        num_padding=padding.astype(np.uint16),
        first_targets=begins.astype(np.uint16),
        num_steps=num_steps,
    )
    ends = begins + gap_steps
    every = find_targets(windows, vocabulary, all_steps=True)
    inside = every.steps < ends[every.rows]
    targets = Targets(
        *(getattr(every, field.name)[inside] for field in dataclasses.fields(Targets))
    )
    return Gaps(windows, ends, owners, targets)


def overlap(drawn_NT: np.ndarray, real_NT: np.ndarray) -> float:
    """The share of notes that stand in both, by step and pitch: 2 |both| / (|drawn| + |real|) over
    all events given (an F1 score); 0 where there is no note.
    """
    both = ((drawn_NT == real_NT) & (real_NT >= 0)).sum()
    return float(2 * both / max((drawn_NT >= 0).sum() + (real_NT >= 0).sum(), 1))


TITLES = {
    'model': 'the model, told both sides',
    'right_hidden': 'the same, told the left side alone',
    'left_to_right': 'the left-to-right model',
    'markov_5': 'Markov of order 5',
    'base_rate': 'base rate',
    'saved': 'left-to-right minus the model',
    'saved_hidden': 'left side alone minus both sides',
    'resampled': 'the left-to-right model, resampled',
    'untold': 'the same, told the left side alone',
}


def infilling_md(found: Mapping | None) -> str:
    """What filling gaps cost and how much came out as in the tunes, in Markdown; nothing where it
    was not measured.
    """
    if found is None:
        return ''
    lengths = list(found['gaps'])
    heads = [f'{length} bar{"s" * (length != "1")}' for length in lengths]
    lines = [
        '## Filling gaps',
        f'| nats per step in gaps of | {" | ".join(heads)} |',
        '|---|' + '---|' * len(heads),
    ]
    for name in found['gaps'][lengths[0]]['nats_per_step']:
        cells = []
        for length in lengths:
            bounds = found['gaps'][length]['nats_intervals']['per_step'][name]
            cells.append(
                f'{found["gaps"][length]["nats_per_step"][name]:.3f}'
                + (f' [{bounds[0]:.3f}, {bounds[1]:.3f}]' if bounds else '')
            )
        lines.append(f'| {TITLES[name]} | {" | ".join(cells)} |')
    counts = ', '.join(
        f'{found["gaps"][length]["num_gaps"]} gaps of {head}'
        for length, head in zip(lengths, heads, strict=True)
    )
    lines += [
        '',
        (
            f'On {counts} in {found["part"]} tunes, the same steps for all. A gap has a bar or more'
            ' on both sides; 8 bars at most are told after it, 8 at least before it where the tune'
            ' has them. In brackets 95 % intervals, from resamples of the tune families.'
        ),
        (
            f'The left-to-right model is {found["left_to_right"]}.'
            if found['left_to_right']
            else found['note']
        ),
        '',
    ]
    drawn = found['drawn']
    if drawn:
        lines += [
            (
                f'| {drawn["num_gaps"]} gaps of {drawn["num_bars"]} bars drawn anew | notes as in'
                ' the tune |'
            ),
            '|---|---|',
        ]
        lines += [f'| {TITLES[name]} | {value:.3f} |' for name, value in drawn['overlap'].items()]
        lines += [
            '',
            (
                'The share of notes that stand in the tune and in what was drawn, of the same step'
                f' and pitch (F1), over {drawn["num_candidates"]} draws of each gap; of the'
                ' resampled ones one of these is chosen by how well what follows goes on.'
            ),
            '',
        ]
    return '\n'.join(lines)
