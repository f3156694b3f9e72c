"""A value with its 95 % interval."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value and both ends of its 95 % interval; None where they are not defined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclasses.dataclass(frozen=True)
class Mean(Estimate):
    """The mean of `num` values with its interval."""

    num: int = 0
