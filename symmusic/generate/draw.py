"""Drawing continuations of prompts, and drawing again those that are empty or not wanted."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from symmusic.errors import UserError
from symmusic.generate.control import Masks
from symmusic.generate.guidance import fold_in, guided_by
from symmusic.generate.guide import NUM_TRIED, is_distant
from symmusic.generate.masks import with_room
from symmusic.generate.particles import Particles
from symmusic.generate.plan import Plan
from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Constraint, Drawn, Limit, Rule, sample
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Architecture, Params
from symmusic.model.places import first_place, later
from symmusic.training.devices import BY_PIECE, EVERYWHERE, make_mesh, place
from symmusic.wording import count

RESAMPLED_EVERY = 4  # steps: at each one it would take as long as drawing it


@dataclasses.dataclass(frozen=True)
class Manner:
    """How to sample; the fields are those of `config.sample` with the same names. `window_steps` is
    None if the state is carried. `reads_all`: whether the prompt is read whole; the thesis leaves
    out its last step, draws that step again and drops it. `num_notes` are drawn instead of bars by
    a model whose tokens are notes.
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
    reads_all: bool = True
    particles: int = 1
    num_notes: int = 0

    def num_particles(self, masks: Masks | None) -> int:
        """The rows that draw a piece within masks."""
        may_gain = masks is not None and masks.binds and self.temperature > 0 and self.top_k != 1
        return self.particles if may_gain else 1


# from the drawn events of B pieces, in the model's key, which are to be drawn again: bool [B]
Judge = Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Continuations:
    """What was drawn after B prompts.

    Attributes:
      drawn: the steps of the continuations.
      read_BT: the tokens read before them.
      num_redraws_B: how often each was drawn again.
      num_refused_B: by limit, at how many steps a class was refused.
    """

    drawn: Drawn
    read_BT: np.ndarray
    num_redraws_B: np.ndarray
    num_refused_B: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


def draw_continuations(
    params: Params,
    architecture: Architecture,
    vocabulary: Vocabulary,
    prompts_BT: np.ndarray,
    manner: Manner,
    key: jax.Array,
    masks: Masks | None = None,
    limits: Mapping[str, Limit] | None = None,
    judges: Sequence[Judge] = (),
    known_BN: np.ndarray | None = None,
    meter: int = 0,
    plan: Plan | None = None,
) -> Continuations:
    """What `compose` draws, as arrays, after one prompt of whole bars per piece, all in the metre
    of index `meter`. `masks` and `limits`, by their fields of `config.sample`, limit what is drawn;
    what one of the `judges` does not want is drawn again. `known_BN` holds the tokens of the
    continuations that are known in advance, including the last one, with blanks elsewhere. `plan`
    holds the bars left that the model is told.

    Raises:
      UserError: within `masks` a piece could only be drawn with a copied run of a limit.
    """
    limits = limits or {}
    num_again = 0 if manner.reads_all or masks is not None else 1  # steps of the prompt
    masks = masks and with_room(masks)
    num_particles = manner.num_particles(masks)
    given = params, architecture, manner, num_again, masks, limits, meter, plan
    num, numbers = len(prompts_BT), np.arange(len(prompts_BT))

    def drawing(rows: np.ndarray, num_particles: int = 1) -> Callable[..., Drawn]:
        """Draws after these prompts."""
        known = None if known_BN is None else known_BN[rows]
        return _drawing(*given, prompts_BT[rows], known, num_particles)

    draw = drawing(np.repeat(numbers, num_particles), num_particles)
    if masks is not None and is_distant(masks):
        if num_particles > 1:
            tried = drawing(np.resize(numbers, NUM_TRIED)), NUM_TRIED
            masks = guided_by(*tried, masks, manner.temperature, key, for_particles=True)
        else:
            masks = guided_by(draw, num, masks, manner.temperature, key)
    piece_keys_B = fold_in(key, jnp.arange(num))
    judged = slice(num_again, None) if masks is None else np.asarray(masks.rows.counts)

    def is_unwanted(drawn: Drawn) -> np.ndarray:
        events = [vocabulary.decode(tokens[judged]) for tokens in drawn.tokens_BN]
        poor_B = np.array([_is_poor(each, manner.redraw_stuck) for each in events])
        stuck = [num_B > 0 for num_B in _count(drawn, limits, 'stuck_B').values()]
        return np.any([poor_B, *stuck, *(judge(events) for judge in judges)], axis=0)

    drawn, num_redraws_B = _draw_again(
        lambda round_: draw(jax.vmap(jax.random.fold_in, (0, None))(piece_keys_B, round_), masks),
        is_unwanted,
        manner.max_redraws if manner.temperature > 0 else 0,
    )
    _check_stuck(drawn, limits)
    again_BN = drawn.tokens_BN[:, :num_again].astype(prompts_BT.dtype)
    read_BT = np.concatenate([prompts_BT[:, : prompts_BT.shape[1] - num_again], again_BN], axis=1)
    steps = jax.tree.map(lambda array: array[:, num_again:], drawn.replace(states=()))
    num_refused_B = _count(drawn, limits, 'refused_B')
    return Continuations(steps.replace(states=drawn.states), read_BT, num_redraws_B, num_refused_B)


