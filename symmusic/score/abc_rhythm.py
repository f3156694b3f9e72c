"""The lengths of an ABC voice: its unit note length, tuplets and broken rhythm."""

from symmusic.errors import ScoreError
from symmusic.score.abc_fields import MAX_TICKS
from symmusic.score.abc_items import ChordRest
from symmusic.score.notes import Meter

# q by p of a tuplet (p:q:r that does not state it; for 5, 7 and 9 it depends on the metre
_USUAL = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


class Rhythm:
    """The state that determines how long a written note lasts; `unit` is in ticks."""

    def __init__(self, unit: int):
        self.unit = unit
        self._tuplet = (1, 1, 0)  # p notes in the time of q, for the next r
        self._first: ChordRest | None = None  # the note that a < or > would act on
        # > 0: halve the length of the next note this many times; < 0: lengthen it
        self._broken = 0

    def sound(self, length: str, pitches: tuple[int, ...], scale: float = 1) -> ChordRest:
        """A note, chord or rest of `scale` times a length such as '3/2'.

        Raises:
          ScoreError: its length is 0 or too long.
        """
        over, under = fraction(length)
        ticks = self.unit * over * scale
        p, q, num_left = self._tuplet
        if num_left:
            ticks, under = ticks * q, under * p
            self._tuplet = (p, q, num_left - 1)
        if self._broken:
            # The first note of the pair gains what the second loses: its share is that of the
            # opposite sign.
            shares = 2 ** abs(self._broken)
            self._first.ticks = max(
                1, round(self._first.ticks * _broken_share(-self._broken) / shares)
            )
            ticks, under = ticks * _broken_share(self._broken), under * shares
        sound = ChordRest(round(ticks / under), pitches)
        if not 0 < sound.ticks <= MAX_TICKS:
            raise ScoreError('damaged ABC', f"the length '{length}'")
        self._first, self._broken = sound, 0
        return sound

    def read_broken(self, signs: str) -> None:
        """Reads '>' or '<<', which act on the notes before and after them, if both exist."""
        if self._first and not self._broken:
            self._broken = min(len(signs), 3) * (1 if signs[0] == '>' else -1)

    def read_tuplet(self, text: str, meter: Meter | None) -> None:
        """Reads '(p', '(p:q' or '(p:q:r'; a p without a usual q changes nothing."""
        p, q, r = [*(int(field or 0) for field in text[1:].split(':')), 0, 0][:3]
        if not q:
            is_compound = meter and meter.numerator % 3 == 0 and meter.numerator > 3
            q = _USUAL.get(p, 3 if is_compound else 2) if 1 < p < 10 else p
        if p:
            self._tuplet = (p, q, r or p)

    def end_bar(self) -> None:
        """Ends a bar: a < or > after a bar line has no note before it."""
        if not self._broken:
            self._first = None

    def end_pair(self) -> None:
        """Ends a pair: a rest of whole bars does not pair with a note either."""
        self._first, self._broken = None, 0


def fraction(length: str) -> tuple[int, int]:
    """'3/2' as (3, 2), '//' as (1, 4)."""
    if not length:
        return 1, 1
    if length.isdecimal():
        return int(length), 1
    over, _, under = length.partition('/')
    num_slashes = 1 + len(under) - len(under.lstrip('/'))
    under = under.lstrip('/')
    return int(over or 1), (
        int(under) * 2 ** (num_slashes - 1) if under.strip('0') else 2**num_slashes
    )


def _broken_share(halvings: int) -> int:
    """How many of 2 ** |halvings| shares the second note has in 'A>B' (1), 'A>>B' (2), 'A<B' (-1)
    and so on.
    """
    return 1 if halvings > 0 else 2 ** (1 - halvings) - 1
