"""Fine-tuning: a run that starts from the parameters of a finished one."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.errors import UserError
from symmusic.model.model import Architecture, Params
from symmusic.training.state import TrainState

MAY_DIFFER = ('num_classes', 'padding', 'dropout_rate')


def transfer(
    params: Params,
    architecture: Architecture,
    names: Sequence[str],
    old: Params,
    old_architecture: Architecture,
    old_names: Sequence[str],
) -> Params:
    """The old run's parameters in the shapes of the new one. Classes are matched by name; those
    that the old run lacks keep `params`.

    Args:
      params: of the new architecture, freshly initialised.
      architecture: the new one, which differs from the old one only in classes and dropout.
      names: of the new classes (`Vocabulary.class_names`); they include the old ones.
      old: trained parameters.
      old_architecture: that of `old`.
      old_names: of its classes.

    Raises:
      UserError: the networks differ in more than classes and dropout.
    """
    fields = [
        field.name for field in dataclasses.fields(Architecture) if field.name not in MAY_DIFFER
    ]
    unlike = [
        name for name in fields if getattr(architecture, name) != getattr(old_architecture, name)
    ]
    if unlike:
        raise UserError(
            'config.init_from: '
            + '; '.join(
                f'{name} is {getattr(old_architecture, name)!r} in that run and'
                f' {getattr(architecture, name)!r} now'
                for name in unlike
            )
        )
    classes = np.array([list(names).index(name) for name in old_names])
    head = {
        'kernel': params['head']['kernel'].at[:, classes].set(old['head']['kernel']),
        'bias': params['head']['bias'].at[classes].set(old['head']['bias']),
    }
    first = dict(old['layers'][0])
    for direction in first.keys() & {'forward', 'backward'}:
        old_input, fresh = first[direction]['input'], params['layers'][0][direction]['input']
        old_rows = _input_rows(len(old_input), old_architecture, np.arange(len(old_names)))
        moved = fresh.at[_input_rows(len(fresh), architecture, classes)].set(old_input[old_rows])
        first[direction] = {**first[direction], 'input': moved}
    return {**old, 'layers': [first, *old['layers'][1:]], 'head': head}


def _input_rows(num_rows: int, architecture: Architecture, classes: np.ndarray) -> np.ndarray:
    """The indices, among a first layer's `num_rows` input rows, of the given classes in every block
    of classes and of the positions.
    """
    num_classes, num_positions = architecture.num_classes, architecture.num_positions
    blocks = [0, *range(num_classes + num_positions, num_rows, num_classes)]
    return np.concatenate(
        [num_classes + np.arange(num_positions), *(begin + classes for begin in blocks)]
    )


def begin_from(states: TrainState, params_R: Params) -> TrainState:
    """Runs before their first update with these parameters, all else as it is."""
    # a donated state must not hold the same buffer twice
    copies = [jax.tree.map(jnp.copy, params_R) for _ in range(3)]
    return states.replace(params=copies[0], average_params=copies[1], best_params=copies[2])
