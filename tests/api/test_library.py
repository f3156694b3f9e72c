# ruff: noqa: F811 - fixtures are imported, then taken as arguments
"""The library as in a notebook: load, draw, save, train, compare; mistakes are one line."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import symmusic
from configs import attn
from symmusic.api.model import ROOT
from symmusic.config.fields import default
from symmusic.score.abc import read_abc_tune
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import format_midi
from symmusic.score.notes import Note
from tests.test_launch import (
    TINY,
    corpus,  # noqa: F401 - a fixture
)

TUNE = 'X:1\nT:Four bars\nM:4/4\nL:1/8\nK:D\nF2A2 d2A2|G2B2 d2B2|A2c2 e2c2|d4 A4|\n'
D_MAJOR = {2, 4, 6, 7, 9, 11, 1}


@pytest.fixture(scope='module')
def model():
    return symmusic.load()


@pytest.fixture(scope='module')
def piece(model, prepared_folk):
    """Two bars after the tune."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('SYMMUSIC_CACHE', str(prepared_folk))
        return model.continue_tune(TUNE, num_samples=1, num_bars=2)[0]


def pitches(piece):
    return [pitch for _, _, pitch in piece.notes]


def test_a_tune_is_continued(folk, model, tmp_path):
    path = tmp_path / 'my.abc'
    path.write_text(TUNE)
    fields = {'num_bars': 2, 'num_samples': 2, 'scale': 'D major', 'seed': 5}
    pieces = model.continue_tune(path, **fields)
    assert len(pieces) == 2
    for piece in pieces:
        assert {pitch % 12 for pitch in pitches(piece)} <= D_MAJOR
        assert 0 < piece.nats_per_step < 4
        assert all(0 <= onset < 8 and 0 < length <= 8 for onset, length, _ in piece.notes)
    of_text = model.continue_tune(TUNE, **fields)
    assert [piece.notes for piece in of_text] == [piece.notes for piece in pieces]
    other = model.continue_tune(TUNE, **fields | {'seed': 6})
    assert [piece.notes for piece in other] != [piece.notes for piece in pieces]


def test_notes_are_a_prompt(folk, model):
    notes = [(step, 1, 60 + step) for step in range(16)]  # as long as TUNE: one program
    piece = model.continue_tune(notes, num_samples=1, num_bars=2)[0]
    score = read_abc_tune(piece.joined_abc)
    assert [note.pitch for note in score.notes][:4] == [60, 61, 62, 63]


def test_a_whole_tune_is_made_from_nothing(folk, model, tmp_path):
    form = {'prompt': 'none', 'key': 'G', 'structure': 'AABA', 'bars_per_section': 2}
    piece = model.continue_tune(num_samples=1, max_redraws=0, **form)[0]
    assert piece.notes[-1][2] % 12 == 7
    assert piece.abc == piece.joined_abc
    assert 'T:Tune in G major\n' in piece.abc
    score = read_abc_tune(piece.abc)
    quarter = score.ticks_per_quarter
    played = [(note.onset / quarter, note.duration / quarter, note.pitch) for note in score.notes]
    assert played == piece.notes
    piece.save(tmp_path / 'tune.mid')
    assert len(parse_midi((tmp_path / 'tune.mid').read_bytes()).notes) == len(piece.notes)
    with pytest.raises(symmusic.UserError, match='structure'):
        model.continue_tune(TUNE, structure='aabb')


def test_bars_are_redrawn(folk, model):
    piece = model.redraw_bars(TUNE, '2-3', num_samples=1)[0]
    score = read_abc_tune(piece.joined_abc)
    bar = 4 * score.ticks_per_quarter
    first = [note.pitch for note in score.notes if note.onset < bar]
    assert first == [66, 69, 74, 69]
    assert [note.pitch for note in score.notes if note.onset >= 3 * bar] == [74, 69]
    assert max(onset for onset, _, _ in piece.notes) < 8


def test_a_piece_is_saved_in_each_format(piece, tmp_path):
    for suffix, start in {
        '.mid': b'MThd',
        '.abc': b'X:1',
        '.musicxml': b'<?xml',
        '.wav': b'RIFF',
    }.items():
        for joined in (False, True):
            path = tmp_path / f'{joined}{suffix}'
            piece.save(path, joined=joined)
            assert path.read_bytes().startswith(start)
    alone = parse_midi((tmp_path / 'False.mid').read_bytes())
    assert [note.pitch for note in alone.notes] == pitches(piece)
    assert (tmp_path / 'False.abc').read_text() == piece.abc
    whole = parse_midi((tmp_path / 'True.mid').read_bytes())
    assert len(whole.notes) >= 14 + len(alone.notes) - 1  # the last may go on


