"""Choosing among drawn pieces: finds duplicates, ranks pieces, and picks those that fit best with
the bars that follow.
"""

from collections.abc import Sequence

import numpy as np

from symmusic.generate.pieces import Piece


class Alike:
    """A judge that flags pieces equal to an earlier one of the same set, so that they are drawn
    again. Counts them.
    """

    def __init__(self):
        self.num_refused = 0

    def __call__(self, events: Sequence[np.ndarray]) -> np.ndarray:
        """Whether each of B pieces equals an earlier one, bool [B]."""
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
    """Twice the mid-rank of each value: the number of smaller values plus the number of values that
    are not larger.
    """
    # Not rankdata: `scipy.stats` takes 0.4 s to import.
    return np.searchsorted(ordered := np.sort(values), values) + np.searchsorted(
        ordered, values, 'right'
    )


def fitting(
    pieces: Sequence[Piece], num: int, first_kept: int, rng: np.random.Generator
) -> list[int]:
    """The indices of `num` pieces, one from each group of candidates. From step `first_kept` on all
    candidates are equal; a candidate is drawn in proportion to how probable these steps are after
    its own. This is sampling importance resampling (Rubin, 1987): as the number of candidates
    grows, the new steps follow the model's distribution given both sides. A duplicate of an earlier
    choice is only taken if its group has nothing else.
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
