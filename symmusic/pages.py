"""Self-contained HTML pages that load nothing from the network; all text is escaped."""

import base64
import html
import re

# The browser blocks every request of the page. Pictures and sound may be embedded in it.
POLICY = (
    "default-src 'none'; img-src data:; media-src data: blob:; style-src 'unsafe-inline';"
    " script-src 'unsafe-inline'"
)
STYLE = """
:root {
  color-scheme: light dark;
  --text: #1c1e21; --quiet: #5b6470; --ground: #fdfdfb; --panel: #f2f2ee;
  --line: #d5d6d0; --accent: #1f5fa8; --warm: #b4531a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e7e6e1; --quiet: #a3a9b2; --ground: #16181b; --panel: #202329;
    --line: #3b4049; --accent: #7fb2ee; --warm: #eb9a62;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem; max-width: 68rem;
  background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
h1, h2, h3, p, li, dd, figcaption { overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; font-weight: 600; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; }
h3 { font-size: 1.05rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td {
  padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--line);
  text-align: right; vertical-align: top;
}
th:first-child, td:first-child { text-align: left; }
th { font-weight: 400; }
thead th { border-bottom-width: 2px; font-weight: 600; vertical-align: bottom; }
figure { margin: 1rem 0; }
figcaption { color: var(--quiet); font-size: 0.9rem; }
img, svg { max-width: 100%; height: auto; }
img { background: #fff; border-radius: 4px; }
"""


def page(title: str, body: str, style: str = '', script: str = '') -> str:
    """A whole HTML document.

    Args:
      title: title of the window, plain text.
      body: HTML; text from files must have gone through `escape`.
      style: CSS after the common style, whose colours are `--text`, `--quiet`, `--ground`,
        `--panel`, `--line`, `--accent`, `--warm`.
      script: JavaScript that runs after the body is loaded; its data go through `json_for_script`.
    """
    parts = [
        '<!doctype html>',
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{escape(title)}</title>',
        f'<style>{STYLE}{style}</style></head>',
        f'<body>\n{body}\n',
        *([f'<script>{script}</script>\n'] if script else []),
        '</body></html>\n',
    ]
    return '\n'.join(parts)


def escape(text: object) -> str:
    """`str(text)` escaped as text or as an attribute's value; lone surrogates of broken file names
    appear as escapes.
    """
    return html.escape(str(text).encode(errors='backslashreplace').decode())


def json_for_script(text: str) -> str:
    """JSON that is safe inside a script element: no `</script>` or `<!--` in it ends the
    element.
    """
    return re.sub('[<>&\u2028\u2029]', lambda match: f'\\u{ord(match[0]):04x}', text)


def table(head: list[str], rows: list[list[str]], name: str = '') -> str:
    """A table that scrolls sideways on a narrow screen. Cells are text, and the first of a row is
    its heading; `name` describes the table.
    """
    heads = ''.join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = '\n'.join(
        f'<tr>{"".join(f"<th scope={chr(34)}row{chr(34)}>{escape(cell)}</th>" for cell in row[:1])}'
        f'{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    label = f' role="region" aria-label="{escape(name)}"' if name else ''
    return (
        f'<div class="wide" tabindex="0"{label}><table><thead><tr>{heads}</tr></thead>\n'
        f'<tbody>{body}</tbody></table></div>'
    )


def picture(png: bytes, text: str, caption: str = '') -> str:
    """A PNG embedded in the page, with the alternative text `text` and a caption below it."""
    below = f'<figcaption>{escape(caption)}</figcaption>' if caption else ''
    return (
        f'<figure><img alt="{escape(text)}"'
        f' src="data:image/png;base64,{base64.b64encode(png).decode()}">{below}</figure>'
    )
