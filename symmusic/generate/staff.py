"""Staff notation for pages, engraved by Verovio where that package is installed: it is no requirement, as the piano roll says the same."""

import re

try:
    import verovio
except ImportError:
    verovio = None

PAGE_WIDTH = 1800  # tenths of a millimetre
BARS_PER_LINE = 4
MOST_PIECES = 32  # of a page; 25 kB each


def engrave(musicxml: str, seed: int) -> str | None:
    """The SVG of a melody in the colour of the text around it; None where Verovio is not installed or refuses the melody.

    `seed`, from 1, keeps the names inside of the pictures of one page apart, and the same in the next run.
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
            'header': 'none',
            'footer': 'none',
            'svgViewBox': True,
            'svgRemoveXlink': True,
            'xmlIdSeed': seed,
        }
    )
    if not toolkit.loadData(_for_page(musicxml)):
        return None
    svg = toolkit.renderToSVG(1)
    svg = re.sub(r'<desc>.*?</desc>', '', svg, flags=re.DOTALL)
    return re.sub(r'(fill|stroke|color)="(#000000|#000|black)"', r'\1="currentColor"', svg)


def _for_page(musicxml: str) -> str:
    """Four bars to a line; without the part's name and the tempo mark, whose note would bring a whole font along."""
    bare = re.sub(r'<direction.*?</direction>|<part-name>.*?</part-name>', '', musicxml, flags=re.DOTALL)

    def broken(found: re.Match) -> str:
        return found[0] + '<print new-system="yes"/>' * (int(found[1]) > 1 and int(found[1]) % BARS_PER_LINE == 1)

    return re.sub(r'<measure number="(\d+)">', broken, bare)
