"""The shipped model is measured on the tunes that it has not seen, even if the reader of its corpus
or the drawing of splits changes.
"""

import dataclasses

import numpy as np
import pytest

from symmusic.api.load import load_of_command
from symmusic.config.flags import parse
from symmusic.config.protocol import base_config
from symmusic.config.runs import from_dict
from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings
from symmusic.errors import UserError
from symmusic.training import build, corpora
from symmusic.training.shipped import read_held_out, read_shipped
from tests.test_launch import ROOT

MODES = ('train', 'sample', 'stats', 'evaluate', 'study')


@pytest.fixture
def shipped_card():
    return read_shipped()[1]


@pytest.mark.parametrize('mode', ['sample', 'evaluate', 'study'])
@pytest.mark.parametrize('config', ['configs/attn.py', 'configs/lstm.py'])
def test_every_mode_takes_the_shipped_model_where_there_is_no_run(tmp_path, capsys, mode, config):
    argv = [f'--mode={mode}', f'--config={config}', f'--workdir={tmp_path / "none"}']
    found, model, workdir = load_of_command(parse(argv, root=ROOT, modes=MODES))
    assert (model.name, model.workdir) == ('the shipped model', None)
    assert workdir == tmp_path / 'none'
    assert found.model.num_cells == read_shipped()[1].architecture.num_cells
    assert 'the shipped model' in capsys.readouterr().out


def test_its_held_out_tunes_are_those_of_the_split_that_it_was_trained_by(folk, shipped_card):
    config = from_dict(shipped_card.config, base_config())
    corpus = load_corpus('folk', Settings(meters=('all',)))
    if corpus.fingerprint != shipped_card.dataset['fingerprint']:
        pytest.skip('the corpus is read otherwise than when the model was trained')
    drawn = build.split_as_trained(config, corpus)
    own = corpora.of_shipped(corpus, shipped_card)
    named = build.split_as_trained(config, own)
    assert named == drawn
    assert [len(part) for part in (named.train, named.validation, named.test)] == list(
        shipped_card.dataset['num_tunes'].values()
    )


def test_a_corpus_that_is_read_differently(folk, shipped_card, capsys):
    """One tune less, one changed, and one with a pitch that the model does not know: the held-out
    tunes stay the same, and no tune of another part is among them.
    """
    config = from_dict(shipped_card.config, base_config())
    corpus = load_corpus('folk', Settings(meters=('all',)))
    kept, names = corpus.kept, read_held_out()
    high = np.full(64, -2, np.int8)
    high[::4] = 120
    tunes = [
        dataclasses.replace(kept[1], phrases=(kept[1].phrases[0][:32],)),
        dataclasses.replace(kept[2], phrases=(high,)),
        *kept[3:],
    ]
    changed = dataclasses.replace(corpus, tunes=tuple(tunes), families=corpus.families[1:])
    own = corpora.of_shipped(changed, shipped_card)
    assert 'are identified by their names' in capsys.readouterr().out
    split = build.split_as_trained(config, own)
    for part in ('validation', 'test'):
        files = {tune.file for tune in getattr(split, part)}
        assert files <= names[part]
        assert len(files) > 0.9 * len(names[part])
    assert not {tune.file for tune in split.train} & (names['test'] | names['validation'])
    assert kept[2].file not in {tune.file for tune in own.kept}
    vocabulary = shipped_card.vocabulary
    data = build.dataset(config, own, (vocabulary.min_pitch, vocabulary.max_pitch))
    assert data.vocabulary == vocabulary
    assert data.num_tunes['test'] == len(split.test)


def test_another_corpus_is_not_its_own(folk, shipped_card, monkeypatch):
    corpus = load_corpus('folk', Settings(meters=('all',)))
    corpus = dataclasses.replace(corpus, tunes=(), families=np.zeros(0))
    monkeypatch.setattr(corpora, 'load_corpus', lambda *_, **__: corpus)
    config = from_dict(shipped_card.config, base_config())
    assert corpora.of_shipped(corpus, shipped_card) is None
    with pytest.raises(UserError, match='not the one that the shipped model was trained on'):
        corpora.corpus_of(config, shipped_card, is_shipped=True)
