"""What a config says of drawing, evaluation and the study is checked before any work: a mistake
that the config and the files it names show is not found after hours of training.
"""

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import material
from symmusic.api.model import refuse_wishes, require_replica
from symmusic.api.sampling import prepare
from symmusic.melody.encodings import VOCABULARIES, Vocabulary


def check(config: ConfigDict, workdir: object, *, may_wish: bool = False) -> None:
    """Passes a config whose fields of the groups `sample`, `evaluate` and `study` can be met, as
    far as the config and the files that it names tell. The corpus tells the rest: which pitches the
    model has, and how many tunes are long enough.

    Args:
      config: of a run.
      workdir: of the run.
      may_wish: whether pieces are drawn by its wishes; else it is measured, and may state none.

    Raises:
      UserError: the field, and what is allowed.
    """
    require_replica(config.sample.replica, config.replicas)
    if not may_wish:
        refuse_wishes(config)
        material.check(config, workdir)
    prepare(config, widest_vocabulary(config.data.encoding))


def widest_vocabulary(encoding: str) -> Vocabulary:
    """The classes of a model that knows every pitch."""
    return VOCABULARIES[encoding].fit([np.array([0, 127])])
