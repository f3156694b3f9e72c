"""Alignment of one melody with many at once, on the CPU, in 64-bit integers.

Letters: U distinct symbols of the query, I its symbols in order, K distinct symbols of the
collection, J symbols of a tune, D tunes of a batch. The tunes stand side by side along the last
axis, so that one instruction serves several of them; the loops run over the query and along the
tunes, with a running maximum. What a cell costs is looked up in a table, as all symbols are known
beforehand.
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
    """Within it jax counts in 64 bits, on the CPU; outside nothing changes."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend='cpu')[0]):
        yield


def align_prefixes(gains_UK, rows_I, skips_I, tunes_JD, skips_JD) -> np.ndarray:
    """The best cell [D] of alignments that pay for what they skip from both starts on and may end
    anywhere.

    H[i][0] and H[0][j] are the sums of the gap costs g, H[i][j] = max(H[i-1][j] + g(x_i), H[i][j-1]
    + g(y_j), H[i-1][j-1] + c(x_i, y_j)). Less the gap costs of all before it, which no path
    changes, a cell is F[i][j] = max(F[i-1][j], F[i][j-1], F[i-1][j-1] + gain), with gain = c(x, y)
    - g(x) - g(y) and zero borders: what is computed here.

    Args:
      gains_UK: the gain of each pair of symbols.
      rows_I: which row of the table each of the query's symbols is.
      skips_I: sums of the gap costs up to each symbol of the query.
      tunes_JD: the tunes' symbols, padded with any.
      skips_JD: as skips_I, of the tunes; `NEVER` where they are padded.
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
      scores_UK: of each pair of symbols.
      rows_I: which row of the table each of the query's symbols is.
      tunes_JD: the tunes' symbols, padded with `padding`.
      gap: what leaving out one symbol costs, above 0.
      padding: a symbol that scores below 0 with all.
    """
    padded_JD = _padded(tunes_JD, *_batch_size(tunes_JD), fill=padding)
    padded_UK = _padded(scores_UK, *map(round_up, scores_UK.shape))
    best_D = _locally(
        padded_UK, _padded(rows_I, round_up(len(rows_I))), len(rows_I), padded_JD, gap
    )
    return np.asarray(best_D)[: tunes_JD.shape[1]]


def round_up(size: int, factor: int = 2) -> int:
    """The next of 16, 16 * factor, 16 * factor^2, ...: few sizes of arrays, so that few programs
    are compiled.
    """
    rounded = 16
    while rounded < size:
        rounded *= factor
    return rounded


def _batch_size(tunes_JD) -> tuple[int, int]:
    """Long tunes are padded by an eighth at most on the mean."""
    num_columns, num_tunes = tunes_JD.shape
    part = max(round_up(num_columns) // 8, 16)
    return -(-num_columns // part) * part, round_up(num_tunes, 4)


def _padded(array, *sizes, fill=0):
    return np.pad(
        array,
        [(0, size - length) for size, length in zip(sizes, array.shape, strict=True)],
        constant_values=fill,
    )


# Scans along the tunes, not loops with a counter: those would copy the whole array of cells at each
# step.
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
