"""Reads names of scales: the tonic and the pitch classes."""

from collections.abc import Collection

from symmusic.errors import UserError
from symmusic.generate.prompt import Prompt
from symmusic.score.key import MODES, Key, key_at, parse_mode, parse_tonic, tonic_name

OF_PROMPT = 'prompt'  # the value of `sample.scale` that stands for the scale of the prompt
SCALES = {  # semitones above the tonic
    'major': (0, 2, 4, 5, 7, 9, 11),
    # with the raised sixth and seventh degrees of tunes in minor
    'minor': (0, 2, 3, 5, 7, 8, 9, 10, 11),
    'natural minor': (0, 2, 3, 5, 7, 8, 10),
    'harmonic minor': (0, 2, 3, 5, 7, 8, 11),
    'dorian': (0, 2, 3, 5, 7, 9, 10),
    'phrygian': (0, 1, 3, 5, 7, 8, 10),
    'lydian': (0, 2, 4, 6, 7, 9, 11),
    'mixolydian': (0, 2, 4, 5, 7, 9, 10),
    'locrian': (0, 1, 3, 5, 6, 8, 10),
    'aeolian': (0, 2, 3, 5, 7, 8, 10),
    'pentatonic': (0, 2, 4, 7, 9),
    'minor pentatonic': (0, 3, 5, 7, 10),
    'blues': (0, 3, 5, 6, 7, 10),
}


def parse_scale(text: str, prompt: Prompt) -> tuple[int, frozenset[int] | None]:
    """The tonic and the pitch classes of a scale such as 'D dorian', 'Ebm' or 'F sharp blues'.
    'prompt' is the scale of the prompt's key plus any other pitch classes in the prompt; '' allows
    all pitches, with the tonic of that key.

    Raises:
      UserError: it is not the name of a scale.
    """
    if not text:
        return prompt.key.tonic, None
    if text == OF_PROMPT:
        own = _scale_on(prompt.key.tonic, prompt.key.mode)
        return prompt.key.tonic, own | prompt.pitch_classes
    place, name = read_scale(text)
    return 7 * place % 12, _scale_on(7 * place, name)


def read_scale(text: str) -> tuple[int, str]:
    """The tonic, on the line of fifths, and the name in `SCALES` of a scale such as 'D dorian'.

    Raises:
      UserError: it is not the name of a scale.
    """
    found = parse_tonic(text, r'[A-Za-z]{0,12}|[A-Za-z]{3,10}\s{1,3}[A-Za-z]{3,10}')
    name = found and ' '.join(found[1].lower().split())
    if not found or (name not in SCALES and not (name := parse_mode(found[1]))):
        raise UserError(
            f"config.sample.scale = {text!r}: must be '', 'prompt', or a tonic and one of"
            f" {', '.join(SCALES)}, such as 'D dorian' or 'Ebm'"
        )
    return found[0], name


def key_of_scale(text: str) -> Key:
    """The key nearest to a scale such as 'D dorian': in the scale's mode if keys have it, else
    major or minor, by its third.

    Raises:
      UserError: it is not the name of a scale.
    """
    place, name = read_scale(text)
    third = 'major' if 4 in SCALES[name] else 'minor'
    return key_at(place, name if name in MODES else third)


def fifth_of(tonic: int, scale: Collection[int] | None) -> int:
    """The pitch class of the fifth; the diminished fifth in scales without a perfect one, such as
    locrian.
    """
    perfect, diminished = (tonic + 7) % 12, (tonic + 6) % 12
    return diminished if scale and perfect not in scale and diminished in scale else perfect


def name_tonic(text: str, prompt: Prompt) -> str:
    """The tonic of a scale as `parse_scale` reads it, such as 'E♭'."""
    is_own = text in ('', OF_PROMPT)
    return tonic_name(prompt.key.place if is_own else read_scale(text)[0])


def other_tonic(text: str, prompt: Prompt) -> list[str]:
    """A notice if the tonic of a scale is not that of the key, in which the pieces are written."""
    if parse_scale(text, prompt)[0] == prompt.key.tonic:
        return []
    tonic = name_tonic(text, prompt)
    return [
        f'config.sample.scale = {text!r} has another tonic than the key, {prompt.key.name}:'
        f' the pieces end on {tonic}; config.sample.key says in which key they are written'
    ]


def _scale_on(tonic: int, name: str) -> frozenset[int]:
    return frozenset((tonic + step) % 12 for step in SCALES[name])
