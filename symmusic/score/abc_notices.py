"""What is left out of an ABC voice, as `Score.notices` states it."""

from symmusic.score.notes import LYRICS

MACROS = 'macros not expanded'
OVERLAYS = 'overlaid voices left out'
PROGRAMS = 'changes of instrument left out'
OF_FIELDS = {'w': LYRICS, 'W': LYRICS, 'm': MACROS}  # by letter
LONGEST_SHOWN = 40  # characters


class Notices(list[str]):
    """Notices in the order of occurrence, each once."""

    def add(self, notice: str | None) -> None:
        """Adds a notice; None or '' adds nothing."""
        if notice and notice not in self:
            self.append(notice)

    def add_first(self, kind: str, found: str) -> None:
        """Adds a notice with what was found first; the others of its kind are not listed."""
        if found and not any(notice.startswith(kind) for notice in self):
            self.append(f'{kind}: {found.strip()[:LONGEST_SHOWN]!r}')
