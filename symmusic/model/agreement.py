"""For how many steps a melody has repeated itself at each lag: further inputs.

For each lookback lag a step reads for how many consecutive steps token[t] has equalled
token[t - lag]. With a lag of 4 steps ('-': the lag is not available):

    token    a b c d a b e d a b e d
    agrees   - - - ? 1 2 0 1 2 3 4 5

Counts are in bins: 0, 1, 2-3, 4-7, ... 32-63, 64 or more, one where the lag reaches a token but no
two tokens could be compared yet ('?'), and one for a lag that is not available.
Step t, which predicts t + 1, compares tokens up to t; the lookbacks read the token at t + 1 - lag.
A lag is available where that token is known: not before the first event, where padding cannot be
distinguished from silence, and not at a blank. So the counts depend on the tokens alone, in
whatever order these are read.

A network for infilling may read the same of each look ahead (`agreement_ahead`): for how long
token[t] has equalled what is known of token[t + lag]. One that is not available is an input of
zeros.
"""

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.model.ahead import Ahead
from symmusic.model.architecture import AGREEMENT_SIZE, Architecture
from symmusic.model.looks import earlier, token_back, tokens_ahead

NOTHING_COMPARED, NOT_AVAILABLE = AGREEMENT_SIZE - 2, AGREEMENT_SIZE - 1  # the last bins


@flax.struct.dataclass
class Agreement:
    """What is remembered between two steps."""

    runs_BL: jax.Array  # int32, for how many steps each of L lags has agreed
    # the last M tokens, M the longest lag, the latest last; blanks where they are not known
    history_BM: jax.Array
    has_begun_B: jax.Array  # bool: there was an event
    # of looks ahead, None of an architecture that does not count them: for how many steps each has
    # agreed, and the tokens that the last step saw ahead
    runs_ahead_BL: jax.Array | None = None
    ahead_BL: jax.Array | None = None


def find_agreements(
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    ahead: Ahead | None = None,
) -> list[jax.Array]:
    """The bins [B, T] of each lag and then, where it reads these, of each look ahead; empty for an
    architecture that does not read them.
    """
    if not architecture.agreement:
        return []
    blank, steps_T = architecture.num_classes, jnp.arange(tokens_BT.shape[1])
    has_begun_BT = lax.cummax(_is_event(tokens_BT, architecture).astype(jnp.int32), axis=1) > 0
    known_BT = jnp.where(has_begun_BT, tokens_BT, blank)
    others = earlier(known_BT, positions_BT, architecture, blank)
    reached = earlier(known_BT, positions_BT, architecture, blank, num_ahead=1)
    if architecture.agreement_ahead:
        for tokens_TB in tokens_ahead(ahead, tokens_BT.T, architecture):
            # what the step before saw ahead of the one that it predicts, which is this one
            others.append(jnp.pad(tokens_TB, ((1, 0), (0, 0)), constant_values=blank)[:-1].T)
            reached.append(tokens_TB.T)
    before_LBT, reached_LBT = jnp.stack(others), jnp.stack(reached)
    compared_LBT = (known_BT < blank) & (before_LBT < blank)
    agrees_LBT = compared_LBT & (known_BT == before_LBT)
    last_other_LBT = lax.cummax(jnp.where(agrees_LBT, -1, steps_T), axis=2)
    # The barrier keeps XLA from counting again for every row that is read.
    runs_LBT = steps_T - last_other_LBT
    return list(lax.optimization_barrier(_bins(runs_LBT, compared_LBT, reached_LBT < blank)))


def init_agreement(architecture: Architecture, batch: int) -> Agreement | None:
    """What is remembered before the first step; None of an architecture that does not read it."""
    if not architecture.agreement:
        return None
    runs_BL = jnp.zeros((batch, len(architecture.lookback)), jnp.int32)
    is_ahead, blank = architecture.agreement_ahead, architecture.num_classes
    return Agreement(
        runs_BL,
        jnp.full((batch, architecture.longest_lag), blank, jnp.int32),
        jnp.zeros(batch, bool),
        runs_BL if is_ahead else None,
        jnp.full_like(runs_BL, blank) if is_ahead else None,
    )


def agree_step(
    before: Agreement | None,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    ahead: Ahead | None = None,
) -> tuple[Agreement | None, list[jax.Array]]:
    """What is remembered after one more token, and what `find_agreements` gives at its step."""
    if before is None:
        return None, []
    blank = architecture.num_classes
    has_begun_B = before.has_begun_B | _is_event(token_B, architecture)
    known_B = jnp.where(has_begun_B, token_B, blank)
    before_BL = jnp.stack(token_back(before.history_BM, position_B, architecture), axis=1)
    history_BM = jnp.concatenate([before.history_BM, known_B[:, None]], axis=1)[:, 1:]
    reached_BL = jnp.stack(token_back(history_BM, position_B, architecture), axis=1)
    runs_BL, bins_LB = _count(before.runs_BL, known_B, before_BL, reached_BL, blank)
    after = Agreement(runs_BL, history_BM, has_begun_B)
    if not architecture.agreement_ahead:
        return after, list(bins_LB)
    ahead_BL = jnp.stack(tokens_ahead(ahead, token_B, architecture), axis=1).astype(jnp.int32)
    runs_ahead_BL, ahead_LB = _count(
        before.runs_ahead_BL, known_B, before.ahead_BL, ahead_BL, blank
    )
    after = after.replace(runs_ahead_BL=runs_ahead_BL, ahead_BL=ahead_BL)
    return after, [*bins_LB, *ahead_LB]


def _count(
    runs_BL: jax.Array, known_B: jax.Array, others_BL: jax.Array, reached_BL: jax.Array, blank: int
) -> tuple[jax.Array, jax.Array]:
    """For how many steps each lag has agreed after one more, and the bins [L, B]."""
    compared_BL = (known_B[:, None] < blank) & (others_BL < blank)
    runs_BL = jnp.where(compared_BL & (known_B[:, None] == others_BL), runs_BL + 1, 0)
    return runs_BL, _bins(runs_BL, compared_BL, reached_BL < blank).T


def _is_event(tokens: jax.Array, architecture: Architecture) -> jax.Array:
    return (tokens != architecture.padding) & (tokens < architecture.num_classes)


def find_bins(runs: jax.Array) -> jax.Array:
    """The bins of numbers of steps: as many as they have binary digits."""
    return jnp.minimum(32 - lax.clz(runs.astype(jnp.int32)), NOTHING_COMPARED - 1)


def _bins(runs: jax.Array, compared: jax.Array, available: jax.Array) -> jax.Array:
    bins = jnp.where(compared, find_bins(runs), NOTHING_COMPARED)
    return jnp.where(available, bins, NOT_AVAILABLE)
