"""The program as a user runs it: one tiny run of each mode; every mistake is one line and status 2,
and changes nothing.
"""

import contextlib
import csv
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

import launch
from symmusic.api import evaluation
from symmusic.corpus.cache import load_corpus
from symmusic.corpus.prepare import Settings
from symmusic.locks import alone_in
from symmusic.melody.events import quantize
from symmusic.score.abc import read_abc_tune
from symmusic.score.midi import parse_midi
from symmusic.score.midi_writer import TICKS_PER_QUARTER, format_midi
from symmusic.score.notes import Note
from symmusic.terminal import shown
from symmusic.training import provenance, start
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.provenance import commit, versions
from symmusic.training.shipped import read_shipped

ROOT = pathlib.Path(launch.__file__).parent
STEP = TICKS_PER_QUARTER // 4
SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76)
TINY = {
    'model.num_cells': 8,
    'model.num_layers': 1,
    'model.attention': 'none',
    'train.batch_size': 8,
    'train.sequence_steps': 32,
    'train.sequence_hop_steps': 16,
    'sample.num_samples': 2,
    'sample.num_bars': 1,
}


def walk(seed, num=80):
    """Pitches of the C major scale that go up and down at random, eighths and quarters: at least 10
    bars.
    """
    rng = np.random.default_rng(seed)
    places = np.clip(np.cumsum(rng.choice([-2, -1, 0, 1, 2], num)) + 4, 0, 9)
    return [SCALE[place] for place in places], rng.choice([2, 4], num).tolist()


def abc(seed, number=1, meter='4/4', lowest='C'):
    names = dict(zip(SCALE, 'CDEFGABcde', strict=True)) | {SCALE[0]: lowest}
    pitches, lengths = walk(seed)
    notes = ' '.join(
        names[pitch] + str(length // 2) for pitch, length in zip(pitches, lengths, strict=True)
    )
    return (
        f'X:{number}\nT:Walk'
        f' {"abcdefghijklmnopqrstuvwxyz"[seed % 26]}{seed // 26}\nM:{meter}\nL:1/8\nK:C\n{notes}|\n'
    )


def midi(seed):
    onset, notes = 0, []
    for pitch, length in zip(*walk(seed), strict=True):
        notes.append(Note(onset * STEP, length * STEP, pitch))
        onset += length
    return format_midi(notes, title=f'walk {seed}')


def make_corpus(folder):
    """Twelve random walks, as MIDI, as ABC, and three in a book."""
    folder.mkdir()
    for seed in range(5):
        (folder / f'm{seed}.mid').write_bytes(midi(seed))
    for seed in range(5, 9):
        (folder / f't{seed}.abc').write_text(abc(seed))
    (folder / 'book.abc').write_text(
        '\n'.join(abc(seed, number) for number, seed in enumerate(range(9, 12), 1))
    )
    return folder


def arguments(workdir, corpus=None, mode=None, **changes):
    fields = {
        **TINY,
        'train.num_epochs': 2,
        **({'data.corpus': corpus} if corpus else {}),
        **changes,
    }
    words = [f'--workdir={workdir}', *([f'--mode={mode}'] if mode else [])]
    return words + [f'--config.{name}={value}' for name, value in fields.items()]


def sampling(workdir, *more):
    return [
        f'--workdir={workdir}',
        '--mode=sample',
        '--config.sample.num_samples=2',
        '--config.sample.num_bars=1',
        *more,
    ]


@contextlib.contextmanager
def settled(cache):
    before = os.environ.get('SYMMUSIC_CACHE')
    os.environ['SYMMUSIC_CACHE'] = str(cache)
    yield
    if before is None:
        del os.environ['SYMMUSIC_CACHE']
    else:
        os.environ['SYMMUSIC_CACHE'] = before


@pytest.fixture(scope='session')
def corpus(made_once):
    """The folder of `make_corpus`; read-only."""
    return made_once('walks', make_corpus)


@pytest.fixture(scope='session')
def trained(made_once, corpus, tmp_path_factory):
    """The workdir of a finished run of two epochs; read-only."""

    def train(workdir):
        with settled(tmp_path_factory.mktemp('cache')):
            assert launch.main(arguments(workdir, corpus)) == 0

    return made_once('trained', train)


@pytest.fixture
def workdir(trained, tmp_path):
    """A copy of the finished run."""
    return pathlib.Path(shutil.copytree(trained, tmp_path / 'run'))


def content(folder):
    """Every file below a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    """Runs a command with a user's mistake; returns the error line."""
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        before = content(tmp_path)
        capsys.readouterr()
        status = launch.main([str(argument) for argument in argv])
        error = capsys.readouterr().err
        assert (status, error.count('\n'), error[:7]) == (2, 1, 'error: '), error
        assert 'Traceback' not in error
        assert content(tmp_path) == before
        return error

    return run


# Whole runs


def test_training_writes_what_the_contract_demands(trained, corpus):
    names = set(content(trained))
    assert {
        'config.json',
        'metrics.csv',
        'plots/losses.png',
        'summary.json',
        'samples/mary/samples.json',
    } <= names
    assert any(name.startswith('checkpoints/') for name in names)
    with open(trained / 'metrics.csv') as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        'replica',
        'epoch',
        'train_loss',
        'validation_loss',
        'learning_rate',
        'sequences_per_s',
    ]
    assert [row['epoch'] for row in rows] == ['1', '2']
    assert 0 < float(rows[1]['train_loss']) < float(rows[0]['train_loss']) < 5
    config = json.loads((trained / 'config.json').read_text())
    assert (
        config['data']['corpus'],
        config['train']['num_epochs'],
        config['model']['num_cells'],
    ) == (str(corpus), 2, 8)
    (made_with,) = config['made_with']
    assert made_with['commit'] == commit(ROOT)
    assert made_with['versions']['jax'] == jax.__version__
    assert 'cpu' in made_with['device']
    assert len(made_with['corpus_fingerprint']) == 16
    summary = json.loads((trained / 'summary.json').read_text())
    (alone,) = summary['replicas']
    assert (alone['num_epochs'], summary['best_replica']) == (2, 0)
    with open(trained / 'gaps.csv') as file:
        gaps = list(csv.DictReader(file))
    best = min(range(2), key=lambda index: float(rows[index]['validation_loss']))
    for name, column in (
        ('nats_per_step', 'left_to_right_loss'),
        ('nats_per_gap_step', 'gap_loss'),
    ):
        assert alone[name]['validation'] == pytest.approx(float(gaps[best][column]))
        assert 0 < alone[name]['test'] < 5
    assert set(summary['base_rate']) == {'validation', 'test'}


@pytest.mark.usefixtures('undrawn')
def test_the_thesis_s_protocol(corpus, tmp_path, capsys):
    """With its attention, all but one of its rules, and a field without effect."""
    given = {
        'data.protocol': 'thesis',
        'data.rests': 'phrase',
        'data.hop_steps': 8,
        'model.attention': 'weighted',
        'train.num_epochs': 1,
    }
    assert launch.main(arguments(tmp_path, corpus, **given)) == 0
    out = capsys.readouterr().out
    assert (
        'data.protocol = thesis, except data.rests = phrase (thesis: end), data.hop_steps = 8'
        ' (thesis: 16)\n' in out
    )
    assert 'without effect on it: data.hop_steps\n' in out
    assert 'no test: split by window, all of the same 12 tunes' in out
    assert 'weighted attention' in out
    assert 'no test loss' in out
    config = json.loads((tmp_path / 'config.json').read_text())['data']
    assert {
        name: config[name]
        for name in (
            'protocol',
            'meters',
            'rests',
            'hop_steps',
            'split',
            'align_pickups',
            'keep_last_window',
        )
    } == {
        'protocol': 'thesis',
        'meters': ['4/4'],
        'rests': 'phrase',
        'hop_steps': 8,
        'split': 'window',
        'align_pickups': False,
        'keep_last_window': False,
    }
    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert summary['base_rate']['test'] is summary['replicas'][0]['nats_per_step']['test'] is None
    assert 0 < summary['replicas'][0]['nats_per_step']['validation'] < 5
    # Sampling uses the run's protocol: none is given here, and the config file has another.
    assert launch.main(sampling(tmp_path)) == 0
    # No tune is unseen: one prompt for all, and neither a likelihood nor a level of unseen tunes.
    evaluate = [
        f'--workdir={tmp_path}',
        '--mode=evaluate',
        '--config.evaluate.num_pieces=4',
        '--config.evaluate.num_draws=1',
    ]
    assert (
        launch.main([*evaluate, '--config.sample.num_bars=2', '--config.evaluate.prompts=fixed'])
        == 0
    )
    report = (tmp_path / 'evaluation' / 'report.md').read_text()
    for words in (
        'All pieces continue one prompt, mary',
        'No tune is unseen',
        'no real unseen tunes to compare it with',
    ):
        assert words in report
    comparison = json.loads((tmp_path / 'evaluation' / 'comparison.json').read_text())
    assert (comparison['prompts'], comparison['nats_per_step'], comparison['part']) == (
        'fixed',
        None,
        None,
    )
    assert set(comparison['scale']) == {
        'second_draw',
        'shuffled',
        *(f'markov_{order}' for order in range(1, 6)),
    }
    capsys.readouterr()
    assert launch.main(evaluate) == 2
    assert "must be config.evaluate.prompts = 'fixed'" in capsys.readouterr().err


