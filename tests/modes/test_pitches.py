"""A model of notes: trained, sampled in a given rhythm, described; refused elsewhere."""

import json
import pathlib

import numpy as np
import pytest

import launch
import symmusic
from symmusic.api import door
from symmusic.config.flags import parse
from symmusic.errors import UserError
from symmusic.melody.events import quantize
from symmusic.score.midi import parse_midi
from tests.test_launch import abc, arguments, make_corpus, midi

ROOT = pathlib.Path(launch.__file__).parent
CONFIG = '--config=configs/pitches.py'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A corpus, the file `rhythm.mid`, and in `run` a run of one epoch."""
    folder = tmp_path_factory.mktemp('pitches')
    corpus = make_corpus(folder / 'tunes')
    (folder / 'rhythm.mid').write_bytes(midi(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('SYMMUSIC_CACHE', str(folder / 'cache'))
        words = arguments(folder / 'run', corpus, **{'train.num_epochs': 1})
        assert launch.main([*words, CONFIG]) == 0
    return folder


def test_no_pieces_without_a_rhythm(folder):
    assert not (folder / 'run' / 'samples').exists()
    card = symmusic.load(folder / 'run').card
    assert card.vocabulary.encoding == 'pitches'
    assert len(card.vocabulary.pitches) == 10  # of the walks


def test_pieces_take_the_rhythm(folder, tmp_path):
    """Its onsets and ends, over the bars that are drawn."""
    words = [f'--workdir={folder / "run"}', '--mode=sample', '--config.sample.num_samples=2']
    words += [f'--config.sample.rhythm={folder / "rhythm.mid"}', '--config.sample.num_bars=2']
    assert launch.main(words) == 0
    (place,) = (folder / 'run' / 'samples').iterdir()
    given = [note for note in quantize(parse_midi(midi(3))) if note.onset < 32]
    rows = json.loads((place / 'samples.json').read_text())
    assert len(rows) == 2
    for row in rows:
        notes = quantize(parse_midi((place / row['file']).read_bytes()))
        assert [note.onset for note in notes] == [note.onset for note in given]
        assert [min(note.end, 32) for note in notes] == [min(note.end, 32) for note in given]
        tokens = np.array(row['tokens'])
        assert np.flatnonzero(tokens < 10).tolist() == [note.onset for note in given]
        assert (row['num_steps'], len(tokens)) == (32, 32)
        assert row['log_probability'] < 0


def test_the_library_draws_notes(folder):
    model = symmusic.load(folder / 'run')
    rhythm = str(folder / 'rhythm.mid')
    pieces = model.continue_tune(num_bars=2, num_samples=2, rhythm=rhythm, num_candidates=2)
    nums = {len(piece.notes) for piece in pieces}
    assert nums == {sum(note.onset < 32 for note in quantize(parse_midi(midi(3))))}
    with pytest.raises(UserError, match=r'config\.sample\.rhythm'):
        model.continue_tune(num_bars=2)
    with pytest.raises(UserError, match=r'config\.sample\.regenerate'):
        model.redraw_bars('', '1', rhythm=rhythm)


REFUSED = {
    'rhythm': '',
    'scale': 'prompt',
    'lowest': 60,
    'pitches': 'rhythm.mid',
    'fixed': 'rhythm.mid',
    'regenerate': '1-2',
    'structure': 'AABA',
    'end_on_tonic': True,
    'max_copied_run': 4,
    'redraw_copies': True,
    'keep_distributions': True,
    'form': 'window',
    'prompt': 'none',
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_goes_by_steps_is_refused_in_sampling(folder, name, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    fields = {'rhythm': 'rhythm.mid', name: REFUSED[name]}
    words = [f'--config.sample.{field}={value}' for field, value in fields.items()]
    capsys.readouterr()
    assert launch.main([f'--workdir={folder / "run"}', '--mode=sample', *words]) == 2
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert f'config.sample.{name} = ' in said


@pytest.mark.parametrize('mode', ['evaluate', 'study', 'studio'])
def test_no_other_mode_takes_it(folder, mode, capsys):
    capsys.readouterr()
    assert launch.main([f'--workdir={folder / "run"}', f'--mode={mode}']) == 2
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert 'config.data.encoding' in said
    assert not (folder / 'run' / mode).exists()


@pytest.mark.parametrize(
    'field',
    [
        'train.targets=last',
        'train.augment_keys=True',
        'train.originality_pieces=8',
        'model.metric_position=True',
        'model.bars_left=True',
        'model.lookback=(16,)',
        'model.last_notes=True',
    ],
)
def test_what_goes_by_steps_is_refused_in_training(field):
    name = field.partition('=')[0]
    with pytest.raises(UserError, match=rf'config\.{name} = .* must be'):
        parse([CONFIG, f'--config.{field}'], root=ROOT, modes=('train',))


def test_no_experiment_takes_it():
    config = parse([CONFIG], root=ROOT, modes=('train',)).config
    with pytest.raises(UserError, match=r"config\.data\.encoding = 'pitches'"):
        door.check(config, 'w')


def test_a_rhythm_without_notes_in_the_new_bars(folder, tmp_path):
    path = tmp_path / 'late.abc'
    path.write_text('X:1\nM:4/4\nL:1/4\nK:C\nz4|z4|CDEF|\n')
    with pytest.raises(UserError, match='no note starts in these bars'):
        symmusic.load(folder / 'run').continue_tune(num_bars=2, rhythm=str(path))


def test_a_run_is_fine_tuned(folder, tmp_path):
    """Its pitches stay, also those that the new corpus lacks."""
    corpus = tmp_path / 'other'
    corpus.mkdir()
    for seed in range(20, 26):
        (corpus / f'{seed}.abc').write_text(abc(seed, lowest='D'))
    fields = {'train.num_epochs': 1, 'init_from': folder / 'run'}
    assert launch.main([*arguments(tmp_path / 'fine', corpus, **fields), CONFIG]) == 0
    runs = (folder / 'run', tmp_path / 'fine')
    before, after = (symmusic.load(run).card.vocabulary.pitches for run in runs)
    assert 60 in before
    assert before == after


def test_stats(folder, tmp_path):
    """Of pitches as they are, in windows of notes."""
    corpus = folder / 'tunes'
    words = [f'--workdir={tmp_path}', '--mode=stats', f'--config.data.corpus={corpus}']
    assert launch.main([*words, '--config.data.encoding=pitches']) == 0
    found = json.loads((tmp_path / 'stats' / 'stats.json').read_text())
    assert (found['num_classes'], found['min_pitch'], found['max_pitch']) == (10, 60, 76)
    assert found['num_encoded_notes'] == found['num_notes']
    assert sum(found['class_frequencies'].values()) == pytest.approx(1)
    lines = (tmp_path / 'stats' / 'tunes.jsonl').read_text().splitlines()
    assert {json.loads(line)['transposed_by'] for line in lines} == {0}
