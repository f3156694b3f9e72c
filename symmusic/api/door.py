"""Checks the fields of a config for sampling, evaluation and the study before any work, so that a
mistake is not found after hours of training.
"""

import numpy as np
from ml_collections import ConfigDict

from symmusic.api.load import require_replica
from symmusic.api.task import prepare
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
      may_wish: whether its wishes apply; an evaluation must not state any.

    Raises:
      UserError: a field cannot be met; names it and what is allowed.
    """
    require_replica(config.sample.replica, config.replicas)
    if not may_wish:
        refuse_wishes(config)
        material.check(config, workdir)
    prepare(config, widest_vocabulary(config.data.encoding), config.data.meters)


def widest_vocabulary(encoding: str) -> Vocabulary:
    """The vocabulary of a model that knows every pitch."""
    return VOCABULARIES[encoding].fit([np.array([0, 127])])
