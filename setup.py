"""Reads the dependencies from requirements.txt; everything else is in pyproject.toml."""

import pathlib

from setuptools import setup

TESTS = '# Tests and checks.'  # the heading in requirements.txt of what only tests need


def packages(text: str) -> list[str]:
    """The requirements of a part of requirements.txt."""
    return [line for line in text.splitlines() if line and not line.startswith('#')]


text = pathlib.Path(__file__).with_name('requirements.txt').read_text(encoding='utf-8')
runtime, heading, tests = text.partition(TESTS)
assert heading, f'requirements.txt has no line {TESTS!r}'
setup(
    install_requires=packages(runtime),
    extras_require={
        'tests': [*packages(tests), 'playwright>=1.50,<2', 'symusic>=0.5,<1'],
        'staff': ['verovio>=5,<7'],
        'tensorboard': ['tensorboardX>=2.6,<3'],
    },
)
