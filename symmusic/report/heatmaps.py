"""Heat maps of the attention weights and softmax outputs of every generated step.

Row n of a piece's weights_NT belongs to the n-th generated step, and column T - 1 to the step right
before it. P steps were read before the first generated one; with P = 4, T = 3 the columns are these
steps of the joined sequence:

    n = 0   1 2 3
    n = 1   2 3 4
    n = 2   3 4 5
"""

import functools
import pathlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from symmusic.generate.pieces import Piece
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import NO_EVENT
from symmusic.plots import write_figure
from symmusic.score.meter import STEPS_PER_BAR, STEPS_PER_QUARTER
from symmusic.score.notes import pitch_name

MAX_SINGLE = 8
# shows small weights and zero, and needs no floor, unlike a logarithm
SCALE = 'square-root scale'


def input_steps(num_read: int, num_steps: int, width: int) -> np.ndarray:
    """The step of the joined sequence that each weight belongs to, [N, T], for P = `num_read` and T
    = `width`; negative where it is padding.
    """
    return num_read - width + np.arange(num_steps)[:, None] + np.arange(width)


def blank_classes(vocabulary: Vocabulary) -> np.ndarray:
    """The tokens without an event, bool [V + 1]: the padding, the blank after the last class, and
    tokens that by themselves decode to no event.
    """
    num_classes = vocabulary.num_classes
    alone = [
        token == vocabulary.padding or vocabulary.decode(np.array([token]))[0] == NO_EVENT
        for token in range(num_classes)
    ]
    return np.array([*alone, True])


def mask_blanks(
    weights_NT: np.ndarray, read: np.ndarray, tokens: np.ndarray, blank_V: np.ndarray
) -> np.ndarray:
    """The weights, with NaN where the attended step holds a blank class or is padding; rows are not
    renormalised, as in the thesis.

    Args:
      weights_NT: attention weights of one piece.
      read: [P] tokens that the model read before the piece.
      tokens: [N] tokens of the piece.
      blank_V: result of `blank_classes`.
    """
    is_blank = np.concatenate([blank_V[read], blank_V[tokens]])
    steps_NT = input_steps(len(read), *weights_NT.shape)
    return np.where((steps_NT < 0) | is_blank[np.maximum(steps_NT, 0)], np.nan, weights_NT)


def by_step(weights_NT: np.ndarray, num_read: int) -> tuple[np.ndarray, int]:
    """`(weights_NS, first)`: the weights with columns for the steps `first`, `first` + 1, ... of
    the joined sequence instead of relative steps.

    NaN outside a row's window; weights on steps before the start of the sequence, all 0, are left
    out.
    """
    steps_NT = input_steps(num_read, *weights_NT.shape)
    first = max(int(steps_NT[0, 0]), 0)
    weights_NS = np.full((len(weights_NT), int(steps_NT[-1, -1]) - first + 1), np.nan)
    rows, columns = np.nonzero(steps_NT >= first)
    weights_NS[rows, steps_NT[rows, columns] - first] = weights_NT[rows, columns]
    return weights_NS, first


