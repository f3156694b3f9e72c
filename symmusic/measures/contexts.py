"""The model's loss on real continuations by the length of the prompt, and how well its predictions
are calibrated.

A model is used with a few bars before the first step that it draws, but held-out likelihood gives
most steps much more. Here the same steps are predicted after prompts of 1, 4, 8 and 16 bars. The
prompt is all that the model is given, so the key is the one that the prompt suggests. For
comparison, the loss is also given in the key of the whole tune, which cannot be known from the
prompt alone.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.generate.manner import manner_of
from symmusic.measures.bounds import AMOUNT
from symmusic.measures.estimate import Estimate
from symmusic.measures.families import resample_families
from symmusic.measures.given import NEW_BARS, Given, cut_given, most_for, predictions
from symmusic.measures.registry import Ground, Sets
from symmusic.measures.temperature import cost, entropy, log_softmax
from symmusic.streams import Stream, generator

CONTEXTS = (1, 4, 8, 16)  # bars
NUM_BINS = 10

Predicted = tuple[np.ndarray, np.ndarray, np.ndarray]  # as in `given.predictions`


@dataclasses.dataclass(frozen=True)
class Context:
    """The loss of the steps after prompts of one length, in nats per step.

    Attributes:
      by_prompt: with the tune in the key that the prompt suggests.
      by_tune: with the tune in its own key.
    """

    by_prompt: Estimate
    by_tune: Estimate


@dataclasses.dataclass(frozen=True)
class Bin:
    """The predictions whose likeliest class has a probability in one tenth of 0 to 1.

    Attributes:
      share: of all predictions.
      confidence: the mean probability of their likeliest classes.
      accuracy: how often these were right; equal to the confidence if the model is calibrated.
    """

    share: float
    confidence: float
    accuracy: float


@dataclasses.dataclass(frozen=True)
class Sureness:
    """How confident the model is after prompts of `PROMPT_BARS` bars, and how often it is right.

    Attributes:
      temperature: of the predictions.
      cost: nats per step.
      entropy: of the predictions, in nats per step; equal to the cost if they are calibrated.
      error: the mean absolute difference of confidence and accuracy, weighted by share (expected
        calibration error; Guo et al., 2017).
      bins: the bins that hold predictions, the least confident first.
    """

    temperature: float
    cost: Estimate
    entropy: Estimate
    error: float
    bins: tuple[Bin, ...]


@dataclasses.dataclass(frozen=True)
class Contexts:
    """Likelihood by the length of the prompt, and calibration.

    Attributes:
      lengths: results keyed by the length of the prompt in bars; all for the same steps.
      num_bars: of the continuations.
      num_steps, num_families: steps that are predicted, and the families of their tunes.
      sureness: at temperature 1 and, if it differs, at the sampling temperature.
      note: why there are no results; '' if there are.
    """

    lengths: dict[int, Context]
    num_bars: int = NEW_BARS
    num_steps: int = 0
    num_families: int = 0
    sureness: tuple[Sureness, ...] = ()
    note: str = ''


class ContextMeasure:
    """The model's loss on real continuations of short prompts, and its calibration on them."""

    name = 'contexts'
    unit = 'nats'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Contexts:
        """Measures at the places in held-out tunes that have room for the longest possible
        prompt.
        """
        longest = _longest(ground)
        if not longest:
            return Contexts({}, note='No held-out tune is as long as a prompt and what follows it.')
        lengths, families = {}, ()
        for num_bars in (each for each in CONTEXTS if each <= longest):
            given = [_given(ground, longest, num_bars, by_prompt) for by_prompt in (True, False)]
            families = [ground.families[file] for file in given[0].files]
            found = []
            for logits_KV, labels_K, rows_K in _predict_both(ground, *given):
                found.append(_mean(cost(logits_KV, labels_K), rows_K, families, key))
            lengths[num_bars] = Context(*found)
        return Contexts(
            lengths,
            num_steps=len(labels_K),
            num_families=len(set(families)),
            sureness=_sureness(ground, key),
        )


