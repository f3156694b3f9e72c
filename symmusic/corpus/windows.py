"""Windows: sections of equal length, cut from tunes at a hop and padded on the left if a tune is
shorter.

A row of `Windows` is not a copy but the start of the window in one long stream of tokens. With 4
steps and a hop of 2:

    tune          a b c d e f g
    stream  . . . a b c d e f g     ('.' is the padding)
    windows       a b c d
                      c d e f       (the faithful protocol drops this one, the last)
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.corpus.meters import bars_on_grid, find_index, in_own_bars
from symmusic.corpus.prepare import Tune
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.form import NOT_KNOWN, bars_left
from symmusic.score.bar import COMMON, SIXTEENTHS


def window_starts(
    num_steps: int,
    window_steps: int,
    hop_steps: int,
    *,
    keep_last: bool = True,
    cover_end: bool = False,
) -> tuple[range | list, int]:
    """The starts of the windows of a phrase of `num_steps` (negative: padded), and the number of
    padding steps.

    A phrase of at most `window_steps` gives one window, padded on the left. A longer one gives a
    window at every `hop_steps` that fits; of these the last is dropped unless `keep_last`.
    `cover_end` keeps all and adds one that ends with the phrase where the last does not, so that
    (at a hop within a window) no step is lost.
    """
    if num_steps == 0:
        return [], 0
    if num_steps <= window_steps:
        return [num_steps - window_steps], window_steps - num_steps
    starts = range(0, num_steps - window_steps + 1, hop_steps)
    if cover_end and starts[-1] != num_steps - window_steps:
        return [*starts, num_steps - window_steps], 0
    return starts if keep_last or cover_end else starts[:-1], 0


@dataclasses.dataclass(frozen=True)
class Windows:
    """N windows of S steps over a stream of tokens.

    Attributes:
      stream: tokens [L] uint8 of all phrases, each with S tokens of padding before it.
      starts: [N] int32, index in the stream of each window's first step.
      positions: [N] uint16, the place in the bar (`model.places`) of each window's first step.
      num_padding: [N] uint16, how many steps of padding each window starts with.
      first_targets: [N] uint16, the first target of each window if every step is one: neither
        padding nor step 0, which nothing predicts, nor, if steps count once, a step of the window
        before.
      num_steps: S.
      bars: the steps in a bar of each metre, in which places are counted.
      left: [L, 2] uint8, the bars left (`melody.form`) in the section and in the tune, silence
        between its phrases included, at each token of the stream; None = not known.
      steps_per_quarter: the grid.
    """

    stream: np.ndarray
    starts: np.ndarray
    positions: np.ndarray
    num_padding: np.ndarray
    first_targets: np.ndarray
    num_steps: int
    bars: tuple[int, ...] = (COMMON.steps,)
    left: np.ndarray | None = None
    steps_per_quarter: int = SIXTEENTHS

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def meters(self) -> np.ndarray:
        """[N] the index of each window's metre."""
        return np.searchsorted(np.cumsum(self.bars), self.positions, side='right')

    def steps_in_bar(self, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The step in the bar of some steps of some windows; both arguments are broadcast."""
        meters = self.meters[rows]
        first = self.positions[rows] - np.concatenate([[0], np.cumsum(self.bars)])[meters]
        return (first + steps) % np.array(self.bars)[meters]

    def tokens(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The tokens [n, S] uint8 of some windows."""
        return self.stream[self.starts[rows][:, None] + np.arange(self.num_steps)]

    def select(self, rows: np.ndarray) -> 'Windows':
        """Some of the windows, over the same stream."""
        names = ('starts', 'positions', 'num_padding', 'first_targets')
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in names})


