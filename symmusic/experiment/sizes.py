"""The sizes of the arms' training data, before any of them is trained."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.arms import Experiment
from symmusic.corpus.dataset import Dataset
from symmusic.errors import UserError
from symmusic.experiment.arm import Arm, Place
from symmusic.experiment.ground import Corpora
from symmusic.experiment.outcome import label
from symmusic.melody.encodings import Vocabulary
from symmusic.model.size import count_parameters
from symmusic.training import build

# fields that an experiment on the amount of data varies
SIZES = ('data.max_windows', 'data.max_tunes', 'data.train_share')
log = logging.getLogger(__name__)


def size_up(
    experiment: Experiment,
    arms: Sequence[Arm],
    corpora: Corpora,
    check: Callable[[ConfigDict, Vocabulary, Sequence[str]], object] = lambda *_: None,
) -> tuple[dict[Place, dict[str, int]], dict[Place, str]]:
    """The sizes of each arm's training data, which are logged with its number of parameters; and
    the reasons why arms are left out. `check` is called with the vocabulary and the metres of each
    arm.

    Raises:
      UserError: an arm has fewer windows than its config states, or than the other arms although
        the experiment is not about the amount of data.
    """
    sizes, missing = {}, {}
    datasets: dict[Place, Dataset] = {}
    for arm in arms:
        place, data = arm.place, corpora.dataset(arm.config)
        check(arm.config, data.vocabulary, data.meters)
        architecture, name = (
            build.architecture(arm.config, data.vocabulary, data.meters),
            label(experiment, *place),
        )
        log.info(
            f'  {name}: {build.describe(architecture)},'
            f' {count_parameters(architecture):,} parameters, {len(data.train)} training windows'
        )
        datasets[place] = data
        if why := _lack(arm.config, data):
            if not experiment.hypothesis.may_miss:
                raise UserError(f'arm {name}: {why}; must be at most that')
            missing[place] = why
            log.info(f'    left out: {why}')
            continue
        sizes[place] = _sizes(data)
        own = {other: each for (variant, other), each in datasets.items() if variant == arm.variant}
        _check_equal(experiment, own)
    return sizes, missing


def _lack(config: ConfigDict, data: Dataset) -> str:
    """Why an arm has fewer windows than its config states; '' if it has enough."""
    wanted = config.data.max_windows
    # split by window, `max_windows` counts both parts together
    have = len(data.train) + (len(data.validation) if data.test is None else 0)
    if have >= wanted - len(data.styles):
        return ''
    return f'config.data.max_windows = {wanted}: corpus {config.data.corpus} gives {have}'


def _check_equal(experiment: Experiment, datasets: dict[str, Dataset]) -> None:
    """Checks that the arms of a variant have as many windows, unless the experiment varies that."""
    if {*experiment.hypothesis.variable, *experiment.hypothesis.also} & set(SIZES):
        return
    windows = {name: len(data.train) for name, data in datasets.items()}
    # all styles have the same number, in both parts
    tolerance = max(1, *(2 * len(data.styles) - 1 for data in datasets.values()))
    if max(windows.values()) - min(windows.values()) >= tolerance:
        counts = ', '.join(f'{name} {num}' for name, num in windows.items())
        raise UserError(
            f'the arms have unequal numbers of training windows ({counts}); set'
            ' config.data.max_windows to what all have'
        )


def _sizes(data: Dataset) -> dict[str, int]:
    """The number of training windows, the number of distinct ones, and the number of notes in their
    tunes.
    """
    return {
        'num_windows': len(data.train),
        'num_distinct_windows': len(np.unique(data.train.tokens(), axis=0)),
        'num_notes': int((data.vocabulary.decode(data.train.stream) >= 0).sum()),
    }
