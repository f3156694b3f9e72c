"""Piano rolls."""

import numpy as np

from symmusic.generate import pictures


def test_pieces_beside_one_another_show_all_their_notes(monkeypatch, tmp_path):
    """Pitches 40, 84 and 62 in three pieces, names with a dollar sign: one range holds them all."""
    figures = []
    monkeypatch.setattr(pictures, 'write_figure', lambda path, figure: figures.append(figure))
    prompt, pieces = np.array([60, -2]), [np.array([pitch, -2]) for pitch in (40, 84, 62)]
    pictures.draw_all(tmp_path / 'all.png', prompt, pieces, ['a$5_$', 'b', 'c'], 'a$5_$')
    for axes in figures[0].axes[:3]:
        low, high = axes.get_ylim()
        assert low < 40
        assert high > 84
    figures[0].savefig(tmp_path / 'all.png')  # a formula in a name would end here


def test_a_long_piece_goes_on_in_rows_and_loses_no_note(monkeypatch, tmp_path):
    """40 bars in three rows of 16; a note over the end of a row is in both. All pieces: the
    prompt's end and the first 64 bars.
    """
    figures = []
    monkeypatch.setattr(pictures, 'write_figure', lambda path, figure: figures.append(figure))
    prompt = np.tile([60, *[-2] * 7], 2 * 8).astype(np.int8)
    continuation = np.tile([-2, 64, *[-2] * 6], 2 * 32).astype(np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', prompt, continuation, 'a$5_$')
    rows = figures[0].axes
    assert [tuple(axes.get_xlim()) for axes in rows] == [(0, 256), (256, 512), (512, 768)]
    assert [[len(notes.get_paths()) for notes in axes.collections] for axes in rows] == [
        [16, 16],
        [0, 33],
        [0, 17],
    ]
    pictures.draw_all(
        tmp_path / 'all.png', np.tile(prompt, 8), [np.tile(continuation, 3)] * 2, ['a', 'b'], 'all'
    )
    assert [tuple(axes.get_xlim()) for axes in figures[1].axes] == [(60 * 16, 128 * 16)] * 2
    assert 'the first 64 bars' in figures[1].get_suptitle()


def test_nothing_that_sounds_is_drawn(tmp_path):
    silence = np.full(16, -2, np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', silence, silence, 'silence')
    pictures.draw_all(tmp_path / 'all.png', silence, [silence], ['silence'], 'silence')
    assert (tmp_path / 'piece.png').exists()


def test_a_title_in_any_script_warns_of_nothing(tmp_path, recwarn):
    prompt = np.array([60, *[-2] * 15], np.int8)
    pictures.draw_piece(tmp_path / 'piece.png', prompt, prompt, '春の海 · Привет · 🎵')
    assert (tmp_path / 'piece.png').exists()
    assert not recwarn.list
