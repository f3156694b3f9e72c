"""Held-out likelihood: the negative log-likelihood in nats of the steps of unseen tunes under a
model, the class frequencies (base rate) and Markov models.

All are measured on exactly the same targets, each step once: those of the training loss on held-out
windows. For a model of all steps these are all steps except the first of a phrase longer than
`train.held_out_steps`; for a model of last steps they are the last steps of its windows.

Nats per note are the nats of all targets divided by the number of notes that start at them. Steps
at which no note starts count like any other: predicting a melody includes predicting when nothing
happens.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.corpus.windows import Windows
from symmusic.measures.bounds import AMOUNT
from symmusic.measures.estimate import Estimate
from symmusic.measures.families import resample_families
from symmusic.measures.markov import Markov, stream_nats
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Architecture, Params
from symmusic.streams import Stream, generator
from symmusic.training.batch import Data, gather
from symmusic.training.step import target_losses

BATCH_SIZE = 32


@dataclasses.dataclass(frozen=True)
class Targets:
    """K steps to be predicted.

    Attributes:
      rows: [K] the window that each is in, ascending.
      steps: [K] the step within the window, from 1.
      labels: [K] the token to be predicted.
      positions: [K] the step in the bar, as the corpus is aligned.
      is_onset: [K] whether a note starts there.
      meters: [K] the index of the metre.
      bars: steps in a bar of each metre.
    """

    rows: np.ndarray
    steps: np.ndarray
    labels: np.ndarray
    positions: np.ndarray
    is_onset: np.ndarray
    meters: np.ndarray
    bars: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, is_kept: np.ndarray) -> 'Targets':
        """Some of the targets, by a mask [K]."""
        names = ('rows', 'steps', 'labels', 'positions', 'is_onset', 'meters')
        return dataclasses.replace(self, **{name: getattr(self, name)[is_kept] for name in names})


def find_targets(windows: Windows, vocabulary: Vocabulary, *, all_steps: bool) -> Targets:
    """The same targets as in `training.step.target_losses`: the last step of each window, or all
    steps from its first target on; blanks are not targets.
    """
    tokens_NS = windows.tokens()
    is_target_NS = np.broadcast_to(
        np.arange(windows.num_steps) == windows.num_steps - 1, tokens_NS.shape
    )
    if all_steps:
        is_target_NS = np.arange(windows.num_steps) >= windows.first_targets[:, None]
    rows, steps = np.nonzero(is_target_NS & (tokens_NS < vocabulary.num_classes))
    is_onset_NS = np.array([vocabulary.decode(tokens) >= 0 for tokens in tokens_NS]).reshape(
        tokens_NS.shape
    )
    positions = windows.steps_in_bar(rows, steps)
    return Targets(
        rows,
        steps,
        tokens_NS[rows, steps],
        positions,
        is_onset_NS[rows, steps],
        windows.meters[rows],
        windows.bars,
    )


# A program of its own, so that a network's program does not depend on the number of windows.
gather_batch = jax.jit(gather)


@functools.partial(jax.jit, static_argnames=('architecture', 'kind'))
def _losses(params, batch, *, architecture, kind):
    return target_losses(params, batch, architecture, kind)[0]


def model_losses(
    params: Params,
    data: Data,
    targets: Targets,
    *,
    architecture: Architecture,
    kind: str,
    ends_N: np.ndarray | None = None,
) -> np.ndarray:
    """The loss of the network at each target, [K] nats, without dropout. `kind` is what it was
    trained on: 'all' steps, the 'last' one, or a 'gap'; with 'gap' it is given the steps of each
    window from `ends_N` on.
    """
    num = data.starts_N.shape[0]
    rows = np.full(-(-num // BATCH_SIZE) * BATCH_SIZE, -1, np.int32)
    rows[:num] = np.arange(num)
    found = []
    for rows_B in rows.reshape(-1, BATCH_SIZE):
        batch = gather_batch(data, rows_B)
        if ends_N is not None:
            batch = batch.replace(end_B=jnp.asarray(ends_N[rows_B], batch.end_B.dtype))
        found.append(_losses(params, batch, architecture=architecture, kind=kind))
    losses = np.concatenate(jax.device_get(found)).astype(np.float64)
    return losses[targets.rows] if kind == 'last' else losses[targets.rows, targets.steps - 1]


def base_losses(train_counts: np.ndarray, targets: Targets) -> np.ndarray:
    """The loss of the base rate at each target, [K] nats: the class frequencies of the training
    targets with add-one smoothing.
    """
    frequencies = (train_counts + 1) / (train_counts + 1).sum()
    return -np.log(frequencies)[targets.labels]


def markov_losses(
    markov: Markov, windows: Windows, targets: Targets, num_classes: int
) -> np.ndarray:
    """The loss of a Markov model at each target, [K] nats, given the steps before it in its window
    without the padding.

    Blanks have no probability, as in the network.
    """
    places = targets.rows * windows.num_steps + targets.steps
    depths = targets.steps - windows.num_padding[targets.rows].astype(int)
    return stream_nats(markov, windows.tokens().ravel(), places, depths, num_classes)


@dataclasses.dataclass(frozen=True)
class ModelNats:
    """The loss of one model on the targets, in nats; None if undefined.

    Attributes:
      per_step, per_note: with intervals over tune families.
      by_position: per step at each step of the bar of the first metre.
      more: nats per step minus those of the first model, paired by family; None for the first
        model.
    """

    per_step: Estimate
    per_note: Estimate
    by_position: tuple[float | None, ...]
    more: Estimate | None = None


@dataclasses.dataclass(frozen=True)
class MeterNats:
    """The loss of each model on the targets of one metre, in nats per step and per note."""

    num_steps: int
    num_notes: int
    per_step: dict[str, float]
    per_note: dict[str, float | None]


@dataclasses.dataclass(frozen=True)
class Nats:
    """The losses of several models on the same targets.

    Attributes:
      models: by name.
      num_steps, num_notes, num_families: targets, notes that start at them, and tune families.
      num_by_position: targets at each step of the bar of the first metre.
      by_meter: the losses for each metre, if there are several.
    """

    models: dict[str, ModelNats]
    num_steps: int
    num_notes: int
    num_families: int
    num_by_position: tuple[int, ...]
    by_meter: dict[str, MeterNats] = dataclasses.field(default_factory=dict)


def estimate_likelihoods(
    losses: Mapping[str, np.ndarray],
    targets: Targets,
    families_N: Sequence[int],
    seed: int = 0,
    meters: Sequence[str] = (),
) -> Nats:
    """The likelihood of several models on the same targets.

    Where a position of the bar has no target (last steps at a hop of whole beats), nats per note
    would be misleading and are None. The 95 % intervals resample tune families (`families`).

    Args:
      losses: nats [K] by the model's name.
      targets: the K targets, at least one.
      families_N: the tune family of each window.
      seed: of the resamples.
      meters: the names of the metres, to give losses for each of them if there are several.
    """
    families = resample_families(
        np.asarray(families_N)[targets.rows].tolist(), generator(seed, Stream.LIKELIHOOD_RESAMPLES)
    )
    steps_K, notes_K = np.ones(len(targets)), targets.is_onset.astype(float)
    first_K = targets.meters == 0
    positions, num_positions = targets.positions[first_K], targets.bars[0]
    steps_P = np.bincount(positions, minlength=num_positions)
    is_even = bool(steps_P.all() and notes_K.any())
    models: dict[str, ModelNats] = {}
    for name, losses_K in losses.items():
        nats_P = np.bincount(positions, losses_K[first_K], num_positions)
        first = next(iter(losses.values()))
        models[name] = ModelNats(
            families.ratio((losses_K, steps_K), AMOUNT),
            families.ratio((losses_K, notes_K), AMOUNT) if is_even else Estimate(),
            tuple(
                float(nats / num) if num else None
                for nats, num in zip(nats_P, steps_P, strict=True)
            ),
            families.difference((losses_K, steps_K), (first, steps_K), AMOUNT) if models else None,
        )
    by_meter = {
        meter: _of_meter(losses, targets, targets.meters == index, is_even)
        for index, meter in enumerate(meters if len(meters) > 1 else ())
        if (targets.meters == index).any()
    }
    counts = len(targets), int(notes_K.sum()), families.num, tuple(steps_P.tolist())
    return Nats(models, *counts, by_meter)


def _of_meter(
    losses: Mapping[str, np.ndarray], targets: Targets, is_own: np.ndarray, is_even: bool
) -> MeterNats:
    num_steps, num_notes = int(is_own.sum()), int(targets.is_onset[is_own].sum())
    nats = {name: float(losses_K[is_own].sum()) for name, losses_K in losses.items()}
    return MeterNats(
        num_steps,
        num_notes,
        {name: each / num_steps for name, each in nats.items()},
        {name: each / num_notes if is_even and num_notes else None for name, each in nats.items()},
    )
