"""Paths and commands are shown so that they can be used where the command was run."""

import pathlib
import sys

import pytest

import launch
from symmusic.api import commands
from symmusic.config.flags import parse
from symmusic.terminal import program, shown

ROOT = pathlib.Path(launch.__file__).parent


def test_paths_below_the_current_folder_are_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / 'runs' / 'attn') == pathlib.Path('runs/attn')
    assert shown('runs/attn') == pathlib.Path('runs/attn')
    assert shown(tmp_path) == tmp_path  # '.' has no name
    assert shown(tmp_path.parent / 'other') == tmp_path.parent / 'other'


@pytest.mark.parametrize(
    ('orig_argv', 'argv', 'words'),
    [
        (['python', 'launch.py'], ['launch.py'], ['python', 'launch.py']),
        (['python3.11', '-u', './launch.py'], ['./launch.py'], ['python3.11', 'launch.py']),
        (
            ['HERE/.venv/bin/python', 'launch.py'],
            ['launch.py'],
            ['.venv/bin/python', 'launch.py'],
        ),
        (['.venv/bin/python', 'launch.py'], ['launch.py'], ['.venv/bin/python', 'launch.py']),
        (['/opt/python', 'HERE/a/launch.py'], ['HERE/a/launch.py'], ['/opt/python', 'a/launch.py']),
        (
            ['/opt/bin/python', 'HERE/bin/symmusic'],
            ['HERE/bin/symmusic'],
            ['bin/symmusic'],
        ),
        (['/opt/python', '-m', 'pytest'], ['/opt/pytest/__main__.py'], ['python', 'launch.py']),
        (['/opt/python'], [''], ['python', 'launch.py']),
        (['/opt/python'], [], ['python', 'launch.py']),
    ],
)
def test_hints_call_the_program_as_it_was_called(tmp_path, monkeypatch, orig_argv, argv, words):
    monkeypatch.chdir(tmp_path)
    here = lambda each: [word.replace('HERE', str(tmp_path)) for word in each]
    monkeypatch.setattr(sys, 'orig_argv', here(orig_argv))
    monkeypatch.setattr(sys, 'argv', here(argv))
    assert program() == words


def test_the_installed_command_is_called_by_its_name(tmp_path, monkeypatch):
    script = tmp_path / 'symmusic'
    script.write_text('')
    script.chmod(0o755)
    monkeypatch.setattr(sys, 'argv', [str(script)])
    monkeypatch.setenv('PATH', str(tmp_path))
    assert program() == ['symmusic']


def test_a_hint_is_a_command_that_works(tmp_path, monkeypatch):
    """With paths of workdir and config file relative to the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'mine.py').write_text((ROOT / 'configs' / 'lstm.py').read_text())
    for config, named in (('mine.py', 'mine.py'), ('configs/lstm.py', 'configs/lstm.py')):
        argv = [f'--config={config}', f'--workdir={tmp_path / "runs" / "x"}']
        command = parse(argv, root=ROOT, modes=('train', 'sample'))
        line = commands.command_line(command, 'sample')
        assert line == f'python launch.py --mode=sample --config={named} --workdir=runs/x'
        again = parse(line.split()[2:], root=ROOT, modes=('train', 'sample'))
        assert (again.config, again.workdir) == (command.config, pathlib.Path('runs/x'))
        assert again.config_path == command.config_path
