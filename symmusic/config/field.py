"""What the declaration of a config field says."""

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

from symmusic.config.rules import Rule

AUTO = 'auto'  # the value of a field that takes its value from `data.protocol` or the model
ALL = 'all'  # the value of `sample.replica` for all of them together


class Change(enum.Enum):
    """What another value of a field does to a run that is continued."""

    FIXED = 'none'  # it is another run, and refused
    LARGER = 'a larger value'  # a larger value continues a run, even a finished one
    ROUNDING = 'changes rounding'  # the run computes the same to rounding
    FREE = 'any value'  # training computes the same


@dataclasses.dataclass(frozen=True)
class Field:
    """A config field: its only declaration.

    Attributes:
      default: its value where nothing else is stated.
      rule: which values are allowed.
      text: what it means, as in docs/config.md.
      unit: of its value; '' = none.
      change: what another value does to a run that is continued.
      before: the behaviour of runs that are older than the field; None = all runs have it. Fields
        that are `FREE` need none.
      usual: a value of the type that the field has where it is not `word` and no protocol fills it;
        None = it has the default's.
      word: the value of another type that a field with such values may have.
      reads: the value that a text stands for, None if it stands for none; None = texts of another
        type stand for nothing.
      protocols: the value of each protocol, where the default is `AUTO`; None = it is not.
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
        """What a value stands for that a user states."""
        found = self.reads(given) if self.reads and isinstance(given, str) else None
        return given if found is None else found

    @property
    def allowed(self) -> str:
        """What the rule allows."""
        return self.rule(object())  # which no rule allows, so it answers with what it does allow
