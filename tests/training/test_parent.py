# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""Fine-tuning as a user runs it: tunes that the parent was trained on must not be held out of the
child without notice, and the epoch that the child starts from is reported.
"""

import json
import pathlib
import shutil

import numpy as np
import pytest

import launch
from symmusic.config.protocol import base_config
from symmusic.corpus.originals import gather_originals, write_originals
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import find_families, find_seen, split_by_names
from symmusic.training import parent
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.shipped import read_shipped
from symmusic.training.summary import lines, worse_parts
from tests.corpus.tunes import random_tune, tune
from tests.test_launch import (
    abc,
    arguments,
    corpus,  # noqa: F401 - a fixture
    refused,  # noqa: F401 - a fixture
    trained,  # noqa: F401 - a fixture
)

pytestmark = pytest.mark.usefixtures('undrawn')


def other_tunes(folder, seeds=range(20, 32), lowest='C'):
    folder.mkdir()
    for seed in seeds:
        (folder / f't{seed}.abc').write_text(abc(seed, lowest=lowest))
    return folder


def test_families_with_a_setting_that_was_trained_on():
    tunes = [random_tune(seed, 96, file=f'{seed}.mid') for seed in range(4)]
    variant = tune([*tunes[1].phrases[0][:64], 60, 62], file='b.mid')
    families = find_families([*tunes, variant])
    assert find_seen([*tunes, variant], families, [variant]) == {1}
    assert find_seen([*tunes, variant], families, [random_tune(9, 96)]) == frozenset()
    assert find_seen(tunes, families[:4], tunes[2:]) == {2, 3}
    assert find_seen(tunes, families[:4], []) == frozenset()


def test_a_book_s_titles_count():
    mine = random_tune(1, 96, file='mine.abc#1', title='The Merry Blacksmith')
    theirs = random_tune(2, 96, file='theirs.abc#7', title='Merry Blacksmith, The')
    assert find_seen([mine], np.array([0]), [theirs]) == {0}


def test_phrases_are_restored_from_a_run_s_tunes(tmp_path):
    """A rest within a phrase stays, a silence of a bar or more separates two."""
    first, second = random_tune(1, 70).phrases[0], random_tune(2, 33).phrases[0]
    kept = tune(first, second, file='a.mid', gaps=(2,))
    write_originals(tmp_path, gather_originals([kept], []))
    found = parent.read_originals(tmp_path)
    phrases = parent._phrases(found.tunes[0], 16)
    assert [phrase.tolist() for phrase in phrases] == [first.tolist(), second.tolist()]


def test_a_split_by_names():
    """A held-out tune with a setting among the others is in no part."""
    tunes = [random_tune(seed, 96, file=f'{seed}.mid') for seed in range(5)]
    split = split_by_names(
        tunes, np.array([0, 1, 2, 0, 4]), {'validation': ['1.mid'], 'test': ['3.mid', '4.mid', 'x']}
    )
    files = [[each.file for each in part] for part in (split.train, split.validation, split.test)]
    assert files == [['0.mid', '2.mid'], ['1.mid'], ['4.mid']]


def test_another_split_of_the_same_tunes_is_refused(trained, corpus, tmp_path, refused):
    """Of 12 tunes, 10 were trained on: some seed holds two of these out. The advice of the message
    works.
    """
    init = {'init_from': trained, 'train.num_epochs': 1}
    error = refused(*arguments(tmp_path / 'x', corpus, **init | {'data.split_seed': 1}))
    assert 'test families' in error
    assert 'config.data.split_seed must be 0' in error
    assert not (tmp_path / 'x').exists()
    assert launch.main(arguments(tmp_path / 'y', corpus, **init)) == 0
    found = json.loads((tmp_path / 'y' / 'summary.json').read_text())['init_from']
    assert [part['seen'] for part in found['held_out_families'].values()] == [0, 0]


def test_a_run_on_another_grid_is_refused(trained, corpus, tmp_path, refused):
    """A step lasts otherwise there: in one line, before anything is written."""
    for parent_run in (trained, 'shipped'):
        changes = {
            'init_from': parent_run,
            'data.steps_per_quarter': 12,
            'model.lookback': '(48, 96, 192, 384)',
        }
        error = refused(*arguments(tmp_path / 'x', corpus, **changes))
        assert f'config.init_from = {parent_run}' in error
        assert 'config.data.steps_per_quarter = 4, not 12' in error
    assert not (tmp_path / 'x').exists()


def test_where_most_of_what_is_held_out_was_trained_on(trained, corpus, tmp_path, refused):
    """A copy of the tunes, with one more, is another corpus: families detect it. Split by window
    nothing is held out, and nothing is claimed.
    """
    copied = pathlib.Path(shutil.copytree(corpus, tmp_path / 'copied'))
    (copied / 'more.abc').write_text(abc(40))
    init = {'init_from': trained, 'train.num_epochs': 1}
    errors = [
        refused(*arguments(tmp_path / 'x', copied, **init | {'data.split_seed': seed}))
        for seed in (1,)
    ]
    assert "or config.data.split = 'window'" in errors[0]
    by_window = init | {'data.split': 'window'}
    assert launch.main(arguments(tmp_path / 'y', copied, **by_window)) == 0
    found = json.loads((tmp_path / 'y' / 'summary.json').read_text())['init_from']
    assert found['held_out_families'] is None


def test_some_overlap_is_reported_and_marked(trained, tmp_path, capsys, monkeypatch):
    """One of several test families: the line at the start, that of the test figure, and the
    summary. Resuming the run keeps its start.
    """
    folder = other_tunes(tmp_path / 'tunes', range(20, 60))
    first = arguments(tmp_path / 'run', folder, init_from=trained, **{'train.num_epochs': 1})
    assert launch.main(first) == 0
    assert 'families' not in capsys.readouterr().out
    kept = json.loads((tmp_path / 'run' / 'summary.json').read_text())['init_from']
    assert kept['held_out_families']['test'] == {'num': 4, 'seen': 0}
    # the parent has been trained on a setting of one of the test tunes
    leaky = pathlib.Path(shutil.copytree(trained, tmp_path / 'leaky'))
    originals = parent.read_originals(leaky)
    [held_out, *_] = parent.read_originals(tmp_path / 'run').unseen[-1:]
    leak = Tune('leak.mid', phrases=parent._phrases(held_out, 16))
    tunes = [
        Tune(name, phrases=parent._phrases(events, 16))
        for name, events in zip(originals.names, originals.tunes, strict=True)
    ]
    write_originals(leaky, gather_originals([*tunes, leak], []))
    again = arguments(tmp_path / 'child', folder, init_from=leaky, **{'train.num_epochs': 1})
    assert launch.main(again) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith('1 of 4 test families were among the tunes that') for line in lines)
    [figure] = [line for line in lines if line.startswith('on test tunes, measured once')]
    assert '1 of 4 test families' in figure
    found = json.loads((tmp_path / 'child' / 'summary.json').read_text())['init_from']
    assert found['held_out_families']['test'] == {'num': 4, 'seen': 1}
    assert (found['run'], found['epoch']) == (str(leaky), kept['epoch'])


def test_the_parent_s_parent_counts(trained, corpus, tmp_path, refused):
    """A run fine-tuned on other tunes, with more pitches, has seen those of the run that it started
    from.
    """
    folder = other_tunes(tmp_path / 'tunes', lowest='C,')
    first = pathlib.Path(shutil.copytree(trained, tmp_path / 'first'))
    init = {'init_from': first, 'train.num_epochs': 1}
    assert launch.main(arguments(tmp_path / 'child', folder, **init)) == 0
    sizes = [
        json.loads((run / 'summary.json').read_text())['num_parameters']
        for run in (first, tmp_path / 'child')
    ]
    assert sizes[0] < sizes[1]
    init['init_from'] = tmp_path / 'child'
    refused(*arguments(tmp_path / 'x', corpus, **init | {'data.split_seed': 1}))
    (first / 'originals.npz').unlink()
    assert parent._trained_on(str(tmp_path / 'child'), base_config()) is None


def test_a_run_that_is_not_finished_is_named_with_its_epoch(trained, tmp_path, capsys):
    """Two of five epochs are done."""
    going_on = pathlib.Path(shutil.copytree(trained, tmp_path / 'going_on'))
    states, card = Checkpoints(going_on).restore()
    card.config['train']['num_epochs'] = 5
    shutil.rmtree(going_on / 'checkpoints')
    Checkpoints(going_on).save(states, card)
    folder = other_tunes(tmp_path / 'tunes')
    init = {'train.num_epochs': 1, 'init_from': going_on}
    assert launch.main(arguments(tmp_path / 'child', folder, **init)) == 0
    epoch = int(states.best_epoch[0])
    assert (
        f'starts from the best parameters of {going_on}, of its epoch {epoch} (that run is not'
        ' finished: 2 of 5 epochs)' in capsys.readouterr().out
    )
    assert json.loads((tmp_path / 'child' / 'init_from.json').read_text())['epoch'] == epoch


def from_shipped(tmp_path):
    """The command that fine-tunes the shipped model on a few walks."""
    folder = other_tunes(tmp_path / 'tunes', range(20, 28))
    return [
        f'--workdir={tmp_path / "run"}',
        f'--config.data.corpus={folder}',
        '--config.init_from=shipped',
        '--config.train.num_epochs=1',
        '--config.train.sequence_steps=64',
        '--config.sample.num_samples=1',
        '--config.sample.num_bars=1',
    ]


def test_for_another_network_than_the_shipped_model_s_its_config_is_named(tmp_path, refused, folk):
    error = refused(*from_shipped(tmp_path), '--config.model.num_cells=9')
    assert 'num_cells is 96 in that run and 9 now' in error
    assert '--config=configs/attn.py has its network' in error


@pytest.mark.slow
def test_the_shipped_model_is_fine_tuned(tmp_path, capsys, folk):
    """With the network of its own config, on a user's tunes."""
    assert launch.main(from_shipped(tmp_path)) == 0
    printed = capsys.readouterr().out
    epoch = read_shipped()[2]['best_epoch']
    assert f'the best parameters of the shipped model, of its epoch {epoch}' in printed
    found = json.loads((tmp_path / 'run' / 'summary.json').read_text())
    assert found['init_from']['held_out_families']['test']['seen'] == 0
    # it has learnt to read tunes elsewhere: one epoch on a few walks is better than none
    nats = found['replicas'][0]['nats_per_step']['validation']
    assert nats < found['base_rate']['validation']


@pytest.mark.parametrize('split_by', ['tune', 'window'])
def test_a_run_worse_than_the_base_rate_is_reported(split_by):
    summary = {
        'base_rate': {'validation': 1.5, 'test': 1.4 if split_by == 'tune' else None},
        'best_replica': 0,
        'init_from': None,
        'replicas': [
            {
                'best_epoch': 1,
                'nats_per_step': {'validation': 1.6, 'test': 1.3 if split_by == 'tune' else None},
            }
        ],
    }
    summary['worse_than_base_rate'] = worse_parts(summary)
    assert summary['worse_than_base_rate'] == ['validation']
    assert lines(summary, 'all')[-1].startswith('worse than the base rate on validation')
    summary['replicas'][0]['nats_per_step']['validation'] = 1.4
    assert worse_parts(summary) == []
    summary['replicas'][0]['nats_per_step']['validation'] = float('nan')
    assert worse_parts(summary) == ['validation']
