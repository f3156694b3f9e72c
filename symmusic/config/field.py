"""`Field`: the declaration of a config field."""

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

from symmusic.config.rules import Rule

AUTO = 'auto'  # the value of a field that takes its value from `data.protocol` or the model
ALL = 'all'  # the value of `sample.replica` for the ensemble of all replicas


class Change(enum.Enum):
    """What happens if a run is continued with another value of a field."""

    FIXED = 'none'  # it would be another run, so it is refused
    LARGER = 'a larger value'  # a larger value continues a run, even a finished one
    ROUNDING = 'changes rounding'  # the run computes the same to rounding
    FREE = 'any value'  # training computes the same


@dataclasses.dataclass(frozen=True)
class Field:
    """A config field: its only declaration.

    Attributes:
      default: its value if nothing else is stated.
      rule: which values are allowed.
      text: what it means, as in docs/config.md.
      unit: of its value; '' = none.
      change: what another value does to a run that is continued.
      before: the value that describes runs older than the field; None = all runs have the field.
        `FREE` fields need none.
      usual: a value of the type that the field has if it is neither `word` nor filled by a
        protocol; None = the default has that type.
      word: a value of another type that the field may also have, such as 'auto'.
      reads: a function from a text to the value that it stands for, None if it stands for none;
        None = texts are not read as values.
      protocols: the value under each protocol, if the default is `AUTO`; None = it is not.
    """

    default: Any
    rule: Rule
    text: str
    unit: str = ''
    change: Change = Change.FIXED
    before: Any = None
    usual: Any = None
    word: str = AUTO
    reads: Callable[[str], Any] | None = None
    protocols: Mapping[str, Any] | None = None

    def value_of(self, given: Any) -> Any:
        """The value that a user's text or value stands for."""
        found = self.reads(given) if self.reads and isinstance(given, str) else None
        return given if found is None else found

    @property
    def allowed(self) -> str:
        """The values that the rule allows, in words."""
        # No rule allows this object, so the rule answers with what it does allow.
        return self.rule(object())
