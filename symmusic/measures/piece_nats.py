"""The loss of a network on whole pieces, read in the same way as in sampling."""

import functools

import numpy as np
from jax import lax

from symmusic.generate.given import continuation_logits
from symmusic.generate.manner import Manner
from symmusic.generate.sample import restrict
from symmusic.measures.registry import Network
from symmusic.measures.temperature import log_softmax


def network_nats(
    network: Network,
    manner: Manner,
    tokens_NT: np.ndarray,
    start: int,
    position: int = 0,
) -> np.ndarray:
    """The loss [N, T - start] in nats of each token of N pieces from step `start` (1 or more) on,
    given all tokens before it. The probabilities are those of sampling by `manner`: at its
    temperature, which must be above 0; the loss is inf for a class that `top_k` or `top_p` cuts
    off. `position` is the place in the bar of the first steps. Blanks, which are not targets, cost
    0.
    """
    architecture, labels_NT = network.card.architecture, tokens_NT[:, start:].astype(int)
    logits_NTV = continuation_logits(
        network.params, architecture, tokens_NT, start, manner, position
    )
    num_classes = logits_NTV.shape[-1]
    rule = {name: getattr(manner, name) for name in ('temperature', 'top_k', 'top_p')}
    # a step at a time, as all pairs of classes are compared
    logits_TNV = lax.map(functools.partial(restrict, **rule), np.swapaxes(logits_NTV, 0, 1))
    logs_KV = log_softmax(np.swapaxes(logits_TNV, 0, 1).reshape(-1, num_classes))
    places_K1 = np.minimum(labels_NT.reshape(-1, 1), num_classes - 1)
    costs_NT = -np.take_along_axis(logs_KV, places_K1, axis=1).reshape(labels_NT.shape)
    return np.where(labels_NT < num_classes, costs_NT, 0.0)
