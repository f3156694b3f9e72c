"""The pitches of an ABC voice: letters to pitches by the key, the bar's accidentals, ties and the
staff.
"""

import re
from collections.abc import Iterable

from symmusic.errors import ScoreError
from symmusic.score.abc_fields import ALTERATIONS, NATURALS
from symmusic.score.abc_staff import Staff

# how far an accidental holds: for its note alone, or up to the bar line in its octave or in all
PROPAGATIONS = ('not', 'octave', 'pitch')
_GRACE_NOTE = re.compile(r"(\^\^?|__?|=)([A-Ga-g])([,']*)")

Tone = tuple[int, int]  # a natural pitch as it is written, and its alteration


class Pitches:
    """What decides how a written note sounds.

    Attributes:
      key: alterations by pitch class of the natural note.
      staff: how far notes sound from where they are written.
      propagation: one of `PROPAGATIONS`.
    """

    def __init__(self):
        self.key: dict[int, int] = {}
        self.staff = Staff()
        self.propagation = 'octave'
        # alterations by natural pitch, or its class: of this bar, and of notes that a tie holds,
        # which carries them over the bar line
        self._accidentals: dict[int, int] = {}
        self._held: dict[int, int] = {}

    def resolve(self, accidental: str | None, letter: str, octaves: str) -> Tone:
        """The tone of a note such as ('^', 'c', "'"), whose accidental holds from here on.

        Raises:
          ScoreError: it is beyond the pitches of MIDI.
        """
        natural = NATURALS[letter] + 12 * (octaves.count("'") - octaves.count(','))
        place = natural % 12 if self.propagation == 'pitch' else natural
        if accidental:
            alteration = ALTERATIONS[accidental]
            if self.propagation != 'not':
                self._accidentals[place] = alteration
        elif place in self._accidentals:
            alteration = self._accidentals[place]
        elif natural in self._held:
            alteration = self._held[natural]
        else:
            alteration = self.key.get(natural % 12, 0)
        if not 0 <= self.sounding((natural, alteration)) < 128:
            raise ScoreError(
                'damaged ABC', f"'{letter}{octaves[:12]}' is beyond the pitches of MIDI"
            )
        return natural, alteration

    def sounding(self, tone: Tone) -> int:
        """The MIDI pitch of a tone."""
        return sum(tone) + self.staff.shift

    def read_graces(self, text: str) -> None:
        """Takes over the accidentals of grace notes, which hold as any others do."""
        if self.propagation != 'not':
            for accidental, letter, octaves in _GRACE_NOTE.findall(text):
                natural = NATURALS[letter] + 12 * (octaves.count("'") - octaves.count(','))
                place = natural % 12 if self.propagation == 'pitch' else natural
                self._accidentals[place] = ALTERATIONS[accidental]

    def hold(self, tones: Iterable[Tone]) -> None:
        """Ties hold these tones, and no others."""
        self._held = dict(tones)

    def end_bar(self) -> None:
        """Accidentals end."""
        self._accidentals.clear()
