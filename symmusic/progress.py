"""Progress bars for long work. They are off, as a library wants it, until the command line turns
them on; they are then shown where stderr is a terminal.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import tqdm

T = TypeVar('T')
_is_shown = False
_counters: list[Callable[[], None]] = []  # of the work under way, the innermost last


@contextlib.contextmanager
def shown() -> Iterator[None]:
    """Shows the progress of the work within."""
    global _is_shown
    before, _is_shown = _is_shown, True
    try:
        yield
    finally:
        _is_shown = before


def track(items: Iterable[T], unit: str) -> Iterable[T]:
    """The items, with a bar that counts them where progress is shown."""
    return _bar(items, unit)


def open_bar(unit: str, *, total: int, initial: int = 0) -> tqdm.tqdm:
    """A bar for callers that count by `update`."""
    return _bar(None, unit, total=total, initial=initial)


def _bar(items: Iterable | None, unit: str, **counts: int) -> tqdm.tqdm:
    return tqdm.tqdm(
        items,
        unit=unit,
        disable=not (_is_shown and sys.stderr.isatty()),
        dynamic_ncols=True,
        leave=False,
        mininterval=0.2,
        **counts,
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
    """Ends a step of a long task, such as an epoch, for those that count them."""
    for count in _counters[-1:]:
        count()


def print_line(line: str) -> None:
    """Prints a line above the bars that are shown."""
    with tqdm.tqdm.external_write_mode():
        print(line)
