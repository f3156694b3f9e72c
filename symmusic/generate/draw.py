"""Drawing continuations of prompts."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np
from jax.sharding import Mesh

from symmusic.generate.control import Masks
from symmusic.generate.guidance import fold_in, guided_by
from symmusic.generate.guide import NUM_TRIED, is_distant
from symmusic.generate.manner import Manner
from symmusic.generate.masks import with_room
from symmusic.generate.particles import Particles
from symmusic.generate.plan import Plan
from symmusic.generate.readers import Reader, make_reader
from symmusic.generate.redraw import Judge, check_stuck, count_by_limit, draw_again, is_poor
from symmusic.generate.sample import Constraint, Drawn, Limit, Rule, sample
from symmusic.melody.encodings import Vocabulary
from symmusic.model.model import Architecture, Params
from symmusic.model.places import first_place, later
from symmusic.training.devices import BY_PIECE, EVERYWHERE, make_mesh, place

RESAMPLED_EVERY = 4  # steps: resampling at each step would take as long as drawing it


@dataclasses.dataclass(frozen=True)
class Conditions:
    """What continuations must satisfy, and what the model knows about them in advance.

    Attributes:
      masks: which classes may be drawn; None = all.
      limits: limits on copied runs, keyed by the field of `config.sample`.
      judges: a piece that any of them flags is drawn again.
      known: [N] or [B, N] the tokens that an infilling model knows in advance, with blanks
        elsewhere; the last one is always known, and it may be after the steps that are drawn. None
        = none.
      meter: the index of the metre of prompts and pieces among those of the model.
      plan: the bars left at each step, for a model that reads them; None = not known.
    """

    masks: Masks | None = None
    limits: Mapping[str, Limit] = dataclasses.field(default_factory=dict)
    judges: Sequence[Judge] = ()
    known: np.ndarray | None = None
    meter: int = 0
    plan: Plan | None = None


@dataclasses.dataclass(frozen=True)
class Continuations:
    """What was drawn after B prompts.

    Attributes:
      drawn: the result of `sample`.
      read_BT: the tokens read before them.
      num_redraws_B: how often each piece was drawn again.
      num_refused_B: keyed by limit, the number of steps at which it excluded a class.
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
    conditions: Conditions | None = None,
) -> Continuations:
    """Like `compose`, but returns arrays.

    Args:
      params: of the model.
      architecture: of the model.
      vocabulary: of the model.
      prompts_BT: tokens, one prompt of whole bars for each of B pieces.
      manner: how to sample; B takes the place of `num_samples`.
      key: consumed; a piece depends only on it and on the piece's index.
      conditions: None = none.

    Raises:
      UserError: the masks leave a piece only continuations that break a limit on copied runs.
    """
    drawing = _Drawing(params, architecture, prompts_BT, manner, conditions or Conditions())
    num_again, limits = drawing.num_again, drawing.conditions.limits
    draw, masks = drawing.start(key)
    judged = slice(num_again, None) if masks is None else np.asarray(masks.rows.counts)

    def is_unwanted(drawn: Drawn) -> np.ndarray:
        events = [vocabulary.decode(tokens[judged]) for tokens in drawn.tokens_BN]
        poor_B = np.array([is_poor(each, if_stuck=manner.redraw_stuck) for each in events])
        stuck = [num_B > 0 for num_B in count_by_limit(drawn, limits, 'stuck_B').values()]
        judged_B = [judge(events) for judge in drawing.conditions.judges]
        return np.any([poor_B, *stuck, *judged_B], axis=0)

    numbers_B = np.arange(len(prompts_BT))
    drawn, num_redraws_B = draw_again(
        lambda round_: draw(_keys_of_round(key, numbers_B, round_), masks),
        is_unwanted,
        manner.max_redraws if manner.temperature > 0 else 0,
    )
    check_stuck(drawn, limits)
    again_BN = drawn.tokens_BN[:, :num_again].astype(prompts_BT.dtype)
    read_BT = np.concatenate([prompts_BT[:, : prompts_BT.shape[1] - num_again], again_BN], axis=1)
    steps = jax.tree.map(lambda array: array[:, num_again:], drawn.replace(states=()))
    num_refused_B = count_by_limit(drawn, limits, 'refused_B')
    return Continuations(steps.replace(states=drawn.states), read_BT, num_redraws_B, num_refused_B)


@jax.jit  # jitted as one program, because each program takes a while to load
def _keys_of_round(key: jax.Array, numbers_B: jax.Array, round_: jax.Array) -> jax.Array:
    """A key for each piece, whatever the number of pieces."""
    return jax.vmap(jax.random.fold_in, (0, None))(fold_in(key, numbers_B), round_)


