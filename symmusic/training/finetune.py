"""Fine-tuning: a run that starts from the parameters of a finished one."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.corpus.meters import find_index
from symmusic.errors import UserError
from symmusic.model.architecture import Architecture, Block
from symmusic.model.model import Params, input_layers, with_input_layers
from symmusic.training.state import TrainState

# matched by name or by step, or checked separately
MAY_DIFFER = (
    'num_classes',
    'padding',
    'dropout_rate',
    'bars',
    'num_positions',
    'lookback',
    'left_sizes',
    'agreement',
    'last_notes',
    'notes_dropout_rate',
    'recall_steps',
    'copying',
    'relative',
)
# inputs and outputs that a run may add to its parent's but not remove, named by the config's fields
ONLY_ADDED = {
    'agreement': 'agreement',
    'last_notes': 'last_notes',
    'recall': 'recall_steps',
    'copying': 'copying',
    'relative_scores': 'relative',
}


@dataclasses.dataclass(frozen=True)
class Network:
    """Parameters with their architecture, and the names of their classes
    (`Vocabulary.class_names`) and metres.
    """

    params: Params
    architecture: Architecture
    classes: Sequence[str]
    meters: Sequence[str] = ('4/4',)


def transfer(fresh: Network, old: Network) -> Params:
    """The old run's parameters in the shapes of the new one. Classes and metres are matched by
    name, steps in the bar by number; those that the old run lacks keep the fresh parameters.

    If only one of the networks has the metre as an input, the new one still gives what the old one
    gives in its metres: the row of the only metre that the new run has is added to the bias, and
    rows of metres are zeros where the old run had none. So are those of bars left, of agreement,
    of what is recalled and of the last notes, and the parameters of copies and relative scores.

    Args:
      fresh: the new network, initialised; its classes include the old ones.
      old: the trained network.

    Raises:
      UserError: the networks differ in more than classes, metres, dropout and what may be added,
        or the new one lacks some of `ONLY_ADDED` that the old one has.
    """
    _check_alike(fresh.architecture, old.architecture)
    classes = np.array([list(fresh.classes).index(name) for name in old.classes])
    head, new_head = old.params['head'], fresh.params['head']
    new_layers = input_layers(fresh.params, fresh.architecture)
    moved = {
        name: _move_inputs(new_layers[name], layer, classes, fresh, old)
        for name, layer in input_layers(old.params, old.architecture).items()
    }
    return {
        **with_input_layers(old.params, moved, old.architecture),
        'head': {
            'kernel': new_head['kernel'].at[:, classes].set(head['kernel']),
            'bias': new_head['bias'].at[classes].set(head['bias']),
        },
        **_move_scores(fresh, old),
    }


def _move_scores(fresh: Network, old: Network) -> dict:
    """The parameters of copies and relative scores: the old ones, and fresh ones, zeros, where the
    old run has none.
    """
    moved = {name: fresh.params[name] for name in ('copies', 'relative') if name in fresh.params}
    if 'relative' in old.params:
        moved['relative'] = old.params['relative']
    if 'copies' in old.params:
        of_new, of_old = (
            [each.blocks[agreement].name for _, agreement in each.copied]
            for each in (fresh.architecture, old.architecture)
        )
        places = np.array([of_new.index(name) for name in of_old])
        new, copies = moved['copies'], old.params['copies']
        moved['copies'] = {
            'kernel': new['kernel'].at[:, places].set(copies['kernel']),
            'bias': new['bias'].at[places].set(copies['bias']),
        }
    return moved


def _check_alike(new: Architecture, old: Architecture) -> None:
    pairs = {
        field.name: (getattr(old, field.name), getattr(new, field.name))
        for field in dataclasses.fields(Architecture)
        if field.name not in MAY_DIFFER
    }
    pairs['metric_position'] = tuple(each.num_positions > 0 for each in (old, new))
    pairs['lookback in bars'] = tuple(map(_lookback_in_bars, (old, new)))
    if new.left_sizes and old.left_sizes:
        pairs['left_sizes'] = (old.left_sizes, new.left_sizes)
    for name, field in ONLY_ADDED.items():
        if getattr(old, field):
            pairs[name] = (True, bool(getattr(new, field)))
    if unlike := {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}:
        raise UserError(
            'config.init_from: '
            + '; '.join(
                f'{name} is {before!r} in that run and {now!r} now'
                for name, (before, now) in unlike.items()
            )
        )


def _lookback_in_bars(architecture: Architecture) -> tuple[float, ...]:
    unit = architecture.bars[0] if len(architecture.bars) == 1 else 1
    return tuple(lag / unit for lag in architecture.lookback)


def _move_inputs(
    new_layer: dict, layer: dict, classes: np.ndarray, fresh: Network, old: Network
) -> dict:
    """The first layer with the old rows of its input matrix moved to their new positions."""
    table, old_table, bias = new_layer['input'], layer['input'], layer['bias']
    meters = [
        (new, found)
        for new, name in enumerate(fresh.meters)
        if (found := find_index(name, old.meters)) is not None
    ]
    new_blocks, old_blocks = _blocks_of(fresh, table), _blocks_of(old, old_table)
    tokens = [[each for each in of if each.name == 'token'] for of in (new_blocks, old_blocks)]
    for new, before in zip(*tokens, strict=True):
        rows = old_table[before.begin : before.end]
        table = table.at[new.begin + classes].set(rows)
    new, before = ({each.name: each for each in of} for of in (new_blocks, old_blocks))
    if 'step in bar' in new:
        size = min(new['step in bar'].size, before['step in bar'].size)
        begin, old_begin = new['step in bar'].begin, before['step in bar'].begin
        table = table.at[begin : begin + size].set(old_table[old_begin : old_begin + size])
    if 'metre' in new and 'metre' not in before:
        table = table.at[new['metre'].begin : new['metre'].end].set(0.0)
    for name in new.keys() - {'token', 'step in bar', 'metre'}:
        table = table.at[new[name].begin : new[name].end].set(0.0)
        if rows := before.get(name):
            places = new[name].begin + _places(name, new[name].size, rows.size, fresh, old)
            table = table.at[places].set(old_table[rows.begin : rows.end])
    for index, found in meters if 'metre' in before else ():
        row = old_table[before['metre'].begin + found]
        if 'metre' in new:
            table = table.at[new['metre'].begin + index].set(row)
        else:
            bias = bias + row
    return {**layer, 'input': table, 'bias': bias}


def _places(name: str, size: int, old_size: int, fresh: Network, old: Network) -> np.ndarray:
    """The index in the new block of each row of the old one."""
    rows = np.arange(old_size)
    if name == 'recalled':  # classes, and the row for none
        return np.append([list(fresh.classes).index(each) for each in old.classes], size - 1)
    if name != 'last pitch':
        return rows
    distance = old.architecture.lowest_pitch - fresh.architecture.lowest_pitch
    return np.where(rows == old_size - 1, size - 1, rows + distance)


def _blocks_of(network: Network, table: jax.Array) -> list[Block]:
    """The blocks of an input matrix; a matrix with fewer rows is that of the backward layer."""
    return [block for block in network.architecture.blocks if block.end <= len(table)]


def begin_from(states: TrainState, params_R: Params) -> TrainState:
    """Runs before their first update, with their parameters replaced by these."""
    # a donated state must not hold the same buffer twice
    copies = [jax.tree.map(jnp.copy, params_R) for _ in range(3)]
    return states.replace(params=copies[0], average_params=copies[1], best_params=copies[2])
