"""What each step reads, as rows of the input matrix: of all steps of a window at once, or of one
step after another.
"""

import flax.struct
import jax
import jax.numpy as jnp

from symmusic.model.agreement import Agreement, agree_step, find_agreements, init_agreement
from symmusic.model.ahead import Ahead
from symmusic.model.architecture import Architecture
from symmusic.model.inputs import find_rows
from symmusic.model.looks import token_back, tokens_ahead, tokens_back
from symmusic.model.notes import Notes, find_notes, init_notes, note_step
from symmusic.model.recall import Recall, find_recalled, init_recall, recall_step


@flax.struct.dataclass
class Past:
    """What is remembered of the tokens between two steps."""

    # the last M tokens, M the longest lookback, the latest last; padding before the first
    history_BM: jax.Array
    agreement: Agreement | None  # this and the next: None of an architecture without them
    notes: Notes | None
    recall: Recall | None


def read_all(
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    ahead: Ahead | None = None,
    left_BT2: jax.Array | None = None,
) -> jax.Array:
    """The rows [B, T, K] of each step of a window; arguments as in `model.apply_all`, with the
    result of `look_ahead` where something is known in advance.
    """
    lookbacks = tokens_back(tokens_BT, positions_BT, architecture)
    lookbacks += [tokens_TB.T for tokens_TB in tokens_ahead(ahead, tokens_BT.T, architecture)]
    others = lookbacks + find_agreements(tokens_BT, positions_BT, architecture, ahead)
    others += find_recalled(tokens_BT, architecture)
    others += find_notes(tokens_BT, architecture, keys_B)
    return find_rows(tokens_BT, positions_BT, others, architecture, left_BT2)


def init_past(architecture: Architecture, batch: int) -> Past:
    """What is remembered before the first step."""
    history_BM = jnp.full((batch, architecture.longest_lag), architecture.padding, jnp.int32)
    inits = init_agreement, init_notes, init_recall
    return Past(history_BM, *(init(architecture, batch) for init in inits))


def read_step(
    past: Past,
    token_B: jax.Array,
    position_B: jax.Array | None,
    architecture: Architecture,
    ahead: Ahead | None = None,
    left_B2: jax.Array | None = None,
) -> tuple[Past, jax.Array]:
    """What is remembered after one more token, and the rows [B, K] that `read_all` gives at its
    step.
    """
    history_BM = jnp.concatenate([past.history_BM, token_B[:, None]], axis=1)[:, 1:]
    lookbacks = token_back(history_BM, position_B, architecture)
    agreement, bins = agree_step(past.agreement, token_B, position_B, architecture, ahead)
    notes, values = note_step(past.notes, token_B, architecture)
    recall, recalled = recall_step(past.recall, notes, token_B, architecture)
    others = lookbacks + tokens_ahead(ahead, token_B, architecture) + bins + recalled + values
    rows_BK = find_rows(token_B, position_B, others, architecture, left_B2)
    return Past(history_BM, agreement, notes, recall), rows_BK
