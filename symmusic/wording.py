"""Numbers and counts as text for reports."""


def number(value: float | None, digits: int = 3) -> str:
    """A number as text; '-' where it is not defined."""
    return '-' if value is None else f'{value:.{digits}f}'


def estimate(
    mean: float | None, low: float | None = None, high: float | None = None, digits: int = 3
) -> str:
    """A mean with its interval: '0.900 [0.891, 0.908]'; without an interval the mean only."""
    interval = '' if low is None or high is None else f' [{low:.{digits}f}, {high:.{digits}f}]'
    return number(mean, digits) + (interval if mean is not None else '')


def spread(mean: float | None, sd: float | None, digits: int = 3) -> str:
    """A mean with its standard deviation: '0.900 (0.012)'; for a single value '0.900 (-)'."""
    return '-' if mean is None else f'{number(mean, digits)} ({number(sd, digits)})'


def count(num: int, what: str) -> str:
    """A number of things, in the singular or plural."""
    return f'{num} {what}{"s" * (num != 1)}'


def sentence(text: str) -> str:
    """A remark as a sentence, with a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + '.' * (not text.endswith('.'))
