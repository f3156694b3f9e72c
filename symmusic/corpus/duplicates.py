"""Windows that are equal token for token, within a part or between parts."""

import numpy as np

from symmusic.corpus.windows import Windows


def distinct(windows: Windows) -> int:
    """The number of distinct windows, compared token for token."""
    return len(np.unique(_as_bytes(windows))) if len(windows) else 0


def without_copies(windows: Windows, of: Windows) -> Windows:
    """The windows that do not equal any window of `of`, token for token."""
    return (
        windows.select(~np.isin(_as_bytes(windows), _as_bytes(of)))
        if len(windows) and len(of)
        else windows
    )


def without_seen(windows: Windows, stream: np.ndarray) -> Windows:
    """The windows that occur nowhere in a stream of tokens, padding included, at any offset."""
    steps = windows.num_steps
    if not len(windows) or len(stream) < steps:
        return windows
    own = _hash_stretches(windows.stream, steps)[windows.starts]
    seen = np.sort(_hash_stretches(stream, steps))
    nearest = np.minimum(np.searchsorted(seen, own), len(seen) - 1)
    return windows.select(seen[nearest] != own)


def _as_bytes(windows: Windows) -> np.ndarray:
    tokens = np.ascontiguousarray(windows.tokens())
    return tokens.view(np.dtype((np.void, windows.num_steps))).ravel()


def _hash_stretches(stream: np.ndarray, num_steps: int) -> np.ndarray:
    """A 64-bit hash of the `num_steps` tokens from each place of a stream on: a polynomial modulo
    2^64 of a mixed number for each token.
    """
    values = _mix(np.arange(256, dtype=np.uint64))[stream]
    base = 0xD6E8FEB86659FD93
    powers, inverses = (
        np.cumprod(np.full(len(stream), each, np.uint64)) for each in (base, pow(base, -1, 2**64))
    )
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values * powers)])
    return (sums[num_steps:] - sums[:-num_steps]) * inverses[: len(stream) - num_steps + 1]


def _mix(numbers: np.ndarray) -> np.ndarray:
    """Random-looking numbers, one for each [..., uint64] (SplitMix64: Steele, Lea, Flood 2014)."""
    mixed = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
