"""Other trained networks that a model is compared with."""

import pathlib

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.errors import UserError
from symmusic.measures.registry import Network
from symmusic.training import shipped
from symmusic.training.card import Card
from symmusic.training.checkpoint import Checkpoints
from symmusic.training.replicas import best_replica, replica

# fields of config.data that must agree, so that the same tunes are unseen
SAME = ('encoding', 'steps_per_quarter', 'split', 'split_seed', 'train_share')


def find_rival(config: ConfigDict, card: Card) -> tuple[Network | None, str]:
    """The model of `config.evaluate.left_to_right`, or the shipped one; if neither can be used,
    None and the reason.

    Raises:
      UserError: the given run cannot be compared with.
    """
    path = config.evaluate.left_to_right
    if card.recipe.targets != 'gap':
        if path:
            raise UserError(
                f"config.evaluate.left_to_right = {path}: this run is not for infilling; must be ''"
            )
        return None, ''
    if path:
        return _read_run(config, card, 'left_to_right'), ''
    params, other, _ = shipped.read_shipped()
    if other == card:
        return (
            None,
            'It is the shipped model itself; given the left side only, it goes on from there.',
        )
    if fault := _fault(config, card, other):
        return None, (
            f'The shipped model is not compared: {fault}; config.evaluate.left_to_right names a run'
            ' that can be.'
        )
    return Network(params, other, 'the shipped model'), ''


def find_second(config: ConfigDict, card: Card) -> Network | None:
    """The model of `config.evaluate.second_run`; None where it is ''.

    Raises:
      UserError: the run cannot be compared with.
    """
    return _read_run(config, card, 'second_run') if config.evaluate.second_run else None


def _read_run(config: ConfigDict, card: Card, field: str) -> Network:
    """The best replica of the run that a field of `config.evaluate` names.

    Raises:
      UserError: it cannot be compared with.
    """
    given = config.evaluate[field]
    path = pathlib.Path(given).expanduser()
    checkpoints = Checkpoints(path)
    if checkpoints.latest_step() is None:
        raise UserError(f'config.evaluate.{field} = {given}: holds no trained model')
    try:
        states, other = checkpoints.restore()
    except UserError as error:
        raise UserError(f'config.evaluate.{field} = {given}: {error}') from error
    if fault := _fault(config, card, other):
        raise UserError(f'config.evaluate.{field} = {path}: {fault}')
    return Network(replica(states, best_replica(states)).best_params, other, path.name)


def _fault(config: ConfigDict, card: Card, other: Card) -> str:
    """Why another model cannot be compared on the same tunes; '' if it can."""
    if not other.recipe.left_to_right:
        return (
            f"its config.train.targets is {other.recipe.targets!r}; must be 'all', or 'gap' with a"
            ' config.train.gap_share below 1'
        )
    theirs = runs.from_dict(other.config, config).data
    unlike = [
        f'config.data.{name} is {theirs[name]!r} there, {config.data[name]!r} here'
        for name in SAME
        if theirs[name] != config.data[name]
    ]
    if unlike:  # checked first: tunes on another grid are other tunes
        return '; '.join(unlike)
    if other.dataset['fingerprint'] != card.dataset['fingerprint']:
        return f'it was trained on other tunes ({other.dataset["corpus"]})'
    same_classes = other.vocabulary.to_json() == card.vocabulary.to_json()
    return '' if same_classes else 'it has other classes'
