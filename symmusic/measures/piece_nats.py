"""What the steps of whole pieces cost a network that reads them as it does in sampling."""

import numpy as np

from symmusic.generate.given import continuation_logits
from symmusic.generate.manner import Manner
from symmusic.measures.registry import Network
from symmusic.measures.temperature import log_softmax


def network_nats(
    network: Network,
    manner: Manner,
    tokens_NT: np.ndarray,
    start: int,
    temperature: float = 1.0,
    position: int = 0,
) -> np.ndarray:
    """The loss [N, T - start] in nats of each token of N pieces from step `start` on, at least 1,
    given all before it; `position` is the place in the bar of the first steps. Blanks, which are no
    targets, cost 0.
    """
    architecture, labels_NT = network.card.architecture, tokens_NT[:, start:].astype(int)
    logits_NTV = continuation_logits(
        network.params, architecture, tokens_NT, start, manner, position
    )
    num_classes = logits_NTV.shape[-1]
    logs_KV = log_softmax(logits_NTV.reshape(-1, num_classes), temperature)
    places_K1 = np.minimum(labels_NT.reshape(-1, 1), num_classes - 1)
    costs_NT = -np.take_along_axis(logs_KV, places_K1, axis=1).reshape(labels_NT.shape)
    return np.where(labels_NT < num_classes, costs_NT, 0.0)
