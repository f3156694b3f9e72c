"""Writes figures to disk."""

import io
import os
import warnings
from typing import TYPE_CHECKING

from symmusic.files import write_whole

if TYPE_CHECKING:  # it takes a second to import
    from matplotlib.figure import Figure


def write_figure(path: str | os.PathLike, figure: 'Figure') -> None:
    """Writes a matplotlib figure as PNG, atomically."""
    image = io.BytesIO()
    with warnings.catch_warnings():
        # characters of a title that the font lacks are drawn as boxes
        warnings.filterwarnings('ignore', 'Glyph .* missing from')
        figure.savefig(image, format='png', dpi=130)
    write_whole(path, image.getvalue())
