"""The rooms and the direction of imports, read from the source.

A room imports itself and earlier rooms, and the floor: the few modules beside the rooms. `config`
and `model` import no room. The pure files import neither the floor nor anything else that touches
disk, clock or terminal. Scripts and styles keep to the columns and lines of the Python code, which
ruff does not read.
"""

import ast
import functools
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1] / 'symmusic'
ROOMS = [
    'config',
    'score',
    'melody',
    'corpus',
    'model',
    'training',
    'generate',
    'measures',
    'critics',
    'originality',
    'thesis',
    'experiment',
    'benchmark',
    'report',
    'studio',
    'api',
    'modes',
]
ALONE = {'config', 'model'}
FLOOR = {
    'compiled',
    'errors',
    'files',
    'locks',
    'pitches',
    'progress',
    'plots',
    'wording',
    'streams',
    'terminal',
    'threads',
}
PURE = {
    'pitches.py',
    'streams.py',
    *(path.relative_to(ROOT).as_posix() for path in (ROOT / 'model').rglob('*.py')),
    'training/batch.py',
    'training/step.py',
    'training/state.py',
    'generate/control.py',
    'generate/particles.py',
    'originality/limit.py',
    'generate/readers.py',
    'generate/host_reader.py',
    'generate/sample.py',
    'melody/form.py',
    'score/key.py',
    'score/notes.py',
    'measures/features.py',
    'measures/densities.py',
    'measures/distances.py',
    'measures/averages.py',
    'measures/bounds.py',
    'measures/bootstrap.py',
    'measures/comparison.py',
    'measures/feature_table.py',
    'measures/estimate.py',
    'measures/families.py',
    'measures/markov.py',
    'measures/temperature.py',
    'measures/counting/tables.py',
    'thesis/published.py',
    'thesis/tables.py',
    'critics/auc.py',
    'critics/regression.py',
    'critics/tokens.py',
    'critics/two_sample.py',
    'critics/ratio.py',
    'originality/align.py',
    'originality/shape.py',
    'originality/shape_index.py',
    'originality/shape_query.py',
    'experiment/statistics.py',
    'experiment/learning.py',
    'experiment/ratings.py',
}
EFFECTS = {
    'os',
    'io',
    'pathlib',
    'sys',
    'shutil',
    'tempfile',
    'subprocess',
    'socket',
    'time',
    'datetime',
    'random',
    'logging',
}
EFFECTS |= {
    'glob',
    'csv',
    'pickle',
    'tqdm',
    'matplotlib',
    'PIL',
    'absl',
    'mido',
    'music21',
    'orbax',
    'ml_collections',
}
EFFECT_CALLS = {'open', 'print', 'input', 'exec', 'eval', 'breakpoint'}
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob('*.py'))


@functools.cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """Every node of a file's syntax tree."""
    return tuple(ast.walk(ast.parse(source)))


def imports(source: str, file: str) -> set[str]:
    """The dotted names that a file of symmusic imports, wherever in it; `from a import b` counts as
    a.b.
    """
    found = set()
    for node in nodes(source):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folder = ['symmusic', *pathlib.PurePosixPath(file).parts[:-1]]
            base = (
                '.'.join([*folder[: len(folder) + 1 - node.level], *filter(None, [node.module])])
                if node.level
                else node.module
            )
            found |= {f'{base}.{alias.name}' for alias in node.names}
    return found


