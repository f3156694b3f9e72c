"""What docstrings and comments name exists."""

import ast
import functools
import importlib
import inspect
import pathlib
import re
import subprocess

import pytest
from packaging.requirements import Requirement

import launch
import symmusic
from tests.test_layout import ROOMS

ROOT = pathlib.Path(launch.__file__).parent
PATH = re.compile(r'(?:[\w.-]+/)+[\w-]+\.(?:py|md|js|json|txt|toml)\b|\b\w+\.py\b')
WORD = re.compile(r'`([A-Za-z_][\w.]*)`')
# names of what runs write, of other programs and of examples
ELSEWHERE = {'markov_N', 'w100k'}


def tracked():
    listed = subprocess.run(
        ['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split('\n') if name and (ROOT / name).exists()]


@pytest.fixture(scope='module')
def files():
    try:
        return tracked()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('not a checkout')


@functools.cache
def nodes(source):
    """Every node of a file's syntax tree."""
    return tuple(ast.walk(ast.parse(source)))


def statements(source):
    """`(line, text)` of every docstring and comment."""
    for node in nodes(source):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and (
            text := ast.get_docstring(node)
        ):
            yield getattr(node, 'lineno', 1), text
    for number, line in enumerate(source.splitlines(), 1):
        if comment := re.search(r'(?:^|\s)# (.*)', line):
            yield number, comment[1]


def names(source):
    """Every name in the code, and every word of its short strings, such as fields."""
    found = set()
    for node in nodes(source):
        for field in ('id', 'attr', 'name', 'arg', 'asname', 'module'):
            if isinstance(value := getattr(node, field, None), str):
                found |= set(value.split('.'))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 99:
            found |= set(re.findall(r'\w+', node.value))
    return found


def test_names_between_backquotes_exist(files):
    sources = {name: (ROOT / name).read_text('utf-8') for name in files if name.endswith('.py')}
    known = set().union(*map(names, sources.values())) | ELSEWHERE
    known |= {part for name in files for part in re.split(r'[/.]', name)}
    missing = [
        f'{name}:{line}: `{word}`'
        for name, source in sources.items()
        for line, text in statements(source)
        for word in WORD.findall(text)
        if not set(word.split('.')) <= known
    ]
    assert missing == []


def test_files_that_are_named_exist(files):
    ends = {
        '/'.join(parts[-count:])
        for parts in (pathlib.PurePath(name).parts for name in files)
        for count in range(1, len(parts) + 1)
    }
    missing = [
        f'{name}:{line}: {path}'
        for name in files
        if name.endswith('.py') and not name.startswith('tests/')
        for line, text in statements((ROOT / name).read_text('utf-8'))
        for path in PATH.findall(text)
        if path.endswith(('.py', '.md', '.js')) and path not in ends
    ]
    assert missing == []


def test_the_rooms_are_named_in_their_order():
    chain = inspect.getdoc(symmusic).partition('The rooms:')[2].replace('.', '').split('->')
    assert [room.strip() for room in chain] == ROOMS


def test_the_modes_are_the_files_of_their_names():
    text = inspect.getdoc(importlib.import_module('symmusic.modes'))
    for mode in launch.MODES:
        assert re.search(rf'\b{mode}\b', text), mode
        assert callable(importlib.import_module(f'symmusic.modes.{mode}').run)


def test_what_symmusic_imports_is_a_requirement_of_running_it():
    """It does not import what only tests need."""
    runtime, _, tests = (ROOT / 'requirements.txt').read_text().partition('# Tests')
    asked, of_tests = (
        {
            Requirement(line).name.lower().replace('-', '_')
            for line in part.splitlines()
            if line[:1] not in ('', '#', ' ')
        }
        for part in (runtime, tests)
    )
    imported = {
        module.partition('.')[0]
        for path in [*(ROOT / 'symmusic').rglob('*.py'), ROOT / 'launch.py']
        for node in ast.walk(ast.parse(path.read_text('utf-8')))
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or '']
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert 'scipy' in asked & imported
    assert not of_tests & imported
    modules = {'absl_py': 'absl', 'orbax_checkpoint': 'orbax', 'pillow': 'PIL'}
    assert {modules.get(name, name) for name in asked} <= imported
