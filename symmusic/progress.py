"""Progress bars for long work, on a terminal only."""

import sys
from collections.abc import Iterable

import tqdm


def bar(
    items: Iterable | None, unit: str, *, total: int | None = None, initial: int = 0
) -> tqdm.tqdm:
    """A progress bar over `items` (or updated manually) with count, rate and remaining time; shown
    only where stderr is a terminal.
    """
    return tqdm.tqdm(
        items,
        unit=unit,
        total=total,
        initial=initial,
        disable=not sys.stderr.isatty(),
        dynamic_ncols=True,
        leave=False,
        mininterval=0.2,
    )
