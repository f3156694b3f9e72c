"""Staff notation for pages, engraved by Verovio where that package is installed; it is optional, as
the piano roll shows the same.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np

from symmusic.score.notation import Sign

try:
    import verovio
except ImportError:
    verovio = None

PAGE_WIDTH = 1800  # tenths of a millimetre
BARS_PER_LINE = 4
MOST_PIECES = 32  # pieces of a page; 25 kB each


def engrave(
    musicxml: str,
    bars: Sequence[Sequence[Sign]],
    bar_steps: int,
    is_drawn: np.ndarray,
    seed: int,
) -> str | None:
    """The SVG of a melody in the colour of the surrounding text; None where Verovio is not
    installed or rejects the melody.

    Each note has its onset and end in steps as attributes `data-at` and `data-end`, and the class
    `given` or `fresh`, which says whether the step of its onset was drawn.

    Args:
      musicxml: the melody.
      bars: the signs written in it.
      bar_steps: steps in a bar.
      is_drawn: [T] bool, whether each step was drawn.
      seed: from 1; makes the element names of the pictures of a page distinct and reproducible.
    """
    if verovio is None:
        return None
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            'pageWidth': PAGE_WIDTH,
            'pageHeight': 60_000,
            'adjustPageHeight': True,
            'scale': 40,
            'breaks': 'encoded',
            'minLastJustification': 0,
            'header': 'none',
            'footer': 'none',
            'svgViewBox': True,
            'svgRemoveXlink': True,
            'xmlIdSeed': seed,
        }
    )
    if not toolkit.loadData(_for_page(musicxml)):
        return None
    svg = re.sub(r'<desc>.*?</desc>', '', toolkit.renderToSVG(1), flags=re.DOTALL)
    svg = re.sub(r'(fill|stroke|color)="(#000000|#000|black)"', r'\1="currentColor"', svg)
    return _timed(svg, bars, bar_steps, is_drawn)


def _timed(svg: str, bars: Sequence[Sequence[Sign]], bar_steps: int, is_drawn: np.ndarray) -> str:
    """The SVG with the time of each note; its notes are those of the signs with a pitch, in the
    same order.
    """
    signs = [
        (number * bar_steps + sign.step, sign)
        for number, bar in enumerate(bars)
        for sign in bar
        if sign.pitch is not None
    ]
    # a tied sign belongs to the note that started before it
    onsets = itertools.accumulate(
        signs, lambda onset, sign: onset if sign[1].tied_from else sign[0], initial=0
    )
    timed_signs = zip(signs, itertools.islice(onsets, 1, None), strict=True)

    def timed(found: re.Match) -> str:
        (begin, sign), onset = next(timed_signs)
        return (
            f'{found[1]} {"fresh" if is_drawn[onset] else "given"}" data-at="{begin}"'
            f' data-end="{begin + sign.value}"'
        )

    return re.sub(r'(<g\b[^>]*\bclass="note)"', timed, svg)


def _for_page(musicxml: str) -> str:
    """The MusicXML with four bars to a line, without the part's name, and without the tempo mark,
    whose note would embed a whole font.
    """
    bare = re.sub(
        r'<direction.*?</direction>|<part-name>.*?</part-name>', '', musicxml, flags=re.DOTALL
    )

    def broken(found: re.Match) -> str:
        return found[0] + '<print new-system="yes"/>' * (
            int(found[1]) > 1 and int(found[1]) % BARS_PER_LINE == 1
        )

    return re.sub(r'<measure number="(\d+)">', broken, bare)
