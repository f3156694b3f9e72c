"""The network as a page's script reads it: JSON, with the parameters as 16-bit floats in base64."""

import base64
import dataclasses

import jax
import numpy as np

from symmusic.corpus.meters import find_index
from symmusic.errors import UserError
from symmusic.generate.scales import SCALES
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.model.architecture import AGREEMENT_SIZE, NOTE_STEPS, NUM_NOTES, WIDEST, Architecture
from symmusic.model.model import Params
from symmusic.model.output import WIDEST_SCORED
from symmusic.score.bar import SIXTEENTHS, bar_of, is_countable
from symmusic.score.detection import PROFILES
from symmusic.score.key import MODES
from symmusic.training.card import Card

FORMAT = 1
METERS = [f'{beats}/{unit}' for unit in (2, 4, 8, 16) for beats in range(1, 17)]  # by other names


def export_network(
    params: Params,
    card: Card,
    *,
    name: str,
    temperature: float | None = None,
    usual_nats: float | None = None,
    memory_steps: int,
) -> dict[str, object]:
    """What readNetwork of engine/parameters.js takes, as JSON values.

    Args:
      params: of the model; rounded to 16 bits.
      card: of the model.
      name: the model's, for the page.
      temperature: at which it draws unless a user says otherwise; None = 1.
      usual_nats: the surprise per step that it expects of its own continuations; None = not known.
      memory_steps: how many steps attention sees.

    Raises:
      UserError: the page cannot run a network of this kind.
    """
    architecture, vocabulary = card.architecture, card.vocabulary
    _check(card)
    arrays, halves, offset = [], [], 0
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        half = np.asarray(leaf, '<f2')
        if not np.isfinite(half).all():
            raise UserError('the studio: a parameter is too large for 16 bits')
        key = jax.tree_util.keystr(path, simple=True, separator='.')
        arrays.append({'name': key, 'shape': list(half.shape), 'offset': offset})
        halves.append(half.tobytes())
        offset += half.size
    return {
        'format': FORMAT,
        'name': name,
        'architecture': _facts(architecture),
        'blocks': [
            {'name': each.name, 'begin': each.begin, 'size': each.size}
            for each in architecture.blocks
        ],
        'num_own_blocks': len(architecture.own_blocks),
        'vocabulary': vocabulary.to_json() | {'first_pitch': vocabulary.first_pitch},
        'meters': list(card.meters),
        'bars': _bars(card.meters),
        'theory': {
            'modes': MODES,
            'scales': {name: list(steps) for name, steps in SCALES.items()},
            'profiles': [[round(float(each), 12) for each in row] for row in PROFILES],
        },
        'temperature': temperature or 1.0,
        'usual_nats': usual_nats and round(usual_nats, 3),
        'memory_steps': memory_steps,
        'card': {'corpus': card.dataset.get('corpus'), 'num_tunes': card.dataset.get('num_tunes')},
        'arrays': arrays,
        'parameters': base64.b64encode(b''.join(halves)).decode(),
    }


def _facts(architecture: Architecture) -> dict[str, object]:
    """The architecture, with what follows from it or is fixed."""
    return dataclasses.asdict(architecture) | {
        'num_meters': architecture.num_meters,
        'longest_lag': architecture.longest_lag,
        'agreement_size': AGREEMENT_SIZE,
        'num_notes': NUM_NOTES,
        'note_steps': list(NOTE_STEPS),
        'widest': WIDEST,
        'copied': architecture.copied,
        'widest_scored': WIDEST_SCORED,
    }


def _bars(meters: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The bar of each metre, and of those with equal bars."""
    found = {}
    for meter in dict.fromkeys((*meters, *METERS)):
        index = find_index(meter, meters) if is_countable(meter) else None
        if index is None:
            continue
        bar = bar_of(meter)
        found[meter] = {
            'index': index,
            'steps': bar.steps,
            'strong': list(bar.strong),
            'groups': list(bar.groups),
            'cadence_steps': bar.cadence_steps,
        }
    return found


def _check(card: Card) -> None:
    architecture = card.architecture
    has = {
        "config.data.encoding other than 'melody'": not isinstance(
            card.vocabulary, MelodyVocabulary
        ),
        'config.data.steps_per_quarter = 12': card.steps_per_quarter != SIXTEENTHS,
        f'config.model.kind = {architecture.kind!r}': architecture.kind != 'lstm',
        'config.model.bidirectional = True': architecture.bidirectional
        and not architecture.infilling,
        "config.model.attention = 'weighted'": architecture.attention == 'weighted',
        "config.train.targets = 'last'": card.recipe.targets == 'last',
    }
    if found := [what for what, is_so in has.items() if is_so]:
        raise UserError(f'the studio cannot run a model of {found[0]}')
