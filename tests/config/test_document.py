"""docs/config.md and `--helpfull` agree with the declarations."""

import pathlib

from symmusic.config.document import document, list_fields
from symmusic.config.fields import FIELDS, SWITCHES

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_file_is_current():
    text = (ROOT / 'docs' / 'config.md').read_text(encoding='utf-8')
    assert text == document(), 'python -m symmusic.config.document > docs/config.md'


def test_every_field_has_a_row_and_lines():
    rows, lines = document().splitlines(), list_fields().splitlines()
    for name, field in (FIELDS | SWITCHES).items():
        (row,) = [row for row in rows if row.startswith(f'| `{name}` |')]
        assert row.count('|') == 7
        assert field.allowed.replace('|', '&#124;') in row
        place = lines.index(f'  --config.{name}={field.default!r}')
        assert field.text in lines[place + 1]
        assert lines[place + 2].strip() == field.allowed


def test_values_of_protocols_are_named():
    (row,) = [row for row in document().splitlines() if row.startswith('| `data.split` |')]
    assert "`'auto'`: `'tune'`; thesis `'window'`" in row
