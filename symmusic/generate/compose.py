"""Pieces from a prompt: drawn, and transposed back to the prompt's key."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import numpy as np

from symmusic.generate.control import Masks
from symmusic.generate.draw import Judge, Manner, draw_continuations
from symmusic.generate.pieces import Piece, as_pieces, counted
from symmusic.generate.plan import Plan
from symmusic.generate.prompt import Prompt
from symmusic.generate.sample import Limit
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
    masks: Masks | None = None,
    limits: Mapping[str, Limit] | None = None,
    judges: Sequence[Judge] = (),
    known_N: np.ndarray | None = None,
    meter: int = 0,
    plan: Plan | None = None,
) -> list[Piece]:
    """Draws pieces after a prompt.

    Empty pieces are drawn again, in at most `max_redraws` rounds. So are pieces of a single pitch
    with `redraw_stuck`, pieces for which `limits` and `masks` together left nothing to draw, and
    any piece that one of the `judges` flags. Greedy pieces are never drawn again. Piece n of a key
    does not depend on `num_samples`.

    For an infilling model `known_N` holds the tokens of the new bars that are known in advance,
    with blanks elsewhere. `meter` is the index of the prompt's metre among those that it knows.
    `plan` holds the bars left at each step of the prompt and the new bars, for a model that reads
    them; None = not known.
    """
    prompts_BT = np.broadcast_to(prompt.tokens, (manner.num_samples, len(prompt.tokens)))
    known_BN = (
        None if known_N is None else np.broadcast_to(known_N, (manner.num_samples, len(known_N)))
    )
    found = draw_continuations(
        params,
        architecture,
        vocabulary,
        prompts_BT,
        manner,
        key,
        masks,
        limits,
        judges,
        known_BN,
        meter,
        plan,
    )
    pieces = as_pieces(found, vocabulary)
    is_given = np.full(len(pieces[0].tokens), False)
    if known_N is not None:
        is_given |= known_N < architecture.num_classes
    if masks is not None:
        is_given |= np.asarray(masks.rows.given)
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