def cut_windows(
    tunes: Sequence[Tune],
    vocabulary: Vocabulary,
    window_steps: int,
    hop_steps: int,
    *,
    keep_last: bool = True,
    cover_end: bool = False,
    count_once: bool = False,
    meters: Sequence[str] = ('4/4',),
    steps_per_quarter: int = SIXTEENTHS,
) -> Windows:
    """The windows of every phrase of `tunes`, which are in one of `meters` and on one grid, in
    order; the other arguments as in `window_starts`, except that a hop of whole bars of 4/4 is that
    many bars of each tune.

    With `count_once` a step in two windows is a target only in the first and context
    in the second; the hop is then the same for all.
    """
    bars = bars_on_grid(tunes, meters, steps_per_quarter)
    stream, left, length = [np.zeros(0, np.uint8)], [np.zeros((0, 2), np.uint8)], 0
    starts, positions, num_padding, first_targets = [], [], [], []
    for tune in tunes:
        index = find_index(tune.counted_in, meters)
        hop = hop_steps if count_once else hop_of(tune, window_steps, hop_steps)
        for phrase, first_bar in zip(tune.phrases, tune.bars, strict=True):
            tokens = vocabulary.encode(phrase)
            begins, padding = window_starts(
                len(tokens), window_steps, hop, keep_last=keep_last, cover_end=cover_end
            )
            stream += [np.full(window_steps, vocabulary.padding, np.uint8), tokens]
            left.append(np.full((window_steps, 2), NOT_KNOWN, np.uint8))
            left.append(_bars_left(tune, first_bar - tune.first_bar, len(tokens)))
            begins = np.asarray(begins, np.int64)
            starts.append(length + window_steps + begins)
            positions.append(sum(bars[:index]) + begins % bars[index])
            num_padding.append(np.full(len(begins), padding))
            known = (
                begins[:-1] + window_steps - begins[1:]
                if count_once
                else np.zeros(max(len(begins) - 1, 0), np.int64)
            )
            first_targets.append(
                np.maximum(np.concatenate([np.full(min(len(begins), 1), padding), known]), 1)
            )
            length += window_steps + len(tokens)
    dtypes = (np.int32, np.uint16, np.uint16, np.uint16)
    parts = zip((starts, positions, num_padding, first_targets), dtypes, strict=True)
    joined = [
        np.concatenate([np.zeros(0, np.int64), *arrays]).astype(dtype) for arrays, dtype in parts
    ]
    joined += [window_steps, bars, np.concatenate(left), steps_per_quarter]
    return Windows(np.concatenate(stream), *joined)


def _bars_left(tune: Tune, first_bar: int, num_tokens: int) -> np.ndarray:
    """The counts [`num_tokens`, 2] of a phrase that starts with bar `first_bar`, from 0, of a tune.
    Tokens that an encoding adds at the end have the counts of the last step.
    """
    bars = first_bar + np.arange(num_tokens) // tune.bar.steps
    return bars_left(tune.num_bars, tune.sections)[np.minimum(bars, tune.num_bars - 1)]


def hop_of(tune: Tune, window_steps: int, hop_steps: int) -> int:
    """The hop in a tune's own bars; at most a window, unless `hop_steps` is longer."""
    return min(in_own_bars(hop_steps, tune.bar), max(window_steps, hop_steps))


def count_windows(
    tune: Tune,
    window_steps: int,
    hop_steps: int,
    keep_last: bool,
    encoding: type[Vocabulary] = Vocabulary,
) -> int:
    """How many windows a tune gives in an encoding."""
    lengths = (encoding.num_tokens(phrase) for phrase in tune.phrases)
    hop = hop_of(tune, window_steps, hop_steps)
    return sum(
        len(window_starts(length, window_steps, hop, keep_last=keep_last)[0]) for length in lengths
    )


def tune_indices(windows: Windows, tunes: Sequence[Tune], vocabulary: Vocabulary) -> np.ndarray:
    """The index in `tunes` of each window [N]; `windows` are some of those cut from all of the
    tunes (with several styles, style by style).

    Raises:
      ValueError: the stream is not of these tunes.
    """
    order = sorted(range(len(tunes)), key=lambda index: tunes[index].style)
    lengths = [
        sum(windows.num_steps + vocabulary.num_tokens(phrase) for phrase in tunes[index].phrases)
        for index in order
    ]
    ends = np.cumsum(lengths)
    if sum(lengths) != len(windows.stream):
        raise ValueError(
            f'a stream of {len(windows.stream)} tokens is not of these tunes, which give'
            f' {sum(lengths)}'
        )
    return np.array(order, np.int64)[np.searchsorted(ends, windows.starts, side='right')]


def join_windows(windows: Sequence[Windows]) -> Windows:
    """Joins windows of equal length over one stream."""
    offsets = np.cumsum([0, *(len(each.stream) for each in windows)])
    starts = np.concatenate(
        [each.starts + offset for each, offset in zip(windows, offsets[:-1], strict=True)]
    ).astype(np.int32)
    names = ['stream', 'positions', 'num_padding', 'first_targets']
    names += ['left'] * all(each.left is not None for each in windows)
    joined = {name: np.concatenate([getattr(each, name) for each in windows]) for name in names}
    return dataclasses.replace(windows[0], **{'left': None, 'starts': starts} | joined)
