"""The engine of the studio: one script, of the files in `engine/`, that a worker runs."""

import pathlib

FOLDER = pathlib.Path(__file__).with_name('engine')
PARTS = (
    'random',
    'events',
    'keys',
    'places',
    'parameters',
    'inputs',
    'network',
    'lengths',
    'wishes',
    'masks',
    'contour',
    'sample',
    'repeats',
    'compose',
    'worker',
)
CLIENT = FOLDER / 'client.js'


def engine_script() -> str:
    """JavaScript of the worker, from the first part to the last."""
    return '\n'.join((FOLDER / f'{part}.js').read_text(encoding='utf-8') for part in PARTS)


def client_script() -> str:
    """JavaScript of the page that starts the worker: `openEngine`."""
    return CLIENT.read_text(encoding='utf-8')
