"""The order in which a piece with repeats and endings is played.

    |: A |1 B :|2 C || D        plays A B A C D
    |: A :: B :|                plays A A B B
    A :| B                      plays A A B
"""

import dataclasses
from collections.abc import Sequence

from symmusic.errors import ScoreError

MAX_ITEMS = 200_000  # played, repeats and all


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A bar line: as written, and the numbers of the ending that begins at it ('[1,3': 1 and 3), if one does."""

    text: str
    ending: tuple[int, ...] = ()

    @property
    def closes(self) -> bool:
        """Whether it ends a repeat, as ':|' and '::' do."""
        return self.text.startswith(':')

    @property
    def opens(self) -> bool:
        """Whether it begins a repeat, as '|:' and '::' do."""
        return self.text.endswith(':')

    @property
    def ends_section(self) -> bool:
        """Whether it is a double or thick line."""
        return '||' in self.text or ']' in self.text or '[|' in self.text


def play_order(items: Sequence[object]) -> list[int]:
    """The indices of the items that are no bar lines (those are `Bar`) in the order of playing.

    A repeat without a written beginning goes back to the last double bar or repeat; one without a written end is not repeated. A section
    is played twice, or as often as its endings are numbered.

    Raises:
      ScoreError: the piece is too long, repeats and all.
    """
    order: list[int] = []
    begin, is_opened, in_ending, silent, played = 0, False, False, False, 1
    index = 0
    while index < len(items):
        item = items[index]
        index += 1
        if not isinstance(item, Bar):
            if not silent:
                order.append(index - 1)
                if len(order) > MAX_ITEMS:
                    raise ScoreError('too long', f'more than {MAX_ITEMS} notes with repeats')
            continue
        if item.closes and not silent and played < _num_passes(items, begin):
            index, played, in_ending = begin, played + 1, False
        elif item.ending:
            in_ending, silent = True, played not in item.ending
        elif (item.closes and not silent) or item.opens or (item.ends_section and (in_ending or not is_opened)):
            begin, is_opened, in_ending, silent, played = index, item.opens, False, False, 1
        elif item.closes:
            in_ending = silent = False
            begin, is_opened, played = index, item.opens, 1
    return order


def _num_passes(items: Sequence[object], begin: int) -> int:
    """How often the section from `begin` on is played: twice, or as often as its endings are numbered."""
    passes, in_ending = 2, False
    for index in range(begin, len(items)):
        item = items[index]
        if not isinstance(item, Bar):
            continue
        if item.ending:
            in_ending, passes = True, max(passes, *item.ending)
        elif item.opens or (in_ending and (item.closes or item.ends_section)):
            break
        elif item.closes:
            break
    return min(passes, 8)
