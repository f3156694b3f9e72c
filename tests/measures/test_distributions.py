"""The network's distributions: they sum to one, and the losses of the labels are those of
`likelihood`.
"""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from symmusic.corpus.windows import cut_windows
from symmusic.measures.distributions import model_log_probabilities
from symmusic.measures.likelihood import find_targets, model_losses
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.model.model import Architecture, init_params
from symmusic.training.data import put
from tests.corpus.tunes import random_tune

VOCABULARY = MelodyVocabulary(60, 72)


@pytest.mark.parametrize('kind', ['all', 'last'])
def test_losses_of_the_labels_are_the_known_ones(kind):
    """Of more windows than one batch, some padded."""
    tunes = [random_tune(seed, 20 + 3 * seed) for seed in range(18)]
    how = {'cover_end': True, 'count_once': True} if kind == 'all' else {}
    windows = cut_windows(tunes, VOCABULARY, 24, 8, **how)
    assert len(windows) > 32
    assert windows.num_padding.any()
    architecture = Architecture(
        VOCABULARY.num_classes,
        num_layers=1,
        num_cells=5,
        num_positions=16,
        attention='bahdanau',
        attention_size=3,
        bidirectional=kind == 'last',
    )
    params = jax.tree.map(
        lambda leaf: 3 * leaf,
        jax.jit(init_params, static_argnums=1)(jax.random.key(0), architecture),
    )
    targets = find_targets(windows, VOCABULARY, all_steps=kind == 'all')
    how = {'architecture': architecture, 'kind': kind}
    logs = model_log_probabilities(params, put(windows), targets, **how)
    assert logs.shape == (len(targets), VOCABULARY.num_classes)
    assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-5)
    losses = model_losses(params, put(windows), targets, **how)
    assert losses.std() > 0.1
    assert_allclose(-logs[np.arange(len(targets)), targets.labels], losses, rtol=1e-4, atol=1e-5)
