"""What each generated step looked at, small enough for a page: the heaviest attention weights of
every step.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.generate.compose import Piece

MOST_WEIGHTS = 24  # of a step
MOST_PIECES = 64  # of a page
MOST_STEPS = 1024  # of a piece
MOST_FLOATS = 50_000_000  # that drawing may keep: 200 MB


def may_keep(num_pieces: int, num_steps: int, memory_steps: int, num_classes: int) -> bool:
    """Whether weights and probabilities of all steps are kept while pieces are drawn: not of so
    many that they would fill the memory.
    """
    return num_pieces * num_steps * (memory_steps + num_classes) <= MOST_FLOATS


def find_looks(pieces: Sequence[Piece]) -> list[list[list[int]] | None]:
    """Of each piece what its steps looked at, [age, weight, age, weight, ...] of every step, the
    heaviest first: an age is in steps, 1 the step right before, a weight in thousandths. None of
    pieces that hold no weights, or that are too many; only the first `MOST_STEPS`.
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
    """The pieces with the attention weights alone of what was kept of every step."""
    return [dataclasses.replace(piece, probabilities=None, read=None) for piece in pieces]
