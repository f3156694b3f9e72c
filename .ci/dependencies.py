"""What each package of requirements.txt is for: the files that import it, and what else it brings;
or, with --lock, the exact versions.

    .venv/bin/python .ci/dependencies.py
    .venv/bin/python .ci/dependencies.py --lock > requirements.lock

The lock holds the versions installed in this environment of what requirements.txt asks for and of
all that this needs, and nothing else.
"""

import ast
import collections
import importlib.metadata
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLACES = ('launch.py', 'symmusic', 'configs', 'benchmarks', 'tools', 'tests')
PROGRAMS = {
    'ruff': 'bash .ci/run',
    'pytest': 'the test command',
    'pytest-xdist': 'the test command, by pyproject.toml',
}  # used as programs, beside or instead of being imported


def requirements() -> list[str]:
    """The packages of requirements.txt, by the names there."""
    lines = (ROOT / 'requirements.txt').read_text().splitlines()
    return [re.match(r'[\w.-]+', line)[0] for line in lines if line and not line.startswith('#')]


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub('[-_.]+', '-', name).lower()


def imports() -> dict[str, list[str]]:
    """The files of this repository that import each module of others', by its top name."""
    found = collections.defaultdict(set)
    for place in PLACES:
        paths = [ROOT / place] if place.endswith('.py') else (ROOT / place).rglob('*.py')
        for path in paths:
            for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += (
                    [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
                )
                for name in names:
                    found[name.partition('.')[0]].add(str(path.relative_to(ROOT)))
    ours = {
        'symmusic',
        'configs',
        'tests',
        'launch',
        'benchmarks',
        'tools',
        *(path.stem for path in (ROOT / 'benchmarks').glob('*.py')),
    }
    return {
        name: sorted(files)
        for name, files in found.items()
        if name not in ours and name not in sys.stdlib_module_names
    }


def packages() -> dict[str, str]:
    """The package, by its normal name, that each importable module comes from."""
    return {
        module: normal(names[0])
        for module, names in importlib.metadata.packages_distributions().items()
    }


def needs(package: str) -> set[str]:
    """All packages that an installed one needs here, itself included."""
    from packaging.requirements import Requirement

    found, open_ends = set(), [(package, ())]
    while open_ends:
        name, extras = open_ends.pop()
        if (normal(name), extras) in found:
            continue
        found.add((normal(name), extras))
        for line in importlib.metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or any(
                requirement.marker.evaluate({'extra': extra}) for extra in ('', *extras)
            ):
                open_ends.append((requirement.name, tuple(sorted(requirement.extras))))
    return {name for name, _ in found}


def main() -> None:
    """Prints the one or the other."""
    wanted = requirements()
    if '--lock' in sys.argv[1:]:
        names = sorted(set().union(*map(needs, wanted)))
        print(
            '# The versions that the suite passed with, for exact repetition: pip install -r'
            ' requirements.lock'
        )
        print(*(f'{name}=={importlib.metadata.version(name)}' for name in names), sep='\n')
        return
    found, of = imports(), packages()
    direct = {normal(name) for name in wanted}
    for name in wanted:
        files = sorted(
            {
                file
                for module, files in found.items()
                if of.get(module) == normal(name)
                for file in files
            }
        )
        ours = [file for file in files if not file.startswith('tests/')]
        shown = ', '.join(ours[:6]) + (
            f' and {len(ours) - 6} more' if len(ours) > 6 else ''
        ) or PROGRAMS.get(normal(name), 'tests alone')
        more = sorted(needs(name) - direct)
        print(
            f'{name} {importlib.metadata.version(name)}: {shown}; tests: {len(files) - len(ours)}'
        )
        print(f'    brings {", ".join(more) if more else "nothing else"}')


if __name__ == '__main__':
    main()
