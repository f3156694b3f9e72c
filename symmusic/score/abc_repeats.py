"""The order in which the items of an ABC tune are played: parts, repeats and endings."""

import bisect
from collections.abc import Iterator, Mapping, Sequence

from symmusic.score.abc_items import Bar, Ending, Item

# how many endings and starts of repeats ahead are searched for the ending of a pass
_ENDINGS_AHEAD = 32


def play_order(
    items: Sequence[Item], parts: Mapping[str, int], order: Sequence[str]
) -> Iterator[int]:
    """The indices of the items in the order in which they are played.

    Args:
      items: in the order in which they are written.
      parts: the index where each part starts; it ends where the next one starts.
      order: the labels of the parts as they are played, all of them in `parts`; what precedes the
        first part is played once before them. If empty, the items are played as written and parts
        are only labels.
    """
    if not order:
        yield from _Repeats(items, 0, len(items)).play()
        return
    begins = sorted(set(parts.values()))
    ends = dict(zip(begins, [*begins[1:], len(items)], strict=True))
    yield from _Repeats(items, 0, begins[0]).play()
    for label in order:
        yield from _Repeats(items, parts[label], ends[parts[label]]).play()


class _Repeats:
    """Plays the repeats of the items from `begin` to `end`.

    A repeat goes back to its |:. The first without one goes back to `begin`, later ones to the last
    || or repeat sign.
    """

    def __init__(self, items: Sequence[Item], begin: int, end: int):
        self.items, self.begin, self.end = items, begin, end
        # indices of the items that decide where the ending of a pass is
        self.landmarks = [
            index
            for index in range(begin, end)
            if isinstance(item := items[index], Ending) or (isinstance(item, Bar) and item.opens)
        ]
        bars = [i for i in range(begin, end) if isinstance(items[i], Bar)]
        signs = (i for i in bars if items[i].opens or items[i].num_closed)
        self.first_sign = next(signs, end)  # index of the first repeat sign
        self.start_repeat(begin)

    def start_repeat(self, index: int, *, has_sign: bool = False, ending: int | None = None):
        """Starts a repeat at `index`, with |: or without, or one known only by its first ending."""
        self.start = index
        self.has_sign = has_sign
        self.number = 1  # of the pass
        self.ending = ending  # index of the ending that is being played
        self.first_ending = ending  # index of the ending of the first pass

    def play(self) -> Iterator[int]:
        index = self.begin
        while index < self.end:
            yield index
            item = self.items[index]
            if isinstance(item, Bar):
                index = self.after_bar(index, item)
            elif isinstance(item, Ending):
                index = self.after_ending(index, item)
            else:
                index += 1

    def after_bar(self, index: int, bar: Bar) -> int:
        """The index that is played after a bar line."""
        if self.goes_back(index, bar):
            return self.go_back()
        if bar.num_closed and self.ending is not None:
            index = self.last_played(index)
            bar = self.items[index]
        if bar.num_closed or bar.opens or self.is_section(index, bar):
            self.start_repeat(index + 1, has_sign=bar.opens)
        return index + 1

    def after_ending(self, index: int, ending: Ending) -> int:
        """The index that is played at the start of an ending."""
        if self.number in ending.passes:
            self.ending = index
            self.first_ending = index if self.number == 1 else self.first_ending
        elif self.ending is None and self.number > 1:
            own = self.find_ending(index, self.number)
            if own is None:
                return self.leave_out(index)
            self.ending = own
            return own + 1
        elif self.ending is not None and 1 in ending.passes:
            # A new repeat whose start is not marked: assumed one bar after the start of the last
            # ending.
            bars = (i for i in range(self.ending + 1, index) if isinstance(self.items[i], Bar))
            self.start_repeat(next(bars, index - 1) + 1, ending=index)
        elif self.ending is not None and self.number + 1 in ending.passes:
            return self.go_back()  # The repeat sign before this ending is missing.
        return index + 1

    def goes_back(self, index: int, bar: Bar) -> bool:
        if self.ending is None or not bar.num_closed:
            return self.number <= bar.num_closed
        first = self.ending if self.first_ending is None else self.first_ending
        shared = self.items[self.ending].passes | self.items[first].passes
        return (
            self.number == 1
            or self.number + 1 in shared
            or self.find_ending(index, self.number + 1) is not None
        )

    def go_back(self) -> int:
        self.number += 1
        self.ending = None
        return self.start

    def is_section(self, index: int, bar: Bar) -> bool:
        """Whether a bar line without repeat sign is a place that a later repeat sign goes back to:
        a double bar behind the first repeat, or what ends the last ending; none directly before an
        ending.
        """
        if any(isinstance(item, Ending) for item in self.items[index + 1 : index + 2]):
            return False
        if self.ending is None:
            return bar.is_double and index > self.first_sign and not self.has_sign
        is_end = bar.is_double or bar.is_thick
        return is_end and self.find_ending(index, self.number + 1) is None

    def leave_out(self, index: int) -> int:
        """The index after the ending at `index`, as the repeat has no ending for this pass."""
        items = self.items
        last = self.find_closing(index)
        last = index if last is None else last
        self.start_repeat(last + 1, has_sign=getattr(items[last], 'opens', False))
        return last + 1

    def find_closing(self, index: int) -> int | None:
        """The index of the first repeat sign from `index` on that closes a repeat, None if none."""
        indices = range(index, self.end)
        return next((i for i in indices if getattr(self.items[i], 'num_closed', 0)), None)

    def last_played(self, index: int) -> int:
        """The index of the repeat sign that closes the last of the endings behind `index` that
        earlier passes have played, as in `[1,3 D :|[2 E :|`; `index` if there are none.
        """
        played = set(range(2, self.number))
        while index + 1 < self.end and isinstance(item := self.items[index + 1], Ending):
            last = self.find_closing(index + 1) if item.passes <= played else None
            if last is None:
                break
            index = last
        return index

    def find_ending(self, after: int, number: int) -> int | None:
        """The index of the ending after `after` for the pass `number` of the repeat, None if it has
        none.
        """
        first = bisect.bisect_right(self.landmarks, after)
        for index in self.landmarks[first : first + _ENDINGS_AHEAD]:
            item = self.items[index]
            if isinstance(item, Bar):
                return None
            if number in item.passes:
                return index
            if 1 in item.passes:
                return None
        return None
