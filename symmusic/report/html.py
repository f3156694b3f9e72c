"""Renders reports as self-contained HTML pages; all text is escaped."""

import base64
import dataclasses
import functools
import html
import json
import pathlib
import re

import jinja2
from markupsafe import Markup

from symmusic.report import blocks
from symmusic.report.markdown import relative

SCRIPTS = pathlib.Path(__file__).parent
TEMPLATES = pathlib.Path(__file__).parent / 'templates'


@functools.cache
def environment() -> jinja2.Environment:
    """The Jinja environment of the templates, with autoescape."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.finalize = _printable
    made.filters |= {
        'spans': blocks.as_spans,
        'plain': blocks.plain,
        'data_url': _data_url,
        'json': _json,
    }
    made.tests['strong'] = lambda span: isinstance(span, blocks.Strong)
    made.tests['code'] = lambda span: isinstance(span, blocks.Code)
    made.tests['link'] = lambda span: isinstance(span, blocks.Link)
    return made


def to_html(report: blocks.Report, folder: pathlib.Path, style: str = '') -> str:
    """The whole report as one document; links are relative to `folder`, pictures are embedded."""
    body = render(
        'report.html',
        report=report,
        kind=lambda block: type(block).__name__,
        relative=lambda path: relative(path, folder),
    )
    has_rolls = any(
        isinstance(block, blocks.Rolls) for section in report.sections for block in section.blocks
    )
    if not has_rolls:
        return page(report.title, body, style, script_of('report'))
    script = script_of('player', 'roll', 'rolls', 'report')
    return page(report.title, body, render('roll.css') + Markup(style), script)


def render(template: str, **values: object) -> Markup:
    """A template of `templates/` with values; they are escaped unless they are markup."""
    return Markup(environment().get_template(template).render(**values))


def page(
    title: str, body: str, style: str = '', script: str = '', *, has_worker: bool = False
) -> str:
    """A whole HTML document around a body.

    Args:
      title: title of the window, plain text.
      body: HTML.
      style: CSS in addition to templates/style.css.
      script: JavaScript that runs after the body is loaded; data in it must come from
        `json_for_script`.
      has_worker: whether the script creates and starts a worker.
    """
    values = {'title': title, 'body': body, 'style': style, 'script': script}
    return render('page.html', **values, has_worker=has_worker)


def script_of(*names: str, data: object = None) -> str:
    """The concatenated JavaScript files of these names: `player` and `roll`, which all pages share,
    and the page's own. If `data` is not None, the scripts have it as the constant `DATA`.
    """
    head = ["'use strict';"] + [f'const DATA = {json_for_script(data)};'] * (data is not None)
    parts = [(SCRIPTS / f'{name}.js').read_text(encoding='utf-8') for name in names]
    return '\n'.join([*head, *parts])


def json_for_script(value: object) -> str:
    """JSON of a value, escaped so that nothing in it can end a script element."""
    text = json.dumps(value, separators=(',', ':'))
    return re.sub('[<>&]', lambda match: f'\\u{ord(match[0]):04x}', text)


def escape(text: object) -> str:
    """`str(text)` escaped as text or as an attribute's value; lone surrogates of broken file names
    appear as escapes. For drawings, which are put together without a template.
    """
    return html.escape(str(text).encode(errors='backslashreplace').decode())


def _json(value: object) -> Markup:
    return Markup(json_for_script(dataclasses.asdict(value)))


def _data_url(path: pathlib.Path) -> str:
    return f'data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}'


def _printable(value: object) -> object:
    """The value with lone surrogates, from broken file names, as escapes."""
    if isinstance(value, str) and not hasattr(value, '__html__'):
        return value.encode(errors='backslashreplace').decode()
    return value
