"""Heat maps of the attention weights and softmax outputs of every generated step.

Row n of a piece's weights_NT belongs to the n-th generated step, and column T - 1 to the step right
before it. P steps were read before the first generated one; with P = 4, T = 3 the columns are these
steps of the joined sequence:

    n = 0   1 2 3
    n = 1   2 3 4
    n = 2   3 4 5
"""

import pathlib
from collections.abc import Sequence

import numpy as np

from symmusic.generate.pieces import Piece
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import NO_EVENT
from symmusic.pitches import pitch_name
from symmusic.progress import track
from symmusic.report.heatmap_plots import Bars, draw_attention, draw_softmax, input_steps
from symmusic.score.bar import COMMON, Bar

MAX_SINGLE = 8


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
    num_singles: int = MAX_SINGLE,
    first_bar: int = 1,
    bar: Bar = COMMON,
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
      num_singles: number of pieces with their own maps.
      first_bar: number of the first bar that was read.
      bar: the bar of the pieces.
    """
    digits = max(2, len(str(len(pieces))))
    singles = [
        (f'{number:0{digits}}-', [piece], f'{title}, piece {number}')
        for number, piece in enumerate(pieces[:num_singles], 1)
    ]
    everything = (
        f'{title}, mean of {len(pieces)} pieces' if len(pieces) > 1 else f'{title}, one piece'
    )
    scene = {
        'num_read': len(pieces[0].read),
        'bars': Bars(first_bar, bar.steps, bar.steps_per_quarter),
    }
    for prefix, shown, name in track([('', pieces, everything), *singles], 'map'):
        draw_softmax(
            folder / f'{prefix}softmax.png',
            mean_of_known([piece.probabilities for piece in shown]),
            class_labels(vocabulary),
            f'{name}: softmax',
            tokens=shown[0].tokens if len(shown) == 1 else None,
            **scene,
        )
        if shown[0].weights is not None:
            _draw_weights(folder, prefix, shown, vocabulary, name, is_window=is_window, **scene)


def _draw_weights(
    folder: pathlib.Path,
    prefix: str,
    shown: Sequence[Piece],
    vocabulary: Vocabulary,
    name: str,
    **scene: int | bool | Bars,
) -> None:
    """Draws the mean attention of pieces: to all steps, and to those with events."""
    plain = mean_of_known([piece.weights for piece in shown])
    draw_attention(folder / f'{prefix}attention.png', plain, f'{name}: attention', **scene)
    blank_V = blank_classes(vocabulary)
    events = mean_of_known(
        [mask_blanks(piece.weights, piece.read, piece.tokens, blank_V) for piece in shown]
    )
    where = (
        'no event there in any piece, else the mean over the pieces with one;\n'
        if len(shown) > 1
        else 'no event there; '
    )
    what = f'{name}: attention to events\n(grey: {where}rows not renormalised)'
    draw_attention(folder / f'{prefix}attention_masked.png', events, what, **scene)