def mean_of_known(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """The elementwise mean over arrays of one shape, ignoring NaN; NaN where all are."""
    total, count = np.zeros(arrays[0].shape), np.zeros(arrays[0].shape)
    for array in arrays:
        total += np.nan_to_num(array)
        count += ~np.isnan(array)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def class_labels(vocabulary: Vocabulary) -> list[str]:
    """The names of the classes, pitches as C5 (72)."""
    return [
        f'{pitch_name(int(name))} ({name})' if name.isdecimal() else name
        for name in vocabulary.class_names
    ]


def write_heatmaps(
    folder: pathlib.Path,
    pieces: Sequence[Piece],
    vocabulary: Vocabulary,
    *,
    is_window: bool,
    title: str,
    progress: Callable[[Iterable, str], Iterable],
    num_singles: int = MAX_SINGLE,
    first_bar: int = 1,
) -> None:
    """Writes `attention.png`, `attention_masked.png` and `softmax.png`, averaged over all pieces,
    and `NN-attention.png` ... for each of the first `num_singles` pieces. Models without attention
    have no attention maps.

    Args:
      folder: the folder to write to.
      pieces: at least one, all with their distributions.
      vocabulary: vocabulary of their tokens.
      is_window: whether the model read a whole window for each step; the input axis is then the
        position in it, as in the thesis, else the step.
      title: the first part of each picture's title.
      progress: wraps an iterable; takes the unit's name.
      num_singles: number of pieces with their own maps.
      first_bar: number of the first bar that was read.
    """
    labels, blank_V = class_labels(vocabulary), blank_classes(vocabulary)
    num_read = len(pieces[0].read)
    masked = functools.partial(mask_blanks, blank_V=blank_V)

    def draw(prefix: str, shown: Sequence[Piece], name: str) -> None:
        tokens = shown[0].tokens if len(shown) == 1 else None
        path = folder / f'{prefix}softmax.png'
        _draw_softmax(
            path,
            mean_of_known([piece.probabilities for piece in shown]),
            labels,
            num_read,
            first_bar,
            tokens,
            f'{name}: softmax',
        )
        if shown[0].weights is None:
            return
        plain = mean_of_known([piece.weights for piece in shown])
        events = mean_of_known([masked(piece.weights, piece.read, piece.tokens) for piece in shown])
        how = {'num_read': num_read, 'first_bar': first_bar, 'is_window': is_window}
        _draw_attention(folder / f'{prefix}attention.png', plain, f'{name}: attention', **how)
        where = (
            'no event there in any piece, else the mean over the pieces with one;\n'
            if len(shown) > 1
            else 'no event there; '
        )
        what = f'{name}: attention to events\n(grey: {where}rows not renormalised)'
        _draw_attention(folder / f'{prefix}attention_masked.png', events, what, **how)

    digits = max(2, len(str(len(pieces))))
    singles = [
        (f'{number:0{digits}}-', [piece], f'{title}, piece {number}')
        for number, piece in enumerate(pieces[:num_singles], 1)
    ]
    everything = (
        f'{title}, mean of {len(pieces)} pieces' if len(pieces) > 1 else f'{title}, one piece'
    )
    for prefix, shown, name in progress([('', pieces, everything), *singles], 'map'):
        draw(prefix, shown, name)


def _draw_attention(
    path: pathlib.Path,
    weights_NT: np.ndarray,
    title: str,
    *,
    num_read: int,
    first_bar: int,
    is_window: bool,
) -> None:
    from matplotlib.colors import PowerNorm

    # here, because it takes a second to import and few runs of the program draw
    from matplotlib.figure import Figure

    num_steps, width = weights_NT.shape
    if is_window:
        image, first = weights_NT, 1
        seen = np.ones(image.shape, bool)
    else:
        image, first = by_step(weights_NT, num_read)
        seen = ~np.isnan(by_step(np.zeros(weights_NT.shape), num_read)[0])
    figure = Figure(
        figsize=(_inches(image.shape[1], 3.0), _inches(num_steps, 1.6)), layout='constrained'
    )
    axes = figure.subplots()
    extent = (first - 0.5, first + image.shape[1] - 0.5, num_read + num_steps - 0.5, num_read - 0.5)
    # grey where the attended step is masked, white outside the window
    background = np.where(seen, 0.82, 1.0)
    axes.imshow(
        background,
        cmap='gray',
        vmin=0,
        vmax=1,
        extent=extent,
        aspect='auto',
        interpolation='nearest',
    )
    known = image[~np.isnan(image)]
    norm = PowerNorm(0.5, 0, float(known.max()) if known.size and known.max() > 0 else 1.0)
    drawn = axes.imshow(
        np.ma.masked_invalid(image),
        cmap='viridis',
        norm=norm,
        extent=extent,
        aspect='auto',
        interpolation='nearest',
    )
    figure.colorbar(
        drawn, ax=axes, label=f'attention weight ({SCALE})', pad=0.01, aspect=40, fraction=0.04
    )
    if is_window:
        bars = range(1, width // STEPS_PER_BAR + 1)
        every = _every(len(bars))
        ticks = [
            (
                width + 1 - bar * STEPS_PER_BAR,
                f'{width + 1 - bar * STEPS_PER_BAR}\n{bar} bar{"s" * (bar > 1)} back',
            )
            for bar in bars
            if bar % every == 0 and width + 1 - bar * STEPS_PER_BAR > 0
        ]
        ticks.append((width, str(width)))
        axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks])
        axes.set_xlabel('input step, by its place in the window')
    else:
        _bar_axis(axes.xaxis, first, first + image.shape[1], first_bar)
        axes.axvline(num_read - 0.5, color='tab:red', linewidth=1)
        axes.set_xlabel('input step, by bar (red: where the continuation begins)')
    _bar_axis(axes.yaxis, num_read, num_read + num_steps, first_bar)
    axes.set_ylabel('generated step, by bar')
    axes.set_title(title, loc='left', fontsize=10, parse_math=False)
    write_figure(path, figure)


