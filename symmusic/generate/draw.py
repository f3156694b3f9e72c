"""Drawing continuations of prompts, and drawing again those that are empty or not wanted."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.errors import UserError
from symmusic.generate.control import Masks
from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Constraint, Drawn, Limit, Rule, sample
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Architecture, Params
from symmusic.score.meter import STEPS_PER_BAR
from symmusic.training.devices import BY_PIECE, EVERYWHERE, make_mesh, place


@dataclasses.dataclass(frozen=True)
class Manner:
    """How to sample; the fields are those of `config.sample` with the same names. `window_steps` is
    None if the state is carried.
    """

    num_samples: int
    num_bars: int
    temperature: float
    top_k: int
    top_p: float
    window_steps: int | None
    memory_steps: int
    max_redraws: int
    redraw_stuck: bool
    keep_distributions: bool


# from the drawn events of B pieces, in the model's key, which are to be drawn again: bool [B]
Judge = Callable[[Sequence[np.ndarray]], np.ndarray]


def draw_continuations(
    params: Params,
    architecture: Architecture,
    vocabulary: Vocabulary,
    prompts_BT: np.ndarray,
    manner: Manner,
    key: jax.Array,
    masks: Masks | None = None,
    index: Limit | None = None,
    reject: Judge | None = None,
    known_BN: np.ndarray | None = None,
) -> tuple[Drawn, np.ndarray]:
    """What `compose` draws, as arrays, after one prompt of whole bars per piece: the token that
    completes the prompt and those of the continuation, and how often each piece was drawn again.
    `masks` and `index` limit what is drawn. `known_BN` holds the tokens of the continuations that
    are known in advance, including the last one, with blanks elsewhere.

    Raises:
      UserError: within `masks` a piece could only be drawn with a copied run of `index`.
    """
    draw = _drawing(params, architecture, prompts_BT, manner, key, masks, index, known_BN)
    judged = slice(None) if masks is None else np.asarray(masks.rows.counts)[1:]

    def is_unwanted(drawn: Drawn) -> np.ndarray:
        events = [vocabulary.decode(tokens)[judged] for tokens in drawn.tokens_BN[:, 1:]]
        unwanted_B = np.array([_is_poor(each, manner.redraw_stuck) for each in events])
        return unwanted_B | _is_stuck(drawn) | (False if reject is None else reject(events))

    drawn, num_redraws = _draw_again(
        draw, is_unwanted, manner.max_redraws if manner.temperature > 0 else 0
    )
    if num_stuck := int(_is_stuck(drawn).sum()):
        raise UserError(
            f'config.sample.max_copied_run = {index.num_symbols}: {num_stuck} of {len(prompts_BT)}'
            ' pieces came to a step at which all that the other wishes and given notes let through'
            ' would have copied more; must be larger, or with fewer wishes, or with more'
            ' config.sample.max_redraws'
        )
    return drawn, num_redraws


def _drawing(
    params: Params,
    architecture: Architecture,
    prompts_BT: np.ndarray,
    manner: Manner,
    key: jax.Array,
    masks: Masks | None,
    index: Limit | None,
    known_BN: np.ndarray | None,
) -> Callable[[int], Drawn]:
    """A function that draws all pieces anew, with keys of its own for each number of a round."""
    num_samples, num_steps = len(prompts_BT), manner.num_bars * STEPS_PER_BAR + 1
    # each device draws a part of the pieces, which are independent
    mesh = make_mesh(1, num_samples, jax.local_devices())
    spread = functools.partial(place, mesh=mesh, spec=BY_PIECE)
    future_BN = None
    if known_BN is not None:  # the token that completes the prompt is not included
        blank = architecture.num_classes
        future_BN = spread(
            np.pad(known_BN.astype(np.int32), ((0, 0), (1, 0)), constant_values=blank)
        )
    reader = make_reader(
        place(params, mesh, EVERYWHERE),
        architecture,
        num_steps,
        window_steps=manner.window_steps,
        memory_steps=manner.memory_steps,
        future_BN=future_BN,
    )
    prompt_BT = spread(np.asarray(prompts_BT[:, :-1], np.int32))
    positions_BT = spread(
        np.broadcast_to(np.arange(prompt_BT.shape[1]) % STEPS_PER_BAR, prompt_BT.shape)
    )
    masks, index = (place(tree, mesh, EVERYWHERE) for tree in (masks, index))
    constraints: list[Constraint] = [] if masks is None else [masks]
    if index is not None:
        # the first step only completes the prompt
        counts_N = np.arange(num_steps) > 0
        is_given_N = np.full(num_steps, False) if masks is None else masks.rows.given
        read_BT = spread(np.asarray(prompts_BT, np.int32))
        constraints.append(index.after(read_BT, counts_N, is_given_N))
    rule = Rule(manner.temperature, manner.top_k, manner.top_p)
    piece_keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(num_samples))

    def draw(round_: int) -> Drawn:
        keys_B = spread(jax.vmap(jax.random.fold_in, (0, None))(piece_keys, round_))
        drawn = sample(
            reader,
            prompt_BT,
            positions_BT,
            keys_B,
            rule,
            constraints,
            num_steps=num_steps,
            keep=manner.keep_distributions,
        )
        return jax.tree.map(np.array, drawn)

    return draw


def _draw_again(
    draw: Callable[[int], Drawn], is_unwanted: Callable[[Drawn], np.ndarray], max_rounds: int
) -> tuple[Drawn, np.ndarray]:
    """The pieces after at most `max_rounds` rounds in which the unwanted are drawn again, and how
    often each was.
    """
    drawn = draw(0)
    num_redraws = np.zeros(len(drawn.tokens_BN), int)
    for round_ in range(1, max_rounds + 1):
        again = is_unwanted(drawn)
        if not again.any():
            break
        num_redraws[again] += 1
        drawn = jax.tree.map(functools.partial(_replaced, again), drawn, draw(round_))
    return drawn, num_redraws


def _is_stuck(drawn: Drawn) -> np.ndarray:
    """[B] which pieces reached a step at which every class would have completed a copied run."""
    stuck_B = np.zeros(len(drawn.tokens_BN), bool)
    for state in drawn.states:
        if hasattr(state, 'stuck_B'):
            stuck_B |= state.stuck_B > 0
    return stuck_B


def _replaced(rows: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.where(rows.reshape(-1, *[1] * (old.ndim - 1)), new, old)


def _is_poor(events: np.ndarray, stuck: bool) -> bool:
    num_pitches = len(np.unique(events[events >= 0]))
    return num_pitches == 0 or (stuck and num_pitches == 1)