def _drawing(
    params: Params,
    architecture: Architecture,
    manner: Manner,
    num_again: int,
    masks: Masks | None,
    limits: Mapping[str, Limit],
    meter: int,
    plan: Plan | None,
    prompts_BT: np.ndarray,
    known_BN: np.ndarray | None,
    num_particles: int,
) -> Callable[..., Drawn]:
    """A function that draws with a key for each piece, within masks; each group of `num_particles`
    rows, of the same prompt, is one piece. The last `num_again` steps of the prompts are not read,
    but drawn as well. `masks` state which steps are given.
    """
    num_rows, bars = len(prompts_BT), architecture.bars
    num_steps = (manner.num_notes or manner.num_bars * bars[meter]) + num_again
    # each device draws a part of the pieces, which are independent
    mesh = make_mesh(1, num_rows, jax.local_devices(), num_particles)
    spread = functools.partial(place, mesh=mesh, spec=BY_PIECE)
    reader = make_reader(
        place(params, mesh, EVERYWHERE),
        architecture,
        num_steps,
        window_steps=manner.window_steps,
        memory_steps=manner.memory_steps,
        future_BN=spread(_future(known_BN, num_again, architecture)),
        left_BS2=spread(plan and plan.of_pieces(num_rows)),
    )
    read_BT = np.asarray(prompts_BT[:, : prompts_BT.shape[1] - num_again], np.int32)
    places_T = np.array(later(first_place(meter, bars), np.arange(read_BT.shape[1]), bars))
    positions_BT = np.broadcast_to(places_T, read_BT.shape)
    limiting = _limiting(prompts_BT, num_steps, num_again, masks, limits, mesh)
    usual = Rule(manner.temperature, manner.top_k, manner.top_p)

    def draw(
        keys_B: jax.Array,
        masks: Masks | None,
        rule: Rule = usual,
        keep_own: bool = False,
    ) -> Drawn:
        masking = []
        if masks is not None:
            placed = place(masks, mesh, EVERYWHERE)
            masking = [each for each in (placed, placed.repeats) if each is not None]
        drawn = sample(
            reader,
            spread(read_BT),
            spread(positions_BT),
            spread(keys_B),
            rule,
            [*masking, *limiting],
            num_steps=num_steps,
            keep=manner.keep_distributions,
            keep_own=keep_own,
            particles=_particles(masks, num_particles) if num_particles > 1 else None,
        )
        return jax.tree.map(np.array, drawn)

    return draw


def _particles(masks: Masks, num: int) -> Particles:
    """Groups that may be resampled after every few steps."""
    counts_N = np.asarray(masks.rows.counts)
    resamples_N = counts_N & (np.arange(len(counts_N)) % RESAMPLED_EVERY == RESAMPLED_EVERY - 1)
    return Particles(counts_N, resamples_N, num)


def _future(
    known_BN: np.ndarray | None, num_again: int, architecture: Architecture
) -> np.ndarray | None:
    """What an infilling model knows in advance of the drawn steps; it knows none of the prompt's
    that are drawn again.
    """
    if known_BN is None:
        return None
    before = ((0, 0), (num_again, 0))
    return np.pad(known_BN.astype(np.int32), before, constant_values=architecture.num_classes)


def _limiting(
    prompts_BT: np.ndarray,
    num_steps: int,
    num_again: int,
    masks: Masks | None,
    limits: Mapping[str, Limit],
    mesh: Mesh,
) -> list[Constraint]:
    counts_N = np.arange(num_steps) >= num_again
    is_given_N = np.full(num_steps, False) if masks is None else masks.rows.given
    read_BT = place(np.asarray(prompts_BT, np.int32), mesh, BY_PIECE)
    return [
        place(limit, mesh, EVERYWHERE).after(read_BT, counts_N, is_given_N)
        for limit in limits.values()
    ]


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


def _check_stuck(drawn: Drawn, limits: Mapping[str, Limit]) -> None:
    for field, stuck_B in _count(drawn, limits, 'stuck_B').items():
        if num_stuck := int((stuck_B > 0).sum()):
            raise UserError(
                f'config.sample.{field} = {limits[field].num_symbols}: {num_stuck} of'
                f' {count(len(stuck_B), "piece")} reached a step at which everything that the'
                ' other wishes and given notes allow would have copied more; must be larger, or'
                ' with fewer wishes, or with more config.sample.max_redraws'
            )


def _count(drawn: Drawn, limits: Mapping[str, Limit], name: str) -> dict[str, np.ndarray]:
    """A count [B] of each limit's state, which come last in `_drawing`."""
    states = drawn.states[len(drawn.states) - len(limits) :]
    return {
        field: np.asarray(getattr(state, name)) for field, state in zip(limits, states, strict=True)
    }


def _replaced(rows: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.where(rows.reshape(-1, *[1] * (old.ndim - 1)), new, old)


def _is_poor(events: np.ndarray, stuck: bool) -> bool:
    num_pitches = len(np.unique(events[events >= 0]))
    return num_pitches == 0 or (stuck and num_pitches == 1)
