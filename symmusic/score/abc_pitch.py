"""The pitches of an ABC voice, from letters, the key, the bar's accidentals, ties and the staff."""

import re
from collections.abc import Iterable

from symmusic.errors import ScoreError
from symmusic.score.abc_fields import ALTERATIONS, NATURALS, parse_key, stated_key
from symmusic.score.abc_staff import Staff
from symmusic.score.key import Key

# how far an accidental applies: to its note alone, or up to the bar line in its octave or in all
# octaves
PROPAGATIONS = ('not', 'octave', 'pitch')
_GRACE_NOTE = re.compile(r"(\^\^?|__?|=)([A-Ga-g])([,']*)")

Tone = tuple[int, int]  # a natural pitch as written, and its alteration


class Pitches:
    """The state that determines how a written note sounds.

    Attributes:
      key: alterations by pitch class of the natural note.
      stated: the key as written; None if it has no tonic.
      staff: the interval from written to sounding notes.
      propagation: one of `PROPAGATIONS`.
    """

    def __init__(self):
        self.key: dict[int, int] = {}
        self.stated: Key | None = None
        self.staff = Staff()
        self.propagation = 'octave'
        # alterations by natural pitch, or by its class: those of this bar, and those of tied notes,
        # which last beyond the bar line
        self._accidentals: dict[int, int] = {}
        self._held: dict[int, int] = {}

    def read_key(self, text: str) -> None:
        """Reads a K: field, which may state a key, a clef or both."""
        key = parse_key(text)
        if key is not None:
            self.key, self.stated = key, stated_key(text)
        self.staff = self.staff.read(text)

    @property
    def sounding_key(self) -> Key | None:
        """The key in which notes sound."""
        return self.stated and self.stated.transposed(self.staff.transpose)

    def resolve(self, accidental: str | None, letter: str, octaves: str) -> Tone:
        """The tone of a note such as ('^', 'c', "'"), whose accidental applies from here on.

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
        """Applies the accidentals of grace notes, which count like any others."""
        if self.propagation != 'not':
            for accidental, letter, octaves in _GRACE_NOTE.findall(text):
                natural = NATURALS[letter] + 12 * (octaves.count("'") - octaves.count(','))
                place = natural % 12 if self.propagation == 'pitch' else natural
                self._accidentals[place] = ALTERATIONS[accidental]

    def hold(self, tones: Iterable[Tone]) -> None:
        """Marks these tones, and no others, as tied."""
        self._held = dict(tones)

    def end_bar(self) -> None:
        """Accidentals end."""
        self._accidentals.clear()
