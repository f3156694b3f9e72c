"""Likelihood-ratio critics, which need no training: the loss of a piece under the model that drew
it, minus its loss under another model of the same tunes. A piece much more likely under the former
is probably generated. By the lemma of Neyman and Pearson (1933), no critic would be better if real
pieces were distributed as in the other model.
"""

from collections.abc import Callable, Mapping

import numpy as np

from symmusic.measures.markov import Markov, stream_nats

# the losses [N, T - start] of pieces [N, T] from a step on
Losses = Callable[[np.ndarray, int], np.ndarray]


def ratio_scores(
    tokens: Mapping[str, np.ndarray],
    num_given: int,
    drawn_by: Mapping[str, Losses],
    other: Losses,
) -> dict[str, dict[str, np.ndarray]]:
    """The scores [2 N] of the real pieces followed by those of a set, keyed by context ('with' or
    'without' the prompt) and set. Steps of the prompt are not scored; without the prompt, neither
    is the first step.

    Args:
      tokens: prompts and continuations [N, P + T] of the real pieces and of each set.
      num_given: P.
      drawn_by: the losses under the model that drew each set.
      other: the losses under the other model.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for context, start in (('with', num_given), ('without', 1)):
        pieces = {
            name: each if context == 'with' else each[:, num_given:]
            for name, each in tokens.items()
        }
        others = {name: other(each, start) for name, each in pieces.items()}
        found[context] = {
            name: np.concatenate(
                [
                    (losses(pieces[which], start) - others[which]).mean(axis=1)
                    for which in ('real', name)
                ]
            )
            for name, losses in drawn_by.items()
        }
    return found


def markov_nats(markov: Markov, num_classes: int, tokens_NT: np.ndarray, start: int) -> np.ndarray:
    """The losses [N, T - start] under a Markov model; blanks, which are not a class, cost 0."""
    rows, steps = np.nonzero(np.asarray(tokens_NT)[:, start:] < num_classes)
    losses_NT = np.zeros((len(tokens_NT), np.shape(tokens_NT)[1] - start))
    places = rows * np.shape(tokens_NT)[1] + start + steps
    losses_NT[rows, steps] = stream_nats(markov, np.ravel(tokens_NT), places, start + steps)
    return losses_NT
