"""Figures on disk."""

import io
import os
import warnings

from symmusic.files import write_whole


def write_figure(path: str | os.PathLike, figure) -> None:
    """Writes a matplotlib figure as PNG, whole or not at all."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        # of a title in a script that the font lacks: drawn as boxes
        warnings.filterwarnings('ignore', 'Glyph .* missing from')
        figure.savefig(image, format='png', dpi=130)
    write_whole(path, image.getvalue())
