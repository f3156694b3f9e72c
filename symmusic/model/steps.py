"""The network one step after another: a carry goes from each to the next."""

import flax.struct
import jax
import jax.numpy as jnp

from symmusic.model import attention, lstm
from symmusic.model.agreement import Agreement, agree_step, init_agreement
from symmusic.model.ahead import Ahead
from symmusic.model.architecture import Architecture
from symmusic.model.ensemble import each, mean_of, repeated
from symmusic.model.inputs import find_rows, project, project_rows
from symmusic.model.looks import token_back, tokens_ahead
from symmusic.model.model import Params, head, require_one_direction
from symmusic.model.notes import Notes, init_notes, note_step


@flax.struct.dataclass
class Carry:
    """What a one-directional model remembers between two steps. Of an ensemble the first two have a
    leading axis R; the others follow from the tokens, and its networks share them.
    """

    layers: tuple[lstm.Carry, ...]  # each layer's hidden_BH and cell_BH
    # the steps that attention can see; None without attention
    memory: attention.Memory | None
    # the last M tokens, M the longest lookback, the latest last; padding before the first
    history_BM: jax.Array
    agreement: Agreement | None  # this and the next: None of an architecture without them
    notes: Notes | None


def init_carry(
    architecture: Architecture,
    batch: int,
    memory_steps: int,
    dtype=jnp.float32,
    num_networks: int | None = None,
) -> Carry:
    """The carry before the first step, for `apply_step`; attention will see `memory_steps` steps.
    `num_networks` is that of an ensemble.

    Raises:
      ValueError: the architecture is bidirectional and not for infilling.
    """
    require_one_direction(architecture)
    layers = tuple(
        lstm.init_lstm_carry(batch, architecture.num_cells, dtype)
        for _ in range(architecture.num_layers)
    )
    memory = None
    if kind := architecture.kind:
        memory = attention.init_memory(
            kind, batch, memory_steps, architecture.num_cells, architecture.attention_size, dtype
        )
    return Carry(
        *repeated((layers, memory), num_networks),
        jnp.full((batch, architecture.longest_lag), architecture.padding, jnp.int32),
        init_agreement(architecture, batch),
        init_notes(architecture, batch),
    )


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
    history_BM = jnp.concatenate([carry.history_BM, token_B[:, None]], axis=1)[:, 1:]
    lookbacks = token_back(history_BM, position_B, architecture)
    agreement, bins = agree_step(carry.agreement, token_B, position_B, architecture)
    notes, values = note_step(carry.notes, token_B, architecture)
    others = lookbacks + tokens_ahead(ahead, token_B, architecture) + bins + values
    rows_BK = find_rows(token_B, position_B, others, architecture, left_B2)

    def advance(params, layers, memory, states):
        return _advance(params, layers, memory, states, rows_BK, mask_B, architecture)

    states = None if ahead is None else ahead.states
    layers, memory, *found = each(advance, params, carry.layers, carry.memory, states)
    return Carry(layers, memory, history_BM, agreement, notes), *mean_of(params, *found)


def _advance(params, layers, memory, ahead_states, rows_BK, mask_B, architecture):
    """The layers' carries and the memory of one network after a step, its logits and weights."""
    after, hidden_BH = [], None
    for index, (layer, layer_carry) in enumerate(zip(params['layers'], layers, strict=True)):
        weights = layer['forward']
        projected_BG = (
            project_rows(weights, rows_BK, architecture)
            if hidden_BH is None
            else project(weights, hidden_BH)
        )
        if ahead_states is not None:
            projected_BG += lstm.multiply(ahead_states[index], layer['bridge'])
        hidden_BH, layer_carry = lstm.lstm_step(weights, projected_BG, layer_carry)
        after.append(layer_carry)
    if not (kind := architecture.kind):
        return tuple(after), None, head(params, hidden_BH), None
    memory, context_BH, weights_BM = attention.attend_step(
        kind, params['attention'], memory, hidden_BH, mask_B
    )
    logits_BV = head(params, context_BH, *[hidden_BH] * kind.head_sees_query)
    return tuple(after), memory, logits_BV, weights_BM
