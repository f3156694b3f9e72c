"""Staff notation of a page, if Verovio is installed."""

import re

import numpy as np
import pytest

from symmusic.report import staff
from symmusic.report.staff import engrave
from symmusic.score.bar import bar_of
from symmusic.score.key import Key
from symmusic.score.musicxml import format_musicxml
from symmusic.score.notation import to_bars
from symmusic.score.notes import Note

NOTES = [Note(4 * step, 4, 60 + step % 12) for step in range(32)]  # eight bars
BARS = to_bars(NOTES, bar_of('4/4'))
IS_DRAWN = np.arange(128) >= 64


@pytest.fixture
def musicxml():
    return format_musicxml(NOTES, title='</svg><script>x</script>', key=Key(2))


def test_it_is_engraved(musicxml):
    pytest.importorskip('verovio', reason='staff notation needs the package verovio')
    svg = engrave(musicxml, BARS, 16, IS_DRAWN, 1)
    assert svg == engrave(musicxml, BARS, 16, IS_DRAWN, 1)
    assert re.findall(r'class="note (\w+)" data-at="(\d+)" data-end="(\d+)"', svg) == [
        ('given' if step < 16 else 'fresh', str(4 * step), str(4 * step + 4)) for step in range(32)
    ]
    assert len(re.findall('class="measure"', svg)) == 8
    assert len(re.findall('class="system"', svg)) == 2
    assert len(svg) < 60_000
    assert '@font-face' not in svg
    assert '<script' not in svg
    assert not re.search('(fill|stroke|color)="(black|#000)', svg)
    ids = [
        set(re.findall(r'id="([^"]+)"', each))
        for each in (svg, engrave(musicxml, BARS, 16, IS_DRAWN, 2))
    ]
    assert not ids[0] & ids[1]  # side by side in one page
    assert engrave('no music', BARS, 16, IS_DRAWN, 1) is None


def test_signs_are_of_their_notes_given_or_drawn():
    """Bars 2 and 3 are drawn except for a note on the third beat of bar 2; a given note is tied
    into bar 2, and a drawn one out of bar 3.
    """
    pytest.importorskip('verovio', reason='staff notation needs the package verovio')
    notes = [Note(8, 12, 60), Note(20, 4, 62), Note(24, 4, 64), Note(28, 12, 65), Note(40, 16, 67)]
    notes.append(Note(56, 8, 69))
    is_drawn = np.full(64, False)
    is_drawn[16:48] = True
    is_drawn[24:28] = False
    written = format_musicxml(notes, key=Key(0), num_bars=4)
    svg = engrave(written, to_bars(notes, bar_of('4/4'), 4), 16, is_drawn, 1)
    found = re.findall(r'class="note (\w+)" data-at="(\d+)"', svg)
    kinds = {int(at): kind for kind, at in found}
    assert [step for step, kind in kinds.items() if kind == 'given'] == [8, 16, 24, 56]
    assert [step for step, kind in kinds.items() if kind == 'fresh'] == [20, 28, 32, 40, 48]


def test_without_it_there_is_none(musicxml, monkeypatch):
    monkeypatch.setattr(staff, 'verovio', None)
    assert engrave(musicxml, BARS, 16, IS_DRAWN, 1) is None