class _Drawing:
    """Draws after prompts; the arguments are those of `draw_continuations`."""

    def __init__(
        self,
        params: Params,
        architecture: Architecture,
        prompts_BT: np.ndarray,
        manner: Manner,
        conditions: Conditions,
    ):
        self.params, self.architecture = params, architecture
        self.prompts_BT, self.manner = prompts_BT, manner
        masks = conditions.masks and with_room(conditions.masks)
        self.conditions = dataclasses.replace(conditions, masks=masks)
        # steps at the end of the prompts that are not read, but drawn again
        self.num_again = 0 if manner.reads_all or masks is not None else 1

    def start(self, key: jax.Array) -> tuple[Callable[..., Drawn], Masks | None]:
        """The function that `after` makes for all prompts and their particles; and the masks,
        guided if they bind distant steps.
        """
        masks, manner = self.conditions.masks, self.manner
        num, num_particles = len(self.prompts_BT), manner.num_particles(masks)
        draw = self.after(np.repeat(np.arange(num), num_particles), num_particles)
        if masks is None or not is_distant(masks):
            return draw, masks
        if num_particles > 1:
            tried = self.after(np.resize(np.arange(num), NUM_TRIED)), NUM_TRIED
            return draw, guided_by(*tried, masks, manner.temperature, key, for_particles=True)
        return draw, guided_by(draw, num, masks, manner.temperature, key)

    def after(self, rows: np.ndarray, num_particles: int = 1) -> Callable[..., Drawn]:
        """Makes a function that draws within masks after these prompts, given a key for each piece.
        Each group of `num_particles` rows with the same prompt makes one piece.
        """
        prompts_BT, bars = self.prompts_BT[rows], self.architecture.bars
        meter = self.conditions.meter
        num_drawn = self.manner.num_notes or self.manner.num_bars * bars[meter]
        num_steps = num_drawn + self.num_again
        # each device draws a part of the pieces, which are independent
        mesh = make_mesh(1, len(rows), jax.local_devices(), num_particles)
        spread = functools.partial(place, mesh=mesh, spec=BY_PIECE)
        reader = self._reader(rows, num_steps, mesh)
        read_BT = np.asarray(prompts_BT[:, : prompts_BT.shape[1] - self.num_again], np.int32)
        # in NumPy: each JAX operation would be a separate program to load
        places_T = later(np.array(first_place(meter, bars)), np.arange(read_BT.shape[1]), bars)
        positions_BT = np.broadcast_to(places_T.astype(np.int32), read_BT.shape)
        limiting = self._limiting(prompts_BT, num_steps, mesh)
        usual = Rule(self.manner.temperature, self.manner.top_k, self.manner.top_p)

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
                [*masking, *limiting],  # the limits last: `count_by_limit`
                num_steps=num_steps,
                keep=self.manner.keep_distributions,
                keep_own=keep_own,
                particles=_particles(masks, num_particles) if num_particles > 1 else None,
            )
            return jax.tree.map(np.array, drawn)

        return draw

    def _reader(self, rows: np.ndarray, num_steps: int, mesh: Mesh) -> Reader:
        """The model's reader for these rows. An infilling model is not told in advance those steps
        of the prompts that are drawn again.
        """
        known, future_BN = self.conditions.known, None
        if known is not None:
            known_BN = np.broadcast_to(known, (len(self.prompts_BT), known.shape[-1]))[rows]
            future_BN = np.pad(
                known_BN.astype(np.int32),
                ((0, 0), (self.num_again, 0)),
                constant_values=self.architecture.num_classes,
            )
        plan = self.conditions.plan
        return make_reader(
            place(self.params, mesh, EVERYWHERE),
            self.architecture,
            num_steps,
            window_steps=self.manner.window_steps,
            memory_steps=self.manner.memory_steps,
            future_BN=place(future_BN, mesh, BY_PIECE),
            left_BS2=place(plan and plan.of_pieces(len(rows)), mesh, BY_PIECE),
        )

    def _limiting(self, prompts_BT: np.ndarray, num_steps: int, mesh: Mesh) -> list[Constraint]:
        """The constraints of the limits after prompts."""
        masks = self.conditions.masks
        counts_N = np.arange(num_steps) >= self.num_again
        is_given_N = np.full(num_steps, False) if masks is None else masks.rows.given
        read_BT = place(np.asarray(prompts_BT, np.int32), mesh, BY_PIECE)
        return [
            place(limit, mesh, EVERYWHERE).after(read_BT, counts_N, is_given_N)
            for limit in self.conditions.limits.values()
        ]


def _particles(masks: Masks, num: int) -> Particles:
    """The groups of particles; they may be resampled every few steps."""
    counts_N = np.asarray(masks.rows.counts)
    resamples_N = counts_N & (np.arange(len(counts_N)) % RESAMPLED_EVERY == RESAMPLED_EVERY - 1)
    return Particles(counts_N, resamples_N, num)
