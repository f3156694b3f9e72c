"""What is said where a command is stopped: that it continues only where something was saved."""

import shutil
import types

import pytest

import launch
from symmusic.errors import Interrupted
from symmusic.modes import compare, evaluate, experiment, sample, stats, studio, study, train
from tests.training.toy import Runs, stop

MODES = {
    'train': (train, 'train_command'),
    'sample': (sample, 'load_of_command'),
    'evaluate': (evaluate, 'load_of_command'),
    'study': (study, 'load_of_command'),
    'studio': (studio, 'load_of_command'),
    'stats': (stats.corpora, 'corpus'),
    'compare': (compare, 'compare'),
    'experiment': (experiment, '_run'),
}


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """The workdirs of runs that were stopped in the first epoch, and after two."""
    folder = tmp_path_factory.mktemp('runs')
    with pytest.MonkeyPatch.context() as monkeypatch:
        toy = Runs(monkeypatch)
        with pytest.raises(Interrupted, match=r'^stopped and saved in epoch 1.*; the same command'):
            toy.fit(*toy.begin(), folder / 'first', 2, do=stop, after=1)
        toy.fit(*toy.begin(), folder / 'second', 2)
    return folder


def said_where_stopped(mode, workdir, monkeypatch, capsys):
    def interrupt(*arguments, **others):
        raise KeyboardInterrupt

    monkeypatch.setattr(*MODES[mode], interrupt)
    config = 'configs/exp3.py' if mode == 'experiment' else 'configs/attn.py'
    words = [f'--mode={mode}', f'--config={config}', f'--workdir={workdir}']
    if mode == 'compare':
        words += ['--reference=.', '--generated=.']
    capsys.readouterr()
    assert launch.main(words) == 1
    return capsys.readouterr().err


@pytest.mark.parametrize('mode', launch.MODES)
def test_nothing_continues_where_nothing_was_saved(mode, tmp_path, monkeypatch, capsys):
    said = said_where_stopped(mode, tmp_path / 'new', monkeypatch, capsys)
    assert said == 'stopped\n'
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('mode', ['sample', 'stats'])
def test_a_run_is_not_what_these_continue(runs, mode, monkeypatch, capsys):
    assert said_where_stopped(mode, runs / 'second', monkeypatch, capsys) == 'stopped\n'


@pytest.mark.parametrize(('name', 'where'), [('first', 'in epoch 1'), ('second', 'after epoch 2')])
def test_a_training_continues_from_its_checkpoint(runs, name, where, monkeypatch, capsys):
    said = said_where_stopped('train', runs / name, monkeypatch, capsys)
    assert said == f'stopped; the same command continues {where}\n'


def test_a_training_whose_checkpoint_is_damaged(runs, tmp_path, monkeypatch, capsys):
    shutil.copytree(runs / 'second', tmp_path / 'run')
    for path in (tmp_path / 'run' / 'checkpoints').rglob('card/*'):
        if path.is_file():
            path.write_bytes(b'')
    assert said_where_stopped('train', tmp_path / 'run', monkeypatch, capsys) == 'stopped\n'


def test_an_experiment_continues_with_the_arms_that_were_saved(runs, monkeypatch):
    arms = [types.SimpleNamespace(folder=runs / name) for name in ('first', 'none', 'second')]
    assert experiment._stopped(arms).endswith('continues with what is saved of 2 of 3 arms')
