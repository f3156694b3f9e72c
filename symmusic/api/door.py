"""Checks the fields of a config for sampling, evaluation and the study before any work, so that a
mistake is not found after hours of training.
"""

import numpy as np
from ml_collections import ConfigDict

from symmusic.api.load import require_replica
from symmusic.api.task import prepare
from symmusic.errors import UserError
from symmusic.generate.manner import refuse_wishes
from symmusic.measures import material
from symmusic.melody.encodings import VOCABULARIES, Vocabulary


def check(config: ConfigDict, workdir: object, *, may_wish: bool = False) -> None:
    """Checks that the fields of the groups `sample`, `evaluate` and `study` can be met, as far as
    the config and the files that it names determine that. The rest depends on the corpus: which
    pitches the model has, and how many tunes are long enough.

    Args:
      config: the config of a run.
      workdir: its folder.
      may_wish: whether wishes (constraints on the pieces) are allowed; an evaluation must not have
        any.

    Raises:
      UserError: a field cannot be met; the message names it and says what is allowed.
    """
    require_replica(config.sample.replica, config.replicas)
    if not may_wish:
        if not VOCABULARIES[config.data.encoding].of_steps:
            raise UserError(
                f'config.data.encoding = {config.data.encoding!r}: pieces take a given rhythm, so'
                ' they are neither measured nor compared; only --mode=train, sample and stats take'
                ' it'
            )
        refuse_wishes(config)
        material.check(config, workdir)
    if draws(config):
        prepare(config, widest_vocabulary(config.data.encoding), config.data.meters)


def draws(config: ConfigDict) -> bool:
    """Whether pieces can be drawn at the end of training: a model of notes needs a rhythm."""
    return VOCABULARIES[config.data.encoding].of_steps or bool(config.sample.rhythm)


def widest_vocabulary(encoding: str) -> Vocabulary:
    """The encoding's vocabulary with every pitch that a corpus can have."""
    return VOCABULARIES[encoding].fit([np.array([0, 127])])