def faults(source: str, file: str) -> list[str]:
    """The rules that a file's imports and calls break."""
    room = file.split('/')[0] if '/' in file else ''
    names = imports(source, file)
    parts = {name.split('.')[1] for name in names if name.startswith('symmusic.')}
    found = [f'unknown part {part}' for part in parts - set(ROOMS) - FLOOR - {'__version__'}]
    if room:
        earlier = set() if room in ALONE else set(ROOMS[: ROOMS.index(room)])
        found += [f'imports the room {part}' for part in parts & set(ROOMS) - earlier - {room}]
    elif file != '__init__.py':  # which offers names of the last rooms, imported when first used
        found += [f'the floor imports the room {part}' for part in parts & set(ROOMS)]
    if file in PURE:
        found += [f'a pure file imports {name}' for name in names if name.split('.')[0] in EFFECTS]
        found += [
            f'a pure file imports the floor: {part}'
            for part in parts & FLOOR
            if f'{part}.py' not in PURE
        ]
        pure = {
            f'symmusic.{name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")}'
            for name in PURE
        }
        ours = {name for name in names if name.startswith('symmusic.')}
        found += [
            f'a pure file imports {name}, which is none'
            for name in ours
            if not {name, name.rpartition('.')[0]} & pure
        ]
        calls = {
            node.func.id
            for node in nodes(source)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        found += [f'a pure file calls {name}()' for name in calls & EFFECT_CALLS]
    return found


@pytest.mark.parametrize('file', FILES)
def test_imports(file):
    assert faults((ROOT / file).read_text(encoding='utf-8'), file) == []


RUNS_CODE = {'pickle', 'marshal', 'shelve', 'dill', 'cloudpickle', 'joblib', 'code', 'codeop'}


def test_nothing_that_is_read_is_run():
    """No pickle, no eval, also in every call of NumPy's loader. A config file is a program, and run
    as one (`config/load.py`).
    """
    calls = 0
    for file in [
        *(ROOT / name for name in FILES),
        ROOT.parent / 'launch.py',
        *(ROOT.parent / 'configs').glob('*.py'),
    ]:
        source = file.read_text(encoding='utf-8')
        assert not {name.split('.')[0] for name in imports(source, file.name)} & RUNS_CODE, file
        for node in nodes(source):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            assert name not in (
                'eval',
                'exec',
                'compile',
                '__import__',
                'os.system',
                'os.popen',
            ), file
            assert name != 'runpy.run_path' or file.name == 'load.py', file
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert keywords.get('shell', 'False') == 'False', file
            if name == 'np.load':
                calls += 1
                assert keywords.get('allow_pickle') == 'False', file
    assert calls > 2


def test_every_file_has_a_place():
    rooms = {file.split('/')[0] for file in FILES if '/' in file}
    assert rooms == set(ROOMS)
    assert {file.removesuffix('.py') for file in FILES if '/' not in file} == FLOOR | {'__init__'}
    assert set(FILES) >= PURE
    assert len(PURE) >= 7


def test_scripts_and_styles():
    """At most 100 columns; a script has at most 300 lines."""
    scripts, styles = (sorted(ROOT.rglob(f'*.{suffix}')) for suffix in ('js', 'css'))
    assert scripts
    assert styles
    for file in [*scripts, *styles]:
        lines = file.read_text(encoding='utf-8').splitlines()
        assert [line for line in lines if len(line) > 100] == [], file
        assert file in styles or len(lines) <= 300, file


@pytest.mark.parametrize(
    ('file', 'source'),
    [
        ('score/midi.py', 'from symmusic.melody import events'),
        ('score/midi.py', 'def f():\n    import symmusic.corpus.cache'),
        ('score/midi.py', 'from symmusic import generate'),
        ('score/midi.py', 'from ..melody.events import NO_EVENT'),
        ('config/runs.py', 'from symmusic.score.bar import Bar'),
        ('model/lstm.py', 'from symmusic.melody.events import NO_EVENT'),
        ('model/lstm.py', 'from symmusic.files import write_whole'),
        ('model/lstm.py', 'import os.path'),
        ('training/step.py', 'from symmusic.errors import UserError'),
        ('training/step.py', 'from symmusic.training import checkpoint'),
        ('training/step.py', 'from matplotlib.figure import Figure'),
        ('training/step.py', 'from symmusic.corpus.windows import Windows'),
        ('generate/sample.py', 'def f(x):\n    print(x)'),
        ('files.py', 'from symmusic.score import midi'),
        ('score/abc.py', 'import symmusic.utils'),
    ],
)
def test_a_fault_is_found(file, source):
    assert len(faults(source, file)) >= 1


@pytest.mark.parametrize(
    ('file', 'source'),
    [
        (
            'score/midi.py',
            (
                'import mido, io\nfrom symmusic.files import write_whole\nfrom symmusic.score.notes'
                ' import Note'
            ),
        ),
        (
            'modes/train.py',
            'from symmusic.generate.compose import compose\nfrom symmusic import __version__',
        ),
        (
            'training/step.py',
            (
                'import jax\nfrom symmusic.model.model import apply_all\nfrom symmusic.model import'
                ' lstm\nfrom .state import Recipe'
            ),
        ),
        ('training/loop.py', 'import time\nfrom symmusic.progress import track'),
    ],
)
def test_what_is_right_passes(file, source):
    assert faults(source, file) == []
