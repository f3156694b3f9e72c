"""The windows of a batch, and how they are augmented before training. Pure functions."""

import flax.struct
import jax
import jax.numpy as jnp

from symmusic.melody.form import NOT_KNOWN
from symmusic.model.places import Bars, later, steps_in_bar
from symmusic.training.state import Recipe

# dropout folds the index of a layer into an update's key
TRANSPOSITION, GAP, FORM, HAS_GAP = (2**31 - number for number in range(1, 5))
# how often each count of bars left is given in training, so that the model also learns to do
# without
TOLD_RATE = 0.5


@flax.struct.dataclass
class Data:
    """Windows on the device; the arrays of `corpus.windows.Windows`."""

    stream: jax.Array  # tokens of all phrases
    starts_N: jax.Array
    positions_N: jax.Array
    num_padding_N: jax.Array
    first_targets_N: jax.Array
    num_steps: int = flax.struct.field(pytree_node=False)
    bars: Bars = flax.struct.field(pytree_node=False, default=(16,))
    left_L2: jax.Array | None = None  # bars left at each token of the stream


@flax.struct.dataclass
class Batch:
    """Some windows of S steps."""

    tokens_BS: jax.Array
    positions_BS: jax.Array  # place in the bar (`model.places`)
    # steps of padding at the start of the window; S for a filler row
    num_padding_B: jax.Array
    first_target_B: jax.Array  # the first target if all steps are targets; S for a filler row
    # the first step after the gap, known in advance with all that follow; S if none is known
    end_B: jax.Array
    left_BS2: jax.Array | None = None  # bars left (`melody.form`); None = not known


def gather(data: Data, rows_B: jax.Array) -> Batch:
    """The windows of some rows; row -1 is a filler without targets."""
    steps_S = jnp.arange(data.num_steps)
    tokens_BS = data.stream[data.starts_N[rows_B][:, None] + steps_S].astype(jnp.int32)
    first_B1 = data.positions_N[rows_B].astype(jnp.int32)[:, None]
    is_filler_B = rows_B < 0
    num_padding_B = jnp.where(
        is_filler_B, data.num_steps, data.num_padding_N[rows_B].astype(jnp.int32)
    )
    first_target_B = jnp.where(
        is_filler_B, data.num_steps, data.first_targets_N[rows_B].astype(jnp.int32)
    )
    return Batch(
        tokens_BS,
        later(first_B1, steps_S, data.bars),
        num_padding_B,
        first_target_B,
        jnp.full_like(first_target_B, data.num_steps),
    )


def transpose(batch: Batch, keys_B: jax.Array, recipe: Recipe, num_classes: int) -> Batch:
    """The windows, each transposed by a number of semitones drawn uniformly from
    `recipe.transpositions`; the vocabulary covers all of them.
    """
    low, high = recipe.transpositions
    if low == high == 0:
        return batch
    distance_B = jax.vmap(
        lambda key: jax.random.randint(jax.random.fold_in(key, TRANSPOSITION), (), low, high + 1)
    )(keys_B)
    is_pitch_BS = (batch.tokens_BS >= recipe.first_pitch) & (batch.tokens_BS < num_classes)
    return batch.replace(tokens_BS=batch.tokens_BS + jnp.where(is_pitch_BS, distance_B[:, None], 0))


def open_gaps(batch: Batch, keys_B: jax.Array, bars: Bars, share: float = 1.0) -> Batch:
    """The windows, each with a gap up to a bar line; the steps from the bar line on are known in
    advance. The bar line is drawn uniformly from those after the first target and the window's end,
    after which nothing is known. Only a random `share` of the windows has a gap; in the others
    nothing is known in advance.

    Because p(x_t | x_<t, what follows the gap) is the same for every gap with the same end, all
    gaps with this end are learned at once.
    """
    num_steps = batch.tokens_BS.shape[1]
    is_line_BS = steps_in_bar(batch.positions_BS, bars) == 0
    is_end_BS = is_line_BS & (jnp.arange(num_steps) > batch.first_target_B[:, None])
    noise_BS = jax.vmap(
        lambda key: jax.random.uniform(jax.random.fold_in(key, GAP), (num_steps + 1,))
    )(keys_B)
    is_end_BS = jnp.pad(is_end_BS, ((0, 0), (0, 1)), constant_values=True)
    end_B = jnp.where(is_end_BS, noise_BS, -1).argmax(axis=1)
    if share < 1:
        has_gap_B = jax.vmap(
            lambda key: jax.random.bernoulli(jax.random.fold_in(key, HAS_GAP), share)
        )(keys_B)
        end_B = jnp.where(has_gap_B, end_B, num_steps)
    return batch.replace(end_B=end_B)


def tell_form(
    batch: Batch, data: Data, rows_B: jax.Array, keys_B: jax.Array | None = None
) -> Batch:
    """The windows `rows_B` with the bars left in the section and in the tune. Each of the two
    counts is given in a window with probability `TOLD_RATE`, independently; without keys, both are
    given wherever they are known.
    """
    if data.left_L2 is None:
        return batch
    left_BS2 = data.left_L2[data.starts_N[rows_B][:, None] + jnp.arange(data.num_steps)]
    if keys_B is not None:
        is_told_B2 = jax.vmap(
            lambda key: jax.random.bernoulli(jax.random.fold_in(key, FORM), TOLD_RATE, (2,))
        )(keys_B)
        left_BS2 = jnp.where(is_told_B2[:, None], left_BS2, NOT_KNOWN).astype(jnp.uint8)
    return batch.replace(left_BS2=left_BS2)
