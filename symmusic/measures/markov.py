"""Markov models of tokens, a baseline that every network must beat; fitted on the same tunes and
sampled after the same prompts.

The probability of a token given the n before it is interpolated with that given fewer (Witten and
Bell, 1991):

    P_n(w | h) = (c(h w) + T(h) P_{n-1}(w | h')) / (c(h) + T(h)),      P_{-1}(w) = 1 / V

with c the counts in the training tokens, T(h) the number of distinct tokens that follow h there,
and h' the history h without its first token. For an unseen history P_n = P_{n-1}.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Markov:
    """A fitted Markov model.

    Attributes:
      order: n, the tokens of history.
      num_classes: V, the number of tokens.
      codes: for each k from 0 to n the observed (k + 1)-grams, as numbers in base V, ascending.
      counts: the count of each.
    """

    order: int
    num_classes: int
    codes: tuple[np.ndarray, ...]
    counts: tuple[np.ndarray, ...]

    def probabilities(self, histories_BT: np.ndarray) -> np.ndarray:
        """The probabilities [B, V] float64 of the next token after each history [B, T]; the last n
        of the T tokens are used, or all where there are fewer.
        """
        histories_BT = np.asarray(histories_BT, np.int64)
        num_classes = self.num_classes
        probabilities_BV = np.full((len(histories_BT), num_classes), 1 / num_classes)
        for k in range(min(self.order, histories_BT.shape[1]) + 1):
            context_B = _code(histories_BT[:, histories_BT.shape[1] - k :], num_classes)
            counts_BV = self._count(k, context_B[:, None] * num_classes + np.arange(num_classes))
            total_B1, kinds_B1 = (
                counts_BV.sum(axis=1, keepdims=True),
                (counts_BV > 0).sum(axis=1, keepdims=True),
            )
            seen = total_B1 > 0
            probabilities_BV = np.where(
                seen,
                (counts_BV + kinds_B1 * probabilities_BV) / np.where(seen, total_B1 + kinds_B1, 1),
                probabilities_BV,
            )
        return probabilities_BV

    def _count(self, k: int, codes: np.ndarray) -> np.ndarray:
        places = np.minimum(np.searchsorted(self.codes[k], codes), len(self.codes[k]) - 1)
        return np.where(self.codes[k][places] == codes, self.counts[k][places], 0)


def fit_markov(sequences: Sequence[np.ndarray], num_classes: int, order: int) -> Markov:
    """Counts the (k + 1)-grams, k from 0 to `order`, of sequences of tokens; none crosses the end
    of a sequence.

    Raises:
      ValueError: there is no token, or V ** (order + 1) exceeds 63 bits.
    """
    if num_classes ** (order + 1) >= 2**63:
        raise ValueError(f'{num_classes} classes at order {order} do not fit into 63 bits')
    sequences = [np.asarray(sequence, np.int64) for sequence in sequences]
    codes, counts = [], []
    for k in range(order + 1):
        grams = [
            _code(np.lib.stride_tricks.sliding_window_view(each, k + 1), num_classes)
            for each in sequences
            if len(each) > k
        ]
        seen, number = (
            np.unique(np.concatenate(grams), return_counts=True)
            if grams
            else (np.array([-1]), np.array([0]))
        )
        codes.append(seen)
        counts.append(number)
    if not counts[0].any():
        raise ValueError('there is no token to count')
    return Markov(order, num_classes, tuple(codes), tuple(counts))


def sample_markov(
    markov: Markov, prompts_BT: np.ndarray, num_steps: int, rng: np.random.Generator
) -> np.ndarray:
    """Samples tokens [B, num_steps] after each prompt."""
    history_BT = np.asarray(prompts_BT, np.int64)
    for _ in range(num_steps):
        cumulated_BV = markov.probabilities(history_BT).cumsum(axis=1)
        drawn_B1 = (rng.random((len(history_BT), 1)) * cumulated_BV[:, -1:] >= cumulated_BV).sum(
            axis=1, keepdims=True
        )
        history_BT = np.concatenate([history_BT, drawn_B1], axis=1)
    return history_BT[:, np.shape(prompts_BT)[1] :]


def nats(markov: Markov, sequence: np.ndarray, num_targets: int | None = None) -> np.ndarray:
    """The negative log-likelihood [T - 1] in nats of each token of a sequence except the first,
    given those before it.

    With `num_targets` the probabilities are those of the first `num_targets` classes, renormalised;
    the result is infinite for another token.
    """
    sequence = np.asarray(sequence, np.int64)
    padded = np.concatenate([np.zeros(markov.order, np.int64), sequence])
    rows_BV = []
    for step in range(1, min(markov.order, len(sequence))):  # shorter histories at the start
        rows_BV.append(markov.probabilities(sequence[None, :step]))
    begin = max(1, min(markov.order, len(sequence)))
    if begin < len(sequence):
        histories_BT = (
            np.lib.stride_tricks.sliding_window_view(padded[begin:-1], markov.order)
            if markov.order
            else np.zeros((len(sequence) - 1, 0))
        )
        rows_BV.append(markov.probabilities(histories_BT))
    probabilities_BV = np.concatenate([np.zeros((0, markov.num_classes)), *rows_BV])
    if num_targets is not None:
        probabilities_BV[:, num_targets:] = 0
        probabilities_BV /= probabilities_BV.sum(axis=1, keepdims=True)
    with np.errstate(divide='ignore'):
        return -np.log(np.take_along_axis(probabilities_BV, sequence[1:, None], axis=1)[:, 0])


def choose_order(markovs: Mapping[int, Markov], sequences: Sequence[np.ndarray]) -> int:
    """The order whose model predicts some sequences best, such as those of validation tunes; all
    tokens count but the first of each.

    Raises:
      ValueError: no sequence has two tokens.
    """
    if not any(len(sequence) > 1 for sequence in sequences):
        raise ValueError('no sequence has a token to predict')
    losses = {
        order: np.concatenate([nats(markov, sequence) for sequence in sequences]).mean()
        for order, markov in markovs.items()
    }
    return min(losses, key=losses.__getitem__)


def _code(grams_BK: np.ndarray, num_classes: int) -> np.ndarray:
    """Each row of K tokens as one number in base V; 0 for no tokens."""
    code_B = np.zeros(len(grams_BK), np.int64)
    for column in range(grams_BK.shape[1]):
        code_B = code_B * num_classes + grams_BK[:, column]
    return code_B
