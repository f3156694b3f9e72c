"""Tests the tests: puts small faults into a module or a room, one at a time, and checks whether its
own tests find them.

    python tools/mutation/run.py lstm --num=20 --seed=1
    python tools/mutation/run.py corpus --num=12 --seed=17

A mutant changes one comparison, operator, number, truth value or condition slightly. `--num` of a
module's mutants are drawn at random; each is run in a copy of the repository, in a process forked
from one that has imported the slow packages. A mutant is killed if a test fails or takes
`--patience` times as long as for the original. The survivors are printed, and the status is 1 if
there are any; a reader decides which of them are equivalent (no input distinguishes them from the
original); docs/reliability.md counts them.
"""

import argparse
import ast
import copy
import importlib
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = {  # what is mutated, and the tests that should find it
    'encodings': (
        ('symmusic/melody/encodings/melody.py', 'symmusic/melody/encodings/pianoroll.py'),
        ('tests/melody',),
    ),
    'windows': (
        (
            'symmusic/corpus/cutter.py',
            'symmusic/corpus/windows.py',
            'symmusic/corpus/draws.py',
            'symmusic/corpus/duplicates.py',
        ),
        (
            'tests/corpus/test_windows.py',
            'tests/corpus/test_draws.py',
            'tests/corpus/test_duplicates.py',
            'tests/corpus/test_dataset.py',
            'tests/measures/test_likelihood.py',
        ),
    ),
    'lstm': (('symmusic/model/lstm.py',), ('tests/model/test_lstm.py',)),
    'sliding': (('symmusic/model/sliding.py',), ('tests/model/test_sliding.py',)),
    'attention': (
        ('symmusic/model/attention.py', 'symmusic/model/scores.py'),
        (
            'tests/model/test_attention.py',
            'tests/model/test_model.py::test_the_weighted_head_sees_the_context_alone',
        ),
    ),
    'heads': (
        ('symmusic/model/heads.py', 'symmusic/model/transformer.py', 'symmusic/model/hybrid.py'),
        ('tests/model/test_heads.py', 'tests/model/test_kinds.py'),
    ),
    'sampling': (
        ('symmusic/generate/sample.py', 'symmusic/generate/readers.py'),
        (
            'tests/generate/test_sample.py',
            'tests/originality/test_limit.py::test_where_all_would_be_a_copy_the_piece_is_drawn_again',
        ),
    ),
    'features': (('symmusic/measures/features.py',), ('tests/measures/test_features.py',)),
    'similarity': (
        (
            'symmusic/originality/shape.py',
            'symmusic/originality/shape_index.py',
            'symmusic/originality/align.py',
        ),
        ('tests/originality/test_shape.py',),
    ),
    'copies': (('symmusic/originality/copies.py',), ('tests/originality/test_copies.py',)),
} | {  # rooms, each with all of its tests
    room: (
        tuple(
            path.relative_to(ROOT).as_posix()
            for path in sorted((ROOT / 'symmusic' / room).glob('*.py'))
            if path.name != '__init__.py'
        ),
        (f'tests/{room}',),
    )
    for room in ('corpus', 'generate', 'score', 'training')
}
# the tests of a file whose tests have another name; they are run first
NAMED_OTHERWISE = {
    'loop': 'resume',
    'masks': 'control',
    'readers': 'sample',
    'redraw': 'compose',
    'cutter': 'dataset',
}
SWAPS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitXor: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
KINDS = (
    ast.Compare,
    ast.BinOp,
    ast.AugAssign,
    ast.BoolOp,
    ast.UnaryOp,
    ast.Constant,
    ast.If,
    ast.IfExp,
    ast.While,
)


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """Every mutant of a module: the line, what is changed, and its source."""
    tree = ast.parse(source)
    hints = {
        id(part) for node in ast.walk(tree) for hint in _hints(node) for part in ast.walk(hint)
    }
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in hints or not isinstance(node, KINDS):
            continue
        for number in range(4):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[index]
            before = ast.unparse(twin)
            if not _change(twin, number):
                break
            after = ast.unparse(twin)
            if after != before:
                yield (
                    getattr(node, 'lineno', 0),
                    f'{before[:60]!r} -> {after[:60]!r}',
                    ast.unparse(changed),
                )


def _hints(node: ast.AST) -> list[ast.AST]:
    """Type hints, which are never run, and `strict` of `zip`, which never fails."""
    found = [getattr(node, name, None) for name in ('annotation', 'returns')]
    if isinstance(node, ast.keyword) and node.arg == 'strict':
        found.append(node.value)
    return [hint for hint in found if hint is not None]


