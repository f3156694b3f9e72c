"""The network: one-hot tokens and further inputs -> a body of one of several kinds -> logits of the
next token.

What a step reads (`reading`) and the head are the same for all kinds. A kind is a module, with the
same functions as the others: of rows of inputs they make summaries, which the head reads.

| function | result |
|---|---|
| `init_params(keys, architecture)` | the parameters, all but the head's |
| `summary_size(architecture)` | how many cells the head reads |
| `apply_last(params, rows_BTK, ...)` | summaries after the last step, each [B, H], and weights |
| `apply_all(params, rows_BTK, ...)` | summaries of all steps, each [B, T, H], and weights |
| `init_carry(architecture, ...)` | what is remembered before the first step |
| `apply_step(params, carry, rows_BK, ...)` | the same after one more step, summaries and weights |
| `input_layers(params)`, `with_input_layers(params, layers)` | what multiplies the inputs |
"""

import types

import jax

from symmusic.model import hybrid, recurrent, transformer
from symmusic.model.ahead import look_ahead
from symmusic.model.architecture import NETWORKS, Architecture
from symmusic.model.ensemble import Ensemble, ensembled
from symmusic.model.notes import last_note
from symmusic.model.output import init_output, predict
from symmusic.model.reading import read_all

BODIES: dict[str, types.ModuleType] = dict(
    zip(NETWORKS, (recurrent, transformer, hybrid), strict=True)
)
Params = dict | Ensemble  # those of the body and of `output`; or an ensemble of such


def init_params(key: jax.Array, architecture: Architecture) -> dict:
    """Random parameters: Glorot-uniform weights, LSTM layers as in `init_lstm`, a head with zero
    bias.

    The orthogonal initialisers can hang under `jit(vmap(...))`: initialise replicas with `lax.map`.
    """
    *body_keys, head_key = jax.random.split(key, 3)
    body = BODIES[architecture.kind]
    params = body.init_params(body_keys, architecture)
    return params | init_output(head_key, body.summary_size(architecture), architecture)


@ensembled
def apply_last(
    params: Params,
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    left_BT2: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """`(logits_BV, weights_BT)`: logits of the token after the window, and attention's weights
    (None without attention).

    Of an LSTM the window's summary is each direction's state after the last step that it reads: the
    forward one at T-1, the backward one at 0. It is attention's query over all states of the last
    layer. `scores` says whether the head sees the query beside the context.

    Args:
      params: of `init_params`.
      tokens_BT: int classes.
      positions_BT: int `places`, ignored (may be None) unless the architecture `needs_places`.
      architecture: that of `params`.
      keys_B: one dropout key per window, consumed, so that a window's dropout is the same in any
        batch; None = no dropout.
      left_BT2: the bars left (`melody.form`) at the step after each, in the section and in the
        tune, ignored unless the architecture reads them; None = not known.

    Raises:
      ValueError: the architecture is for infilling.
    """
    if architecture.infilling:
        raise ValueError('a model for infilling predicts step by step (apply_all, apply_step)')
    rows_BTK = read_all(tokens_BT, positions_BT, architecture, keys_B, left_BT2=left_BT2)
    body = BODIES[architecture.kind]
    summaries, weights_BT = body.apply_last(params, rows_BTK, architecture, keys_B)
    last_BT = last_note(tokens_BT, architecture)
    last_B = None if last_BT is None else last_BT[:, -1]
    return predict(params, summaries, rows_BTK[:, -1], last_B, architecture), weights_BT


@ensembled
def apply_all(
    params: Params,
    tokens_BT: jax.Array,
    positions_BT: jax.Array | None,
    architecture: Architecture,
    keys_B: jax.Array | None = None,
    memory_steps: int | None = None,
    mask_BT: jax.Array | None = None,
    with_weights: bool = False,
    future_BT: jax.Array | None = None,
    left_BT2: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array | None]:
    """`(logits_BTV, weights_BTT)`: for every step the logits of the next token, given the steps up
    to it and what is known in advance, and attention's weights.

    Args:
      params: of `init_params`.
      tokens_BT: int classes.
      positions_BT: int `places`, ignored (may be None) unless the architecture `needs_places`.
      architecture: that of `params`.
      keys_B: as in `apply_last`.
      memory_steps: how many steps attention sees, the current one included; None = all.
      mask_BT: false at steps that attention must not see, the padding; LSTM layers still read them.
      with_weights: return attention's weights_BTT, of several heads and layers the mean; None
        otherwise.
      future_BT: for an infilling model, the token that follows each step where it is known in
        advance, elsewhere the blank; None = nothing is known.
      left_BT2: as in `apply_last`.

    Raises:
      ValueError: the architecture is bidirectional and not for infilling, so that its states have
        seen the tokens to be predicted.
    """
    require_one_direction(architecture)
    ahead = (
        None
        if future_BT is None
        else look_ahead(params, future_BT, positions_BT, architecture, keys_B, left_BT2)
    )
    rows_BTK = read_all(tokens_BT, positions_BT, architecture, keys_B, ahead, left_BT2)
    summaries, weights_BTT = BODIES[architecture.kind].apply_all(
        params,
        rows_BTK,
        architecture,
        keys_B,
        ahead_states=None if ahead is None else ahead.states,
        memory_steps=memory_steps,
        mask_BT=mask_BT,
        with_weights=with_weights,
    )
    last_BT = last_note(tokens_BT, architecture)
    return predict(params, summaries, rows_BTK, last_BT, architecture), weights_BTT


def input_layers(params: dict, architecture: Architecture) -> dict[str, dict]:
    """By name, the layers that read the inputs: {'input': [I, G], 'bias': [G], ...}."""
    return BODIES[architecture.kind].input_layers(params)


def with_input_layers(params: dict, changed: dict[str, dict], architecture: Architecture) -> dict:
    """The parameters with other `input_layers`."""
    return BODIES[architecture.kind].with_input_layers(params, changed)


def require_one_direction(architecture: Architecture) -> None:
    """Checks that the architecture can predict every step.

    Raises:
      ValueError: it is bidirectional and not for infilling.
    """
    if architecture.bidirectional and not architecture.infilling:
        raise ValueError(
            'a bidirectional model has seen every token of its window: it predicts only the one'
            ' after it (apply_last)'
        )
