"""Choosing among drawn pieces: which are alike, their order, and those that fit best with what
follows them.
"""

from collections.abc import Sequence

import numpy as np

from symmusic.generate.pieces import Piece


class Alike:
    """Judges which pieces of a set are the same as an earlier one, so that they are drawn again.
    Counts them.
    """

    def __init__(self):
        self.num_refused = 0

    def __call__(self, events: Sequence[np.ndarray]) -> np.ndarray:
        """Which of B pieces are the same as one before them, bool [B]."""
        contents = [each.tobytes() for each in events]
        firsts = {content: place for place, content in reversed(list(enumerate(contents)))}
        alike = np.array([firsts[content] < place for place, content in enumerate(contents)])
        self.num_refused += int(alike.sum())
        return alike


def ranked(pieces: Sequence[Piece], copied: Sequence[int], by: str) -> list[int]:
    """The indices of pieces, the best first: by `likelihood`, by `originality` (the fewest notes
    `copied` in a row), or by the sum of both ranks.
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
    from the model's distribution given both sides. A piece that is the same as one chosen before is
    passed over while its group has another.
    """
    weights_GK = np.array(
        [piece.log_probabilities[first_kept:].sum(dtype=np.float64) for piece in pieces]
    ).reshape(num, -1)
    noise_GK = rng.gumbel(size=weights_GK.shape)
    order_GK = np.argsort(-(weights_GK + noise_GK), axis=1, kind='stable')
    order_GK += weights_GK.shape[1] * np.arange(num)[:, None]
    chosen, seen = [], set()
    for order_K in order_GK.tolist():
        content = {place: pieces[place].tokens.tobytes() for place in order_K}
        new = (place for place in order_K if content[place] not in seen)
        chosen.append(next(new, order_K[0]))
        seen.add(content[chosen[-1]])
    return chosen
