"""Choosing among drawn pieces: their order, and those that fit best with what follows them."""

from collections.abc import Sequence

import numpy as np

from symmusic.generate.pieces import Piece


def ranked(pieces: Sequence[Piece], copied: Sequence[int], by: str) -> list[int]:
    """The indices of pieces, the best first: by `likelihood`, by `originality` (the fewest notes
    `copied`), or by the sum of both ranks.
    """
    likely = np.array([-piece.log_probability for piece in pieces])
    keys = {
        'likelihood': [likely],
        'originality': [likely, copied],
        'both': [likely, _places(likely) + _places(np.array(copied))],
    }
    return np.lexsort(keys[by]).tolist()


def _places(values: np.ndarray) -> np.ndarray:
    """Twice the rank: the number of smaller values plus that of the values not larger."""
    # Not rankdata: `scipy.stats` takes 0.4 s to import.
    return np.searchsorted(ordered := np.sort(values), values) + np.searchsorted(
        ordered, values, 'right'
    )


def fitting(
    pieces: Sequence[Piece], num: int, first_kept: int, rng: np.random.Generator
) -> list[int]:
    """The indices of `num` pieces, one of each group of candidates, drawn by how well their last
    steps, equal in all from `first_kept` on, continue what is before them. This is sampling
    importance resampling (Rubin, 1987): with more and more candidates the steps before are drawn
    from the model's distribution given both sides.
    """
    weights_GK = np.array(
        [piece.log_probabilities[first_kept:].sum(dtype=np.float64) for piece in pieces]
    ).reshape(num, -1)
    noise_GK = rng.gumbel(size=weights_GK.shape)
    chosen_G = np.argmax(weights_GK + noise_GK, axis=1)
    return [group * weights_GK.shape[1] + int(index) for group, index in enumerate(chosen_G)]
