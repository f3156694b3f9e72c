"""Mistakes that the config alone shows are refused before any work, in every mode."""

import json
import pathlib

import numpy as np
import pytest

import launch
from symmusic.api import door
from symmusic.config.flags import parse
from symmusic.errors import UserError
from symmusic.locks import alone_in
from symmusic.training.checkpoint import Checkpoints
from tests.modes.test_experiment import CONFIG
from tests.test_launch import arguments, content, make_corpus, midi

ROOT = pathlib.Path(launch.__file__).parent
# for every mode that draws: the wrong field, and all fields given
EVERYWHERE = [
    ('sample.replica', {'sample.replica': 3}),
    ('sample.replica', {'sample.replica': 2, 'replicas': 2}),
    ("sample.replica = 'all'", {'sample.replica': 'all'}),
    ('sample.replica', {'sample.replica': 'every'}),
    ('sample.prompt', {'sample.prompt': 'missing.mid'}),
    ('sample.prompt', {'sample.prompt': 'folder.mid'}),
    ('sample.prompt', {'sample.prompt': 'damaged.mid'}),
    ('sample.prompt', {'sample.prompt': 'prompt.txt'}),
    ('no part 9', {'sample.prompt': 'prompt.mid', 'sample.part': 9}),
    ('sample.instrument', {'sample.instrument': 'kazoophone'}),
    ('sample.sound_font', {'sample.sound_font': 'missing.sf2'}),
    ('sample.sound_font', {'sample.sound_font': 'missing.sf2', 'sample.wav': True}),
    ('sample.top_k', {'sample.top_k': -1}),
    ('sample.top_p', {'sample.top_p': 0.0}),
    ('sample.temperature', {'sample.temperature': -1.0}),
    (
        'sample.form',
        {
            'sample.form': 'stateful',
            'model.bidirectional': True,
            'train.targets': 'last',
        },
    ),
]
# for modes that take wishes
WISHES = [
    ('sample.regenerate', {'sample.regenerate': '9-10'}),
    ('sample.regenerate', {'sample.regenerate': 'two'}),
    ('sample.regenerate', {'sample.prompt': 'prompt.mid', 'sample.regenerate': '60'}),
    ('sample.scale', {'sample.scale': 'H major'}),
    ('sample.scale', {'sample.scale': 'C ionish'}),
    ('sample.scale', {'sample.scale': 'C major', 'sample.lowest': 61, 'sample.highest': 61}),
    ('sample.rhythm', {'sample.rhythm': 'missing.mid'}),
    ('sample.pitches', {'sample.pitches': 'damaged.mid'}),
    ('sample.fixed', {'sample.fixed': 'missing.abc'}),
    ('sample.lowest', {'sample.lowest': 70, 'sample.highest': 60}),
    ('sample.max_copied_run', {'sample.max_copied_run': 1}),
    ('sample.max_copied_run', {'sample.max_copied_run': 4, 'data.encoding': 'pianoroll'}),
    ('sample.scale', {'sample.scale': 'C major', 'data.encoding': 'pianoroll'}),
    ('sample.redraw_copies', {'sample.redraw_copies': True, 'data.split': 'window'}),
]
MEASURED = [  # for modes that measure, or build a study: no wishes
    ('sample.scale', {'sample.scale': 'C major'}),
    ('sample.max_copied_run', {'sample.max_copied_run': 4}),
    ('sample.num_candidates', {'sample.num_candidates': 2}),
    ('evaluate.prompts', {'evaluate.prompts': 'held_out', 'data.split': 'window'}),
    ('evaluate.num_pieces', {'evaluate.num_pieces': 1}),
    ('evaluate.part', {'evaluate.part': 'train'}),
    ('study.num_pieces', {'study.num_pieces': 0}),
    ('study.qpm', {'study.qpm': 3.0}),
]


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The files that the mistakes name, in the current folder."""
    folder = tmp_path / 'here'
    (folder / 'folder.mid').mkdir(parents=True)
    (folder / 'prompt.mid').write_bytes(midi(3))
    (folder / 'prompt.txt').write_text('C D E')
    (folder / 'damaged.mid').write_bytes(b'MThd nothing of the kind')
    monkeypatch.chdir(folder)
    monkeypatch.setenv('SYMMUSIC_CACHE', str(tmp_path / 'cache'))
    return folder


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp('tunes') / 'walks')


def words(stated):
    return [f'--config.{name}={value}' for name, value in stated.items()]


def refused(tmp_path, capsys, argv, field):
    """Status 2, one line that names the field, and nothing written."""
    before = content(tmp_path)
    capsys.readouterr()
    status, error = launch.main([str(word) for word in argv]), capsys.readouterr().err
    assert (status, error.count('\n'), error[:7]) == (2, 1, 'error: '), error
    assert field in error
    assert content(tmp_path) == before


@pytest.mark.parametrize(('field', 'stated'), EVERYWHERE + WISHES, ids=str)
def test_training_does_not_start(tmp_path, capsys, corpus, field, stated):
    changes = {name: value for name, value in stated.items() if name != 'data.split'}
    if 'data.split' in stated:
        changes['data.protocol'] = 'thesis'
    refused(tmp_path, capsys, arguments(tmp_path / 'run', corpus, **changes), field)


@pytest.mark.parametrize(('field', 'stated'), EVERYWHERE + WISHES + MEASURED, ids=str)
def test_an_experiment_does_not_start(tmp_path, capsys, corpus, field, stated):
    path = tmp_path / 'tiny.py'
    path.write_text(CONFIG.replace('CORPUS', str(corpus)))
    if stated.get('replicas') == 2:  # as its config has
        stated = {'sample.replica': 2}
    argv = ['--mode=experiment', f'--config={path}', f'--workdir={tmp_path / "run"}']
    refused(tmp_path, capsys, argv + words(stated), field)


@pytest.mark.parametrize(('field', 'stated'), EVERYWHERE + WISHES + MEASURED, ids=str)
def test_what_is_drawn_to_be_measured(field, stated):
    """As evaluation and study require, with the config of their run."""
    with pytest.raises(UserError, match=field) as caught:
        door.check(parse(words(stated), root=ROOT, modes=('train',)).config, 'w')
    assert '\n' not in str(caught.value)


@pytest.fixture(scope='module')
def run(tmp_path_factory, corpus):
    """The workdir of a run of one epoch; read-only."""
    workdir = tmp_path_factory.mktemp('run') / 'run'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('SYMMUSIC_CACHE', str(tmp_path_factory.mktemp('cache')))
        assert launch.main(arguments(workdir, corpus, **{'train.num_epochs': 1})) == 0
    return workdir


OF_A_RUN = [
    (field, stated)
    for field, stated in EVERYWHERE
    if not {'replicas', 'model.bidirectional'} & stated.keys()
]


@pytest.mark.parametrize('mode', ['sample', 'evaluate', 'study'])
def test_a_run_is_left_as_it_is(run, tmp_path, capsys, mode):
    before = content(run)
    cases = OF_A_RUN + [
        (field, stated)
        for field, stated in (WISHES if mode == 'sample' else MEASURED)
        if not {'data.encoding', 'data.split'} & stated.keys()
    ]
    if mode == 'evaluate':
        cases.append(('evaluate.left_to_right', {'evaluate.left_to_right': 'nowhere'}))
    for field, stated in cases:
        argv = [f'--workdir={run}', f'--mode={mode}', *words(stated)]
        refused(tmp_path, capsys, argv, field)
    assert content(run) == before


@pytest.mark.parametrize('mode', ['sample', 'evaluate', 'study'])
def test_the_shipped_model_has_one_replica(tmp_path, capsys, mode):
    argv = [f'--workdir={tmp_path / "none"}', f'--mode={mode}', '--config.sample.replica=1']
    refused(tmp_path, capsys, argv, 'sample.replica')


def test_what_is_right_passes(tmp_path):
    config = parse(
        words({'sample.prompt': 'prompt.mid', 'sample.regenerate': '2-3', 'sample.replica': 0}),
        root=ROOT,
        modes=('train',),
    ).config
    door.check(config, 'w', may_wish=True)
    door.check(parse([], root=ROOT, modes=('train',)).config, 'w')


# A run that is still training


@pytest.mark.parametrize('mode', ['sample', 'evaluate', 'study'])
def test_a_run_in_its_first_epoch_is_reported_as_training(tmp_path, capsys, mode):
    workdir = tmp_path / 'first'
    with alone_in(workdir):
        refused(
            tmp_path,
            capsys,
            [f'--workdir={workdir}', f'--mode={mode}'],
            'its run is training and in its first epoch (nothing saved yet)',
        )


def test_progress_when_something_is_saved(run, tmp_path, capsys):
    workdir = tmp_path / 'first'
    states, card = Checkpoints(run).restore()
    num_batches = int(states.step[0])
    states = states.replace(
        step=states.step * 0 + 2, epoch=states.epoch * 0, best_epoch=states.best_epoch * 0
    )
    Checkpoints(workdir).save(states, card)
    argv = [f'--workdir={workdir}', '--mode=sample']
    with alone_in(workdir):
        refused(tmp_path, capsys, argv, f'(epoch 1 of 1, update 2 of {num_batches} when last saved')
    refused(tmp_path, capsys, argv, 'has not finished its first epoch; continue with')


def test_later_the_epoch_is_reported_and_that_the_run_is_training(run, capsys):
    argv = [f'--workdir={run}', '--mode=sample', '--config.sample.num_samples=1']
    argv.append('--config.sample.num_bars=1')
    with alone_in(run):
        assert launch.main(argv) == 0
    said = capsys.readouterr().out
    assert 'is still training (1 of 1 epoch, ' in said
    assert 'those of epoch 1, its best so far' in said
    assert launch.main(argv) == 0
    assert 'still training' not in capsys.readouterr().out


def test_seconds_are_those_of_all_sessions(corpus, tmp_path):
    """Of the run and, after more epochs, of the earlier sessions as well."""
    argv = arguments(tmp_path / 'run', corpus, **{'train.num_epochs': 1})
    assert launch.main(argv) == 0
    card = Checkpoints(tmp_path / 'run').restore_card()
    first = json.loads((tmp_path / 'run' / 'summary.json').read_text())['seconds']
    assert first == round(card.seconds, 1)
    assert card.seconds > 0
    assert launch.main([*argv, '--config.train.num_epochs=2']) == 0
    later = Checkpoints(tmp_path / 'run').restore_card().seconds
    assert later > card.seconds
    assert np.isclose(
        json.loads((tmp_path / 'run' / 'summary.json').read_text())['seconds'], later, atol=0.06
    )
