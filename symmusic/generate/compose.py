"""Draws pieces after a prompt and transposes them back to the prompt's key."""

import dataclasses

import jax
import numpy as np

from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.manner import Manner
from symmusic.generate.pieces import Piece, as_pieces, counted
from symmusic.generate.prompt import Prompt
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import transpose_events
from symmusic.model.model import Architecture, Params


def compose(
    params: Params,
    architecture: Architecture,
    vocabulary: Vocabulary,
    prompt: Prompt,
    manner: Manner,
    key: jax.Array,
    conditions: Conditions | None = None,
) -> list[Piece]:
    """Draws pieces after a prompt.

    Empty pieces are drawn again, in at most `max_redraws` rounds. So are pieces of a single pitch
    with `redraw_stuck`, pieces for which limits and masks together left nothing to draw, and any
    piece that a judge flags. Greedy pieces are never drawn again. Piece n of a key does not depend
    on `num_samples`.

    Args:
      params: of the model.
      architecture: of the model.
      vocabulary: of the model.
      prompt: in the model's key.
      manner: how to sample.
      key: consumed.
      conditions: what all pieces must satisfy in the new bars; None = nothing.

    Raises:
      UserError: the masks leave a piece only continuations that break a limit on copied runs.
    """
    conditions = conditions or Conditions()
    prompts_BT = np.broadcast_to(prompt.tokens, (manner.num_samples, len(prompt.tokens)))
    found = draw_continuations(
        params, architecture, vocabulary, prompts_BT, manner, key, conditions
    )
    pieces = as_pieces(found, vocabulary)
    is_given = np.full(len(pieces[0].tokens), False)
    if conditions.known is not None:
        is_given |= conditions.known[: len(is_given)] < architecture.num_classes
    if conditions.masks is not None:
        is_given |= np.asarray(conditions.masks.rows.given)
    return [
        counted(
            dataclasses.replace(
                piece,
                events=transpose_events(piece.events, -prompt.transposed_by),
                is_given=is_given,
            )
        )
        for piece in pieces
    ]
