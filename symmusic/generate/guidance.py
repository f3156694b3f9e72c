"""Guides masks by trial draws of the network (`guide`)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from symmusic.generate.control import Masks
from symmusic.generate.guide import (
    NUM_TRIED,
    fit,
    fit_pitches,
    guided,
    num_free,
    opened,
    with_pitches,
)
from symmusic.generate.sample import Drawn, Rule

# folded into the key for these draws; larger than any piece's number
FREE, TRIED = (1 << 31) - 1, (1 << 31) - 2


def guided_by(
    draw: Callable[..., Drawn],
    num_rows: int,
    masks: Masks,
    temperature: float,
    key: jax.Array,
    *,
    for_particles: bool = False,
) -> Masks:
    """The masks, weighted by a small model that is fitted to free draws. For particles they are
    also weighted by the probabilities of the given pitches in draws that this model guides. The
    result depends only on the key.

    Args:
      draw: draws `num_rows` pieces, given their keys, masks, a rule and whether to keep the model's
        own probabilities.
      num_rows: pieces that `draw` draws at a time.
      masks: masks that bind distant steps.
      temperature: of sampling.
      key: of the pieces; folded with numbers that are not the index of any piece.
      for_particles: whether pieces are drawn by particles.
    """
    rule = Rule(temperature or 1.0)

    def tried(masks: Masks, stream: int, num: int) -> tuple[np.ndarray, np.ndarray | None]:
        keys = jax.random.fold_in(key, stream)
        drawn = [
            draw(fold_in(keys, first + jnp.arange(num_rows)), masks, rule, for_particles)
            for first in range(0, num, num_rows)
        ]
        shares = [each.own_BNV if for_particles else each.probabilities_BNV for each in drawn]
        tokens_BN = np.concatenate([each.tokens_BN for each in drawn])[:num]
        return tokens_BN, None if shares[0] is None else np.concatenate(shares)[:num]

    masks = guided(masks, fit(masks, *tried(opened(masks), FREE, num_free(masks))))
    if for_particles and masks.gives_pitches:
        masks = with_pitches(masks, fit_pitches(masks, *tried(masks, TRIED, NUM_TRIED)))
    return masks


def fold_in(key: jax.Array, numbers_B: jax.Array) -> jax.Array:
    """A key for each number."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, numbers_B)
