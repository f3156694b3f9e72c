"""Pieces from a prompt: sampling them, sampling empty ones again, and transposing back to the
prompt's key.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.errors import UserError
from symmusic.generate.control import Masks
from symmusic.generate.prompt import Prompt
from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Constraint, Drawn, Limit, Rule, sample
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import transpose_events
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


@dataclasses.dataclass(frozen=True)
class Piece:
    """A continuation.

    Attributes:
      tokens: [N] uint8, in the model's key.
      events: [N] int8, in the prompt's key.
      log_probability: sum over the drawn tokens under the model, in nats, at temperature 1.
      num_redraws: how often it was drawn again.
      probabilities: [N, V] the distribution that each token was drawn from, if kept.
      weights: [N, T] attention weights, if kept and the model has attention; the last column is the
        step right before the row's own.
      read: [P] uint8 tokens before the piece as the model has read them (the prompt without its
        last token, and the one drawn in its place), if distributions are kept.
      log_probabilities: [N] of each token, including given ones.
      num_refused: steps at which a copy was refused; None if copies are not limited.
      is_given: [N] bool, the steps that were known before sampling; None = none.
    """

    tokens: np.ndarray
    events: np.ndarray
    log_probability: float
    num_redraws: int
    probabilities: np.ndarray | None = None
    weights: np.ndarray | None = None
    read: np.ndarray | None = None
    log_probabilities: np.ndarray | None = None
    num_refused: int | None = None
    is_given: np.ndarray | None = None

    @property
    def is_drawn(self) -> np.ndarray:
        """[N] bool, the steps that were drawn."""
        return np.full(len(self.tokens), True) if self.is_given is None else ~self.is_given

    @property
    def surprise(self) -> float:
        """Nats per drawn step; 0 if none was drawn."""
        return -self.log_probability / max(int(self.is_drawn.sum()), 1)

    @property
    def is_empty(self) -> bool:
        return not (self.events >= 0).any()

    def up_to(self, num_steps: int) -> 'Piece':
        """Its first steps as a new piece."""
        arrays = {
            field.name: value[:num_steps]
            for field in dataclasses.fields(self)
            if field.name != 'read' and isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return _counted(dataclasses.replace(self, **arrays))


def _counted(piece: Piece) -> Piece:
    """The piece with the sum of the log probabilities of its drawn tokens."""
    drawn = piece.log_probabilities[piece.is_drawn]
    return dataclasses.replace(piece, log_probability=float(drawn.sum(dtype=np.float64)))


def compose(
    params: Params,
    architecture: Architecture,
    vocabulary: Vocabulary,
    prompt: Prompt,
    manner: Manner,
    key: jax.Array,
    masks: Masks | None = None,
    index: Limit | None = None,
    reject: Judge | None = None,
    known_N: np.ndarray | None = None,
) -> list[Piece]:
    """Samples pieces as in the thesis: the prompt is read without its last step, one token more
    than the new bars have is drawn, and the first, which completes the prompt's last bar, is
    dropped.

    Empty pieces are drawn again, in at most `max_redraws` rounds. So are pieces of a single pitch
    with `redraw_stuck`, pieces for which `index` and `masks` together left nothing to draw, and any
    piece that `reject` flags. Greedy pieces never are. Piece n of a key does not depend on
    `num_samples`. With `masks` the prompt's last step is kept.

    For an infilling model `known_N` holds the tokens of the new bars that are known in advance,
    with blanks elsewhere.
    """
    prompts_BT = np.broadcast_to(prompt.tokens, (manner.num_samples, len(prompt.tokens)))
    known_BN = (
        None if known_N is None else np.broadcast_to(known_N, (manner.num_samples, len(known_N)))
    )
    drawn, num_redraws = draw_continuations(
        params, architecture, vocabulary, prompts_BT, manner, key, masks, index, reject, known_BN
    )
    pieces = as_pieces(drawn, prompts_BT, vocabulary)
    is_given = np.full(len(pieces[0].tokens), False)
    if known_N is not None:
        is_given |= known_N < architecture.num_classes
    if masks is not None:
        is_given |= np.asarray(masks.rows.given)[1:]
    return [
        _counted(
            dataclasses.replace(
                piece,
                events=transpose_events(piece.events, -prompt.transposed_by),
                num_redraws=int(count),
                is_given=is_given,
            )
        )
        for piece, count in zip(pieces, num_redraws, strict=True)
    ]


def as_pieces(drawn: Drawn, prompts_BT: np.ndarray, vocabulary: Vocabulary) -> list[Piece]:
    """The result of `draw_continuations` as single pieces, in the model's key."""
    first_B = drawn.tokens_BN[:, :1].astype(np.uint8)
    limited = next((state for state in drawn.states if hasattr(state, 'refused_B')), None)
    drawn = jax.tree.map(lambda array: array[:, 1:], drawn.replace(states=()))
    return [
        Piece(
            tokens=drawn.tokens_BN[index].astype(np.uint8),
            events=vocabulary.decode(drawn.tokens_BN[index]),
            log_probability=float(drawn.log_probabilities_BN[index].sum(dtype=np.float64)),
            num_redraws=0,
            log_probabilities=drawn.log_probabilities_BN[index],
            num_refused=None if limited is None else int(limited.refused_B[index]),
            probabilities=(
                None if drawn.probabilities_BNV is None else drawn.probabilities_BNV[index]
            ),
            weights=None if drawn.weights_BNT is None else drawn.weights_BNT[index],
            read=(
                None
                if drawn.probabilities_BNV is None
                else np.concatenate([prompts_BT[index, :-1], first_B[index]])
            ),
        )
        for index in range(len(prompts_BT))
    ]


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
    num_samples, num_steps = len(prompts_BT), manner.num_bars * STEPS_PER_BAR + 1
    judged = slice(None) if masks is None else np.asarray(masks.rows.counts)[1:]
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

    drawn = draw(0)
    num_redraws = np.zeros(num_samples, int)
    for round_ in range(1, manner.max_redraws + 1 if manner.temperature > 0 else 1):
        events = [vocabulary.decode(tokens)[judged] for tokens in drawn.tokens_BN[:, 1:]]
        again = np.array([_unwanted(each, manner.redraw_stuck) for each in events])
        if reject is not None:
            again |= reject(events)
        again |= _is_stuck(drawn)
        if not again.any():
            break
        num_redraws[again] += 1
        drawn = jax.tree.map(functools.partial(_replaced, again), drawn, draw(round_))
    if num_stuck := int(_is_stuck(drawn).sum()):
        raise UserError(
            f'config.sample.max_copied_run = {index.num_symbols}: {num_stuck} of {num_samples}'
            ' pieces came to a step at which all that the other wishes and given notes let through'
            ' would have copied more; must be larger, or with fewer wishes, or with more'
            ' config.sample.max_redraws'
        )
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


