"""The studio as one HTML file: the network, its engine, and all that a musician works with."""

import pathlib
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from symmusic.generate.playback import page_sound
from symmusic.report.html import json_for_script, page, render, script_of

FOLDER = pathlib.Path(__file__).with_name('page')
SHARED = ('player', 'roll')  # with the pages of reports
PURE = (  # in the order in which they use one another; none touches the document
    'meter',
    'key',
    'document',
    'notes',
    'undo',
    'notation',
    'write',
    'score',
    'read_midi',
    'abc_music',
    'read_abc',
    'xml',
    'read_xml',
    'keep',
    'open',
    'tune_roll',
    'glyphs',
    'staff',
    'compose',
    'originality',
)
PARTS = (
    *PURE,
    'state',
    'listen',
    'edit',
    'commands',
    'keys',
    'record',
    'form',
    'draw',
    'candidates',
    'files',
    'past',
    'controls',
    'app',
)
MAX_BYTES = 2_000_000


def page_script(parts: Sequence[str] = PARTS) -> str:
    """JavaScript of the page, in the order of its parts, or of some of them."""
    return '\n'.join((FOLDER / f'{part}.js').read_text(encoding='utf-8') for part in parts)


def studio_page(
    network: Mapping[str, object],
    engine: str,
    client: str,
    about: str,
    sketch: Mapping[str, object] | None = None,
) -> str:
    """HTML of the studio.

    Args:
      network: as `export_network` gives it.
      engine: JavaScript of the worker that runs it.
      client: JavaScript that starts the worker: `openEngine`.
      about: a sentence about the model, its data and their licence.
      sketch: of the training tunes, as `Sketch.to_json` gives it, with its `levels`, pairs of
        notes and level; None = nothing is compared with them.
    """
    body = (FOLDER / 'studio.html').read_text(encoding='utf-8')
    data = {
        'network': network,
        'engine-script': engine,
        'about-text': about,
        'sketch': sketch,
        'sounds': [page_sound(program)[0] for program in range(128)],
    }
    for name, value in data.items():
        body += f'<script type="application/json" id="{name}">{json_for_script(value)}</script>\n'
    style = render('roll.css') + Markup((FOLDER / 'studio.css').read_text(encoding='utf-8'))
    script = '\n'.join([script_of(*SHARED), client, page_script()])
    return page('Studio', body, style, script, has_worker=True)
