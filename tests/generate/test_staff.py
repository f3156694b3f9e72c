"""Staff notation of a page, where Verovio is installed."""

import re

import pytest

from symmusic.generate import staff
from symmusic.generate.staff import engrave
from symmusic.score.key import Key
from symmusic.score.musicxml import format_musicxml
from symmusic.score.notation import to_bars
from symmusic.score.notes import Note

NOTES = [Note(4 * step, 4, 60 + step % 12) for step in range(32)]  # eight bars
BARS = to_bars(NOTES)


@pytest.fixture
def musicxml():
    return format_musicxml(NOTES, title='</svg><script>x</script>', key=Key(2, True))


def test_it_is_engraved(musicxml):
    pytest.importorskip('verovio', reason='staff notation needs the package verovio')
    svg = engrave(musicxml, BARS, 64, 1)
    assert svg == engrave(musicxml, BARS, 64, 1)
    assert re.findall(r'class="note (\w+)" data-at="(\d+)" data-end="(\d+)"', svg) == [
        ('given' if step < 16 else 'fresh', str(4 * step), str(4 * step + 4)) for step in range(32)
    ]
    assert len(re.findall('class="measure"', svg)) == 8
    assert len(re.findall('class="system"', svg)) == 2
    assert len(svg) < 60_000
    assert '@font-face' not in svg
    assert '<script' not in svg
    assert not re.search('(fill|stroke|color)="(black|#000)', svg)
    ids = [set(re.findall(r'id="([^"]+)"', each)) for each in (svg, engrave(musicxml, BARS, 64, 2))]
    assert not ids[0] & ids[1]  # side by side in one page
    assert engrave('no music', BARS, 64, 1) is None


def test_without_it_there_is_none(musicxml, monkeypatch):
    monkeypatch.setattr(staff, 'verovio', None)
    assert engrave(musicxml, BARS, 64, 1) is None
