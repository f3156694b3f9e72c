"""The network one step after another: a carry goes from each to the next."""

import flax.struct
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from symmusic.model import hybrid, recurrent, transformer
from symmusic.model.ahead import Ahead
from symmusic.model.architecture import Architecture
from symmusic.model.ensemble import each, mean_of, repeated
from symmusic.model.groups import picked
from symmusic.model.model import BODIES, Params, require_one_direction
from symmusic.model.output import predict
from symmusic.model.reading import Past, init_past, read_step


@flax.struct.dataclass
class Carry:
    """What a one-directional model remembers between two steps."""

    body: recurrent.Carry | transformer.Carry | hybrid.Carry  # of an ensemble with a leading axis R
    past: Past  # follows from the tokens, so that the networks of an ensemble share it


def init_carry(
    architecture: Architecture,
    batch: int,
    memory_steps: int,
    dtype: DTypeLike = jnp.float32,
    num_networks: int | None = None,
) -> Carry:
    """The carry before the first step, for `apply_step`; attention will see `memory_steps` steps.
    `num_networks` is that of an ensemble.

    Raises:
      ValueError: the architecture is bidirectional and not for infilling.
    """
    require_one_direction(architecture)
    body = BODIES[architecture.kind].init_carry(architecture, batch, memory_steps, dtype)
    return Carry(repeated(body, num_networks), init_past(architecture, batch))


def apply_step(
    params: Params,
    carry: Carry,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    mask_B: jax.Array | None = None,
    ahead: Ahead | None = None,
    left_B2: jax.Array | None = None,
) -> tuple[Carry, jax.Array, jax.Array | None]:
    """`(carry, logits_BV, weights_BM)` after one more token: what `apply_all` with the carry's
    `memory_steps` and without dropout gives at this step.

    Weights are in order of time, this step's last; None without attention. `mask_B` is `mask_BT` at
    this step, `left_B2` is `left_BT2`, and `ahead` the result of `look_ahead` at this step, None if
    nothing is known in advance.
    """
    past, rows_BK = read_step(carry.past, token_B, position_B, architecture, ahead, left_B2)
    last_B = past.notes.tokens_BN[:, 0] if architecture.relative else None

    def advance(params, body, states):
        body, summaries, weights_BM = BODIES[architecture.kind].apply_step(
            params, body, rows_BK, architecture, mask_B, states
        )
        return body, predict(params, summaries, rows_BK, last_B, architecture), weights_BM

    states = None if ahead is None else ahead.states
    body, *found = each(advance, params, carry.body, states)
    return Carry(body, past), *mean_of(params, *found)


def take_rows(params: Params, carry: Carry, of_BK: jax.Array) -> Carry:
    """The carry of the rows `of_BK` of each group, as `groups.picked` has it."""
    body = each(lambda _, body: picked(body, of_BK), params, carry.body)
    return Carry(body, picked(carry.past, of_BK))