def _unwanted(events: np.ndarray, stuck: bool) -> bool:
    num_pitches = len(np.unique(events[events >= 0]))
    return num_pitches == 0 or (stuck and num_pitches == 1)


def ranked(pieces: Sequence[Piece], copied: Sequence[int], by: str) -> list[int]:
    """The indices of pieces, the best first: by `likelihood`, by `originality` (the fewest notes
    `copied`), or by the sum of both ranks.
    """
    likely = np.array([-piece.log_probability for piece in pieces])
    keys = {
        'likelihood': [likely],
        'originality': [likely, copied],
        'both': [likely, _places(likely) + _places(np.array(copied))],
    }
    return np.lexsort(keys[by]).tolist()


def _places(values: np.ndarray) -> np.ndarray:
    """Twice the rank: the number of smaller values plus that of the values not larger."""
    # Not rankdata: `scipy.stats` takes 0.4 s to import.
    return np.searchsorted(ordered := np.sort(values), values) + np.searchsorted(
        ordered, values, 'right'
    )


def fitting(
    pieces: Sequence[Piece], num: int, first_kept: int, rng: np.random.Generator
) -> list[int]:
    """The indices of `num` pieces, one of each group of candidates, drawn by how well their last
    steps, equal in all from `first_kept` on, continue what is before them. This is sampling
    importance resampling (Rubin, 1987): with more and more candidates the steps before are drawn
    from the model's distribution given both sides.
    """
    weights_GK = np.array(
        [piece.log_probabilities[first_kept:].sum(dtype=np.float64) for piece in pieces]
    ).reshape(num, -1)
    noise_GK = rng.gumbel(size=weights_GK.shape)
    chosen_G = np.argmax(weights_GK + noise_GK, axis=1)
    return [group * weights_GK.shape[1] + int(index) for group, index in enumerate(chosen_G)]
