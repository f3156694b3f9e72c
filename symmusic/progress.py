"""Progress bars for long work, on a terminal only."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator

import tqdm

_counters: list[Callable[[], None]] = []  # of the work under way, the innermost last


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


@contextlib.contextmanager
def counted(count: Callable[[], None]) -> Iterator[None]:
    """Calls `count` for each `step` of the work within."""
    _counters.append(count)
    try:
        yield
    finally:
        _counters.remove(count)


def step() -> None:
    """Ends a step of a long work, such as an epoch, for whoever counts them."""
    for count in _counters[-1:]:
        count()


def print_line(line: str) -> None:
    """Prints a line above the bars that are shown."""
    with tqdm.tqdm.external_write_mode():
        print(line)
