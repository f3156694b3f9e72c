"""What fields name is checked before JAX is imported, in every mode that uses the field."""

import errno
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

import launch
from symmusic.api import named
from symmusic.config.flags import parse
from symmusic.errors import UserError

ROOT = pathlib.Path(launch.__file__).parent
DRAWING = ('train', 'sample', 'evaluate', 'study')
WRONG = [
    ('sample.key', 'H', DRAWING),
    ('sample.scale', 'H major', DRAWING),
    ('sample.instrument', 'kazoophone', DRAWING),
    ('sample.regenerate', 'two', DRAWING),
    *[
        (f'sample.{field}', name, DRAWING)
        for field in ('prompt', 'rhythm', 'pitches', 'fixed')
        for name in ('missing.mid', 'folder.mid', 'damaged.mid', 'empty.abc', 'words.txt')
    ],
    ('sample.sound_font', 'missing.sf2', DRAWING),
    *[
        (field, name, modes)
        for field, modes in {
            'init_from': ('train',),
            'evaluate.left_to_right': ('evaluate',),
            'evaluate.second_run': ('evaluate',),
        }.items()
        for name in ('missing', 'folder.mid', 'words.txt')
    ],
    *[
        ('data.corpus', name, ('train', 'stats'))
        for name in ('flok', 'missing/', 'folder.mid', 'words.txt')
    ],
]
CASES = [(field, value, mode) for field, value, modes in WRONG for mode in modes]


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The files that the mistakes name, in the current folder."""
    (tmp_path / 'folder.mid').mkdir()
    (tmp_path / 'damaged.mid').write_bytes(b'MThd nothing of the kind')
    (tmp_path / 'empty.abc').write_text('no tune')
    (tmp_path / 'words.txt').write_text('C D E')
    monkeypatch.chdir(tmp_path)


def command(mode, **fields):
    words = [f'--config.{name}={value}' for name, value in fields.items()]
    return parse([f'--mode={mode}', *words], root=ROOT, modes=launch.MODES)


@pytest.mark.parametrize(('field', 'value', 'mode'), CASES)
def test_a_wrong_name_is_refused_with_its_field(field, value, mode):
    with pytest.raises(UserError, match=rf'^config\.{field} = .*{value}') as caught:
        named.check(command(mode, **{field: value}))
    assert '\n' not in str(caught.value)


def test_what_a_mode_does_not_use_is_not_checked():
    named.check(command('stats', **{'sample.prompt': 'missing.mid', 'init_from': 'missing'}))
    named.check(command('sample', **{'init_from': 'missing', 'evaluate.second_run': 'missing'}))
    named.check(command('train', **{'init_from': 'shipped', 'evaluate.second_run': 'missing'}))


def test_what_is_right_passes(tmp_path):
    (tmp_path / 'a.abc').write_text('X:1\nK:C\nCDEF|\nX:2\nK:D\nDEFG|\n')
    files = {f'sample.{field}': 'a.abc' for field in ('prompt', 'rhythm', 'pitches', 'fixed')}
    named.check(command('sample', **files, **{'sample.tune': 2, 'sample.key': 'D'}))
    named.check(command('sample', **{'sample.prompt': 'none'}))
    with pytest.raises(UserError, match='no tune 3'):
        named.check(command('sample', **files, **{'sample.tune': 3}))


def test_a_run_that_was_saved_is_one_to_start_from(tmp_path):
    (tmp_path / 'run' / 'checkpoints' / '12').mkdir(parents=True)
    named.check(command('train', init_from='run'))
    named.check(command('evaluate', **{'evaluate.second_run': tmp_path / 'run'}))


@pytest.mark.parametrize('mode', launch.MODES)
@pytest.mark.parametrize('name', ['words.txt', 'words.txt/run', 'broken', 'a/b' + 300 * 'c'])
def test_a_workdir_that_cannot_be_written(tmp_path, mode, name):
    """Nothing is left of the attempt."""
    (tmp_path / 'broken').symlink_to('nowhere/at/all')
    before = sorted(tmp_path.rglob('*'))
    config = {'experiment': '--config=configs/exp3.py'}.get(mode, '--config=configs/attn.py')
    words = [f'--mode={mode}', config, f'--workdir={name}']
    if mode == 'compare':
        words += ['--reference=.', '--generated=.']
    with pytest.raises(UserError, match=f'^--workdir={name} '):
        named.check(parse(words, root=ROOT, modes=launch.MODES))
    assert sorted(tmp_path.rglob('*')) == before


@pytest.mark.parametrize('name', ['new/run', '.', 'folder.mid'])
def test_a_workdir_that_can_be_written_is_left_as_it_is(tmp_path, monkeypatch, name):
    before = sorted(tmp_path.rglob('*'))
    words = ['--mode=sample', f'--workdir={name}']
    named.check(parse(words, root=ROOT, modes=launch.MODES))
    assert sorted(tmp_path.rglob('*')) == before

    def fail(*arguments, **others):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, 'mkdtemp', fail)
    with pytest.raises(UserError, match=r'^--workdir=\S+ cannot be written: Read-only'):
        named.check(parse(words, root=ROOT, modes=launch.MODES))


@pytest.mark.parametrize(
    ('mode', 'flag'), [('study', 'answers'), ('compare', 'reference'), ('compare', 'generated')]
)
@pytest.mark.parametrize('name', ['missing', 'words.txt'])
def test_a_flag_that_names_no_folder(mode, flag, name):
    words = [f'--mode={mode}', f'--{flag}={name}']
    with pytest.raises(UserError, match=f'^--{flag}={name}: .*; must be a folder of '):
        named.check(parse(words, root=ROOT, modes=launch.MODES))


def test_every_arm_of_an_experiment_is_checked(tmp_path):
    words = ['--mode=experiment', '--config=configs/exp3.py', '--config.sample.prompt=missing.mid']
    with pytest.raises(UserError, match=r'^config\.sample\.prompt = missing'):
        named.check(parse(words, root=ROOT, modes=launch.MODES))


def test_jax_is_not_imported_for_a_mistake(tmp_path):
    code = (
        'import json, sys, launch\n'
        'for argv in json.loads(sys.argv[1]):\n'
        '    assert launch.main(argv) == 2, argv\n'
        'print(sorted({"jax", "flax", "orbax"} & set(sys.modules)))\n'
    )
    cases = [[f'--mode={mode}', f'--config.{field}={value}'] for field, value, mode in CASES]
    run = subprocess.run(
        [sys.executable, '-c', code, json.dumps(cases)],
        cwd=tmp_path,
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == '[]\n'
    assert run.stderr.count('\n') == len(cases)


def test_sampling_from_the_shipped_model_imports_only_what_it_uses():
    """Matplotlib and Orbax, each of which takes long to import, are not among it."""
    code = (
        'import sys, symmusic.modes.sample\n'
        'print(sorted({"jax", "matplotlib", "orbax", "music21"} & set(sys.modules)))\n'
    )
    run = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "['jax']\n"