@pytest.mark.usefixtures('undrawn')
def test_the_same_command_reports_finished_and_more_epochs_resume(
    workdir, corpus, capsys, monkeypatch
):
    before = content(workdir)
    assert launch.main(arguments(workdir, corpus)) == 0
    out = capsys.readouterr().out
    assert 'finished after 2 epochs' in out
    page = workdir / 'samples' / 'mary' / 'index.html'
    assert out.splitlines()[-1] == str(shown(page))
    assert content(workdir) == before
    # Sampling fields may differ.
    assert launch.main(arguments(workdir, corpus, **{'sample.temperature': 0.5})) == 0

    assert launch.main(arguments(workdir, corpus, **{'train.num_epochs': 3})) == 0
    out = capsys.readouterr().out
    assert 'going on after 2 epochs' in out
    last = pathlib.Path(out.splitlines()[-1])
    # pieces of the current parameters, in a folder of their own
    assert (last.name, last.parent.parent, last.exists()) == ('index.html', page.parents[1], True)
    with open(workdir / 'metrics.csv') as file:
        assert [row['epoch'] for row in csv.DictReader(file)] == ['1', '2', '3']
    assert (workdir / 'metrics.csv').read_bytes().startswith(before['metrics.csv'])
    assert json.loads((workdir / 'config.json').read_text())['train']['num_epochs'] == 3
    # With other versions it resumes too, with a notice; the sessions are recorded.
    monkeypatch.setattr(provenance, 'versions', lambda: versions() | {'jax': '9.9'})
    monkeypatch.setattr(start, 'versions', provenance.versions)
    assert launch.main(arguments(workdir, corpus, **{'train.num_epochs': 4})) == 0
    line = (
        f'the run continues with jax {jax.__version__} before and 9.9 now: it equals an'
        ' uninterrupted one only to rounding'
    )
    assert line in capsys.readouterr().out
    sessions = json.loads((workdir / 'config.json').read_text())['made_with']
    assert [session['versions']['jax'] for session in sessions] == [jax.__version__, '9.9']


def test_a_second_process_is_refused(workdir, corpus, refused):
    before = content(workdir)
    with alone_in(workdir):
        assert f'works in {shown(workdir)}; wait until it has ended' in refused(
            *arguments(workdir, corpus, **{'train.num_epochs': 5})
        )
    assert content(workdir) == before


def test_sampling_needs_nothing_but_the_workdir(workdir, tmp_path, capsys, refused):
    """No corpus, no cache; the folder of the closing samples is kept."""
    before = content(workdir)
    prompt = tmp_path / 'my tune.abc'
    prompt.write_text(abc(30))
    argv = sampling(workdir, f'--config.sample.prompt={prompt}', '--config.seed=5')
    assert launch.main(argv) == 0
    folder = pathlib.Path(capsys.readouterr().out.splitlines()[-1])
    assert folder.absolute() == workdir / 'samples' / 'my tune'
    assert {
        '01.mid',
        '02.mid',
        'joined/01.mid',
        'joined/02.mid',
        '01.png',
        '02.png',
        'all.png',
        'samples.json',
    } <= set(content(folder))
    rows = json.loads((folder / 'samples.json').read_text())
    assert [row['file'] for row in rows] == ['01.mid', '02.mid']
    assert all((row['num_steps'], row['key'], len(row['tokens'])) == (16, 5, 16) for row in rows)
    assert '<work-title>' in (folder / 'joined' / '01.musicxml').read_text()
    assert 'config.sample.sound_font = none.sf2: no such file' in refused(
        *argv, '--config.sample.wav=True', '--config.sample.sound_font=none.sf2'
    )
    first = content(folder)
    assert launch.main(argv) == 0  # reproducible, in the same folder
    assert {name: data for name, data in content(folder).items() if not name.endswith('.png')} == {
        name: data for name, data in first.items() if not name.endswith('.png')
    }
    assert launch.main([*argv, '--config.sample.temperature=0', '--config.sample.wav=True']) == 0
    said = capsys.readouterr().out
    assert 'config.sample.temperature = 0 always draws the likeliest' in said
    assert said.splitlines()[-1] == str(shown(workdir / 'samples' / 'my tune-2'))
    greedy = workdir / 'samples' / 'my tune-2'
    assert len(json.loads((greedy / 'samples.json').read_text())) == 1
    assert not (greedy / '02.mid').exists()
    assert {name: data for name, data in content(workdir).items() if name in before} == before


AUDITED: list | None = None


