"""What readers of ABC are known to disagree about, with the reason why ours is right.

A kind is shown by a rewriting that says outright what our reader takes the tune to mean: where the
others read the rewritten tune as ours reads the original, nothing else is between them.
"""

import dataclasses
import re
from collections.abc import Callable

_FIELD_OR_COMMENT = re.compile(r'\s*[A-Za-z]:(?![|:])|%')
_HEADER = re.compile(r'(?:.*\n)*?\s*K:.*\n?')


@dataclasses.dataclass(frozen=True)
class Kind:
    """A disagreement that is known.

    Attributes:
      name: in reports.
      reason: why ours is right.
      rewrite: a line of music to one that leaves no choice.
    """

    name: str
    reason: str
    rewrite: Callable[[str], str]


def _open_at_double_bars(line: str) -> str:
    return re.sub(r'(?<![:|\[])(\|\||\|\]|\[\|(?!\]))(?![:|1-9])(?!\s*\|)(?!\s*\[?1)', ' |: ', line)


def _open_after_repeats(line: str) -> str:
    return re.sub(r':\|(?![|:\]]|\s*\[?[2-9]|\s*\|:)', '::', line)


DOUBLE_BAR = Kind(
    'a repeat after a double bar that nothing opens',
    'a double bar ends a strain in printed books, and the repeat of the next one starts behind it;'
    ' abc2midi and abcjs go back to the start of the tune, or drop the strain where it has endings',
    _open_at_double_bars,
)
CLOSED_REPEAT = Kind(
    'a repeat after another that nothing opens, with endings',
    'it starts where the one before ended; abc2midi and abcjs lose track of which ending is whose',
    _open_after_repeats,
)
LINE_BREAK = Kind(
    'an exclamation mark as a line break',
    'as in older ABC: no decoration reaches over a bar line; the others take all up to the next'
    ' mark for a decoration and lose its notes',
    lambda line: line.replace('!', ''),
)
OPEN_TIE = Kind(
    'a tie to another pitch',
    'it joins nothing (a slur was meant); abcjs lengthens the note to the next one of its pitch,'
    ' abc2midi does not read a broken rhythm behind it',
    lambda line: line.replace('-', ''),
)
# What is tried in turn: each kind by itself and those that come together.
KINDS = (
    (DOUBLE_BAR,),
    (CLOSED_REPEAT,),
    (DOUBLE_BAR, CLOSED_REPEAT),
    (DOUBLE_BAR, CLOSED_REPEAT, LINE_BREAK),
    (DOUBLE_BAR, CLOSED_REPEAT, OPEN_TIE),
)


def rewrite(text: str, kinds: tuple[Kind, ...]) -> str:
    """The tune with each line of music rewritten by all of `kinds`, in their order."""
    header = _HEADER.match(text).group()
    lines = text[len(header) :].split('\n')
    for kind in kinds:
        lines = [line if _FIELD_OR_COMMENT.match(line) else kind.rewrite(line) for line in lines]
    return header + '\n'.join(lines)
