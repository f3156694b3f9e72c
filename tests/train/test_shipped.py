"""The shipped model: what is written is read again, damage is told, and the card's held-out loss is the model's."""

import json

import jax
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from symmusic.config.flags import base_config
from symmusic.config.runs import from_dict
from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings
from symmusic.errors import UserError
from symmusic.modes import build
from symmusic.train import loop
from symmusic.train.replicas import held_out_losses, init_replicas, replica
from symmusic.train.shipped import FOLDER, read_shipped, write_shipped
from tests.train.toy import ARCHITECTURE, RECIPE, Runs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    params = replica(init_replicas(loop.initial_keys(0), ARCHITECTURE, RECIPE), 0).params
    write_shipped(params, Runs(monkeypatch).begin()[1], {'date': 'today'}, tmp_path)
    return tmp_path, params


def test_what_is_written_is_read_in_half_precision(folder):
    path, params = folder
    read, card, figures = read_shipped(path)
    assert figures == {'date': 'today'}
    assert card.architecture == ARCHITECTURE
    jax.tree.map(lambda ours, theirs: assert_array_equal(ours, np.float32(np.float16(theirs))), read, params)


@pytest.mark.parametrize('damage', ['params', 'card', 'gone', 'another'])
def test_damage_is_told(folder, damage):
    path, _ = folder
    if damage == 'params':
        (path / 'params.npz').write_bytes((path / 'params.npz').read_bytes()[:-200])
    elif damage == 'card':
        (path / 'card.json').write_text('{')
    elif damage == 'gone':
        (path / 'params.npz').unlink()
    else:
        fields = json.loads((path / 'card.json').read_text())
        fields['card']['architecture']['num_cells'] = 5
        (path / 'card.json').write_text(json.dumps(fields))
    with pytest.raises(UserError, match='shipped model'):
        read_shipped(path)


def test_the_shipped_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2**20


@pytest.mark.slow
def test_the_card_s_held_out_loss():
    """Measured anew on all test tunes of folk; half precision changes the fourth decimal."""
    params, card, figures = read_shipped()
    config = from_dict(card.config, base_config(FOLDER.parents[1]))
    data = config.data
    corpus = load_corpus(data.corpus, Settings(data.meters, data.align_pickups, data.rests), seed=data.split_seed)
    test = build.dataset(config, corpus).test
    how = {'architecture': card.architecture, 'targets': card.recipe.targets, 'batch_size': 16}
    loss = held_out_losses(jax.tree.map(lambda leaf: leaf[None], params), loop.put(test), **how)
    assert loss[0] == pytest.approx(figures['nats_per_step']['model'], abs=2e-3)