def _draw_softmax(
    path: pathlib.Path,
    probabilities_NV: np.ndarray,
    labels: Sequence[str],
    num_read: int,
    first_bar: int,
    tokens: np.ndarray | None,
    title: str,
) -> None:
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    num_steps, num_classes = probabilities_NV.shape
    figure = Figure(
        figsize=(_inches(1.5 * num_steps, 3.0), min(1.6 + 0.13 * num_classes, 20)),
        layout='constrained',
    )
    axes = figure.subplots()
    extent = (num_read - 0.5, num_read + num_steps - 0.5, -0.5, num_classes - 0.5)
    norm = PowerNorm(0.5, 0, 1)
    drawn = axes.imshow(
        probabilities_NV.T,
        cmap='viridis',
        norm=norm,
        extent=extent,
        aspect='auto',
        interpolation='nearest',
        origin='lower',
    )
    figure.colorbar(
        drawn, ax=axes, label=f'probability ({SCALE})', pad=0.01, aspect=40, fraction=0.04
    )
    # with more steps the marks would hide the map
    if tokens is not None and num_steps <= 16 * STEPS_PER_BAR:
        axes.plot(
            num_read + np.arange(num_steps),
            tokens,
            's',
            color='tab:red',
            markersize=3,
            markerfacecolor='none',
            markeredgewidth=0.8,
        )
        title += ', red: what was drawn'
    every = _every(num_classes, most=80)
    axes.set_yticks(range(0, num_classes, every), labels[::every], fontsize=6)
    _bar_axis(axes.xaxis, num_read, num_read + num_steps, first_bar)
    axes.set(xlabel='generated step, by bar', ylabel="class, in the model's key")
    axes.set_title(title, loc='left', fontsize=10, parse_math=False)
    write_figure(path, figure)


def _bar_axis(axis, first: int, end: int, first_bar: int) -> None:
    """Ticks at bar lines, numbered as in the piano rolls with `first_bar` at step 0; minor ticks at
    quarters where there are few bars.
    """
    bars = range(-(-first // STEPS_PER_BAR), -(-end // STEPS_PER_BAR))
    every = _every(len(bars))
    axis.set_ticks(
        [bar * STEPS_PER_BAR - 0.5 for bar in bars if bar % every == 0],
        [str(bar + first_bar) for bar in bars if bar % every == 0],
    )
    if len(bars) <= 16:
        axis.set_ticks(
            [
                step - 0.5
                for step in range(
                    -(-first // STEPS_PER_QUARTER) * STEPS_PER_QUARTER, end, STEPS_PER_QUARTER
                )
            ],
            minor=True,
        )


def _every(num: int, most: int = 20) -> int:
    """The smallest power of two k such that every k-th of `num` ticks gives at most `most`."""
    return 1 << max(0, int(np.ceil(np.log2(max(num, 1) / most))))


def _inches(num_steps: float, margin: float) -> float:
    """The length of a side of a picture: one inch per bar, within limits that keep the labels
    legible on a screen.
    """
    return margin + min(max(num_steps / STEPS_PER_BAR, 3.0), 12.0)
