"""Writes figures to disk."""

import io
import os
import warnings

from symmusic.files import write_whole


def write_figure(path: str | os.PathLike, figure) -> None:
    """Writes a matplotlib figure as PNG, atomically."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        # characters of a title that the font lacks are drawn as boxes
        warnings.filterwarnings('ignore', 'Glyph .* missing from')
        figure.savefig(image, format='png', dpi=130)
    write_whole(path, image.getvalue())
