"""Staff notation for pages, engraved by Verovio if that package is installed. It is optional,
because the piano roll shows the same music.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np

from symmusic.score.layout import BARS_PER_LINE, Measure, lay_out, to_lines
from symmusic.score.notation import Sign

try:
    import verovio
except ImportError:
    verovio = None

BAR_WIDTH = 450  # tenths of a millimetre
NARROW = 2  # bars in a line on a phone
MOST_PIECES = 32  # at most this many pieces of a page are engraved; 25 kB each


def engrave(
    musicxml: str,
    bars: Sequence[Sequence[Sign]],
    bar_steps: int,
    is_drawn: np.ndarray,
    seed: int,
    measures: Sequence[Measure] | None = None,
    bars_per_line: int = BARS_PER_LINE,
) -> str | None:
    """The SVG of a melody in the colour of the surrounding text; None where Verovio is not
    installed or rejects the melody.

    Each note has its onset and end in steps as attributes `data-at` and `data-end`, with several
    numbers if it is repeated. Its class is `fresh` if the step of its onset was drawn, else
    `given`.

    Args:
      musicxml: the melody.
      bars: the signs of each bar, in the order of playing.
      bar_steps: steps in a bar.
      is_drawn: [T] bool, whether each step was drawn.
      seed: from 1; makes the element names of the pictures of a page distinct and reproducible.
      measures: the bars as they are written; None = all bars as they are played.
      bars_per_line: bars in a line, which determines its width.
    """
    if verovio is None:
        return None
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            'pageWidth': BAR_WIDTH * bars_per_line,
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
    measures = lay_out(bars) if measures is None else measures
    if not toolkit.loadData(_for_page(musicxml, measures, bars_per_line)):
        return None
    svg = re.sub(r'<desc>.*?</desc>', '', toolkit.renderToSVG(1), flags=re.DOTALL)
    svg = re.sub(r'(fill|stroke|color)="(#000000|#000|black)"', r'\1="currentColor"', svg)
    return _timed(svg, bars, measures, bar_steps, is_drawn)


def _timed(
    svg: str,
    bars: Sequence[Sequence[Sign]],
    measures: Sequence[Measure],
    bar_steps: int,
    is_drawn: np.ndarray,
) -> str:
    """The SVG with the times of each note. Its notes correspond, in order, to the signs with a
    pitch.
    """
    signs = [
        ([bar * bar_steps + sign.step for bar in measure.played], sign)
        for measure in measures
        for sign in bars[measure.played[0]]
        if sign.pitch is not None
    ]
    # a tied sign belongs to the note that started before it
    onsets = itertools.accumulate(
        signs, lambda onset, sign: onset if sign[1].tied_from else sign[0][0], initial=0
    )
    timed_signs = zip(signs, itertools.islice(onsets, 1, None), strict=True)

    def timed(found: re.Match) -> str:
        (begins, sign), onset = next(timed_signs)
        return (
            f'{found[1]} {"fresh" if is_drawn[onset] else "given"}"'
            f' data-at="{" ".join(map(str, begins))}"'
            f' data-end="{" ".join(str(begin + sign.value) for begin in begins)}"'
        )

    return re.sub(r'(<g\b[^>]*\bclass="note)"', timed, svg)


def _for_page(musicxml: str, measures: Sequence[Measure], bars_per_line: int) -> str:
    """The MusicXML in lines, without the part's name, and without the tempo mark, whose note would
    embed a whole font.
    """
    bare = re.sub(
        r'<direction [^>]*><direction-type><metronome>.*?</direction>',
        '',
        musicxml,
        flags=re.DOTALL,
    )
    bare = re.sub(r'<part-name>.*?</part-name>', '', bare)
    first = 1 - ('<measure number="0"' in bare)
    lines = to_lines(measures, has_pickup=first == 0, num_bars=bars_per_line)
    begins = itertools.accumulate(map(len, lines))
    new = {first + begin for begin in begins}

    def broken(found: re.Match) -> str:
        return found[0] + '<print new-system="yes"/>' * (int(found[1]) in new)

    return re.sub(r'<measure number="(\d+)">', broken, bare)