def _longest(ground: Ground) -> int:
    """The longest prompt, in bars, after which some held-out tune has a continuation; 0 if there is
    none.
    """
    card = ground.model.card
    fits = [
        num_bars
        for num_bars in CONTEXTS
        if len(cut_given(ground.held_out, card.vocabulary, num_bars, most=1, **_meter(ground)))
    ]
    return max(fits, default=0)


def _given(ground: Ground, longest: int, num_bars: int, by_prompt: bool) -> Given:
    """The longest prompts cut to their last `num_bars` bars, with their continuations."""
    card = ground.model.card
    how = {'most': _most(ground), 'by_prompt': by_prompt, 'skipped': longest - num_bars}
    return cut_given(ground.held_out, card.vocabulary, num_bars, **how, **_meter(ground))


def _meter(ground: Ground) -> dict:
    """The metre and the grid of the pieces, as `cut_given` takes them."""
    card = ground.model.card
    return {
        'meters': card.meters,
        'meter': card.meters.index(ground.music.meter),
        'steps_per_quarter': card.steps_per_quarter,
    }


def _most(ground: Ground) -> int:
    return most_for(manner_of(ground.config, ground.model.card))


def _predict(ground: Ground, given: Given) -> Predicted:
    model = ground.model
    manner = manner_of(ground.config, model.card)
    return predictions(model.params, model.card.architecture, given, manner)


def _predict_both(ground: Ground, one: Given, other: Given) -> tuple[Predicted, Predicted]:
    """Predictions of the same excerpts in two keys. Excerpts for which both keys are the same are
    predicted once.
    """
    is_other_N = (one.tokens_NS != other.tokens_NS).any(axis=1)
    own = _predict(ground, one)
    if not is_other_N.any():
        return own, own
    changed = _predict(ground, other.select(is_other_N))
    is_kept_K, (*predicted, rows_K) = ~is_other_N[own[2]], changed
    changed = *predicted, np.flatnonzero(is_other_N)[rows_K]
    joined = [
        np.concatenate([kept[is_kept_K], new]) for kept, new in zip(own, changed, strict=True)
    ]
    order = np.argsort(joined[2], kind='stable')
    return own, tuple(each[order] for each in joined)


def _mean(
    values_K: np.ndarray, rows_K: np.ndarray, families_N: Sequence[int], key: int
) -> Estimate:
    """The mean, with an interval over tune families."""
    families = resample_families(
        np.asarray(families_N)[rows_K].tolist(), generator(key, Stream.LIKELIHOOD_RESAMPLES)
    )
    return families.mean(values_K, AMOUNT)


def _sureness(ground: Ground, key: int) -> tuple[Sureness, ...]:
    """Calibration at temperature 1 and at the sampling temperature."""
    card = ground.model.card
    given = cut_given(ground.held_out, card.vocabulary, most=_most(ground), **_meter(ground))
    if not len(given):
        return ()
    logits_KV, labels_K, rows_K = _predict(ground, given)
    families = [ground.families[file] for file in given.files]
    found = []
    for temperature in sorted({1.0, float(ground.config.sample.temperature)} - {0.0}):
        bins = reliability(logits_KV, labels_K, temperature)
        found.append(
            Sureness(
                temperature,
                _mean(cost(logits_KV, labels_K, temperature), rows_K, families, key),
                _mean(entropy(logits_KV, temperature), rows_K, families, key),
                sum(each.share * abs(each.confidence - each.accuracy) for each in bins),
                bins,
            )
        )
    return tuple(found)


def reliability(
    logits_KV: np.ndarray, labels_K: np.ndarray, temperature: float = 1.0
) -> tuple[Bin, ...]:
    """The predictions in bins by the probability of their likeliest class; empty bins are
    left out.
    """
    shares_KV = np.exp(log_softmax(logits_KV, temperature))
    confidence_K, is_right_K = shares_KV.max(axis=1), shares_KV.argmax(axis=1) == labels_K
    bins_K = np.minimum((confidence_K * NUM_BINS).astype(int), NUM_BINS - 1)
    return tuple(
        Bin(
            float((bins_K == index).mean()),
            float(confidence_K[bins_K == index].mean()),
            float(is_right_K[bins_K == index].mean()),
        )
        for index in np.unique(bins_K)
    )
