"""Keys: a signature and a mode, and their names as people write them."""

import dataclasses
import itertools
import re
from collections.abc import Sequence

LETTERS = 'FCGDAEB'  # in fifths
MODES = {  # sharps of the signature, beyond those of the major key of the same tonic
    'lydian': 1,
    'major': 0,
    'mixolydian': -1,
    'dorian': -2,
    'minor': -3,
    'phrygian': -4,
    'locrian': -5,
}
_MODE_NAMES = {name: name for name in MODES} | {'ionian': 'major', 'aeolian': 'minor'}
# detected keys as reports on corpora write them, which is music21's style
_TONIC_NAMES = ('C', 'C#', 'D', 'E-', 'E', 'F', 'F#', 'G', 'A-', 'A', 'B-', 'B')
_SIGNS = {'#': 1, '♯': 1, 'sharp': 1, 'b': -1, '♭': -1, 'flat': -1}
_NAME = r'\s*([A-Ga-g])(?:([#♯b♭])|[\s-]{0,3}(sharp|flat))?[\s-]{0,3}'


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key by its signature and its mode, which give the tonic.

    Attributes:
      fifths: sharps of the signature; flats are negative.
      mode: one of `MODES`.
    """

    fifths: int
    mode: str = 'major'

    @classmethod
    def of(cls, tonic: int, mode: str = 'major') -> 'Key':
        """The key on a tonic's pitch class (0 is C) with as few sharps or flats as possible; six
        flats rather than six sharps.
        """
        return cls((7 * tonic + MODES[mode] + 6) % 12 - 6, mode)

    @property
    def place(self) -> int:
        """The tonic on the line of fifths: 0 is C, 1 is G, -1 is F."""
        return self.fifths - MODES[self.mode]

    @property
    def tonic(self) -> int:
        """The tonic's pitch class."""
        return 7 * self.place % 12

    @property
    def is_major(self) -> bool:
        """Whether its third is major."""
        return MODES[self.mode] > -2

    @property
    def letter(self) -> str:
        """The tonic's letter."""
        return LETTERS[(self.place + 1) % 7]

    @property
    def alter(self) -> int:
        """The tonic's sharps; flats are negative."""
        return (self.place + 1) // 7

    @property
    def name(self) -> str:
        """The name, such as 'B♭ minor'."""
        return f'{tonic_name(self.place)} {self.mode}'

    @property
    def short_name(self) -> str:
        """The name in ABC, such as 'G', 'Bbm', 'Ador'."""
        mode = {'major': '', 'minor': 'm'}.get(self.mode, self.mode[:3])
        return f'{self.letter}{"#" * self.alter}{"b" * -self.alter}{mode}'

    def transposed(self, semitones: int) -> 'Key':
        """The key that many semitones higher."""
        return Key.of(self.tonic + semitones, self.mode) if semitones % 12 else self

    def __str__(self) -> str:
        """Such as 'G major' or 'd minor'; a flat is written '-'."""
        name = _TONIC_NAMES[self.tonic]
        return f'{name if self.is_major else name.lower()} {self.mode}'


def tonic_name(place: int) -> str:
    """The name of a tonic on the line of fifths, such as 'B♭' for -2."""
    return note_name(LETTERS[(place + 1) % 7], (place + 1) // 7)


def note_name(letter: str, alter: int) -> str:
    """A letter with its sharps or flats, such as 'B♭' for 'B' and -1."""
    return f'{letter}{"♯" * alter}{"♭" * -alter}'


def parse_mode(text: str) -> str | None:
    """The mode of a name such as 'Dorian', 'mix', 'm' or '' (major); the first three letters are
    enough. None if it names no mode.
    """
    if text in ('', 'M', 'm'):
        return 'minor' if text == 'm' else 'major'
    names = (name for name in _MODE_NAMES if len(text) > 2 and name.startswith(text.lower()))
    return _MODE_NAMES.get(next(names, ''))


def parse_tonic(text: str, names: str) -> tuple[int, str] | None:
    """The tonic of a text such as 'Eb minor', on the line of fifths, and what follows it, which
    must match the expression `names`; None if it is not of this form.
    """
    found = re.fullmatch(_NAME + f'({names})' + r'\s*', text, re.IGNORECASE)
    if not found:
        return None
    sign = _SIGNS.get((found[2] or found[3] or '').lower(), 0)
    return LETTERS.index(found[1].upper()) - 1 + 7 * sign, found[4]


def parse_key_name(text: str) -> Key | None:
    """The key that a name such as 'Ebm', 'E flat minor' or 'Ador' stands for; None if it names no
    key. A key of more than seven sharps or flats is replaced by the enharmonic one.
    """
    found = parse_tonic(text[:60], '[A-Za-z]{0,12}')
    mode = found and parse_mode(found[1])
    return key_at(found[0], mode) if mode else None


def sounding_keys(stated: Sequence[tuple[int, Key]], first: int) -> tuple[tuple[Key, ...], bool]:
    """The keys in which notes sound, without consecutive repetitions, and whether other keys were
    stated.

    Args:
      stated: the tick of each key and the key, in order; of the keys up to the first note, the last
        one counts.
      first: the tick of the first note.
    """
    before = [key for tick, key in stated if tick <= first]
    keys = before[-1:] + [key for tick, key in stated if tick > first]
    heard = tuple(key for key, _ in itertools.groupby(keys))
    return heard, len(set(before)) > 1


def key_at(place: int, mode: str) -> Key:
    """The key whose tonic is at this place on the line of fifths; the enharmonic one if it would
    have more than seven sharps or flats.
    """
    fifths = place + MODES[mode]
    return Key(fifths, mode) if abs(fifths) <= 7 else Key.of(7 * place, mode)
