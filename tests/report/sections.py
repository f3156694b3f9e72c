"""Sections of reports as text."""

import pathlib

from symmusic.report.blocks import Report, Section
from symmusic.report.markdown import to_markdown


def as_text(section: Section) -> str:
    """A section as Markdown."""
    return to_markdown(Report('', (section,)), pathlib.Path())
