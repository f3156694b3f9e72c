"""Places in the bars of several metres, as one number each: the steps of a bar of the first metre,
then those of the second, and so on. With bars of 4 and 3 steps:

    place         0 1 2 3 4 5 6
    metre         0 0 0 0 1 1 1
    step in bar   0 1 2 3 0 1 2

`bars` are the steps in a bar of each metre. With one metre a place is the step in the bar.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

Bars = tuple[int, ...]


def first_place(meter: int, bars: Bars) -> int:
    """The place of a bar line in the metre of this index."""
    return sum(bars[:meter])


def meters_of(places: jax.Array, bars: Bars) -> jax.Array:
    """The index of the metre of each place."""
    return _look_up(np.repeat(np.arange(len(bars)), bars), places)


def bar_steps(places: jax.Array, bars: Bars) -> jax.Array:
    """The steps in a bar of the metre of each place."""
    return _look_up(np.repeat(bars, bars), places)


def steps_in_bar(places: jax.Array, bars: Bars) -> jax.Array:
    """The step in the bar of each place."""
    if len(bars) == 1:
        return places
    return _look_up(np.concatenate([np.arange(steps) for steps in bars]), places)


def later(places: jax.Array, steps: jax.Array | int, bars: Bars) -> jax.Array:
    """The place so many steps later (negative: earlier) in the same metre; the two are broadcast
    against each other.
    """
    if len(bars) == 1:
        return (places + steps) % bars[0]
    starts = list(itertools.accumulate(bars[:-1], initial=0))
    first = _look_up(np.repeat(starts, bars), places)
    return first + (places - first + steps) % bar_steps(places, bars)


def _look_up(table: np.ndarray, places: jax.Array) -> jax.Array:
    if isinstance(places, np.ndarray):  # also within callbacks, which must not call JAX
        return table[places]
    return jnp.asarray(table, jnp.int32)[places]
