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
