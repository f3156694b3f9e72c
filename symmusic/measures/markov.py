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
        """The probabilities [B, V] float64 of the next token after each history [B, T]; uses the
        last n of the T tokens, or all if there are fewer.
        """
        histories_BT = np.asarray(histories_BT, np.int64)
        num_classes = self.num_classes
        probabilities_BV = np.full((len(histories_BT), num_classes), 1 / num_classes)
        for k in range(min(self.order, histories_BT.shape[1]) + 1):
            context_B = _code(histories_BT[:, histories_BT.shape[1] - k :], num_classes)
            firsts_B, ends_B = self._continued(k, context_B)
            sizes_B = ends_B - firsts_B
            rows = np.repeat(np.arange(len(context_B)), sizes_B)
            places = np.arange(len(rows)) + np.repeat(ends_B - np.cumsum(sizes_B), sizes_B)
            counts_BV = np.zeros(probabilities_BV.shape, np.int64)
            counts_BV[rows, self.codes[k][places] % num_classes] = self.counts[k][places]
            total_B1, kinds_B1 = (
                counts_BV.sum(axis=1, keepdims=True),
                (counts_BV > 0).sum(axis=1, keepdims=True),
            )
            probabilities_BV = _interpolated(counts_BV, total_B1, kinds_B1, probabilities_BV)
        return probabilities_BV

    def of_order(self, order: int) -> 'Markov':
        """The model of a lower order, fitted to the same sequences."""
        num = order + 1
        return Markov(order, self.num_classes, self.codes[:num], self.counts[:num])

    def _continued(self, k: int, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The range of (k + 1)-grams that continue each context of k tokens: the index of the
        first, and of the one after the last.
        """
        codes, firsts = self.codes[k], contexts * self.num_classes
        return np.searchsorted(codes, firsts), np.searchsorted(codes, firsts + self.num_classes)


def _interpolated(counts, totals, kinds, lower):
    """The equation above; `lower` if nothing was counted."""
    seen = totals > 0
    return np.where(seen, (counts + kinds * lower) / np.where(seen, totals + kinds, 1), lower)


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
    """`stream_nats` of each token of a sequence except the first, [T - 1]."""
    steps = np.arange(1, len(sequence))
    return stream_nats(markov, sequence, steps, steps, num_targets)


def stream_nats(
    markov: Markov,
    tokens_L: np.ndarray,
    places_K: np.ndarray,
    depths_K: np.ndarray,
    num_targets: int | None = None,
) -> np.ndarray:
    """The negative log-likelihood [K] in nats of some tokens of concatenated sequences.

    With `num_targets`, the probabilities are renormalised over the first `num_targets` classes; the
    result is infinite for any other token.

    Args:
      markov: the model.
      tokens_L: the concatenated sequences.
      places_K: the indices of the tokens to score.
      depths_K: how many tokens of its own sequence are before each of them.
      num_targets: see above.
    """
    tokens_L = np.asarray(tokens_L, np.int64)
    labels_K, histories_KT = tokens_L[places_K], np.zeros((len(places_K), markov.order), np.int64)
    for k in range(1, markov.order + 1):
        histories_KT[:, -k] = tokens_L[np.maximum(places_K - k, 0)]
    found_K = _label_probabilities(markov, histories_KT, depths_K, labels_K)
    if num_targets is not None:
        others_K = np.zeros(len(labels_K))
        for other in range(num_targets, markov.num_classes):
            each_K = np.full(len(labels_K), other)
            others_K += _label_probabilities(markov, histories_KT, depths_K, each_K)
        found_K = np.where(labels_K < num_targets, found_K / (1 - others_K), 0)
    with np.errstate(divide='ignore'):
        return -np.log(found_K)


def _label_probabilities(
    markov: Markov, histories_KT: np.ndarray, depths_K: np.ndarray, labels_K: np.ndarray
) -> np.ndarray:
    """The probability [K] of one token after each history, using the last `depths_K` tokens of the
    history. Unlike `probabilities`, it does not compute the other classes.
    """
    found_K = np.full(len(labels_K), 1 / markov.num_classes)
    contexts_K = np.zeros(len(labels_K), np.int64)
    for k in range(markov.order + 1):
        if k:
            contexts_K += histories_KT[:, -k] * markov.num_classes ** (k - 1)
        deep = depths_K >= k
        # sorted and unique: the search is several times as fast
        grams, rows = np.unique(
            contexts_K[deep] * markov.num_classes + labels_K[deep], return_inverse=True
        )
        codes, counts = markov.codes[k], markov.counts[k]
        firsts, ends = markov._continued(k, grams // markov.num_classes)
        sums = np.append(0, np.cumsum(counts))
        places = np.minimum(np.searchsorted(codes, grams), len(codes) - 1)
        own = np.where(codes[places] == grams, counts[places], 0)
        parts = (each[rows] for each in (own, sums[ends] - sums[firsts], ends - firsts))
        found_K[deep] = _interpolated(*parts, found_K[deep])
    return found_K


def choose_order(markovs: Mapping[int, Markov], sequences: Sequence[np.ndarray]) -> int:
    """The order whose model predicts some sequences, such as validation tunes, best; all tokens
    count except the first of each sequence.

    Raises:
      ValueError: no sequence has two tokens.
    """
    if not any(len(sequence) > 1 for sequence in sequences):
        raise ValueError('no sequence has a token to predict')
    depths = np.concatenate([np.arange(len(sequence)) for sequence in sequences])
    tokens, places = np.concatenate(sequences), np.flatnonzero(depths)
    losses = {
        order: stream_nats(markov, tokens, places, depths[places]).mean()
        for order, markov in markovs.items()
    }
    return min(losses, key=losses.__getitem__)


def _code(grams_BK: np.ndarray, num_classes: int) -> np.ndarray:
    """Each row of K tokens as one number in base V; 0 for no tokens."""
    code_B = np.zeros(len(grams_BK), np.int64)
    for column in range(grams_BK.shape[1]):
        code_B = code_B * num_classes + grams_BK[:, column]
    return code_B
