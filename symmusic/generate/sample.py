"""Drawing tokens from a model, one step after the other, as one scan over a batch of pieces. Pure
functions.
"""

import functools

import flax.struct
import jax
import jax.numpy as jnp
from jax import lax

from symmusic.generate import control, originality
from symmusic.model.ahead import look_ahead
from symmusic.model.model import Architecture, Params, apply_last, apply_step, init_carry
from symmusic.model.sliding import can_slide, init_windows, slide

BAR_STEPS = 16


@flax.struct.dataclass
class Drawn:
    """B drawn pieces of N steps."""

    tokens_BN: jax.Array
    # of each drawn token under the model itself: temperature 1, nothing cut off; 0 where it was
    # known
    log_probabilities_BN: jax.Array
    probabilities_BNV: jax.Array | None  # what each token was drawn from
    weights_BNT: jax.Array | None  # attention, over the steps read, the latest last
    refused_B: jax.Array | None = None  # at how many steps a copy was refused, where any are
    # at how many nothing but copies could be drawn, so that one was
    stuck_B: jax.Array | None = None


def restrict(
    logits_BV: jax.Array, temperature: jax.Array, top_k: jax.Array, top_p: jax.Array
) -> jax.Array:
    """The logits to draw from: divided by the temperature, then cut to the `top_k` likeliest
    classes (0: all), then to the likeliest ones that together hold at least `top_p` (Holtzman et
    al., 2020). Classes cut off are -inf; at temperature 0 only the argmax is left (the first, where
    several are alike).
    """
    is_whole = (temperature > 0) & (top_k == 0) & (top_p >= 1)
    return lax.cond(
        is_whole,
        lambda: logits_BV / temperature,
        lambda: _cut(logits_BV, temperature, top_k, top_p),
    )


def _cut(
    logits_BV: jax.Array, temperature: jax.Array, top_k: jax.Array, top_p: jax.Array
) -> jax.Array:
    num_classes = logits_BV.shape[-1]
    index_V = jnp.arange(num_classes)
    one_BVV, other_BVV = logits_BV[:, :, None], logits_BV[:, None, :]
    # Which other classes come before one: so few are sooner compared with one another than sorted.
    before_BVV = (other_BVV > one_BVV) | ((other_BVV == one_BVV) & (index_V < index_V[:, None]))
    rank_BV = before_BVV.sum(axis=-1)
    logits_BV = logits_BV / jnp.where(temperature > 0, temperature, 1.0)
    kept_BV = rank_BV < jnp.where(temperature > 0, jnp.where(top_k > 0, top_k, num_classes), 1)
    probabilities_BV = jax.nn.softmax(jnp.where(kept_BV, logits_BV, -jnp.inf), axis=-1)
    likelier_BV = jnp.where(before_BVV, probabilities_BV[:, None, :], 0.0).sum(axis=-1)
    # 1 is all, also where the sum has rounded to 1
    kept_BV &= (likelier_BV < top_p) | (rank_BV == 0) | (top_p >= 1)
    return jnp.where(kept_BV, logits_BV, -jnp.inf)


