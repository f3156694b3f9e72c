"""Tables of counts: which tokens followed each context in the training tunes, and probabilities
smoothed as by Witten and Bell (1991).
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Table:
    """The tokens that followed each of C contexts, E pairs of a context and a token in all.

    Attributes:
      contexts: [C] uint64 ascending.
      begins: [C + 1] where the pairs of each context begin.
      tokens: [E]
      counts: [E]
    """

    contexts: np.ndarray
    begins: np.ndarray
    tokens: np.ndarray
    counts: np.ndarray


def count(contexts: np.ndarray, tokens: np.ndarray, num_classes: int) -> Table:
    """Counts each token [L] after its context [L]."""
    distinct, rows = np.unique(contexts, return_inverse=True)
    pairs, counts = np.unique(rows * num_classes + tokens, return_counts=True)
    begins = np.searchsorted(pairs, np.arange(len(distinct) + 1) * num_classes)
    return Table(
        distinct,
        begins.astype(np.int32),
        (pairs % num_classes).astype(np.uint8),
        counts.astype(np.int32),
    )


def look_up(table: Table, contexts: np.ndarray, num_classes: int) -> np.ndarray:
    """The counts [L, V] float32 of the tokens after each context [L]."""
    rows = np.minimum(np.searchsorted(table.contexts, contexts), len(table.contexts) - 1)
    is_known = table.contexts[rows] == contexts
    begins = table.begins[rows]
    sizes = np.where(is_known, table.begins[rows + 1] - begins, 0)
    steps = np.repeat(np.arange(len(contexts)), sizes)
    places = np.arange(len(steps)) + np.repeat(begins - (np.cumsum(sizes) - sizes), sizes)
    counts_LV = np.zeros((len(contexts), num_classes), np.float32)
    counts_LV[steps, table.tokens[places]] = table.counts[places]
    return counts_LV


def smooth(counts_LV: np.ndarray, lower_LV: np.ndarray) -> np.ndarray:
    """The probabilities (c(w) + T p(w)) / (n + T) [L, V], with c the counts, n their sum, T the
    number of distinct tokens counted, and p the lower-order distribution, which is returned as it
    is if nothing was counted.
    """
    total_L1 = counts_LV.sum(axis=1, keepdims=True)
    kinds_L1 = (counts_LV > 0).sum(axis=1, keepdims=True, dtype=np.float32)
    kinds_L1[total_L1 == 0] = 1
    return (counts_LV + kinds_L1 * lower_LV) / (total_L1 + kinds_L1)
