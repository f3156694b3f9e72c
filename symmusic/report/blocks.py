"""The blocks of a report. They hold content as data; `markdown.py` and `html.py` render them.

Running text consists of one or more spans: plain text, or text that is `Strong`, `Code` or a
`Link`.
"""

import dataclasses
import pathlib
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Strong:
    """Emphasised text."""

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
    """A paragraph; a `quiet` one is an explanation and is displayed less prominently."""

    spans: Spans
    quiet: bool = False


@dataclasses.dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Spans, ...]
    is_numbered: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its heading. `name` describes the content."""

    head: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    name: str = ''


@dataclasses.dataclass(frozen=True)
class Picture:
    """A PNG file, which is embedded in the page; `text` is the alternative text."""

    path: pathlib.Path
    text: str
    caption: str = ''


def picture(path: pathlib.Path, what: str) -> Picture:
    """A picture with what it shows as its caption."""
    return Picture(path, what, what)


@dataclasses.dataclass(frozen=True)
class LegendEntry:
    """A label and the style of its line: a class of `charts.STYLE`, and the opacity."""

    label: str
    kind: str
    opacity: float = 1.0


@dataclasses.dataclass(frozen=True)
class Chart:
    """An SVG drawing, made by `charts`; `text` is the alternative text.

    `remark` and `legend` are shown below it. A chart with a `name` is also written to a file.
    """

    svg: str
    caption: str
    text: str
    remark: str = ''
    legend: tuple[LegendEntry, ...] = ()
    name: str = ''


@dataclasses.dataclass(frozen=True)
class Charts:
    """Charts side by side with a common legend; if they have a `name`, they are also written to a
    file.
    """

    charts: tuple[Chart, ...]
    legend: tuple[LegendEntry, ...] = ()
    num_columns: int = 0  # 0: as many as fit
    name: str = ''


@dataclasses.dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclasses.dataclass(frozen=True)
class Roll:
    """A melody that a page draws as a piano roll and plays.

    Attributes:
      what: the kind of melody, such as 'piece'.
      name: its name in the report.
      notes: onset, end, pitch, and 1 if the note is marked, else 0; in sixteenths from the melody's
        start.
      first: the first step that is shown; below 0 if silence is shown before the melody.
      num_steps: how many steps are shown.
      bar_steps: the steps of a bar.
      pitch_names: the names of its pitches.
    """

    what: str
    name: str
    notes: tuple[tuple[int, int, int, int], ...]
    first: int
    num_steps: int
    bar_steps: int
    pitch_names: dict[int, str]


@dataclasses.dataclass(frozen=True)
class Rolls:
    """Melodies one below the other, which the page draws and plays; `text` describes them."""

    rolls: tuple[Roll, ...]
    text: str


Block = Text | Items | Table | Picture | Chart | Charts | Rolls | Heading


@dataclasses.dataclass(frozen=True)
class Section:
    """Blocks under a heading; the first section of a report may lack the heading."""

    heading: str
    blocks: tuple[Block, ...]


@dataclasses.dataclass(frozen=True)
class Report:
    """A title, a short summary by topic, and sections."""

    title: str
    sections: tuple[Section, ...]
    summary: tuple[tuple[str, tuple[str, ...]], ...] = ()


def table(head: Iterable[Spans], rows: Iterable[Iterable[Spans]], name: str = '') -> Table:
    """A table from iterables."""
    return Table(tuple(head), tuple(map(tuple, rows)), name)


def as_spans(content: Spans) -> tuple[Span, ...]:
    """Spans as a tuple; a single span becomes a tuple of one."""
    return content if isinstance(content, tuple) else (content,)


def plain(content: Spans) -> str:
    """The text without markup."""
    return ''.join(span if isinstance(span, str) else span.text for span in as_spans(content))