def _audit(event, details):
    """Records what is opened for writing, created, renamed or removed while `AUDITED` is a list; an
    audit hook cannot be removed.
    """
    if AUDITED is None:
        return
    if (
        event == 'open' and (details[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    ) or event in (
        'os.mkdir',
        'os.remove',
        'os.rmdir',
        'os.chmod',
        'os.truncate',
    ):
        AUDITED.append(details[0])
    elif event in ('os.rename', 'os.link', 'os.symlink'):
        AUDITED.extend(details[:2])


@pytest.mark.usefixtures('undrawn')
def test_no_name_in_a_file_leads_out_of_the_workdir(workdir, tmp_path, monkeypatch):
    """A hostile prompt: titles, includes and voices that are paths. Only the workdir and temporary
    files are written.
    """
    monkeypatch.chdir(tmp_path)
    target = tmp_path / 'target'
    prompt = tmp_path / '..hostile%2f..name.abc'
    text = abc(1).replace(
        'T:',
        f'T:../../../{target}\nF:{target}\nS:file://{target}\n%%abc-include {target}\nI:abc-include'
        f' {target}\nV:{target}\nT:',
    )
    prompt.write_text(text)
    sys.addaudithook(_audit)
    monkeypatch.setattr(sys.modules[__name__], 'AUDITED', [])
    assert launch.main(sampling(workdir, f'--config.sample.prompt={prompt}')) == 0
    written = [
        pathlib.Path(os.fsdecode(path)).absolute() for path in AUDITED if not isinstance(path, int)
    ]
    monkeypatch.setattr(sys.modules[__name__], 'AUDITED', None)
    assert [path for path in written if path.is_relative_to(workdir / 'samples')]
    allowed = (
        workdir,
        pathlib.Path(os.environ['SYMMUSIC_CACHE']),
        pathlib.Path('/dev'),
        pathlib.Path(os.path.expanduser('~/.cache')),
    )
    compiled = [pathlib.Path(folder) for folder in [jax.config.jax_compilation_cache_dir] if folder]
    outside = [
        path
        for path in written
        if not any(
            path.resolve().is_relative_to(folder.resolve()) for folder in (*allowed, *compiled)
        )
    ]
    assert outside == []
    assert not target.exists()


def assert_kept(was, now):
    """Given notes before bars that are drawn: the same but for the last, which may be held on."""
    assert now[:-1] == was[:-1]
    assert (now[-1].onset, now[-1].pitch) == (was[-1].onset, was[-1].pitch)
    assert now[-1].end >= was[-1].end


@pytest.mark.usefixtures('undrawn')
def test_chosen_bars_are_drawn_again_within_wishes(workdir, tmp_path, capsys, refused):
    prompt = tmp_path / 'mine.abc'
    prompt.write_text('X:1\nT:Mine\nM:4/4\nL:1/4\nK:G\nGABc|dcBA|BcdB|AFG2|\n')
    argv = sampling(workdir, f'--config.sample.prompt={prompt}')
    wish = [
        '--config.sample.regenerate=2-3',
        '--config.sample.scale=prompt',
        '--config.sample.max_notes_per_bar=3',
    ]
    assert launch.main([*argv, *wish, '--config.sample.num_candidates=3']) == 0
    said = capsys.readouterr().out
    assert 'mine with bars 2-3 redrawn' in said
    for words in ("scale = 'prompt'", 'max_notes_per_bar = 3', 'num_candidates = 3'):
        assert words in said
    folder = pathlib.Path(said.splitlines()[-1])
    before = quantize(read_abc_tune(prompt.read_text()))
    for name in ('01', '02'):
        after = quantize(
            parse_midi((folder / 'joined' / f'{name}.mid').read_bytes()), align_pickup=False
        )
        assert_kept(before[:4], [note for note in after if note.onset < 16])
        assert [note for note in after if note.onset >= 48] == before[-3:]
        new = [note for note in after if 16 <= note.onset < 48]
        assert {note.pitch % 12 for note in new} <= {7, 9, 11, 0, 2, 4, 6}
        assert all(sum(first <= note.onset < first + 16 for note in new) <= 3 for first in (16, 32))
        alone = quantize(parse_midi((folder / f'{name}.mid').read_bytes()), align_pickup=False)
        assert [(note.onset, note.pitch) for note in alone] == [
            (note.onset - 16, note.pitch) for note in new
        ]
    rows = json.loads((folder / 'samples.json').read_text())
    assert [(row['num_steps'], len(row['tokens'])) for row in rows] == [(32, 32)] * 2
    assert all(row['model'].startswith('run, epoch ') for row in rows)
    page = (folder / 'index.html').read_text()
    data = json.loads(re.search('const DATA = (.*);\n', page)[1])
    for piece in data['pieces']:  # the notes of bars 1 and 4
        assert sum(not is_new for _, _, _, is_new, *_ in piece['notes']) == 7

    assert (
        launch.main(
            [
                *argv,
                '--config.sample.max_copied_run=2',
                '--config.sample.num_candidates=4',
                '--config.sample.rank=both',
            ]
        )
        == 0
    )
    said = capsys.readouterr().out
    assert re.search(
        r'at \d+ of 32 steps a note was refused that would have copied more than 2', said
    )
    folder = pathlib.Path(said.splitlines()[-1])
    rows = json.loads((folder / 'samples.json').read_text())
    assert all(
        row['nearest'] is None or (row['nearest']['score'] == 2 and row['nearest']['tune'])
        for row in rows
    )
    assert all(row['num_refused'] >= 0 for row in rows)
    assert 'originality' in (folder / 'index.html').read_text()
    assert (
        launch.main(
            [
                *argv,
                '--config.sample.max_copied_run=3',
                '--config.sample.rests=False',
                '--config.sample.end_on_tonic=True',
            ]
        )
        == 0
    )
    assert launch.main([*argv, '--config.sample.redraw_copies=True']) == 0
    said = capsys.readouterr().out
    assert re.search(
        r'\d+ times a piece was drawn again that copied more than [\d.]+ notes in a row, .* 0'
        r' still do',
        said,
    )
    (tmp_path / 'two.abc').write_text('X:1\nM:4/4\nL:1/4\nK:G\nz4|z A z B|\n')
    assert (
        launch.main(
            [*argv, f'--config.sample.fixed={tmp_path / "two.abc"}', '--config.sample.num_bars=2']
        )
        == 0
    )
    folder = pathlib.Path(capsys.readouterr().out.splitlines()[-1])
    for name in ('01', '02'):
        after = quantize(parse_midi((folder / f'{name}.mid').read_bytes()))
        assert {(note.onset, note.pitch) for note in after} >= {(20, 69), (28, 71)}
        assert not [note for note in after if 20 < note.onset < 24 or note.onset > 28]
    (workdir / 'originals.npz').unlink()
    assert 'redraw_copies = True' in refused(*argv, '--config.sample.redraw_copies=True')
    assert 'keeps no training tunes to compare with' in refused(
        *argv, '--config.sample.max_copied_run=2'
    )

    assert 'the prompt has bars 1 to 4; must be' in refused(*argv, '--config.sample.regenerate=4-5')
    contrary = refused(
        *argv,
        f'--config.sample.fixed={tmp_path / "two.abc"}',
        '--config.sample.num_bars=2',
        '--config.sample.scale=Db pentatonic',
    )
    assert "config.sample.scale = 'Db pentatonic'" in contrary
    assert 'config.sample.fixed = ' in contrary
    impossible = refused(
        *argv,
        '--config.sample.lowest=127',
        '--config.sample.min_notes_per_bar=1',
        '--config.sample.rests=False',
    )
    assert 'config.sample.lowest = 127 cannot be met in 1 bar after' in impossible
    assert 'config.sample.num_bars = 1' in impossible
    assert 'a wish that holds for --mode=sample alone' in refused(
        f'--workdir={workdir}', '--mode=evaluate', '--config.sample.rests=False'
    )


@pytest.mark.usefixtures('undrawn')
def test_a_pickup_is_bar_0_and_can_be_redrawn_alone(workdir, tmp_path, capsys):
    """In the files, on the page and in `regenerate`; before the pickup nothing is drawn."""
    prompt = tmp_path / 'up.abc'
    prompt.write_text('X:1\nT:Up\nM:4/4\nL:1/4\nK:C\nG|cdef|gfed|cBA|\n')
    argv = sampling(workdir, f'--config.sample.prompt={prompt}', '--config.sample.rests=False')
    argv += ['--config.sample.instrument=trumpet', '--config.sample.top_k=5']
    for bars, given in (('0', {1, 2, 3}), ('0-1', {2, 3}), ('3', {0, 1, 2})):
        assert launch.main([*argv, f'--config.sample.regenerate={bars}']) == 0
        said = capsys.readouterr().out
        assert 'trumpet: the page has no sound of its own for it' in said
        settings = f"instrument = 'trumpet', regenerate = '{bars}', rests = False, top_k = 5\n"
        assert settings in said
        folder = pathlib.Path(said.splitlines()[-1])
        page = (folder / 'index.html').read_text()
        assert '"firstBar":0' in page
        before = quantize(read_abc_tune(prompt.read_text()))
        for name in ('01', '02'):
            tune = read_abc_tune((folder / 'joined' / f'{name}.abc').read_text())
            after = quantize(tune)
            assert tune.pickup == tune.ticks_per_quarter
            assert min(note.onset for note in after) == 12
            for bar in given:
                was, now = (
                    [note for note in notes if note.onset // 16 == bar] for notes in (before, after)
                )
                if bar + 1 in given or bar == 3:
                    assert now == was
                else:
                    assert_kept(was, now)


@pytest.mark.usefixtures('undrawn')
def test_replicas_train_side_by_side_and_any_of_them_draws(corpus, tmp_path, capsys, refused):
    workdir = tmp_path / 'replicas'
    # At such a learning rate nothing changes, and the first epoch remains the best.
    stops = {
        'replicas': 2,
        'train.early_stopping_epochs': 1,
        'train.learning_rate': 1e-20,
        'train.num_epochs': 6,
    }
    assert launch.main(arguments(workdir, corpus, **stops)) == 0
    printed = capsys.readouterr().out
    assert ', 2 replicas' in printed
    assert '2 replicas: mean ' in printed
    rows = list(csv.DictReader((workdir / 'metrics.csv').open()))
    assert {row['replica'] for row in rows} == {'0', '1'}
    summary = json.loads((workdir / 'summary.json').read_text())
    losses = [one['nats_per_step']['validation'] for one in summary['replicas']]
    assert summary['best_replica'] == losses.index(min(losses))
    assert [one['seed'] for one in summary['replicas']] == [0, 1]
    # early stopping has ended both
    assert max(one['num_epochs'] for one in summary['replicas']) < 6
    for replica in (0, 1):
        assert (
            launch.main(
                sampling(
                    workdir, f'--config.sample.replica={replica}', f'--config.seed={replica + 3}'
                )
            )
            == 0
        )
        assert f'by replicas, replica {replica}, epoch ' in capsys.readouterr().out
    assert 'replicas 0 to 1' in refused(*sampling(workdir, '--config.sample.replica=2'))

    assert launch.main(arguments(workdir, corpus, **stops)) == 0
    assert 'ended by early stopping; a larger num_epochs continues it' in capsys.readouterr().out
    assert launch.main(arguments(workdir, corpus, **stops | {'train.num_epochs': 7})) == 0
    more = json.loads((workdir / 'summary.json').read_text())
    assert all(
        new['num_epochs'] > old['num_epochs']
        for new, old in zip(more['replicas'], summary['replicas'], strict=True)
    )


@pytest.mark.parametrize(
    'encoding', ['pianoroll', pytest.param('pianoroll_faithful', marks=pytest.mark.slow)]
)
def test_every_encoding_works_in_every_mode(corpus, tmp_path, capsys, encoding, request):
    """Training, samples with their distributions, stats and an evaluation; a joined file holds the
    prompt and the decoded tokens. Figures are drawn for one encoding.
    """
    if encoding == 'pianoroll':
        request.getfixturevalue('undrawn')
    changes = {'data.encoding': encoding, 'train.num_epochs': 1, 'sample.keep_distributions': True}
    assert launch.main(arguments(tmp_path / 'roll', corpus, **changes)) == 0
    capsys.readouterr()
    folder = tmp_path / 'roll' / 'samples' / 'mary'
    rows = json.loads((folder / 'samples.json').read_text())
    num_classes = np.load(folder / 'distributions.npz')['probabilities'].shape[-1]
    assert all(0 <= token < num_classes for row in rows for token in row['tokens'])
    assert (folder / 'heatmaps' / 'softmax.png').exists()
    if encoding == 'pianoroll_faithful':  # the odd one
        assert (folder / 'heatmaps' / 'softmax.png').stat().st_size > 1000
        evaluate = [
            f'--workdir={tmp_path / "roll"}',
            '--mode=evaluate',
            '--config.evaluate.num_pieces=4',
            '--config.evaluate.num_draws=1',
        ]
        assert launch.main([*evaluate, '--config.sample.num_bars=2']) == 0
        nats = json.loads((tmp_path / 'roll' / 'evaluation' / 'comparison.json').read_text())[
            'nats_per_step'
        ]
        assert all(0 < value < 10 for value in nats.values())
    assert (
        launch.main(
            [
                f'--workdir={tmp_path}',
                '--mode=stats',
                f'--config.data.corpus={corpus}',
                f'--config.data.encoding={encoding}',
            ]
        )
        == 0
    )
    statistics = json.loads((tmp_path / 'stats' / 'stats.json').read_text())
    lines = [
        json.loads(line) for line in (tmp_path / 'stats' / 'tunes.jsonl').read_text().splitlines()
    ]
    assert (
        statistics['num_classes']
        == num_classes
        == statistics['max_pitch'] - statistics['min_pitch'] + (2 if encoding == 'pianoroll' else 1)
    )
    assert statistics['num_windows'] == sum(line['num_windows'] for line in lines)

    first_pitch = statistics['min_pitch'] - (encoding == 'pianoroll')
    for row in rows:
        sounding = np.full(64 + row['num_steps'], -1)
        for note in parse_midi((folder / 'joined' / row['file']).read_bytes()).notes:
            sounding[note.onset // STEP : note.end // STEP] = note.pitch
            assert note.onset != 64 * STEP or sounding[63] != note.pitch
        assert sounding[63] == 79  # the prompt's last note
        silence = 0 if encoding == 'pianoroll' else num_classes
        expected = [
            -1 if token == silence else token + first_pitch - row['transposed_by']
            for token in row['tokens']
        ]
        assert sounding[64:].tolist() == expected


def test_targets_that_are_all_silence_are_refused(tmp_path, refused):
    """Each window's last step, at the end of a bar, is a rest; the faithful roll has no class for
    it.
    """
    for number in range(12):
        bar = ' '.join('CDEFGAB'[(number + place) % 7] for place in range(7)) + ' z |'
        (tmp_path / f'{number}.abc').write_text(
            f'X:1\nT:{"abcdefghijkl"[number]}\nM:4/4\nL:1/8\nK:C\n{bar * (number + 6)}\n'
        )
    argv = arguments(
        tmp_path / 'run',
        tmp_path,
        **{'data.encoding': 'pianoroll_faithful', 'train.targets': 'last'},
    )
    assert (
        "has silence for its only targets, for which config.data.encoding = 'pianoroll_faithful'"
        ' has no class' in refused(*argv)
    )
    assert not (tmp_path / 'run').exists()


def test_fine_tuning_another_network_or_from_no_run_is_refused(trained, corpus, tmp_path, refused):
    assert 'num_cells is 8 in that run and 4 now' in refused(
        *arguments(tmp_path / 'x', corpus, init_from=trained, **{'model.num_cells': 4})
    )
    assert f'config.init_from = {tmp_path / "nothing"}: no such folder; ' in refused(
        *arguments(tmp_path / 'x', corpus, init_from=tmp_path / 'nothing')
    )


def test_stats_are_the_contract_s(corpus, tmp_path, capsys):
    """A waltz, a damaged file of each kind and an empty one are counted, and the run continues."""
    tunes = pathlib.Path(shutil.copytree(corpus, tmp_path / 'tunes'))
    (tunes / 'waltz.abc').write_text(abc(40, meter='3/4'))
    (tunes / 'damaged.mid').write_bytes(midi(41)[:90])
    (tunes / 'damaged.abc').write_bytes(b'X:1\nM:4/4\nL:1/8\n\xff\xfe no key\n')
    (tunes / 'empty.mid').write_bytes(b'')
    assert (
        launch.main(
            [
                '--mode=stats',
                f'--workdir={tmp_path / "out"}',
                f'--config.data.corpus={tunes}',
                '--config.data.meters=4/4,2/2',
            ]
        )
        == 0
    )
    statistics = json.loads((tmp_path / 'out' / 'stats' / 'stats.json').read_text())
    assert {
        'num_files',
        'num_tunes',
        'num_kept',
        'dropped',
        'num_windows',
        'num_distinct_windows',
        'num_classes',
        'min_pitch',
        'max_pitch',
        'num_steps',
        'event_frequencies',
    } <= set(statistics)
    assert (statistics['num_files'], statistics['num_tunes'], statistics['num_kept']) == (
        14,
        16,
        12,
    )
    assert sum(statistics['dropped'].values()) == 4
    assert (statistics['dropped']['meter'], statistics['dropped']['damaged MIDI']) == (1, 2)
    assert sum(statistics['event_frequencies'].values()) == pytest.approx(1)
    lines = [
        json.loads(line)
        for line in (tmp_path / 'out' / 'stats' / 'tunes.jsonl').read_text().splitlines()
    ]
    assert len(lines) == 16
    for line in lines:
        assert list(line) == [
            'file',
            'title',
            'meter',
            'kept',
            'reason',
            'key',
            'transposed_by',
            'num_steps',
            'num_windows',
            'events',
        ]
        assert line['kept'] == (line['reason'] == '') == (len(line['events']) > 0)
        assert line['num_steps'] == len(line['events'])
    assert sum(line['num_windows'] for line in lines) == statistics['num_windows']
    assert 'dropped' in capsys.readouterr().out


@pytest.mark.usefixtures('undrawn')
def test_stats_of_every_folder_are_kept(tmp_path, monkeypatch, capsys):
    """Two folders of one name, one with a dot in its name, a file, and folders by their paths."""
    for number, name in enumerate(('a/walks', 'b/walks', 'a/walks.v2', 'b')):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / 'one.abc').write_text(abc(number))

    def folder(corpus, cwd=tmp_path):
        monkeypatch.chdir(cwd)
        assert launch.main(['--mode=stats', f'--config.data.corpus={corpus}']) == 0
        return capsys.readouterr().out.splitlines()[-1].replace(f'{cwd}{os.sep}', '')

    assert folder('a/walks') == folder(tmp_path / 'a' / 'walks') == 'runs/stats-walks/stats'
    assert folder('b/walks') == 'runs/stats-walks/stats-2'
    assert folder('a/walks.v2') == 'runs/stats-walks.v2/stats'
    assert folder('b/one.abc') == 'runs/stats-one/stats'
    assert (
        folder('.', tmp_path / 'b' / 'walks')
        == folder('../walks/.', tmp_path / 'b' / 'walks')
        == 'runs/stats-walks/stats'
    )
    assert folder('..', tmp_path / 'b' / 'walks') == 'runs/stats-b/stats'


@dataclasses.dataclass(frozen=True)
class Shares:
    num_pieces: int
    share_of_tonic: float


class LastPitches:
    """A measure of a user's own, as docs/architecture.md tells to write one."""

    name = 'last_pitches'
    unit = 'share'

    def measure(self, ground, pieces, key):
        last = [events[events >= 0][-1] for events in pieces.events['model'] if (events >= 0).any()]
        return Shares(len(pieces.events['model']), float(np.mean(np.array(last) % 12 == 0)))


def test_evaluating_a_run(workdir, capsys, refused, corpus, monkeypatch, request):
    """Beside real music, Markov models and shuffled notes; the same command gives the same
    numbers.
    """
    argv = [
        f'--workdir={workdir}',
        '--mode=evaluate',
        '--config.evaluate.num_pieces=8',
        '--config.evaluate.num_draws=2',
        '--config.sample.num_bars=2',
    ]
    assert launch.main(argv) == 0
    printed = capsys.readouterr().out
    folder = workdir / 'evaluation'
    assert printed.splitlines()[-1] == str(shown(folder))
    assert len(printed.splitlines()) <= 20
    report = (folder / 'report.md').read_text()
    assert report.index('## The scale: means over draws') < report.index(
        '## The nine features of the first draw'
    )
    comparison = json.loads((folder / 'comparison.json').read_text())
    assert f'{comparison["nats_per_step"]["model"]:.3f}' in printed
    names = {
        'second_draw',
        'real_continuations',
        'shuffled',
        *(f'markov_{order}' for order in range(1, 6)),
    }
    assert set(comparison['scale']) == names
    assert set(comparison['draws']) == {'model', *names}
    assert comparison['draws']['model']['num_draws'] == 2
    for cells in comparison['scale'].values():
        assert set(cells['features']) == set(comparison['features'])
        assert 0 <= cells['averages']['overall']['oa'] <= 1
    assert set(comparison['nats_per_step']) == {
        'model',
        'base_rate',
        *(f'markov_{order}' for order in range(1, 6)),
    }
    summary = json.loads((workdir / 'summary.json').read_text())
    assert comparison['nats_per_step']['model'] == pytest.approx(
        summary['replicas'][0]['nats_per_step']['test'], rel=1e-5
    )
    assert comparison['nats_per_step']['base_rate'] == pytest.approx(summary['base_rate']['test'])
    for block in ('nats_per_note', 'nats_by_position'):
        assert set(comparison[block]) == set(comparison['nats_per_step'])
    assert comparison['nats_per_note']['model'] > comparison['nats_per_step']['model']
    assert set(comparison['structure']) == {
        'model',
        'real_continuations',
        'shuffled',
        *(f'markov_{order}' for order in range(1, 6)),
    }
    assert 0 <= comparison['structure']['model']['lag_4']['mean'] <= 1
    assert comparison['structure']['model']['lag_8']['mean'] is None
    weights = np.array(comparison['likelihood']['num_by_position'])
    assert 'no count model' in printed  # too few validation steps
    assert 'no count model' in comparison['baselines']['note']
    by_position = np.average(comparison['nats_by_position']['markov_3'], weights=weights)
    assert by_position == pytest.approx(comparison['nats_per_step']['markov_3'])
    assert comparison['critic']['tokens'] is None
    assert (
        'No critic: 5 folds need prompts of at least 30 tune families, not 2.'
        in (folder / 'report.md').read_text()
    )
    assert {
        'features.csv',
        'report.md',
        'distances.svg',
        'transitions_PCTM.svg',
        'transitions_NLTM.svg',
        'nats_by_position.svg',
    } <= set(content(folder))
    first = (folder / 'comparison.json').read_bytes()
    request.getfixturevalue('undrawn')
    assert launch.main(argv) == 0
    assert (folder / 'comparison.json').read_bytes() == first
    monkeypatch.setattr(evaluation, 'MEASURES', (*evaluation.MEASURES, LastPitches()))
    assert launch.main([*argv, '--config.evaluate.protocol=thesis']) == 0
    assert (workdir / 'evaluation-2' / 'report.md').exists()
    other = json.loads((workdir / 'evaluation-2' / 'comparison.json').read_text())
    assert set(other) == {*comparison, 'last_pitches'} - {'copies', 'planted_copies'}
    assert other['last_pitches']['num_pieces'] == 16
    assert 0 < other['last_pitches']['share_of_tonic'] < 1
    page = (folder / 'index.html').read_text()
    assert f'{comparison["draws"]["model"]["overall_oa"]["mean"]:.3f}' in page
    assert 'aria-label="Piano roll of piece ' in page
    assert 'repeated bars' in page
    assert 'give 0 excerpts of 64 bars' in refused(*argv, '--config.sample.num_bars=64')
    monkeypatch.setattr(
        evaluation,
        'continue_prompts',
        lambda *_: evaluation.Continued(np.full((16, 32), -2, np.int8), 0, 16),
    )
    assert 'none of the 8 pieces that the model drew holds a note' in refused(*argv)


@pytest.fixture
def two_folders(tmp_path):
    """Six walks; and five, with a damaged file, one without notes, one in two voices, and a text
    file.
    """
    for name, seeds in (('real', range(6)), ('made', range(6, 11))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            (tmp_path / name / f'{seed:02}.mid').write_bytes(midi(seed))
    (tmp_path / 'made' / 'broken.mid').write_bytes(midi(0)[:40])
    (tmp_path / 'made' / 'empty.mid').write_bytes(format_midi([], title='nothing'))
    (tmp_path / 'made' / 'voices.mid').write_bytes(
        format_midi([Note(0, 8 * STEP, 60), Note(0, 4 * STEP, 64), Note(4 * STEP, 4 * STEP, 65)])
    )
    (tmp_path / 'made' / 'notes.txt').write_text('not music')
    return [f'--reference={tmp_path / "real"}', f'--generated={tmp_path / "made"}']


def test_a_listening_study(workdir, tmp_path, capsys, refused):
    study = [f'--workdir={workdir}', '--mode=study', '--config.sample.num_bars=1']
    assert launch.main([*study, '--config.study.num_pieces=1']) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == str(shown(workdir / 'study'))
    key = json.loads((workdir / 'study' / 'key.json').read_text())
    assert sorted(piece['kind'] for piece in key['pieces']) == ['generated', 'training']
    assert all(piece['notes'] for piece in key['pieces'])
    page = (workdir / 'study' / 'index.html').read_text()
    assert not any(
        word in page
        for word in ('training', 'generated', *(piece['origin'] for piece in key['pieces']))
    )
    before = content(workdir)
    # it may already have been sent to listeners
    assert launch.main([*study, '--config.study.num_pieces=1']) == 0
    assert 'exists already with these settings' in capsys.readouterr().out
    assert content(workdir) == before
    fixed = ['--config.evaluate.prompts=fixed', '--config.study.num_pieces=3']
    assert launch.main([*study, *fixed]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(shown(workdir / 'study-2'))
    other = json.loads((workdir / 'study-2' / 'key.json').read_text())
    made = [piece['origin'] for piece in other['pieces'] if piece['kind'] == 'generated']
    assert made == ['after mary'] * 3
    assert len({piece['origin'] for piece in other['pieces']}) == 4

    rows = [{'piece': piece, 'plays': 1, 'rhythm': 4, 'melody': piece} for piece in (1, 2)]
    answers = {
        'format': 'symmusic listening study 1',
        'study': key['study'],
        'listener': 'a',
        'saved': '2026',
        'complete': True,
    }
    answers |= {'experience': 1, 'ratings': rows}
    (tmp_path / 'answers').mkdir()
    (tmp_path / 'answers' / 'a.json').write_text(json.dumps(answers))
    (tmp_path / 'answers' / 'b.json').write_text('{')
    analysis = [f'--workdir={workdir}', '--mode=study', f'--answers={tmp_path / "answers"}']
    assert launch.main(analysis) == 0
    out = capsys.readouterr().out
    assert 'left out b.json: not JSON' in out
    # the one that has answers, not the newest
    assert out.splitlines()[-1] == str(shown(workdir / 'study'))
    files = {path.name for path in (workdir / 'study').iterdir()} - set(before)
    assert files >= {
        'results.json',
        'report.md',
        'report.html',
        'ratings.png',
        'experience.png',
        'pieces.png',
    }
    found = json.loads((workdir / 'study' / 'results.json').read_text())
    assert found['questions']['melody']['difference']['low'] is None
    assert 'too few listeners' in (workdir / 'study' / 'report.md').read_text()

    (tmp_path / 'answers' / 'a.json').write_text('{}')
    assert 'no file there can be used' in refused(*analysis)
    assert 'different melodies; must be at most that' in refused(
        *study, '--config.study.num_pieces=9'
    )
    assert 'No such file' in refused(
        f'--workdir={workdir}', '--mode=study', f'--answers={tmp_path / "none"}'
    )
    assert 'holds no study' in refused(
        f'--workdir={tmp_path / "other"}', '--mode=study', f'--answers={tmp_path / "answers"}'
    )
    assert 'a flag of --mode=study' in refused('--mode=sample', '--answers=x')
    (workdir / 'study' / 'key.json').write_text('{}')
    assert 'key.json cannot be read' in refused(*analysis)


def test_comparing_two_folders(two_folders, tmp_path, capsys, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    argv = ['--mode=compare', *two_folders]
    assert launch.main(argv) == 0
    printed = capsys.readouterr().out
    folder = tmp_path / 'runs' / 'compare-real-made' / 'evaluation'
    assert printed.splitlines()[-1] == str(shown(folder))
    for words in (
        'generated: 2 of 8 pieces left out: broken.mid (damaged midi',
        'empty.mid (no notes)',
        'files of other kinds, not read (1): notes.txt',
        'notes sound together, measured as they are (1): voices.mid',
        'similarity: generated files that hold no melody (2): broken.mid',
    ):
        assert words in printed.lower()
    comparison = json.loads((folder / 'comparison.json').read_text())
    assert (comparison['protocol'], comparison['num_reference'], comparison['num_generated']) == (
        'corrected',
        6,
        6,
    )
    assert set(comparison['left_out']['generated']) == {'broken.mid', 'empty.mid'}
    assert list(comparison['features']) == [
        'PC',
        'PR',
        'PI',
        'PCH',
        'PCTM',
        'NC',
        'IOI',
        'NLH',
        'NLTM',
    ]
    assert set(comparison['averages']) == {'pitch', 'rhythm', 'overall'}
    with open(folder / 'features.csv') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert len(rows[0]) == 2 + 317
    assert [row['set'] for row in rows] == ['reference'] * 6 + ['generated'] * 6
    assert 'left out: broken.mid' in (folder / 'report.md').read_text()
    for name, words in {
        'distances.svg': list(comparison['features']),
        'transitions_PCTM.svg': ['real', 'made'],
        'transitions_NLTM.svg': ['real', 'made'],
    }.items():
        svg = (folder / name).read_text()
        assert svg.startswith('<svg')
        assert all(word in svg for word in words)
    first = (folder / 'comparison.json').read_bytes()
    request.getfixturevalue('undrawn')
    assert launch.main(argv) == 0  # the same folder again
    assert (folder / 'comparison.json').read_bytes() == first
    assert launch.main([*argv, '--config.evaluate.protocol=thesis']) == 0
    assert (
        json.loads((folder.with_name('evaluation-2') / 'comparison.json').read_text())['protocol']
        == 'thesis'
    )


def test_folders_that_cannot_be_compared(refused, two_folders, tmp_path):
    reference, _ = two_folders
    (tmp_path / 'bare').mkdir()
    (tmp_path / 'bad').mkdir()
    (tmp_path / 'bad' / 'a.mid').write_bytes(b'MThd')
    assert '--mode=compare needs --generated=FOLDER' in refused('--mode=compare', reference)
    assert 'the folder holds no .mid, .midi, ' in refused(
        '--mode=compare', reference, f'--generated={tmp_path / "bare"}'
    )
    assert 'nothing in its 1 file of music can be measured (a.mid: ' in refused(
        '--mode=compare', reference, f'--generated={tmp_path / "bad"}'
    )
    assert 'No such file' in refused(
        '--mode=compare', reference, f'--generated={tmp_path / "nowhere"}'
    )
    assert '--reference: a flag of --mode=compare, not of --mode=train' in refused(reference)
    assert '--refrence: no such flag; did you mean --reference?' in refused(
        '--mode=compare', '--refrence=x'
    )


@pytest.mark.slow
def test_training_ignores_damaged_files(corpus, tmp_path, capsys):
    tunes = pathlib.Path(shutil.copytree(corpus, tmp_path / 'tunes'))
    (tunes / 'damaged.mid').write_bytes(midi(41)[:90])
    (tunes / 'damaged.abc').write_bytes(b'X:1\nM:4/4\n')
    assert launch.main(arguments(tmp_path / 'run', tunes, **{'train.num_epochs': 1})) == 0
    assert '12 of 14 tunes kept' in capsys.readouterr().out


# Mistakes


@pytest.mark.parametrize(
    ('argv', 'words'),
    [
        (['--mode=smaple'], ['--mode=smaple', 'sample', 'stats']),
        (
            ['--mode=evaluatte'],
            ['no such mode', 'did you mean evaluate?', 'train, sample, stats, evaluate, compare'],
        ),
        (['train'], ["'train'", 'stray word']),
        (['--workdir'], ['--workdir', 'value is missing']),
        (['--wrokdir=x'], ['--wrokdir', 'workdir']),
        (['--config=configs/none.py'], ['configs/none.py', 'configs/attn.py']),
        (
            ['--config.train.lerning_rate=1'],
            ['lerning_rate', 'did you mean', 'train.learning_rate'],
        ),
        (['--config.train.num_epochs=many'], ['train.num_epochs', 'many']),
        (['--config.train.num_epochs=0'], ['train.num_epochs', '0', 'whole number from 1']),
        (['--config.model.attention=bahdanu'], ['model.attention', 'bahdanu', 'bahdanau']),
        (['--config.data.corpus=flok'], ['data.corpus', 'flok', 'folk']),
        (
            ['--mode=stats', '--config.data.corpus=nowhere/at/all'],
            ['data.corpus', 'nowhere/at/all'],
        ),
    ],
)
def test_mistakes_on_the_command_line(refused, argv, words):
    error = refused(*argv)
    for word in words:
        assert word in error


def test_help_says_which_flags_there_are(capsys):
    with pytest.raises(SystemExit) as caught:
        launch.main(['--help'])
    assert not caught.value.code
    out = capsys.readouterr().out
    for word in ('--mode', 'train', 'sample', 'stats', '--config', '--workdir'):
        assert word in out


def test_a_closed_pipe_is_no_error():
    """As in `launch.py --help | true`: the pipe is closed before the first word."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, ROOT / 'launch.py', '--help'],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, '')


def test_corpora_that_do_not_exist(refused, tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'letter.txt').write_text('Dear reader')
    assert 'holds no .mid' in refused(*arguments('out', tmp_path / 'empty'))
    assert 'not a file of .mid' in refused(*arguments('out', tmp_path / 'letter.txt'))


@pytest.mark.parametrize(
    ('meter', 'changes', 'advice'),
    [
        ('3/4', {'data.meters': '4/4,2/2'}, 'config.data.meters = all would keep more'),
        ('2/2', {'data.meters': "('4/4',)"}, 'config.data.meters = all would keep more'),
    ],
)
def test_a_corpus_that_keeps_nothing_reports_why_and_what_would_help(
    refused, tmp_path, meter, changes, advice
):
    (tmp_path / 'tunes').mkdir()
    for seed in range(4):
        (tmp_path / 'tunes' / f'{seed}.abc').write_text(abc(seed, meter=meter))
    error = refused(*arguments('out', tmp_path / 'tunes', **changes))
    assert 'keeps none of its 4 tunes' in error
    assert '4 meter' in error
    assert advice in error


def test_too_few_tunes_to_split(refused, tmp_path):
    (tmp_path / 'one.abc').write_text(abc(1))
    assert 'at least 3' in refused(*arguments('out', tmp_path / 'one.abc'))


def test_a_workdir_of_another_experiment(refused, workdir, corpus):
    error = refused(
        *arguments(workdir, corpus, **{'model.num_cells': 9, 'train.learning_rate': 0.5})
    )
    for word in ('model.num_cells is 8 in the run and 9 now', 'train.learning_rate', '--workdir'):
        assert word in error
    error = refused(*arguments(workdir, corpus, **{'train.num_epochs': 1}))
    assert '2 epochs' in error


def test_a_workdir_whose_corpus_has_changed(refused, workdir, corpus, tmp_path):
    """The same path, other tunes: an exact resume is impossible."""
    changed = pathlib.Path(shutil.copytree(corpus, tmp_path / 'walks'))
    text = (workdir / 'config.json').read_text()
    assert text.count(str(corpus)) == 1
    (workdir / 'config.json').write_text(text.replace(str(corpus), str(changed)))
    states, card = Checkpoints(workdir).restore()
    card.config['data']['corpus'] = card.dataset['corpus'] = str(changed)
    shutil.rmtree(workdir / 'checkpoints')
    Checkpoints(workdir).save(states, card)
    again = arguments(workdir, changed)
    assert launch.main(again) == 0
    (changed / 'm0.mid').write_bytes(midi(77))
    assert 'other data' in refused(*again, '--config.train.num_epochs=3')


@pytest.mark.parametrize('text', ['', '{', '[]', '{"seed": 1}', '\xff\xfe'])
def test_a_workdir_whose_config_is_damaged(refused, workdir, corpus, text):
    (workdir / 'config.json').write_bytes(text.encode('latin-1'))
    refused(*arguments(workdir, corpus))


@pytest.mark.parametrize('mode', ['train', 'sample', 'stats'])
def test_a_workdir_that_is_a_file(refused, tmp_path, corpus, mode):
    (tmp_path / 'out').write_text('mine')
    argv = sampling('out') if mode == 'sample' else arguments('out', corpus, mode)
    assert '--workdir=out is a file; choose a folder' in refused(*argv)


def test_without_a_run_the_shipped_model_draws(tmp_path, monkeypatch, capsys, folk):
    monkeypatch.chdir(tmp_path)
    assert (
        launch.main(
            sampling('nowhere', '--config.sample.num_samples=1', '--config.sample.num_bars=1')
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert 'the shipped model draws' in printed
    assert 'python launch.py' in printed
    rows = json.loads(
        (tmp_path / 'nowhere' / 'samples' / 'mary-shipped' / 'samples.json').read_text()
    )
    assert (rows[0]['file'], rows[0]['model']) == ('01.mid', 'the shipped model')
    assert not (tmp_path / 'nowhere' / 'samples' / 'mary').exists()
    assert rows[0]['nearest']['score'] >= 2  # its training tunes, which come with the corpus
    assert rows[0]['nearest']['tune']
    corpus = dataclasses.replace(load_corpus('folk', Settings(meters=('all',))), tunes=())
    # as another version of music21 might read it
    monkeypatch.setattr('symmusic.training.corpora.load_corpus', lambda *_, **__: corpus)
    assert (
        launch.main(
            sampling('nowhere', '--config.sample.num_samples=1', '--config.sample.num_bars=1')
        )
        == 0
    )
    assert (
        'the corpus folk is not the one that the shipped model was trained on: pieces are not'
        ' compared' in capsys.readouterr().out
    )
    assert launch.main(sampling('nowhere', '--config.sample.max_copied_run=5')) == 2
    assert 'not the one that the shipped model was trained on' in capsys.readouterr().err


@pytest.mark.slow
def test_without_a_run_the_shipped_model_is_measured(tmp_path, capsys, folk):
    """On its own test tunes: the likelihood is the card's."""
    argv = [
        f'--workdir={tmp_path / "nowhere"}',
        '--mode=evaluate',
        '--config.evaluate.num_pieces=4',
        '--config.evaluate.num_draws=1',
        '--config.evaluate.critic_pieces=0',
        '--config.sample.num_bars=1',
    ]
    assert launch.main(argv) == 0
    printed = capsys.readouterr().out.splitlines()
    assert any('the shipped model is measured' in line for line in printed)
    folder = tmp_path / 'nowhere' / 'evaluation'
    assert printed[-1] == str(shown(folder))
    comparison = json.loads((folder / 'comparison.json').read_text())
    figures = read_shipped()[2]['nats_per_step']
    # later improvements of the reader change a few tunes
    assert comparison['nats_per_step'] == pytest.approx(figures, abs=0.02)
    num_tunes = read_shipped()[1].dataset['num_tunes']['test']
    assert 0.95 * num_tunes < comparison['likelihood']['num_tunes'] <= num_tunes


def test_evaluating_a_run_of_no_epoch_names_the_command_that_trains(refused, tmp_path):
    """The shipped model does not replace a run that has been started."""
    (tmp_path / 'config.json').write_text('{}')
    error = refused('--mode=evaluate', f'--workdir={tmp_path}')
    assert 'python launch.py' in error
    assert str(tmp_path) in error


def test_the_shipped_model_refuses_other_fields(refused):
    assert 'model.num_cells=9' in refused(*sampling('nowhere', '--config.model.num_cells=9'))


def test_sampling_with_a_field_that_differs_from_the_run_s(refused, workdir):
    error = refused(*sampling(workdir, '--config.model.num_cells=9'))
    assert 'model.num_cells=9' in error
    assert '8' in error
    # The same value does not; nor does a default of the config file, which is 128.
    assert launch.main(sampling(workdir, '--config.model.num_cells=8')) == 0


@pytest.mark.parametrize('mode', ['train', 'sample'])
def test_a_damaged_checkpoint_is_named(refused, workdir, corpus, mode):
    latest = max(
        (workdir / 'checkpoints').iterdir(),
        key=lambda path: int(path.name) if path.name.isdecimal() else -1,
    )
    for path in (latest / 'state').rglob('*'):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:10])
    argv = (
        sampling(workdir)
        if mode == 'sample'
        else arguments(workdir, corpus, **{'train.num_epochs': 3})
    )
    error = refused(*argv)
    assert str(shown(latest)) in error
    assert 'damaged' in error


def test_checkpoints_of_another_run(refused, workdir, corpus):
    """On the same tunes: its card shows that it is another run."""
    text = (workdir / 'config.json').read_text()
    (workdir / 'config.json').write_text(text.replace('"num_cells": 8', '"num_cells": 4'))
    line = refused(*arguments(workdir, corpus, **{'model.num_cells': 4, 'train.num_epochs': 3}))
    assert (
        f'{shown(workdir / "checkpoints")} holds another run: model.num_cells is 8 in the run and 4'
        ' now' in line
    )


def test_checkpoints_that_are_gone(refused, workdir):
    shutil.rmtree(workdir / 'checkpoints')
    assert 'no trained model' in refused(*sampling(workdir))


@pytest.mark.parametrize(
    ('name', 'data', 'word'),
    [
        ('waltz.abc', abc(1, meter='3/4'), '3/4'),
        ('empty.mid', '', 'damaged MIDI'),
        ('letter.abc', 'Dear reader', 'no tune'),
        ('letter.txt', 'Dear reader', 'not a file of'),
        (None, '', 'No such file'),
    ],
)
def test_bad_prompts(refused, workdir, tmp_path, name, data, word):
    if name:
        (tmp_path / name).write_text(data)
    assert word in refused(
        *sampling(workdir, f'--config.sample.prompt={tmp_path / (name or "none.mid")}')
    )


# Processes


def process(*argv, cwd, cache):
    environment = {**os.environ, 'SYMMUSIC_CACHE': str(cache), 'JAX_PLATFORMS': 'cpu'}
    return subprocess.Popen(
        [sys.executable, str(ROOT / 'launch.py'), *map(str, argv)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_started_from_another_folder(corpus, tmp_path, cache):
    """The config is found beside launch.py, output goes to the current folder, and a mistake ends
    with status 2.
    """
    shutil.copytree(corpus, tmp_path / 'tunes')
    good = process(
        '--mode',
        'stats',
        '--config=configs/lstm.py',
        '--config.data.corpus=tunes',
        cwd=tmp_path,
        cache=cache,
    )
    out, error = good.communicate(timeout=120)
    assert (good.returncode, error) == (0, '')
    assert out.splitlines()[-1] == 'runs/stats-tunes/stats'
    assert (tmp_path / 'runs' / 'stats-tunes' / 'stats' / 'stats.json').exists()
    bad = process('--config=configs/lsmt.py', cwd=tmp_path, cache=cache)
    out, error = bad.communicate(timeout=120)
    assert (bad.returncode, out, error.count('\n'), error[:7]) == (2, '', 1, 'error: ')


def read_rows(workdir):
    with open(workdir / 'metrics.csv') as file:
        return [
            {name: value for name, value in row.items() if name != 'sequences_per_s'}
            for row in csv.DictReader(file)
        ]


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_process_stopped_or_killed_during_training_resumes_exactly(
    corpus, tmp_path, cache, number
):
    argv = {'train.num_epochs': 60, 'train.checkpoint_minutes': 1e-4}
    whole = process(*arguments(tmp_path / 'whole', corpus, **argv), cwd=tmp_path, cache=cache)
    assert whole.communicate(timeout=300)[1] == ''
    part = process(*arguments(tmp_path / 'part', corpus, **argv), cwd=tmp_path, cache=cache)
    deadline = time.monotonic() + 120
    while not (tmp_path / 'part' / 'metrics.csv').exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    part.send_signal(number)
    _, error = part.communicate(timeout=120)
    assert len(read_rows(tmp_path / 'part')) < 60  # it was training
    if number == signal.SIGKILL:
        assert part.returncode == -signal.SIGKILL
    else:
        assert part.returncode == 1
        assert error.count('\n') == 1
        assert 'stopped and saved' in error
        assert 'the same command continues' in error
        # far more than can be drawn in the time
        much = ('--config.sample.num_samples=500', '--config.sample.num_bars=64')
        sampled = process(*sampling(tmp_path / 'whole', *much), cwd=tmp_path, cache=cache)
        time.sleep(2)
        sampled.send_signal(number)
        _, error = sampled.communicate(timeout=60)
        assert (sampled.returncode, error) == (1, 'stopped\n')
    resumed = process(*arguments(tmp_path / 'part', corpus, **argv), cwd=tmp_path, cache=cache)
    out, error = resumed.communicate(timeout=300)
    assert (resumed.returncode, error) == (0, '')
    assert 'going on after' in out
    assert read_rows(tmp_path / 'part') == read_rows(tmp_path / 'whole')
    summaries = [
        json.loads((tmp_path / name / 'summary.json').read_text()) for name in ('whole', 'part')
    ]
    for summary in summaries:
        del summary['seconds'], summary['digest']
    assert summaries[0] == summaries[1]
    for name in ('01.mid', '02.mid'):
        assert (tmp_path / 'part' / 'samples' / 'mary' / name).read_bytes() == (
            tmp_path / 'whole' / 'samples' / 'mary' / name
        ).read_bytes()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_inside_a_callback_of_the_garbage_collector_is_not_lost(number):
    """Python ignores the exception there."""
    code = (
        'import gc, os, signal, sys, time, launch\n'
        'signal.signal(signal.SIGINT, signal.default_int_handler)\n'  # ignored in a background
        'launch.heed_signals()\n'
        'hook = sys.unraisablehook\n'
        'def report(ignored):\n'
        '    print("ignored", flush=True)\n'
        '    hook(ignored)\n'
        'sys.unraisablehook = report\n'
        'def callback(*_):\n'
        '    gc.callbacks.clear()\n'
        f'    os.kill(os.getpid(), {int(number)})\n'
        'gc.callbacks.append(callback)\n'
        'try:\n'
        '    gc.collect()\n'
        '    time.sleep(60)\n'
        'except KeyboardInterrupt:\n'
        '    print("stopped")\n'
    )
    run = [sys.executable, '-c', code]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ('ignored\nstopped\n', '')


def test_a_signal_raised_again_waits_for_the_end_of_the_hook():
    """Raised within it, it would be lost as well."""
    code = (
        'import signal, sys, time, types, launch\n'
        'launch.heed_signals()\n'
        'within = types.SimpleNamespace(f_code=sys.unraisablehook.__code__)\n'
        'signal.getsignal(signal.SIGALRM)(signal.SIGALRM, within)\n'
        'print("not yet", flush=True)\n'
        'try:\n'
        '    time.sleep(60)\n'
        'except KeyboardInterrupt:\n'
        '    print("stopped")\n'
    )
    run = [sys.executable, '-c', code]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ('not yet\nstopped\n', '')


def test_several_processes_only_train(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv('SYMMUSIC_PROCESSES', '0/2@localhost:1')
    assert launch.main(['--mode=sample', f'--workdir={tmp_path / "run"}']) == 2
    assert 'SYMMUSIC_PROCESSES' in capsys.readouterr().err
    assert not (tmp_path / 'run').exists()


def test_compiled_programs_that_cannot_be_kept_or_read(tmp_path):
    """Reported once, in one line, whatever JAX reports of each; a damaged program is compiled again
    and kept.
    """
    code = (
        'import pathlib, sys\n'
        'from symmusic.compiled import keep_compiled\n'
        'keep_compiled(pathlib.Path(sys.argv[1]))\n'
        'import jax, warnings\n'
        'jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)\n'
        'jax.jit(lambda x: x + 1)(1)\n'
        'jax.jit(lambda x: x + 2)(1)\n'
        'warnings.warn("another")\n'
    )

    def run(folder):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith('JAX_COMPILATION')
        }
        done = subprocess.run(
            [sys.executable, '-c', code, folder],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert [line.endswith('UserWarning: another') for line in done.stderr.splitlines()] == [
            True
        ]
        return done.stdout

    folder = tmp_path / 'compiled'
    assert run(folder) == ''
    entries = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(entries) > 1
    for path, data in entries.items():
        path.write_bytes(data[: len(data) // 2])
    said = run(folder)
    assert (said.count('\n'), said.startswith('a compiled program is damaged (')) == (1, True)
    assert str(folder) in said
    assert run(folder) == ''
    (tmp_path / 'file').write_text('')
    said = run(tmp_path / 'file')
    assert (said.count('\n'), f'they are in {tmp_path / "file"}' in said) == (1, True)
