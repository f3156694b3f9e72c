"""Renders reports as Markdown."""

import functools
import os
import pathlib
import re

from symmusic.report.blocks import (
    Block,
    Chart,
    Charts,
    Code,
    Heading,
    Items,
    Link,
    Picture,
    Report,
    Rolls,
    Span,
    Spans,
    Strong,
    Table,
    Text,
    as_spans,
)


def to_markdown(report: Report, folder: pathlib.Path) -> str:
    """The whole report; links and pictures are relative to `folder`. Charts become their
    alternative texts.
    """
    parts = [f'# {_escaped(report.title)}']
    for topic, lines in report.summary:
        parts += [f'**{_escaped(topic)}.** {" ".join(map(_escaped, lines))}']
    for section in report.sections:
        parts += [f'## {_escaped(section.heading)}'] if section.heading else []
        parts += [render(block, folder) for block in section.blocks]
    return '\n\n'.join(filter(None, parts)) + '\n'


@functools.singledispatch
def render(block: Block, folder: pathlib.Path) -> str:
    """Renders one block.

    Raises:
      TypeError: it is not a block.
    """
    raise TypeError(f'not a block of a report: {block!r}')


@render.register
def _(block: Text, folder: pathlib.Path) -> str:
    return _inline(block.spans, folder)


@render.register
def _(block: Heading, folder: pathlib.Path) -> str:
    return f'### {_escaped(block.text)}'


@render.register
def _(block: Items, folder: pathlib.Path) -> str:
    marks = [f'{number}.' if block.is_numbered else '-' for number, _ in enumerate(block.items, 1)]
    return '\n'.join(
        f'{mark} {_inline(item, folder)}' for mark, item in zip(marks, block.items, strict=True)
    )


@render.register
def _(block: Table, folder: pathlib.Path) -> str:
    rows = [[_cell(cell, folder) for cell in row] for row in (block.head, *block.rows)]
    lines = [f'| {" | ".join(row)} |' for row in rows]
    return '\n'.join([lines[0], '|---' * len(block.head) + '|', *lines[1:]])


@render.register
def _(block: Picture, folder: pathlib.Path) -> str:
    return f'![{_escaped(block.text)}]({relative(block.path, folder)})'


@render.register
def _(block: Chart, folder: pathlib.Path) -> str:
    return ' '.join(f'{part}.' for part in (block.text, block.remark) if part)


@render.register
def _(block: Charts, folder: pathlib.Path) -> str:
    return '\n'.join(f'- {render(chart, folder)}' for chart in block.charts)


@render.register
def _(block: Rolls, folder: pathlib.Path) -> str:
    return f'{_escaped(block.text)}.'


def relative(path: pathlib.Path, folder: pathlib.Path) -> str:
    """The relative URL of a file in a document in `folder`."""
    return pathlib.Path(os.path.relpath(path, folder)).as_posix().replace(' ', '%20')


def _inline(spans: Spans, folder: pathlib.Path) -> str:
    return ''.join(_span(span, folder) for span in as_spans(spans))


def _span(span: Span, folder: pathlib.Path) -> str:
    match span:
        case Strong():
            return f'**{_escaped(span.text)}**'
        case Code():
            return f'`{span.text.replace("`", chr(39))}`'
        case Link():
            return f'[{_escaped(span.text)}]({relative(span.path, folder)})'
    return _escaped(span)


def _cell(spans: Spans, folder: pathlib.Path) -> str:
    return _inline(spans, folder).replace('|', '\\|').replace('\n', ' ')


def _escaped(text: str) -> str:
    """The text on one line, with Markdown and HTML escaped."""
    line = ' '.join(str(text).split('\n'))
    return re.sub(r'([\\`*<]|(?<!\w)_|_(?!\w)|\](?=\())', r'\\\1', line)
