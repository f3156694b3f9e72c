"""The model that is shipped with symmusic: parameters in half precision and a card, so that music
can be generated without training.
"""

import io
import json
import pathlib
import zipfile

import jax
import numpy as np

import symmusic
from symmusic.corpus.split import TEST, VALIDATION, Split
from symmusic.errors import UserError
from symmusic.files import write_whole
from symmusic.model.model import Params, init_params
from symmusic.training.card import Card

FOLDER = pathlib.Path(symmusic.__file__).parent / 'pretrained'


def write_shipped(params: Params, card: Card, figures: dict, folder: pathlib.Path = FOLDER) -> None:
    """Writes the parameters as float16 (`params.npz`), and the card with their measured figures
    (`card.json`).
    """
    content = io.BytesIO()
    np.savez_compressed(
        content, **{name: np.asarray(leaf, np.float16) for name, leaf in _named(params).items()}
    )
    write_whole(folder / 'params.npz', content.getvalue())
    write_whole(
        folder / 'card.json',
        json.dumps({'card': card.to_json(), 'figures': figures}, indent=1) + '\n',
    )


def read_shipped(folder: pathlib.Path = FOLDER) -> tuple[Params, Card, dict]:
    """The shipped parameters as float32, their card and their measured figures.

    Raises:
      UserError: the files are missing or damaged.
    """
    try:
        fields = json.loads((folder / 'card.json').read_text())
        card = Card.from_json(fields['card'])
        shapes = jax.eval_shape(
            lambda key: init_params(key, card.architecture), jax.eval_shape(jax.random.key, 0)
        )
        with np.load(folder / 'params.npz', allow_pickle=False) as stored:
            leaves = {name: stored[name] for name in stored.files}
        if {name: leaf.shape for name, leaf in leaves.items()} != {
            name: leaf.shape for name, leaf in _named(shapes).items()
        }:
            raise ValueError('its parameters are not those of its architecture')
        arrays = [jax.device_put(leaves[name].astype(np.float32)) for name in _named(shapes)]
        return jax.tree.unflatten(jax.tree.structure(shapes), arrays), card, fields['figures']
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise _unreadable(folder, error) from error


def write_held_out(split: Split, folder: pathlib.Path = FOLDER) -> None:
    """Writes which tunes were held out (`held_out.json`), by file name, so that the split stays
    known even if the corpus's reader or the drawing of splits changes.
    """
    parts = {part: [tune.file for tune in getattr(split, part)] for part in (VALIDATION, TEST)}
    write_whole(folder / 'held_out.json', json.dumps(parts, indent=1) + '\n')


def read_held_out(folder: pathlib.Path = FOLDER) -> dict[str, frozenset[str]]:
    """The file names, in its corpus, of the tunes that the shipped model was not trained on, under
    'validation' and 'test'; raises as `read_shipped`.
    """
    try:
        parts = json.loads((folder / 'held_out.json').read_text())
        return {part: frozenset(parts[part]) for part in (VALIDATION, TEST)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: pathlib.Path, error: Exception) -> UserError:
    return UserError(
        f'the shipped model in {folder} cannot be read: {error}; reinstall symmusic, or train a'
        ' model'
    )


def _named(params: Params) -> dict:
    return {
        jax.tree_util.keystr(path, simple=True, separator='.'): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }
