"""Aligns one melody with many at once, on the CPU, in integers.

Letters: U distinct symbols of the query, I its symbols in order, K distinct symbols of the
collection, J symbols of a tune, D tunes of a batch. The tunes are batched along the last axis, so
that one instruction serves several of them; the loops run over the query and along the tunes, with
a running maximum. Costs are looked up in a table rather than computed, as all symbols are known
beforehand.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

NEVER = -(2**60)  # below any score


@contextlib.contextmanager
def exact() -> Iterator[None]:
    """A context in which JAX computes with 64 bits on the CPU."""
    with jax.enable_x64(True), jax.default_device(jax.local_devices(backend='cpu')[0]):
        yield


def align_prefixes(
    gains_UK: np.ndarray,
    rows_I: np.ndarray,
    skips_I: np.ndarray,
    tunes_JD: np.ndarray,
    skips_JD: np.ndarray,
) -> np.ndarray:
    """The best score [D] of alignments that start at the beginning of both melodies and may end
    anywhere; every skipped symbol costs its gap cost.

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
    size, num_tunes = round_up(len(rows_I), least=64), tunes_JD.shape[1]
    best_D = _prefixes(
        _padded(gains_UK, round_up(gains_UK.shape[0], least=64), round_up(gains_UK.shape[1])),
        _padded(rows_I, size),
        _padded(skips_I, size),
        len(rows_I),
        _padded(tunes_JD, *_batch_size(tunes_JD)),
        _padded(skips_JD, *_batch_size(tunes_JD), fill=NEVER),
    )
    return np.asarray(best_D)[:num_tunes]


def align_locally(
    query_I: Sequence[int], scores_of: Callable[[int], np.ndarray], *, gap: int
) -> np.ndarray:
    """The score [D] of the best local alignment (Smith & Waterman 1981) with a linear gap cost;
    never below 0.

    H[i][j] = max(0, H[i-1][j-1] + score, H[i-1][j] - gap, H[i][j-1] - gap). What is computed here
    is H[i][j] + gap (i + j), so that gaps are free, and a row is a maximum along the tunes: over as
    many symbols as a gap can be worth leaving out, as no H[i][j] is above i.

    Args:
      query_I: the symbols of the query, at least one.
      scores_of: the scores [J, D] of a symbol with those of the tunes, at most 1 and below 0 for
        padding; integers that can hold twice `gap` (I + J).
      gap: cost of leaving out one symbol, above 0.
    """
    first_JD = scores_of(query_I[0])
    (num_steps, num_tunes), kind = first_JD.shape, first_JD.dtype
    floor_JD = np.repeat(gap * np.arange(num_steps + 1, dtype=kind)[:, None], num_tunes, axis=1)
    above_JD, best_JD = floor_JD.copy(), np.zeros_like(floor_JD)
    here_JD, other_JD = np.empty_like(floor_JD), np.empty_like(floor_JD)
    for number, symbol in enumerate(query_I, 1):
        np.add(floor_JD, kind.type(gap), out=floor_JD)
        np.add(above_JD[:-1], kind.type(2 * gap), out=here_JD[1:])
        np.add(here_JD[1:], scores_of(symbol), out=here_JD[1:])
        here_JD[0] = floor_JD[0]
        np.maximum(here_JD, above_JD, out=here_JD)
        np.maximum(here_JD, floor_JD, out=here_JD)
        reach = 0  # symbols left out
        while gap * (reach + 1) < number:
            back = min(reach + 1, num_steps)
            np.maximum(here_JD[back:], here_JD[:-back], out=other_JD[back:])
            other_JD[:back] = here_JD[:back]
            here_JD, other_JD, reach = other_JD, here_JD, 2 * reach + 1
        np.subtract(here_JD, floor_JD, out=other_JD)
        np.maximum(best_JD, other_JD, out=best_JD)
        above_JD, here_JD = here_JD, above_JD
    return best_JD.max(axis=0)


def round_up(size: int, factor: int = 2, least: int = 16) -> int:
    """The size rounded up to `least`, `least` * factor, `least` * factor^2, ..., so that few
    programs are compiled.
    """
    rounded = least
    while rounded < size:
        rounded *= factor
    return rounded


def _batch_size(tunes_JD) -> tuple[int, int]:
    """The size after padding; long tunes are padded by at most an eighth on average."""
    num_columns, num_tunes = tunes_JD.shape
    part = max(round_up(num_columns) // 8, 16)
    return -(-num_columns // part) * part, round_up(num_tunes, 4, least=64)


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
