"""The interval from written to sounding notes of an ABC voice: octaves, transpositions and clefs,
stated in its K: and V: fields (ABC music standard 2.1, section 4.6).
"""

import dataclasses
import re

from symmusic.score.abc_fields import MAX_FIELD

MAX_OCTAVES = 9
MAX_SEMITONES = 127
# `name=value`, a text in quotes, or a word
_WORD = re.compile(
    r'([A-Za-z][A-Za-z-]{0,20})\s{0,4}=\s{0,4}(?:"([^"]{0,100})"?|([^\s"]{1,60}))|"[^"]{0,100}"?|(\S{1,60})'
)
_CLEF = re.compile(
    r'(?:treble|alto|tenor|bass|soprano|mezzosoprano|mezzo|baritone|auto|none|perc(?:ussion)?)[1-5]?'
    r'([-+_^](?:8|15))?'
)
# after `clef=` a letter is allowed as well
_CLEF_LETTER = re.compile(r'[GFCP][1-5]?([-+_^](?:8|15))?')


@dataclasses.dataclass(frozen=True)
class Staff:
    """What raises or lowers the notes of a voice; each applies until one of its kind replaces it.

    Attributes:
      clef: octaves, by the 8 or 15 at its clef.
      octave: octaves, by octave=.
      transpose: semitones, by transpose= or %%MIDI transpose.
      is_percussion: whether it is percussion: clef=perc or %%MIDI channel 10.
    """

    clef: int = 0
    octave: int = 0
    transpose: int = 0
    is_percussion: bool = False

    @property
    def shift(self) -> int:
        """Semitones from the written to the sounding pitch."""
        return 12 * (self.clef + self.octave) + self.transpose

    def read(self, text: str) -> 'Staff':
        """The staff after a K: field, or after a V: field without the voice's name."""
        staff = self
        for word in _WORD.finditer(text[:MAX_FIELD]):
            name, value = word[1], word[2] or word[3] or ''
            if name == 'octave':
                octave = read_number(value, MAX_OCTAVES)
                staff = staff if octave is None else dataclasses.replace(staff, octave=octave)
            elif name == 'transpose':
                staff = staff.transposed(read_number(value, MAX_SEMITONES))
            elif name == 'clef':
                staff = staff._with_clef(_CLEF.fullmatch(value) or _CLEF_LETTER.fullmatch(value))
            elif word[4]:
                staff = staff._with_clef(_CLEF.fullmatch(word[4]))
        return staff

    def transposed(self, semitones: int | None) -> 'Staff':
        """The staff with another transposition; None changes nothing."""
        return self if semitones is None else dataclasses.replace(self, transpose=semitones)

    def after_directive(self, name: str, number: int | None) -> 'Staff':
        """The staff after the directive '%%MIDI name number'; channels are counted from 1, and
        channel 10 is drums.
        """
        if name == 'transpose':
            return self.transposed(number)
        if name == 'rtranspose':
            return self.transposed(number and self.transpose + number)
        if name == 'channel' and number is not None:
            return dataclasses.replace(self, is_percussion=number == 10)
        return self

    def _with_clef(self, clef: re.Match | None) -> 'Staff':
        if not clef:
            return self
        octaves = {None: 0, '8': 1, '15': 2}[clef[1] and clef[1][1:]]
        return dataclasses.replace(
            self,
            clef=-octaves if clef[1] and clef[1][0] in '-_' else octaves,
            is_percussion=clef[0].startswith(('perc', 'P')),
        )


def read_number(text: str, most: int) -> int | None:
    """A text as a whole number, with or without a sign; None if it is not one, or its absolute
    value is above `most`.
    """
    number = int(text) if re.fullmatch(r'[+-]?[0-9]{1,4}', text) else None
    return None if number is None or abs(number) > most else number
