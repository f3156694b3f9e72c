"""Aligns one melody with many at once, on the CPU, in 64-bit integers.

Letters: U distinct symbols of the query, I its symbols in order, K distinct symbols of the
collection, J symbols of a tune, D tunes of a batch. The tunes are batched along the last axis, so
that one instruction serves several of them; the loops run over the query and along the tunes, with
a running maximum. The cost of a cell is looked up in a table, as all symbols are known beforehand.
"""

import contextlib
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

NEVER = -(2**60)  # below any score


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """A context in which JAX computes in 64 bits, on the CPU."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend='cpu')[0]):
        yield


def align_prefixes(gains_UK, rows_I, skips_I, tunes_JD, skips_JD) -> np.ndarray:
    """The best score [D] of alignments that start at both starts, pay for all that they skip, and
    may end anywhere.

    H[i][0] and H[0][j] are the sums of the gap costs g, H[i][j] = max(H[i-1][j] + g(x_i), H[i][j-1]
    + g(y_j), H[i-1][j-1] + c(x_i, y_j)).
    - Subtracting from each cell the gap costs of all symbols before it, which are the same for
      every path, gives F[i][j] = max(F[i-1][j], F[i][j-1], F[i-1][j-1] + gain), with gain = c(x, y)
      - g(x) - g(y) and zero borders, which is computed here.

    Args:
      gains_UK: the gain of each pair of symbols.
      rows_I: the row of the table for each symbol of the query.
      skips_I: cumulative sums of the gap costs of the query's symbols.
      tunes_JD: the tunes' symbols, with any padding.
      skips_JD: as skips_I for the tunes; `NEVER` where they are padded.
    """
    size, num_tunes = round_up(len(rows_I)), tunes_JD.shape[1]
    best_D = _prefixes(
        _padded(gains_UK, *map(round_up, gains_UK.shape)),
        _padded(rows_I, size),
        _padded(skips_I, size),
        len(rows_I),
        _padded(tunes_JD, *_batch_size(tunes_JD)),
        _padded(skips_JD, *_batch_size(tunes_JD), fill=NEVER),
    )
    return np.asarray(best_D)[:num_tunes]


def align_locally(scores_UK, rows_I, tunes_JD, *, gap: int, padding: int) -> np.ndarray:
    """The score [D] of the best local alignment (Smith & Waterman 1981) with a linear gap cost;
    never below 0.

    Args:
      scores_UK: the score of each pair of symbols.
      rows_I: the row of the table for each symbol of the query.
      tunes_JD: the tunes' symbols, padded with `padding`.
      gap: cost of leaving out one symbol, above 0.
      padding: a symbol that scores below 0 with every other.
    """
    padded_JD = _padded(tunes_JD, *_batch_size(tunes_JD), fill=padding)
    padded_UK = _padded(scores_UK, *map(round_up, scores_UK.shape))
    best_D = _locally(
        padded_UK, _padded(rows_I, round_up(len(rows_I))), len(rows_I), padded_JD, gap
    )
    return np.asarray(best_D)[: tunes_JD.shape[1]]


def round_up(size: int, factor: int = 2) -> int:
    """The size rounded up to 16, 16 * factor, 16 * factor^2, ..., so that few programs are
    compiled.
    """
    rounded = 16
    while rounded < size:
        rounded *= factor
    return rounded


def _batch_size(tunes_JD) -> tuple[int, int]:
    """The padded size; long tunes are padded by at most an eighth on average."""
    num_columns, num_tunes = tunes_JD.shape
    part = max(round_up(num_columns) // 8, 16)
    return -(-num_columns // part) * part, round_up(num_tunes, 4)


def _padded(array, *sizes, fill=0):
    return np.pad(
        array,
        [(0, size - length) for size, length in zip(sizes, array.shape, strict=True)],
        constant_values=fill,
    )


# Scans along the tunes rather than loops with a counter, which would copy the whole array of cells
# at each step.
@jax.jit
def _prefixes(gains_UK, rows_I, skips_I, num_rows, tunes_JD, skips_JD):
    zeros_D = jnp.zeros(tunes_JD.shape[1], gains_UK.dtype)

    def row(i, carry):
        above_JD, best_D = carry
        gains_K = gains_UK[rows_I[i]]

        def cell(carry, column):
            left_D, diagonal_D, row_best_D = carry
            above_D, symbols_D, skips_D = column
            gains_D = gains_K.at[symbols_D].get(mode='promise_in_bounds')
            here_D = jnp.maximum(jnp.maximum(left_D, above_D), diagonal_D + gains_D)
            return (here_D, above_D, jnp.maximum(row_best_D, here_D + skips_D)), here_D

        start = (zeros_D, zeros_D, zeros_D + NEVER)
        (_, _, row_best_D), here_JD = lax.scan(cell, start, (above_JD, tunes_JD, skips_JD))
        return here_JD, jnp.maximum(best_D, row_best_D + skips_I[i])

    return lax.fori_loop(
        0, num_rows, row, (jnp.zeros(tunes_JD.shape, gains_UK.dtype), zeros_D + NEVER)
    )[1]


@jax.jit
def _locally(scores_UK, rows_I, num_rows, tunes_JD, gap):
    zeros_D = jnp.zeros(tunes_JD.shape[1], scores_UK.dtype)

    def row(i, carry):
        above_JD, best_D = carry
        scores_K = scores_UK[rows_I[i]]

        def cell(carry, column):
            left_D, diagonal_D, best_D = carry
            above_D, symbols_D = column
            scores_D = scores_K.at[symbols_D].get(mode='promise_in_bounds')
            here_D = jnp.maximum(
                jnp.maximum(left_D, above_D) - gap, jnp.maximum(diagonal_D + scores_D, 0)
            )
            return (here_D, above_D, jnp.maximum(best_D, here_D)), here_D

        (_, _, best_D), here_JD = lax.scan(cell, (zeros_D, zeros_D, best_D), (above_JD, tunes_JD))
        return here_JD, best_D

    return lax.fori_loop(0, num_rows, row, (jnp.zeros(tunes_JD.shape, scores_UK.dtype), zeros_D))[1]
