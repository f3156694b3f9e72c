"""The results of an arm, and its name."""

import dataclasses
from collections.abc import Mapping, Sequence

from symmusic.config.arms import Experiment
from symmusic.experiment.by_family import ByFamily


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The results of an arm: the `measures.MEASURES` of each replica, and what is needed to
    interpret them.
    """

    replicas: tuple[Mapping[str, float | None], ...]
    num_parameters: int
    sizes: Mapping[str, int]
    config: Mapping
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    device: str = ''
    # the measures of the real continuations of its prompts, by replica
    real: Sequence[Mapping[str, float | None]] | None = None
    count_model: float | None = None  # the count model's nats per step on the same targets
    num_epochs: tuple[int, ...] = ()  # that each replica was trained
    by_family: Sequence[ByFamily] = ()  # of each replica, where it is known


def label(experiment: Experiment, variant: str, arm: str) -> str:
    """The name of an arm in results and reports."""
    return f'{arm}_{variant}' if variant == 'source' and len(experiment.configs) > 1 else arm
