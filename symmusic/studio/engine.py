"""The engine of the studio: one script, of the files in `engine/`, that a worker runs."""

import pathlib
from collections.abc import Sequence

FOLDER = pathlib.Path(__file__).with_name('engine')
PARTS = (
    'random',
    'events',
    'keys',
    'places',
    'parameters',
    'recall',
    'inputs',
    'products',
    'output',
    'network',
    'ahead',
    'lengths',
    'masks',
    'contour',
    'tune',
    'wishes',
    'requests',
    'guide',
    'sample',
    'repeats',
    'compose',
    'worker',
)
CLIENT = FOLDER / 'client.js'


def engine_script(parts: Sequence[str] = PARTS) -> str:
    """JavaScript of the worker, in the order of its parts, or of some of them."""
    return '\n'.join((FOLDER / f'{part}.js').read_text(encoding='utf-8') for part in parts)


def client_script() -> str:
    """JavaScript of the page that starts the worker: `openEngine`."""
    return CLIENT.read_text(encoding='utf-8')
