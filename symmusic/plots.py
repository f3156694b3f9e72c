"""Figures on disk."""

import io
import os

from symmusic.files import write_whole


def write_figure(path: str | os.PathLike, figure) -> None:
    """Writes a matplotlib figure as PNG, whole or not at all."""
    image = io.BytesIO()
    figure.savefig(image, format='png', dpi=130)
    write_whole(path, image.getvalue())
