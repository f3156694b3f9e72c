"""Prediction by partial matching without a bound on the context (PPM*; Bunton, 1996) with
interpolated smoothing, as Pearce (2005, chapter 6) found best.

A context's prediction is mixed with that of the context one note shorter, down to a uniform one:

    p_k(x) = c_k(x) / (C + e) + e / (C + e) p_(k-1)(x)

with c_k(x) how often x followed the context, C their sum over the notes that no longer context has
predicted, and e the weight of an escape: method C takes the number of different notes that
followed, method AX one more than the number of those that followed once. The longest context used
is the shortest that has been followed by one note alone and, without one, the longest that has
occurred. With update exclusion a note is counted only in the contexts in which it was new and the
next shorter one.
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np


class _Context:
    """The notes that followed a context: their counts, and their counts with update exclusion."""

    __slots__ = ('counts', 'excluded', 'longer')

    def __init__(self):
        self.counts: dict[int, int] = {}
        self.excluded: dict[int, int] = {}
        self.longer: dict[int, _Context] = {}  # the context followed by a note, as a context


@dataclasses.dataclass(frozen=True)
class Method:
    """How counts become probabilities: the escape 'C' or 'AX', and update exclusion."""

    escape: str
    update_exclusion: bool


LONG_TERM = Method('C', False)  # Pearce's C*I
SHORT_TERM = Method('AX', True)  # Pearce's X*UI


class PPM:
    """Counts of melodies over an alphabet of `num_pitches` indices."""

    def __init__(self, num_pitches: int, method: Method):
        self.num_pitches = num_pitches
        self.method = method
        self._root = _Context()

    def learn(self, melodies: Iterable[np.ndarray]) -> None:
        """Counts melodies [L]."""
        for melody in melodies:
            contexts = [self._root]
            for note in melody.tolist():
                contexts = self._count(contexts, note)

    def predict(self, melody: np.ndarray, *, learn: bool) -> np.ndarray:
        """The probabilities [L, V] of a melody's notes, each given those before it; with `learn`
        each is counted after it was predicted.
        """
        contexts, found = [self._root], []
        for note in melody.tolist():
            found.append(self._distribution(contexts))
            contexts = self._count(contexts, note) if learn else self._follow(contexts, note)
        return np.array(found).reshape(-1, self.num_pitches)

    def _count(self, contexts: Sequence[_Context], note: int) -> list[_Context]:
        """Counts a note after its contexts, from the empty to the longest; returns the contexts of
        the next note.
        """
        is_new, after = True, [self._root]
        for context in reversed(contexts):
            if is_new:
                context.excluded[note] = context.excluded.get(note, 0) + 1
            is_new = is_new and note not in context.counts
            context.counts[note] = context.counts.get(note, 0) + 1
        for context in contexts:
            if note not in context.longer:
                context.longer[note] = _Context()
            after.append(context.longer[note])
        return after

    def _follow(self, contexts: Sequence[_Context], note: int) -> list[_Context]:
        """The contexts after a note, up to the longest that has occurred."""
        return [self._root, *(each.longer[note] for each in contexts if note in each.longer)]

    def _distribution(self, contexts: Sequence[_Context]) -> np.ndarray:
        occurred = [each for each in contexts if each.counts]
        single = next((k for k, each in enumerate(occurred) if len(each.counts) == 1), None)
        used = occurred if single is None else occurred[: single + 1]
        probabilities, share = [0.0] * self.num_pitches, 1.0
        seen: set[int] = set()
        for context in reversed(used):
            is_single = context is used[-1] and single is not None
            is_excluded = self.method.update_exclusion and not is_single
            counts = context.excluded if is_excluded else context.counts
            total = sum(num for note, num in counts.items() if note not in seen)
            escape = self._escape(counts)
            if not total:
                seen.update(counts)
                continue
            for note, num in counts.items():
                probabilities[note] += share * num / (total + escape)
            share *= escape / (total + escape)
            seen.update(counts)
        uniform = share / (self.num_pitches + 1 - len(seen))
        whole = np.array(probabilities) + uniform
        return whole / whole.sum()

    def _escape(self, counts: dict[int, int]) -> int:
        if self.method.escape == 'C':
            return len(counts)
        return 1 + sum(num == 1 for num in counts.values())


def combine(first_LV: np.ndarray, second_LV: np.ndarray, bias: float) -> np.ndarray:
    """The weighted mean [L, V] of two predictions (Conklin, 1990): a prediction's weight is
    H^-bias, with H its entropy relative to the maximum entropy.
    """
    both = np.stack([first_LV, second_LV]).astype(np.float64)
    entropies = -(both * np.log(both)).sum(axis=-1) / np.log(both.shape[-1])
    weights = np.maximum(entropies, 1e-9) ** -bias
    weights /= weights.sum(axis=0)
    return (weights[..., None] * both).sum(axis=0)
