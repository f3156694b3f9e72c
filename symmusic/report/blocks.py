"""What a report is made of. Blocks hold content as data; `markdown.py` and `html.py` render them.

Running text is one span or several: plain text, or text that is `Strong`, `Code` or a `Link`.
"""

import dataclasses
import pathlib
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Strong:
    """Text that stands out."""

    text: str


@dataclasses.dataclass(frozen=True)
class Code:
    """A name or a command, as it is typed."""

    text: str


@dataclasses.dataclass(frozen=True)
class Link:
    """A link to a file."""

    text: str
    path: pathlib.Path


Span = str | Strong | Code | Link
Spans = Span | tuple[Span, ...]


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph; a `quiet` one explains and stands back."""

    spans: Spans
    quiet: bool = False


@dataclasses.dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Spans, ...]
    is_numbered: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; a row's first cell is its heading. `name` says in words what it holds."""

    head: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    name: str = ''


@dataclasses.dataclass(frozen=True)
class Picture:
    """A PNG file, which stands inside the page; `text` says in words what it shows."""

    path: pathlib.Path
    text: str
    caption: str = ''


@dataclasses.dataclass(frozen=True)
class Chart:
    """A drawing as SVG, made by `charts`, with `text` in words for those who do not see it.

    `remark` and `legend` (of `charts.legend`) stand below it; an `is_wide` one scrolls sideways on
    a narrow screen.
    """

    svg: str
    caption: str
    text: str
    remark: str = ''
    legend: str = ''
    is_wide: bool = False


@dataclasses.dataclass(frozen=True)
class Charts:
    """Charts side by side, with one legend (of `charts.legend`) for all."""

    charts: tuple[Chart, ...]
    legend: str = ''
    num_columns: int = 0  # 0: as many as there is room for


@dataclasses.dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str


Block = Text | Items | Table | Picture | Chart | Charts | Heading


@dataclasses.dataclass(frozen=True)
class Section:
    """Blocks under a heading; the first section of a report may have none."""

    heading: str
    blocks: tuple[Block, ...]


@dataclasses.dataclass(frozen=True)
class Report:
    """A title, what came out in a few words by topic, and sections."""

    title: str
    sections: tuple[Section, ...]
    summary: tuple[tuple[str, tuple[str, ...]], ...] = ()


def table(head: Iterable[Spans], rows: Iterable[Iterable[Spans]], name: str = '') -> Table:
    """A table of any iterables."""
    return Table(tuple(head), tuple(map(tuple, rows)), name)


def as_spans(content: Spans) -> tuple[Span, ...]:
    """One span or several as several."""
    return content if isinstance(content, tuple) else (content,)


def plain(content: Spans) -> str:
    """The text alone."""
    return ''.join(span if isinstance(span, str) else span.text for span in as_spans(content))
