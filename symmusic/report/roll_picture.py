"""Draws piano rolls with Pillow, because importing matplotlib takes longer than drawing the
pieces.
"""

import dataclasses
import functools
import importlib.util
import io
import os
import pathlib
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

from symmusic.files import write_whole
from symmusic.melody.events import StepNote

DPI = 130
TITLE_SIZE, LABEL_SIZE, NAME_SIZE = 22, 18, 16  # of letters, in pixels
PAD, TICK = 8, 6
NOTE_HEIGHT = 0.84  # of a semitone's
AXIS, GIVEN, NEW, SEAM, GRID = 'black', '#8c8c8c', '#1f77b4', '#d62728', '#e5e5e5'


@dataclasses.dataclass(frozen=True)
class Panel:
    """A roll.

    Attributes:
      name: the title above the roll.
      steps: the first step, and the one after the last.
      pitches: the pitches at the lower and the upper edge.
      given, new: the given and the new notes in these steps, drawn in two colours.
      gap: steps left free after each note.
      seams: steps at which given notes meet new ones.
      bars: the labels of steps.
      octaves: the labels of pitches.
    """

    name: str
    steps: tuple[int, int]
    pitches: tuple[int, int]
    given: Sequence[StepNote]
    new: Sequence[StepNote]
    gap: float
    seams: Sequence[int]
    bars: Mapping[int, str]
    octaves: Mapping[int, str]


@dataclasses.dataclass(frozen=True)
class Sheet:
    """Panels of `panel_size` inches in rows of `num_columns`. `axis_names` are those of the bars
    and of the pitches; without them only the outer panels have labels.
    """

    title: str
    panels: Sequence[Panel]
    panel_size: tuple[float, float]
    num_columns: int = 1
    axis_names: tuple[str, str] | None = None


def write_sheet(path: str | os.PathLike, sheet: Sheet) -> None:
    """Writes a picture as PNG, atomically."""
    image = io.BytesIO()
    draw_sheet(sheet).save(image, format='PNG')
    write_whole(path, image.getvalue())


def draw_sheet(sheet: Sheet) -> Image.Image:
    """The picture."""
    width, height = (round(DPI * inches) for inches in sheet.panel_size)
    columns, names = sheet.num_columns, sheet.axis_names
    num_rows = -(-len(sheet.panels) // columns)
    line, head = LABEL_SIZE + PAD, TITLE_SIZE + 2 * PAD
    image = Image.new('RGB', (columns * width, head + num_rows * height + line + PAD), 'white')
    draw = ImageDraw.Draw(image)
    room = image.width - draw.textlength(sheet.title, _font(TITLE_SIZE))
    draw.text((max(room / 2, PAD), PAD), sheet.title, AXIS, _font(TITLE_SIZE))
    labels = [label for panel in sheet.panels for label in panel.octaves.values()]
    widest = max((draw.textlength(label, _font(LABEL_SIZE)) for label in labels), default=0)
    left = round(widest) + PAD + TICK + line * (names is not None)
    step = (image.width - left) // columns
    above = PAD + (NAME_SIZE if any(panel.name for panel in sheet.panels) else 0)
    below = PAD + TICK + (LABEL_SIZE if names else 0)
    for number, panel in enumerate(sheet.panels):
        row, column = divmod(number, columns)
        top = head + row * height
        frame = _Frame(
            draw, panel, left + column * step, top + above, step - 2 * PAD, height - above - below
        )
        frame.paint()
        if names or number + columns >= len(sheet.panels):
            frame.label_bars()
        if column == 0:
            frame.label_octaves()
        if names:
            _write_upwards(image, (0, top + above), (line, height - above - below), names[1])
    if names:
        at = (left + step / 2, image.height - line - PAD // 2)
        draw.text(at, names[0], AXIS, _font(LABEL_SIZE), anchor='ma')
    return image


@dataclasses.dataclass(frozen=True)
class _Frame:
    """A panel and its position: `left`, `top`, `width` and `height` in pixels."""

    draw: ImageDraw.ImageDraw
    panel: Panel
    left: int
    top: int
    width: int
    height: int

    def x(self, step: float) -> int:
        """The column of pixels of a step, the nearest one of the panel."""
        begin, end = self.panel.steps
        return self.left + round(self.width * min(max((step - begin) / (end - begin), 0), 1))

    def y(self, pitch: float) -> int:
        """The row of pixels of a pitch."""
        low, high = self.panel.pitches
        return self.top + round(self.height * (high - pitch) / (high - low))

    def paint(self) -> None:
        """Draws everything but the labels of its axes."""
        panel, right, bottom = self.panel, self.left + self.width, self.top + self.height
        for step in panel.bars:
            self.draw.line((self.x(step), self.top, self.x(step), bottom), GRID)
            self.draw.line((self.x(step), bottom, self.x(step), bottom + TICK), AXIS)
        for pitch in panel.octaves:
            self.draw.line((self.left, self.y(pitch), right, self.y(pitch)), GRID)
            self.draw.line((self.left - TICK, self.y(pitch), self.left, self.y(pitch)), AXIS)
        for notes, color in ((panel.given, GIVEN), (panel.new, NEW)):
            for note in notes:
                self._note(note, color)
        for seam in panel.seams:
            self.draw.line((self.x(seam), self.top, self.x(seam), bottom), SEAM, width=2)
        self.draw.line((self.left, self.top, self.left, bottom, right, bottom), AXIS)
        above = (self.left, self.top - PAD // 2)
        self.draw.text(above, panel.name, AXIS, _font(NAME_SIZE), anchor='ld')

    def _note(self, note: StepNote, color: str) -> None:
        low, high = self.panel.pitches
        size = max(round(NOTE_HEIGHT * self.height / (high - low)), 1)
        left, top = self.x(note.onset), self.y(note.pitch) - size // 2
        # at least one pixel is left free before the next note
        right = max(min(self.x(note.end - self.panel.gap), self.x(note.end) - 1) - 1, left)
        self.draw.rectangle((left, top, right, top + size - 1), color)

    def label_bars(self) -> None:
        """Writes the labels of steps below."""
        for step, label in self.panel.bars.items():
            at = (self.x(step), self.top + self.height + TICK)
            self.draw.text(at, label, AXIS, _font(LABEL_SIZE), anchor='ma')

    def label_octaves(self) -> None:
        """Writes the labels of pitches on the left."""
        for pitch, label in self.panel.octaves.items():
            at = (self.left - TICK - PAD // 2, self.y(pitch))
            self.draw.text(at, label, AXIS, _font(LABEL_SIZE), anchor='rm')


def _write_upwards(
    image: Image.Image, at: tuple[int, int], size: tuple[int, int], text: str
) -> None:
    """Writes a text from bottom to top in the middle of a rectangle."""
    width, height = size
    across = Image.new('RGB', (height, width), 'white')
    middle = (height / 2, width / 2)
    ImageDraw.Draw(across).text(middle, text, AXIS, _font(LABEL_SIZE), anchor='mm')
    image.paste(across.transpose(Image.Transpose.ROTATE_90), at)


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib; characters that it lacks are drawn as boxes."""
    package = importlib.util.find_spec('matplotlib').submodule_search_locations[0]
    file = pathlib.Path(package, 'mpl-data', 'fonts', 'ttf', 'DejaVuSans.ttf')
    return ImageFont.truetype(file, size)
