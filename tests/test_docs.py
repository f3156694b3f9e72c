"""The documents name only what exists: links, fields, modes, files, and the commands that CI
runs.
"""

import pathlib
import re

import pytest

import launch
from symmusic.config import fields
from symmusic.config.fields import OF_BENCHMARKS, SWITCHES

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(path.relative_to(ROOT) for path in [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md')])
MOST_LINES = {
    'README.md': 150,
    'BUILD.md': 150,
    'docs/guide.md': 250,
    'docs/results.md': 200,
    'docs/architecture.md': 150,
    'docs/decisions.md': 200,
    'docs/performance.md': 100,
    'docs/reliability.md': 100,
}
PLACES = ('', 'symmusic/', 'tests/', 'tests/training/')  # where a named file may be
MADE = r'runs/|torch/|keras/|\.venv/'  # made by commands


def text(document: pathlib.Path) -> str:
    return (ROOT / document).read_text(encoding='utf-8')


@pytest.mark.parametrize('document', DOCUMENTS, ids=str)
def test_links_lead_somewhere(document):
    for link in re.findall(r'\]\(([^)\s]+)\)', text(document)):
        if link.startswith('http'):
            continue
        path, _, anchor = link.partition('#')
        target = (ROOT / document.parent / path).resolve() if path else ROOT / document
        assert target.exists(), link
        if anchor:
            heads = re.findall(r'^#+ (.*)$', target.read_text(encoding='utf-8'), re.MULTILINE)
            assert anchor in {
                re.sub(r'[^\w -]', '', head.lower()).replace(' ', '-') for head in heads
            }


@pytest.mark.parametrize('document', DOCUMENTS, ids=str)
def test_fields_and_modes_exist(document):
    known = {*fields.FIELDS, *SWITCHES, *OF_BENCHMARKS, 'experiment'}
    groups = {name.partition('.')[0] for name in known if '.' in name}
    # `config.sample`, without a field, is a group; `config.json` and the like are files
    named = re.findall(r'\bconfig\.(?!json|md|py|document)([a-z_]+(?:\.[a-z_]+)?)', text(document))
    assert set(named) - known - groups - {'FIELD'} == set()
    modes = set(re.findall(r'--mode=([a-z]+)', text(document)))
    assert modes <= set(launch.MODES)


@pytest.mark.parametrize('document', DOCUMENTS, ids=str)
def test_files_exist(document):
    """Files of code, configs, tests and benchmarks, named in full or from their room on."""
    for name in re.findall(r'`((?:[\w.]+/)+[\w.]+\.(?:py|json|md|txt|toml|npz))', text(document)):
        if not re.match(MADE, name):
            assert any((ROOT / place / name).exists() for place in PLACES), name


@pytest.mark.parametrize('document', MOST_LINES)
def test_lengths(document):
    assert text(pathlib.Path(document)).count('\n') <= MOST_LINES[document]


def test_readme_has_the_commands_of_ci():
    lines = text(pathlib.Path('README.md')).splitlines()
    tests = [line for line in lines if re.search('pip install.*pytest', line)]
    assert tests[0] == (
        'python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt'
        ' && .venv/bin/python -m pytest -q'
    )
    assert tests[0].replace('-m pytest -q', 'launch.py') in lines
