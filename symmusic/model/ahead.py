"""The known end of a melody, encoded for a model that fills the gap before it.

Backward layers read the melody from its end, with blanks where it is not known. Each step's state
thus encodes what is to its right and how far away, and nothing about what is to be drawn. The
forward layers take the state at the step that they predict as a further input:

    known in advance     .  .  .  .  e  f        '.' is a blank
    backward reads             <- . . . . e f
    forward reads        a  b  c  d  e
    and predicts            b  c  d  e  f

so that p(b c d | a, e f) = p(b | a, e f) p(c | a b, e f) p(d | a b c, e f).
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model import lstm
from symmusic.model.architecture import Architecture
from symmusic.model.dropout import dropout
from symmusic.model.ensemble import Ensemble, each
from symmusic.model.inputs import find_rows, project, project_rows
from symmusic.model.places import bar_steps, later


@flax.struct.dataclass
class Ahead:
    """What a step knows of the step to be predicted and those after it. For T steps every array has
    a leading axis T.
    """

    # each backward layer's hidden_BH, of an ensemble hidden_RBH; 0 where nothing is known from that
    # step on
    states: tuple[jax.Array, ...]
    # [B, L] the tokens as far ahead of the step to be predicted as each lookback is behind it, with
    # blanks where they are not known
    tokens: jax.Array


def look_ahead(
    params: dict | Ensemble,
    future_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    left_BT2: jax.Array | None = None,
) -> Ahead:
    """What each of T steps knows in advance, time first.

    Args:
      params: of `init_params`.
      future_BT: the token that follows each step where it is known in advance, elsewhere the blank.
        Once a token is known, all later ones are.
      positions_BT: int `places`, ignored (may be None) unless the architecture `needs_places`.
      architecture: that of `params`.
      keys_B: one dropout key per window, consumed; None = no dropout.
      left_BT2: as in `model.apply_all`.

    Raises:
      ValueError: the architecture is not for infilling.
    """
    if not architecture.infilling:
        raise ValueError('a model that is not for infilling knows nothing in advance')
    next_positions_BT = (
        later(positions_BT, 1, architecture.bars) if architecture.needs_places else None
    )
    rows_BTK = find_rows(future_BT, next_positions_BT, [], architecture, left_BT2)
    rows_TBK = jnp.swapaxes(rows_BTK, 0, 1)
    is_known_TB = jnp.less(future_BT, architecture.num_classes).T
    # there or later
    is_known_TB1 = lax.cummax(is_known_TB.astype(jnp.int32), reverse=True)[..., None] > 0

    def read(params):
        return _backward_states(params, rows_TBK, is_known_TB1, architecture, keys_B)

    states = each(read, params)
    if isinstance(params, Ensemble):
        states = tuple(jnp.swapaxes(states_RTBH, 0, 1) for states_RTBH in states)
    lookaheads = _lookaheads(future_BT, next_positions_BT, architecture)
    tokens_TBL = (
        jnp.stack(lookaheads, axis=-1).swapaxes(0, 1)
        if lookaheads
        else jnp.zeros((*future_BT.T.shape, 0), jnp.int32)
    )
    return Ahead(states, tokens_TBL)


def _backward_states(params, rows_TBK, is_known_TB1, architecture, keys_B):
    """The states_TBH of each backward layer."""
    states, states_TBH = [], None
    for index, layer in enumerate(params['layers'][: architecture.num_backward]):
        weights = layer['backward']
        if states_TBH is None:
            projected_TBG = project_rows(weights, rows_TBK, architecture)
        else:
            projected_TBG = project(weights, states_TBH, architecture.product_dtype)
        states_TBH = lstm.lstm(weights, projected_TBG, reverse=True, **architecture.how)[0]
        if keys_B is not None:
            states_TBH = dropout(
                jax.vmap(jax.random.fold_in, (0, None))(keys_B, architecture.num_layers + index),
                states_TBH,
                architecture.dropout_rate,
            )
        states_TBH = jnp.where(is_known_TB1, states_TBH, 0)
        states.append(states_TBH)
    return tuple(states)


def _lookaheads(future_BT, positions_BT, architecture):
    """The tokens [B, T] of each look ahead, blanks where they are not known."""
    num_classes, num_steps = architecture.num_classes, future_BT.shape[1]
    padding = ((0, 0), (0, architecture.longest_lag))
    padded_BT = jnp.pad(future_BT, padding, constant_values=num_classes)
    if len(architecture.bars) == 1:
        return [padded_BT[:, steps:][:, :num_steps] for steps in architecture.lookback]
    steps_T, bars_BT = jnp.arange(num_steps), bar_steps(positions_BT, architecture.bars)
    return [
        jnp.take_along_axis(padded_BT, steps_T + num_bars * bars_BT, axis=1)
        for num_bars in architecture.lookback
    ]
