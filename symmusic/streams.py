"""Random streams: every random draw of symmusic starts here, from a seed and the name of what is
drawn.

Streams are independent: the number of the name, and then each index, is mixed into the seed by
NumPy's `SeedSequence` or JAX's `fold_in`. Never renumber a stream, as that would change what a seed
draws.

In JAX `split(key, num)[index]` equals `fold_in(key, index)`: a function that is given a key must
use only one of the two.
"""

from __future__ import annotations

import enum
import functools
import operator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import jax

LIMIT = 2**32  # seeds and indices must be below, as JAX's keys would silently wrap around


class Stream(enum.Enum):
    """The names of what is drawn, each with its number and the meaning of its indices."""

    TRAINING = 1, ()  # initial parameters and dropout of the run of this seed
    BATCH_ORDER = 2, ('epoch',)
    HELD_OUT_GAPS = 3, ()  # with seed 0 in every run, so that the gaps are the same in all
    SAMPLED_PIECES = 4, ()
    FITTING_CANDIDATES = 5, ()
    EVALUATION = 6, ()  # prompts, excerpts and the rows of each draw
    EVALUATED_PIECES = 7, ('chunk',)
    MARKOV_PIECES = 8, ('order',)
    CRITIC_MATERIAL = 9, ()  # prompts, and the Markov pieces after them
    CRITIC_PIECES = 10, ('chunk',)
    CRITIC_FOLDS = 11, ()
    CRITIC_BATCHES = 12, ('critic',)
    CRITIC_PARAMETERS = 13, ()
    CRITIC_RESAMPLES = 14, ()
    COMPARISON_RESAMPLES = 15, ()
    LIKELIHOOD_RESAMPLES = 16, ()
    DRAWS_RESAMPLES = 17, ()
    COPY_LEVEL = 18, ()  # excerpts of unseen tunes, which show how much is copied by chance
    GAPS = 19, ()
    FILLED_GAPS = 20, ('model', 'chunk')
    STUDY = 21, ()
    STUDY_PIECES = 22, ()
    STUDY_ORDER = 23, ('digest',) * 8
    RATINGS_RESAMPLES = 24, ()
    ARM = 25, ()  # prompts and excerpts of an experiment's arms
    ARM_PIECES = 26, ('replica', 'draw')
    ARM_PERMUTATIONS = 27, ()
    COMPARED_EXCERPTS = 28, ('set',)  # and the choice of pieces, where there are many
    COUNT_MODEL_PIECES = 29, ()
    CRITIC_PERMUTATIONS = 30, ()
    ENDINGS_RESAMPLES = 31, ()
    PLANTED_COPIES = 32, ()
    ARM_RESAMPLES = 33, ()
    EPOCH_PIECES = 34, ('epoch',)
    BENCHMARK_FOLDS = 35, ('set', 'partition')
    BENCHMARK_ORDER = 36, ('set', 'partition', 'fold')  # validation melodies, epochs
    BENCHMARK_NETWORK = 37, ('set', 'partition', 'fold')
    BENCHMARK_RESAMPLES = 38, ()
    BENCHMARK_GIVEN = 39, ('set', 'partition', 'fold')
    BENCHMARK_OTHERS_ORDER = 40, ('set',)
    BENCHMARK_OTHERS = 41, ('set',)
    BENCHMARK_TUNED = 42, ('set', 'partition', 'fold')
    BENCHMARK_TRANSFORMER = 43, ('set', 'partition', 'fold')
    BENCHMARK_MEMBER = 44, ('set', 'partition', 'fold', 'member')
    BENCHMARK_MEMBER_OTHERS_ORDER = 45, ('set', 'member')
    BENCHMARK_MEMBER_OTHERS = 46, ('set', 'member')
    REHEARSAL = 50, ('study',)


class SplitStream(enum.Enum):
    """The draws of the split of a corpus. These streams keep the derivation of symmusic 0.1, as
    they determine which tunes a trained model has not seen.

    It is `SeedSequence([seed, number])`, which never equals that of a `Stream`: it has two words,
    and the second is not 0.
    """

    FAMILIES = 1
    SHARES = 2  # of the training tunes, and of their windows
    WINDOWS = 3


def generator(seed: int, stream: Stream, *indices: int) -> np.random.Generator:
    """The NumPy generator of a stream.

    Raises:
      ValueError: the seed or an index is not in 0 to 2^32 - 1, or the number of indices is not the
        stream's.
    """
    number, words = _words(seed, stream, indices)
    return np.random.default_rng(np.random.SeedSequence(words[0], spawn_key=(number, *words[1:])))


def random_key(seed: int, stream: Stream, *indices: int) -> jax.Array:
    """The JAX key of a stream; errors as for `generator`."""
    number, words = _words(seed, stream, indices)
    return _key_maker()(np.array([words[0], number, *words[1:]], np.uint32))


@functools.cache
def _key_maker() -> Callable[[np.ndarray], jax.Array]:
    """Makes a key of a seed and the words that are folded into it, as one program."""
    import jax  # takes a second; the processes that read a corpus do not need it

    def make(words: jax.Array) -> jax.Array:
        made = jax.random.key(words[0])
        for word in words[1:]:
            made = jax.random.fold_in(made, word)
        return made

    return jax.jit(make)


def split_generator(seed: int, split: SplitStream) -> np.random.Generator:
    """The NumPy generator of a draw of the split; errors as for `generator`."""
    return np.random.default_rng([_word(seed, 'seed'), split.value])


def tunes_generator(seed: int, max_tunes: int) -> np.random.Generator:
    """The NumPy generator that draws `max_tunes` of a corpus before the split; errors as for
    `generator`.
    """
    return np.random.default_rng([_word(seed, 'seed'), _word(max_tunes, 'max_tunes')])


def _words(seed: int, stream: Stream, indices: tuple[int, ...]) -> tuple[int, list[int]]:
    """The stream's number, and the words of the seed and the indices."""
    number, names = stream.value
    if len(indices) != len(names):
        raise ValueError(f'{stream.name} has the indices {names}, not {len(indices)} of them')
    return number, [
        _word(value, name) for name, value in zip(('seed', *names), (seed, *indices), strict=True)
    ]


def _word(value: int, name: str) -> int:
    if not 0 <= operator.index(value) < LIMIT:
        raise ValueError(f'{name} = {value}: must be from 0 to {LIMIT - 1}')
    return operator.index(value)
