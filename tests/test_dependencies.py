"""Every required package is used and has its reason in BUILD.md, every package that is used is
required, and the lock is within bounds.
"""

import functools
import importlib.metadata
import pathlib
import re
import runpy
import sys
import types

import pytest
from packaging.requirements import Requirement

ROOT = pathlib.Path(__file__).resolve().parents[1]
OPTIONAL = {
    'playwright',
    'tensorboardX',
    'tensorboard',
    'atheris',
    'verovio',
    'torch',
    'keras',
    'symusic',
}  # optional, as BUILD.md explains
TOOLS = runpy.run_path(str(ROOT / '.ci' / 'dependencies.py'))
# every file is parsed once, not once per package
imports, packages = (functools.cache(TOOLS[name]) for name in ('imports', 'packages'))
LINES = [
    line
    for line in (ROOT / 'requirements.txt').read_text().splitlines()
    if line and not line.startswith('#')
]


@pytest.mark.parametrize('line', LINES)
def test_each_has_bounds_a_use_and_a_reason(line):
    requirement = Requirement(line)
    assert sorted(each.operator for each in requirement.specifier) == ['<', '>=']
    assert requirement.specifier.contains(importlib.metadata.version(requirement.name))
    modules = [
        module
        for module, package in packages().items()
        if package == TOOLS['normal'](requirement.name)
    ]
    assert requirement.name in TOOLS['PROGRAMS'] or any(module in imports() for module in modules)
    table = (ROOT / 'BUILD.md').read_text(encoding='utf-8').partition('## Dependencies')[2]
    assert re.search(rf'^\|.*\b{re.escape(requirement.name)}\b.*\|', table, re.MULTILINE)


def test_nothing_else_is_imported():
    asked, of = {TOOLS['normal'](name) for name in TOOLS['requirements']()}, packages()
    brought = {'packaging', 'markupsafe', 'jaxlib', 'filelock', 'etils'}  # by those
    others = (
        {module for module in imports() if of.get(module, module) not in asked} - OPTIONAL - brought
    )
    assert others == set()


def test_the_lock_is_within_the_bounds():
    lines = [
        line
        for line in (ROOT / 'requirements.lock').read_text().splitlines()
        if not line.startswith('#')
    ]
    locked = dict(line.split('==') for line in lines)
    for line in LINES:
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked[TOOLS['normal'](requirement.name)]), line
    assert set(locked) >= set().union(*map(TOOLS['needs'], TOOLS['requirements']())) - {'colorama'}


@pytest.fixture
def package(monkeypatch) -> dict:
    """The metadata of the package."""
    told = {}
    monkeypatch.setitem(sys.modules, 'setuptools', types.SimpleNamespace(setup=told.update))
    runpy.run_path(str(ROOT / 'setup.py'))
    return told


def test_the_package_requires_what_it_imports(package):
    """And nothing that only tests use."""
    asked = {TOOLS['normal'](Requirement(line).name) for line in package['install_requires']}
    of, extras = packages(), package['extras_require']
    imported = {
        of.get(module, module)
        for module, files in imports().items()
        if any(file.startswith(('launch.py', 'symmusic/', 'configs/')) for file in files)
    }
    optional = {TOOLS['normal'](name) for name in OPTIONAL} | {'jaxlib', 'etils', 'markupsafe'}
    assert imported - asked - optional == set()
    assert asked <= imported
    assert not asked & {TOOLS['normal'](Requirement(line).name) for line in extras['tests']}
    assert set(LINES) <= {*package['install_requires'], *extras['tests']}
    assert set(extras) == {'tests', 'staff', 'tensorboard'}