@functools.partial(
    jax.jit, static_argnames=('architecture', 'num_steps', 'window_steps', 'memory_steps', 'keep')
)
def sample(
    params: Params,
    prompt_BT: jax.Array,
    positions_BT: jax.Array,
    keys_B: jax.Array,
    *,
    architecture: Architecture,
    num_steps: int,
    temperature: jax.Array,
    top_k: jax.Array,
    top_p: jax.Array,
    window_steps: int | None = None,
    memory_steps: int = 128,
    keep: bool = False,
    masks: control.Masks | None = None,
    index: originality.Index | None = None,
    heard: originality.Heard | None = None,
    future_BN: jax.Array | None = None,
) -> Drawn:
    """Draws `num_steps` tokens after each prompt.

    Args:
      params: of the model.
      prompt_BT: tokens, T >= 1.
      positions_BT: their metric positions (step in the bar).
      keys_B: a key per piece; consumed. A piece depends on its own key alone, not on those drawn
        beside it.
      architecture: of `params`.
      num_steps: N.
      temperature: of the softmax; 0 draws the likeliest token.
      top_k: draw among so many likeliest classes; 0 = all.
      top_p: draw among the likeliest classes that hold so much probability; 1 = all.
      window_steps: read the last so many steps anew for every token, a shorter prompt padded on the
        left (any architecture; all windows at once where they can slide); None = carry the state
        (models of one direction).
      memory_steps: how many steps attention looks back where the state is carried.
      keep: return probabilities and attention weights of every step.
      masks: what may be drawn at each of the N steps.
      index: runs of notes that none of the steps but the first may complete, those apart at which
        `masks` leave no choice.
      heard: with `index`, what `originality.listen` heard in the prompts and in their last step,
        which the first of the steps repeats.
      future_BN: of an infilling model that carries its state, the tokens known in advance, which
        stand, elsewhere the blank; the last one is known. None = nothing is.
    """

    def draw(keys_B, logits_BV, state, row):
        if future_BN is not None:
            is_other_BV = (row[2] < architecture.num_classes)[:, None] & (
                jnp.arange(architecture.num_classes) != row[2][:, None]
            )
            logits_BV = jnp.where(is_other_BV, -jnp.inf, logits_BV)
        allowed_BV, verdict = allow(logits_BV, state, row)
        restricted_BV = restrict(allowed_BV, temperature, top_k, top_p)
        keys_B2 = jax.vmap(jax.random.split)(keys_B)
        token_B = jax.vmap(jax.random.categorical)(keys_B2[:, 1], restricted_BV)
        log_probability_B = jnp.take_along_axis(
            jax.nn.log_softmax(logits_BV), token_B[:, None], axis=-1
        )[:, 0]
        state = follow(state, row, token_B, verdict)
        return keys_B2[:, 0], token_B, log_probability_B, jax.nn.softmax(restricted_BV), state

    def allow(logits_BV, state, row):
        """The logits, -inf where a class may not be drawn, and of each piece whether that is for a
        copy's sake and whether it is stuck.
        """
        if masks is not None:
            logits_BV = jnp.where(control.allowed(masks, row[0], state[0]), logits_BV, -jnp.inf)
        if index is None:
            return logits_BV, None
        is_copy_BV, is_stuck_B = originality.refuse(index, state[1], ~jnp.isneginf(logits_BV))
        is_free = (row[1] > 0) & (True if masks is None else row[0].tokens_V.sum() > 1)
        is_copy_BV &= is_free
        return jnp.where(is_copy_BV, -jnp.inf, logits_BV), (
            is_copy_BV.any(axis=-1),
            is_stuck_B & is_free,
        )

    def follow(state, row, token_B, verdict):
        wished, heard = state
        if masks is not None:
            wished = control.advance(masks, row[0], wished, token_B)
        if index is not None:
            after = originality.hear(index, heard, token_B, *verdict)
            heard = jax.tree.map(lambda new, old: jnp.where(row[1] > 0, new, old), after, heard)
        return wished, heard

    def kept(probabilities_BV, weights_BT):
        return (probabilities_BV, weights_BT) if keep else (None, None)

    def step_of_window(carry, row):
        keys_B, window_BT, positions_BT, state = carry
        logits_BV, weights_BT = apply_last(params, window_BT, positions_BT, architecture)
        keys_B, token_B, log_probability_B, probabilities_BV, state = draw(
            keys_B, logits_BV, state, row
        )
        window_BT = jnp.concatenate(
            [window_BT[:, 1:], token_B[:, None].astype(window_BT.dtype)], axis=1
        )
        positions_BT = (positions_BT + 1) % BAR_STEPS
        return (keys_B, window_BT, positions_BT, state), (
            token_B,
            log_probability_B,
            *kept(probabilities_BV, weights_BT),
        )

    def step_of_state(carry, row):
        keys_B, model_carry, logits_BV, weights_BT, position_B, state = carry
        keys_B, token_B, log_probability_B, probabilities_BV, state = draw(
            keys_B, logits_BV, state, row
        )
        position_B = (position_B + 1) % BAR_STEPS
        drawn = (token_B, log_probability_B, *kept(probabilities_BV, weights_BT))
        model_carry, logits_BV, weights_BT = advance(model_carry, token_B, position_B, row[3])
        return (keys_B, model_carry, logits_BV, weights_BT, position_B, state), drawn

    def advance(model_carry, token_B, position_B, told):
        """The carry, logits and attention weights after one more token."""
        if window_steps is None:
            return apply_step(params, model_carry, token_B, position_B, architecture, ahead=told)
        return (
            *slide(params, model_carry, token_B, position_B, architecture, window_steps, num_steps),
            None,
        )

    num_pieces, num_read = prompt_BT.shape
    told_read = told_drawn = None
    if future_BN is not None:
        whole_BT = jnp.pad(
            future_BN, ((0, 0), (num_read - 1, 0)), constant_values=architecture.num_classes
        )
        told = look_ahead(
            params,
            whole_BT,
            (positions_BT[:, :1] + jnp.arange(whole_BT.shape[1])) % BAR_STEPS,
            architecture,
        )
        told_read, told_drawn = (
            jax.tree.map(lambda leaf, at=at: leaf[at], told)
            for at in (slice(num_read), slice(num_read, None))
        )
        # after the last step nothing follows
        told_drawn = jax.tree.map(lambda leaf: jnp.pad(leaf, ((0, 1), (0, 0), (0, 0))), told_drawn)
    state = (masks and control.initial_state(masks, num_pieces), heard)
    rows = (
        masks and masks.rows,
        None if index is None else jnp.arange(num_steps),
        None if future_BN is None else future_BN.T,
        told_drawn,
    )
    if window_steps is not None:
        missing = max(window_steps - prompt_BT.shape[1], 0)
        prompt_BT = jnp.pad(
            prompt_BT, ((0, 0), (missing, 0)), constant_values=architecture.padding
        )[:, -window_steps:]
        positions_BT = (positions_BT[:, -1:] + jnp.arange(1 - window_steps, 1)) % BAR_STEPS
    if window_steps is not None and not can_slide(architecture):
        carry, step = (keys_B, prompt_BT, positions_BT, state), step_of_window
    else:

        def read(model_carry, inputs):
            model_carry, logits_BV, weights_BT = advance(model_carry, *inputs)
            return model_carry, (logits_BV, weights_BT)

        if window_steps is None:
            model_carry = init_carry(architecture, num_pieces, memory_steps)
        else:
            model_carry = init_windows(architecture, num_pieces, window_steps)
        model_carry, outputs = lax.scan(read, model_carry, (prompt_BT.T, positions_BT.T, told_read))
        logits_BV, weights_BT = jax.tree.map(lambda output: output[-1], outputs)
        carry, step = (
            (keys_B, model_carry, logits_BV, weights_BT, positions_BT[:, -1], state),
            step_of_state,
        )

    carry, drawn = lax.scan(step, carry, rows, length=num_steps)
    counts = () if index is None else (carry[-1][1].refused_B, carry[-1][1].stuck_B)
    return Drawn(*jax.tree.map(lambda array: jnp.swapaxes(array, 0, 1), drawn), *counts)
