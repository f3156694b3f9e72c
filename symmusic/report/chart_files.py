"""Charts as SVG files, with their captions and legends: the same drawings as in the page."""

import pathlib
import re
from collections.abc import Sequence

from symmusic.files import write_whole
from symmusic.report import charts
from symmusic.report.blocks import Chart, Charts, LegendEntry, Report
from symmusic.report.html import TEMPLATES, escape

MARGIN, CAPTION, MOST_COLUMNS = 16, 24, 3
# characters that are not allowed in XML, but may occur in file names
NOT_XML = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')


def write_charts(folder: pathlib.Path, report: Report) -> list[pathlib.Path]:
    """Writes every chart, and every group of charts, that has a name; returns the files."""
    paths = []
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Chart | Charts) and block.name:
                drawn = (block,) if isinstance(block, Chart) else block.charts
                num_columns = getattr(block, 'num_columns', 0) or MOST_COLUMNS
                paths.append(folder / f'{block.name}.svg')
                write_whole(paths[-1], sheet(drawn, block.legend, num_columns))
    return paths


def sheet(drawn: Sequence[Chart], legend: Sequence[LegendEntry], num_columns: int) -> str:
    """Charts in rows of at most `num_columns`, with their captions above them and the legend at the
    end, as an SVG document.
    """
    num_columns = min(num_columns, len(drawn))
    width = MARGIN + num_columns * (charts.WIDTH + MARGIN)
    parts, top = [], MARGIN
    for begin in range(0, len(drawn), num_columns):
        row = drawn[begin : begin + num_columns]
        heights = [float(re.match(r'<svg viewBox="0 0 \S+ (\S+)"', each.svg)[1]) for each in row]
        for column, (each, height) in enumerate(zip(row, heights, strict=True)):
            x = MARGIN + column * (charts.WIDTH + MARGIN)
            place = f'x="{x}" y="{top + CAPTION}" width="{charts.WIDTH}" height="{height:g}"'
            parts.append(
                f'<text class="strong" x="{x}" y="{top + 12:g}">{escape(each.caption)}</text>'
            )
            parts.append(each.svg.replace('<svg ', f'<svg {place} ', 1))
        top += CAPTION + max(heights) + MARGIN
    for entry in legend:
        parts.append(
            f'<path class="line {entry.kind}" stroke-opacity="{entry.opacity:g}"'
            f' d="M{MARGIN} {top + 6:g}h28"/>'
            f'<text x="{MARGIN + 36}" y="{top + 10:g}">{escape(entry.label)}</text>'
        )
        top += 18
    colors = (TEMPLATES / 'style.css').read_text(encoding='utf-8').partition('* {')[0]
    style = colors + charts.STYLE.replace('svg { display: block; width: 100%; }', '')
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top:g}" width="{width}">'
        f'<style>{style}</style><rect width="100%" height="100%" fill="var(--ground)"/>'
        f'{"".join(parts)}</svg>\n'
    )
    return NOT_XML.sub('\N{REPLACEMENT CHARACTER}', document)
