"""Grounds of evaluations for tests: tunes, their families and a vocabulary; the network has no
parameters.
"""

import numpy as np

from configs import base
from symmusic.config.protocol import resolve
from symmusic.corpus.cache import Corpus
from symmusic.corpus.split import Split
from symmusic.generate.manner import settle
from symmusic.measures.excerpts import cut_excerpts
from symmusic.measures.material import Material
from symmusic.measures.registry import Ground, Network
from symmusic.model.model import Architecture
from symmusic.training.card import Card
from tests.training.toy import make_recipe


def ground(tunes, families, vocabulary, draw, *, num_bars=2, **settings) -> Ground:
    """Two thirds of the tunes are test tunes. `settings` are fields of `config.evaluate`; `draw`
    continues prompts.
    """
    config = resolve(base.get_config())
    config.sample.num_bars = num_bars
    config.evaluate.update(settings)
    config = settle(config, None)
    third = len(tunes) // 3
    split = Split(tunes[:third], (), tunes[third:])
    excerpts = cut_excerpts(split.train, 16 * num_bars)
    found = cut_excerpts(split.test, 64, continued=16 * num_bars)
    prompts, continuations = found.events_NT[:, :64], found.events_NT[:, 64:]
    files = tuple(file for file, _ in found.places)
    music = Material(split, excerpts, prompts, continuations, continuations, None, files=files)
    architecture = Architecture(vocabulary.num_classes, num_layers=1, num_cells=4)
    card = Card(architecture, make_recipe(), vocabulary, {}, {})
    corpus = Corpus('walks', len(tunes), tuple(tunes), np.asarray(families, np.int32))
    return Ground(config, Network({}, card, 'toy'), corpus, None, music, draw)
