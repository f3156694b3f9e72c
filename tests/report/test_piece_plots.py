"""Piano rolls."""

import numpy as np

from symmusic.generate.whole import Whole
from symmusic.report import piece_plots as pictures


def whole(prompt, piece, after=(), first_bar=1):
    events = np.concatenate([prompt, piece, np.array(after, np.int8)]).astype(np.int8)
    seam, end = len(prompt), len(prompt) + len(piece)
    steps = np.arange(len(events))
    seams = (seam, end) if len(after) else (seam,)
    return Whole(events, (seam <= steps) & (steps < end), seams, first_bar)


def test_pieces_side_by_side_show_all_their_notes(monkeypatch, tmp_path):
    """Pitches 40, 84 and 62 in three pieces, names with a dollar sign: one range holds them all."""
    figures = []
    monkeypatch.setattr(pictures, 'write_figure', lambda path, figure: figures.append(figure))
    prompt, pieces = np.array([60, -2]), [np.array([pitch, -2]) for pitch in (40, 84, 62)]
    wholes = [whole(prompt, piece) for piece in pieces]
    pictures.draw_all(tmp_path / 'all.png', wholes, ['a$5_$', 'b', 'c'], 'a$5_$')
    for axes in figures[0].axes[:3]:
        low, high = axes.get_ylim()
        assert low < 40
        assert high > 84
    figures[0].savefig(tmp_path / 'all.png')  # a formula in a name would end here


def test_a_long_piece_is_drawn_in_rows_and_loses_no_note(monkeypatch, tmp_path):
    """40 bars in three rows of 16; a note over the end of a row is in both. All pieces: the
    prompt's end and the first 64 bars.
    """
    figures = []
    monkeypatch.setattr(pictures, 'write_figure', lambda path, figure: figures.append(figure))
    prompt = np.tile([60, *[-2] * 7], 2 * 8).astype(np.int8)
    continuation = np.tile([-2, 64, *[-2] * 6], 2 * 32).astype(np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', whole(prompt, continuation), 'a$5_$')
    rows = figures[0].axes
    assert [tuple(axes.get_xlim()) for axes in rows] == [(0, 256), (256, 512), (512, 768)]
    assert [[len(notes.get_paths()) for notes in axes.collections] for axes in rows] == [
        [16, 16],
        [0, 33],
        [0, 17],
    ]
    long = whole(np.tile(prompt, 8), np.tile(continuation, 3))
    pictures.draw_all(tmp_path / 'all.png', [long] * 2, ['a', 'b'], 'all')
    assert [tuple(axes.get_xlim()) for axes in figures[1].axes] == [(60 * 16, 128 * 16)] * 2
    assert 'the first 64 bars' in figures[1].get_suptitle()


def test_a_silent_piece_is_drawn(tmp_path):
    silence = np.full(16, -2, np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', whole(silence, silence), 'silence')
    pictures.draw_all(tmp_path / 'all.png', [whole(silence, silence)], ['silence'], 'silence')
    assert (tmp_path / 'piece.png').exists()


def test_a_title_in_any_script_gives_no_warning(tmp_path, recwarn):
    prompt = np.array([60, *[-2] * 15], np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', whole(prompt, prompt), '春の海 · Привет · 🎵')
    assert (tmp_path / 'piece.png').exists()
    assert not recwarn.list


def test_redrawn_bars_are_between_given_ones_and_a_pickup_is_bar_0(monkeypatch, tmp_path):
    """A pickup and three bars of quarters, of which bars 1 and 2 are new."""
    figures = []
    monkeypatch.setattr(pictures, 'write_figure', lambda path, figure: figures.append(figure))
    bar = np.tile([60, -2, -2, -2], 4)
    pickup = np.array([-2] * 12 + [60, -2, -2, -2])
    made = whole(pickup, np.tile(bar, 2), bar, first_bar=0)
    pictures.draw_piece(tmp_path / 'piece.png', made, 'a')
    pictures.draw_all(tmp_path / 'all.png', [made], ['a'], 'a')
    for figure in figures:
        (axes,) = figure.axes
        assert [label.get_text() for label in axes.get_xticklabels()] == ['0', '1', '2', '3']
        assert axes.get_xticks().tolist() == [0, 16, 32, 48]
        given, new = axes.collections
        assert [len(given.get_paths()), len(new.get_paths())] == [5, 8]
        assert [line.get_xdata()[0] for line in axes.get_lines()] == [16, 48]
