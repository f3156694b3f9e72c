"""docs/config.md is what the fields are now."""

import pathlib

import pytest

from configs import base
from symmusic.config import fields
from symmusic.config.document import document, read_fields
from symmusic.config.experiments import SWITCHES

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = (ROOT / 'configs' / 'base.py').read_text(encoding='utf-8')


def test_the_file_is_current():
    text = (ROOT / 'docs' / 'config.md').read_text(encoding='utf-8')
    assert text == document(SOURCE), 'python -m symmusic.config.document > docs/config.md'


def test_every_field_is_read_with_its_default_and_a_meaning():
    found = read_fields(SOURCE)
    assert {field.name: field.default for field in found} == dict(fields.walk(base.get_config()))
    assert [field.name for field in found if not field.meaning] == []
    experiment = {field.name: field.default for field in read_fields(SOURCE, 'get_experiment')}
    defaults = dict(fields.walk(base.get_experiment()))
    assert experiment == {name: defaults[name] for name in experiment}
    assert set(SWITCHES) < set(experiment)


@pytest.mark.parametrize(
    ('line', 'meaning'),
    [
        ("model.kind = 'a'  # beside it", 'beside it'),
        ("# above\n    # it\n    model.kind = 'a'", 'above it'),
        ("# of the group\n\n    model.kind = 'a'", ''),
        ("model.other = 1  # of another\n    model.kind = 'a'", ''),
    ],
)
def test_a_comment_belongs_to_the_field_beside_or_below_it(line, meaning):
    source = f'def get_config():\n    model = config.model = ConfigDict()\n    {line}\n'
    assert (read_fields(source)[-1].name, read_fields(source)[-1].meaning) == (
        'model.kind',
        meaning,
    )


def test_every_field_has_a_row():
    text = document(SOURCE)
    names = [*fields.FIELDS, *SWITCHES]
    assert all(text.count(f'| `{name}` |') == 1 for name in names)