def _change(node: ast.AST, number: int) -> bool:
    """Inserts the `number`-th fault of a node; returns whether there is one."""
    if isinstance(node, ast.Compare) and number < len(node.ops):
        node.ops[number] = SWAPS[type(node.ops[number])]()
        return True
    if number:
        return False
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        node.op = SWAPS[type(node.op)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        node.value += 1
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    else:
        return False
    return True


def own_tests(folder: pathlib.Path, file: str, tests: tuple[str, ...]) -> tuple[str, ...]:
    """The tests named after a file of a room, () if there are none."""
    name = pathlib.Path(file).stem
    own = f'{tests[0]}/test_{NAMED_OTHERWISE.get(name, name)}.py'
    return (own,) if (folder / own).is_file() else ()


def outcome(folder: pathlib.Path, tests: tuple[str, ...], seconds: float) -> str:
    """The result of the tests in a process of their own: 'passed', 'failed' or 'too long'."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1), os.dup2(null, 2)
        import pytest

        words = [
            '-q',
            '-x',
            '--override-ini=addopts=',
            '--import-mode=importlib',
            '-m',
            'not slow',
            '-p',
            'no:cacheprovider',
            '-p',
            'no:xdist',
        ]
        os._exit(int(pytest.main([*words, *tests])))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return 'passed' if status == 0 else 'failed'
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 'too long'


class Judge:
    """Judges mutants in a copy of the repository in which the tests pass.

    Attributes:
      own: for a room, run only each file's own tests.
      patience: how many times as long as for the original the tests of a mutant may take.
    """

    def __init__(self, folder: pathlib.Path, tests: tuple[str, ...], *, own: bool, patience: float):
        self.folder, self.tests, self.own, self.patience = folder, tests, own, patience
        self.sound_s: dict[frozenset[str], float] = {}

    def __call__(self, file: str, source: str) -> str:
        """The `outcome` with another source for a file.

        Raises:
          SystemExit: the tests do not pass without a mutant.
        """
        own = own_tests(self.folder, file, self.tests)
        chosen = own if own and self.own else (*own, *self.tests)  # pytest runs each only once
        which = frozenset(chosen if self.own else self.tests)
        if which not in self.sound_s:
            begun = time.monotonic()
            if outcome(self.folder, chosen, 3600) != 'passed':
                raise SystemExit(f'{" ".join(chosen)}: do not pass without a mutant')
            self.sound_s[which] = time.monotonic() - begun
        path = self.folder / file
        sound = path.read_text(encoding='utf-8')
        path.write_text(source, encoding='utf-8')
        ended = outcome(self.folder, chosen, 60 + self.patience * self.sound_s[which])
        path.write_text(sound, encoding='utf-8')
        return ended


def main() -> int:
    """Runs; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('module', choices=MODULES)
    parser.add_argument('--num', type=int, default=20, help='mutants drawn; 0 = all')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--own', action='store_true', help="for a room, only each file's own tests")
    parser.add_argument(
        '--patience', type=float, default=10, help='times as long as the original run'
    )
    options = parser.parse_args()
    # slow imports before the forks; no device is initialised
    for name in ('flax.linen', 'hypothesis', 'jax', 'optax', 'scipy.stats'):
        importlib.import_module(name)

    files, tests = MODULES[options.module]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch, 'symmusic')
        ignored = shutil.ignore_patterns('.git', '.venv', '.lowest', 'runs', '__pycache__')
        shutil.copytree(ROOT, folder, ignore=ignored)
        found = [
            (file, *mutant)
            for file in files
            for mutant in mutants((folder / file).read_text(encoding='utf-8'))
        ]
        num = min(options.num or len(found), len(found))
        drawn = random.Random(options.seed).sample(found, num)
        judge = Judge(folder, tests, own=options.own, patience=options.patience)
        survivors = 0
        for number, (file, line, change, source) in enumerate(drawn, 1):
            ended = judge(file, source)
            survivors += ended == 'passed'
            word = 'SURVIVED' if ended == 'passed' else ended
            print(f'{number}/{num} {word} {file}:{line} {change}', flush=True)
    how = f'of {len(found)} mutants; seed {options.seed}'
    print(f'{options.module}: {num - survivors} of {num} killed ({how})')
    return int(survivors > 0)


if __name__ == '__main__':
    sys.exit(main())
