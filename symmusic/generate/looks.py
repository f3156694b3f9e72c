"""What each generated step attended to: the largest attention weights of every step, few enough for
a page.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.generate.pieces import Piece

MOST_WEIGHTS = 24  # of a step
MOST_PIECES = 64  # of a page
MOST_STEPS = 1024  # of a piece
MOST_FLOATS = 50_000_000  # that drawing may keep: 200 MB


def may_keep(num_pieces: int, num_steps: int, memory_steps: int, num_classes: int) -> bool:
    """Whether the weights and probabilities of all steps fit in memory while pieces are drawn."""
    return num_pieces * num_steps * (memory_steps + num_classes) <= MOST_FLOATS


def find_looks(pieces: Sequence[Piece]) -> list[list[list[int]] | None]:
    """What the steps of each piece attended to: [age, weight, age, weight, ...] for each step, the
    largest weight first. An age is in steps, 1 being the step right before; weights are in
    thousandths. At most `MOST_STEPS` steps of a piece; None for pieces without weights and for
    those after the first `MOST_PIECES`.
    """
    found = []
    for number, piece in enumerate(pieces):
        if piece.weights is None or number >= MOST_PIECES:
            found.append(None)
            continue
        weights_NT = piece.weights[:MOST_STEPS]
        top_NK = np.argsort(-weights_NT, axis=1, kind='stable')[:, :MOST_WEIGHTS]
        thousandths_NK = np.rint(np.take_along_axis(weights_NT, top_NK, axis=1) * 1000).astype(int)
        ages_NK = weights_NT.shape[1] - top_NK
        pairs = [
            np.stack([ages, each], axis=1)[each > 0]
            for ages, each in zip(ages_NK, thousandths_NK, strict=True)
        ]
        found.append([each.ravel().tolist() for each in pairs])
    return found


def without_probabilities(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces without the probabilities of every step, but with the attention weights."""
    return [dataclasses.replace(piece, probabilities=None, read=None) for piece in pieces]
