"""Piano rolls."""

import itertools

import numpy as np
from PIL import Image

from symmusic.generate.whole import Whole
from symmusic.report import piece_plots as pictures
from symmusic.report.roll_picture import GIVEN, NEW, SEAM, draw_sheet


def whole(prompt, piece, after=(), first_bar=1):
    events = np.concatenate([prompt, piece, np.array(after, np.int8)]).astype(np.int8)
    seam, end = len(prompt), len(prompt) + len(piece)
    steps = np.arange(len(events))
    seams = (seam, end) if len(after) else (seam,)
    return Whole(events, (seam <= steps) & (steps < end), seams, first_bar)


def areas(image, color):
    """The rectangles of a colour: left, top, right and bottom pixels, from left to right. Single
    pixels, as at the edges of letters, are left out.
    """
    wanted = tuple(int(color[place : place + 2], 16) for place in (1, 3, 5))
    is_color = (np.asarray(image) == wanted).all(-1)
    found = []
    while is_color.any():
        left = int(is_color.any(0).argmax())
        top = int(is_color[:, left].argmax())
        right = left + int(np.argmin([*is_color[top, left:], False]))
        bottom = top + int(np.argmin([*is_color[top:, left], False]))
        assert is_color[top:bottom, left:right].all()
        is_color[top:bottom, left:right] = False
        if bottom - top > 1:
            found.append((left, top, right - 1, bottom - 1))
    return found


def test_pieces_side_by_side_show_all_their_notes():
    """Pitches 40, 84 and 62 in three pieces: one range holds them all."""
    prompt, pieces = np.array([60, -2]), [np.array([pitch, -2]) for pitch in (40, 84, 62)]
    wholes = [whole(prompt, piece) for piece in pieces]
    sheet = pictures.sheet_of_all(wholes, ['a', 'b', 'c'], 'all')
    assert [panel.pitches for panel in sheet.panels] == [(38, 86)] * 3
    assert [[note.pitch for note in panel.new] for panel in sheet.panels] == [[40], [84], [62]]
    image = draw_sheet(sheet)
    assert [len(areas(image, color)) for color in (GIVEN, NEW, SEAM)] == [3, 3, 3]


def test_a_long_piece_is_drawn_in_rows_and_loses_no_note():
    """40 bars in three rows of 16; a note over the end of a row is in both. All pieces: the
    prompt's end and the first 64 bars.
    """
    prompt = np.tile([60, *[-2] * 7], 2 * 8).astype(np.int8)
    continuation = np.tile([-2, 64, *[-2] * 6], 2 * 32).astype(np.int8)
    sheet = pictures.sheet_of_piece(whole(prompt, continuation), 'a')
    rows = sheet.panels
    assert [row.steps for row in rows] == [(0, 256), (256, 512), (512, 768)]
    assert [[len(row.given), len(row.new)] for row in rows] == [[16, 16], [0, 33], [0, 17]]
    image = draw_sheet(sheet)
    # the seam hides the middle of the last given note, which lasts for a step after it
    assert [len(areas(image, color)) for color in (GIVEN, NEW, SEAM)] == [17, 66, 1]
    long = whole(np.tile(prompt, 8), np.tile(continuation, 3))
    sheet = pictures.sheet_of_all([long] * 2, ['a', 'b'], 'all')
    assert [panel.steps for panel in sheet.panels] == [(60 * 16, 128 * 16)] * 2
    assert 'the first 64 bars' in sheet.title


def test_notes_are_drawn_where_they_sound_and_do_not_touch():
    """Eight repeated eighths, then a rise by semitones: the same widths and steps upwards, and a
    gap after each note.
    """
    prompt = np.tile([60, -2], 8)
    rise = np.ravel([[61 + number, -2] for number in range(8)])
    image = draw_sheet(pictures.sheet_of_piece(whole(prompt, rise), 'a'))
    notes = [*areas(image, GIVEN), *areas(image, NEW)]
    assert len(notes) == 16
    widths = [right - left for left, _, right, _ in notes]
    assert max(widths) - min(widths) <= 3  # the seam hides a pixel
    assert all(after[0] - before[2] > 1 for before, after in itertools.pairwise(notes))
    tops = [top for _, top, _, _ in notes]
    assert len(set(tops[:8])) == 1
    assert (np.diff(tops[7:]) < 0).all()
    assert len({bottom - top for _, top, _, bottom in notes}) == 1


def test_a_silent_piece_is_drawn(tmp_path):
    silence = np.full(16, -2, np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', whole(silence, silence), 'silence')
    pictures.draw_all(tmp_path / 'all.png', [whole(silence, silence)], ['silence'], 'silence')
    for name in ('piece.png', 'all.png'):
        with Image.open(tmp_path / name) as image:
            assert image.format == 'PNG'
            assert not areas(image.convert('RGB'), NEW)


def test_a_title_in_any_script_and_of_any_length_is_drawn(recwarn):
    prompt = np.array([60, *[-2] * 15], np.int8)
    plain, titled = (
        draw_sheet(pictures.sheet_of_piece(whole(prompt, prompt), title))
        for title in ('', '春の海 · Привет · 🎵 · a$5_$' * 20)
    )
    assert plain.size == titled.size
    assert plain.tobytes() != titled.tobytes()
    assert not recwarn.list


def test_redrawn_bars_are_between_given_ones_and_a_pickup_is_bar_0():
    """A pickup and three bars of quarters, of which bars 1 and 2 are new."""
    bar = np.tile([60, -2, -2, -2], 4)
    pickup = np.array([-2] * 12 + [60, -2, -2, -2])
    made = whole(pickup, np.tile(bar, 2), bar, first_bar=0)
    for sheet in (pictures.sheet_of_piece(made, 'a'), pictures.sheet_of_all([made], ['a'], 'a')):
        (panel,) = sheet.panels
        assert panel.bars == {0: '0', 16: '1', 32: '2', 48: '3'}
        assert [len(panel.given), len(panel.new)] == [5, 8]
        assert panel.seams == [16, 48]
        image = draw_sheet(sheet)
        assert [len(areas(image, color)) for color in (GIVEN, NEW, SEAM)] == [5, 8, 2]