@pytest.mark.parametrize(
    ('prompt', 'fields', 'words'),
    [
        (TUNE, {'scale': 'X'}, "config.sample.scale = 'X': must be"),
        (TUNE, {'num_bras': 2}, 'num_bras: not a field of config.sample; did you mean num_bars?'),
        (TUNE, {'num_bars': 'two'}, "config.sample.num_bars = 'two': must be a whole number"),
        (TUNE, {'regenerate': '9'}, "config.sample.regenerate = '9': the prompt has bars 1 to 4"),
        ('X:1\nK:C\n', {}, 'prompt: no notes'),
        ([(0, 1, 200)], {}, 'prompt: not a note: (0, 1, 200)'),
        ([], {}, 'prompt: no notes'),
        ('none.mid', {}, 'config.sample.prompt = none.mid: No such file'),
        (None, {}, 'prompt: not a tune'),
        ([(0, 1)], {}, 'prompt: not a note'),
        (['my.abc'], {}, "prompt: not a note: 'my.abc': a list must hold triples"),
        ([('0', '1', '60')], {}, 'prompt: not a note'),
        ('', {'seed': 1.5}, 'config.seed = 1.5'),
        ('', {'replica': 3}, 'replica: '),
    ],
)
def test_mistakes_are_one_line(folk, model, prompt, fields, words):
    with pytest.raises(symmusic.UserError) as raised:
        model.continue_tune(prompt, **fields)
    assert isinstance(raised.value, ValueError)
    assert str(raised.value).startswith(words)
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize('bars', [(9, 10), '9-10', 9, 'two'])
def test_bars_are_named_as_they_were_given(folk, model, bars):
    with pytest.raises(symmusic.UserError) as raised:
        model.redraw_bars(TUNE, bars)
    assert str(raised.value).startswith(f'bars = {bars!r}: ')
    assert "must be one bar, such as '3', or a range, such as '3-4'" in str(raised.value)


def test_a_tune_that_starts_from_nothing_has_no_bars_to_redraw(folk, model):
    with pytest.raises(
        symmusic.UserError, match=r"^bars = '2-3' with config.sample.prompt = 'none'"
    ):
        model.redraw_bars('none', '2-3')


def test_a_suffix_that_is_none(piece, tmp_path):
    with pytest.raises(symmusic.UserError, match=r'must be one of .mid, .abc, .musicxml, .wav'):
        piece.save(tmp_path / 'piece.txt')
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(symmusic.UserError, match='holds no trained model'):
        symmusic.load(tmp_path)
    with pytest.raises(symmusic.UserError, match='load: 3 is not a path; must be the workdir'):
        symmusic.load(3)


def walks(folder, seed, num=6):
    rng = np.random.default_rng(seed)
    folder.mkdir()
    for number in range(num):
        notes = [Note(110 * step, 110, int(60 + rng.integers(12))) for step in range(64)]
        (folder / f'{number}.mid').write_bytes(format_midi(notes))
    return folder


@pytest.mark.usefixtures('undrawn')
def test_a_run_is_trained_and_loaded(tmp_path, corpus):
    fields = {**TINY, 'data.corpus': corpus, 'train.num_epochs': 1}
    run = symmusic.train('configs/attn.py', tmp_path / 'run', **fields)
    assert run.summary['replicas'][0]['num_epochs'] == 1
    model = run.model()
    assert (model.name, model.workdir) == ('run, epoch 1', tmp_path / 'run')
    assert model.card.architecture.num_cells == 8
    assert len(model.continue_tune(TUNE, num_bars=1, num_samples=3)) == 3
    with pytest.raises(symmusic.UserError, match='replicas 0 to 0'):
        symmusic.load(tmp_path / 'run', replica=1)


def test_two_folders_are_compared(tmp_path):
    one, other = walks(tmp_path / 'one', 1), walks(tmp_path / 'other', 2)
    found = symmusic.compare(one, other)
    values = found.to_dict()
    assert (values['protocol'], values['num_reference'], values['num_generated']) == (
        'corrected',
        6,
        6,
    )
    assert f'{values["averages"]["overall"]["oa"]:.3f}' in found.table()
    assert found.names == {'reference': 'one', 'generated': 'other'}
    with pytest.raises(symmusic.UserError, match="must be one of 'corrected', 'thesis'"):
        symmusic.compare(one, other, protocol='other')
    with pytest.raises(symmusic.UserError, match='num_bras: not a field of compare'):
        symmusic.compare(one, other, num_bras=4)


@pytest.mark.usefixtures('folk')
def test_the_readme_s_python_runs(tmp_path):
    """Exactly as printed there, with the tune printed there, in an interpreter of its own."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    blocks = re.findall(r'```(\w*)\n(.*?)```', text, re.DOTALL)
    abc = next(block for _, block in blocks if block.startswith('X:'))
    code = next(block for kind, block in blocks if kind == 'python')
    (tmp_path / 'my.abc').write_text(abc)
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=tmp_path,
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert parse_midi((tmp_path / 'piece.mid').read_bytes()).notes
    assert re.match(r'[0-9.]+ X:1\n', done.stdout)


def test_importing_loads_nothing_else():
    code = "import sys, symmusic; print({'jax', 'numpy', 'music21'} & set(sys.modules))"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'set()'
    assert set(symmusic.__all__) <= {*dir(symmusic), *symmusic._PLACES}
    for name in symmusic.__all__:
        assert getattr(symmusic, name).__name__ == name
    with pytest.raises(AttributeError, match='nothing'):
        symmusic.nothing  # noqa: B018


def test_attention_looks_back_as_far_as_on_the_command_line():
    """The shipped model's config file says how far, and nothing else of sampling is the run's."""
    config = symmusic.load().config()
    assert config.sample.memory_steps == attn.get_config().sample.memory_steps == 256
    assert config.sample.max_redraws == default('sample.max_redraws')
    assert symmusic.load().config(memory_steps=64).sample.memory_steps == 64
