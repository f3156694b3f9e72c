"""Numbers, counts and hints as text for reports and messages."""

import difflib
from collections.abc import Iterable
from typing import Protocol


class HasInterval(Protocol):
    """A value with both ends of its interval, such as `measures.estimate.Estimate`."""

    value: float | None
    low: float | None
    high: float | None


def number(value: float | None, digits: int = 3) -> str:
    """A number as text; '-' where it is not defined."""
    return '-' if value is None else f'{value:.{digits}f}'


def estimate(
    mean: float | None, low: float | None = None, high: float | None = None, digits: int = 3
) -> str:
    """A mean with its interval: '0.900 [0.891, 0.908]'; without an interval the mean only."""
    interval = '' if low is None or high is None else f' [{low:.{digits}f}, {high:.{digits}f}]'
    return number(mean, digits) + (interval if mean is not None else '')


def interval(cells: HasInterval, digits: int = 3) -> str:
    """An estimate as text, as by `estimate`."""
    return estimate(cells.value, cells.low, cells.high, digits)


def percent(cells: HasInterval) -> str:
    """A share with its interval in percent: '29 % [25, 32]'; 'none' where it is not defined."""
    if cells.value is None:
        return 'none'
    ends = '' if cells.low is None else f' [{100 * cells.low:.0f}, {100 * cells.high:.0f}]'
    return f'{100 * cells.value:.0f} %{ends}'


def spread(mean: float | None, sd: float | None, digits: int = 3) -> str:
    """A mean with its standard deviation: '0.900 (0.012)'; for a single value '0.900 (-)'."""
    return '-' if mean is None else f'{number(mean, digits)} ({number(sd, digits)})'


def count(num: int, what: str) -> str:
    """A number of things, `what` in the singular: '1 family', '2 families', '2 classes'."""
    return f'{num} {what if num == 1 else _plural(what)}'


def _plural(what: str) -> str:
    if what.endswith('y') and not what.endswith(('ay', 'ey', 'oy', 'uy')):
        return f'{what[:-1]}ies'
    return f'{what}es' if what.endswith('s') else f'{what}s'


def sentence(text: str) -> str:
    """A remark as a sentence, with a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + '.' * (not text.endswith('.'))


def nearest(name: object, names: Iterable[str]) -> str:
    """'; did you mean ...?' with the name that is nearest as a whole or in its last part, or '' if
    none is near.
    """
    whole_names = {other: other for other in names}
    last_parts = {other.rpartition('.')[2]: other for other in whole_names}
    for word, others in ((str(name), whole_names), (str(name).rpartition('.')[2], last_parts)):
        if near := difflib.get_close_matches(word, list(others), n=1):
            return f'; did you mean {others[near[0]]}?'
    return ''
