"""symmusic: symbolic melodies with recurrent networks, and what makes them good.

    model = symmusic.load()  # the shipped model, or symmusic.load('runs/attn')
    pieces = model.continue_tune('my.abc', num_bars=4, scale='prompt')
    pieces[0].save('piece.mid')
    run = symmusic.train('configs/attn.py', 'runs/mine', **{'model.num_cells': 64})
    print(symmusic.compare('folder_a', 'folder_b').table())

What this module offers is imported when it is first used.

Data flows one way through the rooms, and imports follow it. The rooms:
config -> score -> melody -> corpus -> model -> training -> generate -> measures -> critics ->
originality -> thesis -> experiment -> benchmark -> report -> studio -> api -> modes.
"""

import importlib
from typing import TYPE_CHECKING

from symmusic.errors import UserError

if TYPE_CHECKING:
    from symmusic.api.comparison import Comparison, compare
    from symmusic.api.load import load
    from symmusic.api.model import Model
    from symmusic.api.piece import Piece
    from symmusic.api.training import Run, train

__version__ = '0.1.0'
__all__ = ['Comparison', 'Model', 'Piece', 'Run', 'UserError', 'compare', 'load', 'train']
_PLACES = {
    'Comparison': 'symmusic.api.comparison',
    'Model': 'symmusic.api.model',
    'Piece': 'symmusic.api.piece',
    'Run': 'symmusic.api.training',
    'compare': 'symmusic.api.comparison',
    'load': 'symmusic.api.load',
    'train': 'symmusic.api.training',
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(_PLACES[name]), name)
