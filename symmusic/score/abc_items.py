"""The items of the body of an ABC tune, once its symbols are resolved to pitches and ticks; bar
lines and endings from their symbols.
"""

import dataclasses
import re

from symmusic.score.notes import Meter, Tempo


@dataclasses.dataclass(slots=True)
class ChordRest:
    """A note, a chord or (without pitches) a rest; `tied` are the pitches tied to the next one."""

    ticks: int
    pitches: tuple[int, ...] = ()
    tied: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A bar line. `num_closed` colons before it end a repeat, colons after it start one;
    `is_double` is a thin double bar, `is_thick` one with a thick line.
    """

    num_closed: int
    opens: bool
    is_double: bool
    is_thick: bool
    ends_bar: bool

    @classmethod
    def read(cls, sign: str) -> 'Bar':
        """The bar line of a sign such as ':|' or '[|'."""
        line = sign.strip('.:')
        return cls(
            num_closed=len(sign.lstrip('.')) - len(sign.lstrip('.:')) if line else 1,
            opens=sign.endswith(':'),
            is_double=line == '||',
            is_thick=len(line) > 1 and line != '||',
            ends_bar=not sign.startswith('.'),
        )

    @property
    def ends_section(self) -> bool:
        """Whether it closes or opens a repeat, is double or has a thick line."""
        return self.num_closed > 0 or self.opens or self.is_double or self.is_thick


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """The start of an ending: what only these passes of a repeat play."""

    passes: frozenset[int]

    @classmethod
    def read(cls, text: str) -> 'Ending':
        """The ending of a text such as '[1', '[1,3', '[1, 3' or '[1-3'."""
        passes = set()
        for first, last in re.findall(r'(\d)(?:[ \t]*-[ \t]*(\d))?', text):
            passes.update(range(int(first), int(last or first) + 1))
        return cls(frozenset(passes or {1}))


Item = ChordRest | Bar | Ending | Meter | Tempo
