"""Overlays of an ABC voice: which of its symbols sound beside others, and are left out (ABC music
standard 2.1, section 7.4).
"""

from collections.abc import Sequence


class Overlays:
    """The state that determines whether a symbol belongs to an overlay.

    `&` begins an overlay of the bar. In `(& A | B & c | d &)`, over several bars, A and B are the
    voice; a `(&` that nothing closes is ignored.

    Attributes:
      is_open: whether what follows is an overlay.
      holds_bars: whether its bar lines belong to it as well.
    """

    def __init__(self):
        self.is_open = False
        self._in_group = False
        self._ends_ahead = 0  # how many &) are ahead

    @property
    def holds_bars(self) -> bool:
        return self.is_open and self._in_group

    def look_ahead(self, lines: Sequence[str]) -> None:
        """Counts what closes groups in the lines that will be read."""
        self._ends_ahead = sum(line.count('&)') for line in lines)

    def read(self, sign: str) -> None:
        """Reads '&', '(&' or '&)'."""
        if sign == '(&':
            self._in_group = self._ends_ahead > 0
            return
        self._ends_ahead -= sign == '&)'
        self.is_open = sign == '&'
        self._in_group = self._in_group and self.is_open

    def end_bar(self) -> None:
        """A bar line of the voice."""
        self.is_open = False

    def end(self) -> None:
        """A V: field: all ends."""
        self.is_open = self._in_group = False
