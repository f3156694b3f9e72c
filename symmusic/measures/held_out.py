"""The likelihood of unseen tunes under the model, the count model, both together, the base rate and
the Markov models.
"""

import dataclasses
import functools

import numpy as np

from symmusic.corpus.base_rate import target_counts
from symmusic.corpus.overlap import Overlap
from symmusic.corpus.windows import Windows, tune_indices
from symmusic.measures.counting.model import of_windows
from symmusic.measures.distributions import label_losses, model_log_probabilities
from symmusic.measures.likelihood import (
    Nats,
    Targets,
    base_losses,
    estimate_likelihoods,
    find_targets,
    markov_losses,
)
from symmusic.measures.registry import Ground, Sets
from symmusic.progress import track
from symmusic.score.bar import SIXTEENTHS
from symmusic.training.data import put


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """Held-out likelihood.

    Attributes:
      nats: the losses of all models; None if no tune is unseen.
      targets: what the model was trained to predict, `train.targets`.
      num_tunes: unseen tunes with a target.
      note: why there are no losses; '' if there are.
      overlap: of all held-out tunes with the training tunes; None where no tune is unseen.
      steps_per_quarter: the grid of the steps that are predicted.
    """

    nats: Nats | None
    targets: str = ''
    num_tunes: int = 0
    note: str = ''
    overlap: Overlap | None = None
    steps_per_quarter: int = SIXTEENTHS


class LikelihoodMeasure:
    """The likelihood of unseen tunes under each model. All models predict the same steps, each step
    once.
    """

    name = 'likelihood'
    unit = 'nats'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Likelihood:
        """Measures all models. An infilling model predicts left to right here, without knowing what
        follows.
        """
        if ground.data.test is None:
            note = (
                'No tune is unseen: split by window, all were trained on. There is no held-out'
                ' likelihood.'
            )
            return Likelihood(None, note=note)
        card = ground.model.card
        kind = 'last' if card.recipe.targets == 'last' else 'all'
        windows = getattr(ground.data, ground.config.evaluate.part)
        targets = find_targets(windows, card.vocabulary, all_steps=kind == 'all')
        files = [
            ground.held_out[index].file
            for index in tune_indices(windows, ground.held_out, card.vocabulary)
        ]
        losses = _losses(ground, windows, targets, kind)
        families = [ground.families[file] for file in files]
        nats = estimate_likelihoods(losses, targets, families, key, card.meters)
        return Likelihood(
            nats,
            card.recipe.targets,
            len(set(files)),
            overlap=ground.data.overlap,
            steps_per_quarter=card.steps_per_quarter,
        )


def _losses(ground: Ground, windows: Windows, targets: Targets, kind: str) -> dict[str, np.ndarray]:
    """The loss of each target in nats, keyed by model."""
    architecture = ground.model.card.architecture
    predict = functools.partial(
        model_log_probabilities, ground.model.params, architecture=architecture, kind=kind
    )
    logs_KV = predict(put(windows), targets)
    losses = {'model': label_losses(logs_KV, targets)}
    if count_model := ground.baselines.count_model:
        vocabulary, fitted_on = count_model.vocabulary, ground.data.validation
        known = find_targets(fitted_on, vocabulary, all_steps=kind == 'all')
        joint = count_model.joined(
            *of_windows(fitted_on, known, vocabulary), predict(put(fitted_on), known)
        )
        places = of_windows(windows, targets, vocabulary)
        own_KV, both_KV = count_model.with_joined(joint, *places, logs_KV)
        losses['count_model'] = label_losses(own_KV, targets)
        losses['model_with_count_model'] = label_losses(both_KV, targets)
    counts = target_counts(ground.data.train, architecture.num_classes, all_steps=kind == 'all')
    losses['base_rate'] = base_losses(counts, targets)
    for order, markov in track(ground.markovs.items(), 'Markov model'):
        losses[f'markov_{order}'] = markov_losses(
            markov, windows, targets, architecture.num_classes
        )
    return losses
