"""The text at the top of the listening page, and the options of its tools."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symmusic.generate.playback import OWN, page_sound
from symmusic.generate.prompt import Prompt
from symmusic.melody.events import from_events, to_notes
from symmusic.score.bar import SIXTEENTHS
from symmusic.score.detection import detect_key
from symmusic.score.instruments import INSTRUMENTS
from symmusic.score.layout import Section

SHADE = 0.85  # opacity of an attention weight of 1; also in looks.js


@dataclasses.dataclass(frozen=True)
class Origin:
    """How the pieces were made: the command as typed, the changed fields of `config.sample`,
    notices on how prompt and wishes were read, and the link to a studio page of the model. Each is
    empty if there is none.
    """

    command: str = ''
    wishes: str = ''
    notices: tuple[str, ...] = ()
    studio: str = ''


NOT_SAID = Origin()


def introduce(
    prompt: Prompt, keys: Sequence[str], are_compared: bool, sections: Sequence[Section] = ()
) -> dict[str, object]:
    """The values for the top of `templates/listening.html`: what the pieces are, how to read the
    page, and its tools.

    Args:
      prompt: the music around the pieces.
      keys: keys of the pieces, '' for a piece without notes.
      are_compared: whether they were compared with the training tunes.
      sections: of whole tunes.
    """
    orders = {'order': 'number', 'surprise': 'likelihood', 'notes': 'notes'}
    return {
        'heading': heading(prompt, sections),
        'title': prompt.title if prompt.title != prompt.name else '',
        'what': what_of(prompt, sections),
        'given': _given(prompt),
        'all_bars': _all_bars(prompt, sections),
        'has_new': not (sections or prompt.is_blank),
        'instrument': _instrument(prompt),
        'swatches': {weight: shade(weight) for weight in (0.03, 0.1, 0.3, 1)},
        'qpm': prompt.qpm,
        'sounds': {sound: sound for sound in OWN},
        'sound': page_sound(prompt.program)[0],
        'orders': orders | ({'copied': 'originality'} if are_compared else {}),
        'keys': {'': 'all'}
        | {key: f'{key} ({said_of_key(prompt, key)})' for key in sorted(set(filter(None, keys)))},
    }


def key_of(prompt: Prompt, events: np.ndarray) -> str:
    """The name of a piece's key; '' for a piece without notes. If the detected key has the tonic
    and third of the key that the prompt states, the stated one is used, as detection only knows
    major and minor.
    """
    notes = from_events(events)
    if not notes:
        return ''
    found, stated = detect_key(to_notes(notes, SIXTEENTHS)), prompt.key
    is_stated = (found.tonic, found.is_major) == (stated.tonic, stated.is_major)
    return (stated if prompt.states_key and is_stated else found).name


def said_of_key(prompt: Prompt, key: str) -> str:
    """Says whether a key from `key_of` is the one that the prompt states, or was detected."""
    return 'as stated' if prompt.states_key and key == prompt.key.name else 'detected'


def heading(prompt: Prompt, sections: Sequence[Section] = ()) -> str:
    """The heading: the prompt's name and what was done with it."""
    letters = ''.join(section.label for section in sections)
    if prompt.is_blank:
        return f'New tunes in {prompt.key.name}, {prompt.meter}{", " * bool(letters)}{letters}'
    if not prompt.redrawn:
        return f'{prompt.name}, continued{" as " * bool(letters)}{letters}'
    return f'{prompt.name}, bar{"s" * ("-" in prompt.redrawn)} {prompt.redrawn} redrawn'


def _given(prompt: Prompt) -> str:
    has_pickup = prompt.pickup > 0 and len(prompt.events) > 0
    bars = (len(prompt.events) + len(prompt.after)) // prompt.bar.steps - has_pickup
    parts = ['pickup'] * has_pickup + [f'{bars} bar{"s" * (bars != 1)}'] * (bars > 0)
    key = prompt.key.name + ' (detected)' * (not prompt.states_key)
    if prompt.is_blank:
        return 'They start from nothing.'
    if not parts:
        return f'All bars are new, in place of bars in {key}.'
    return f'Grey: the {" and ".join(parts)} given, in {key}.'


def what_of(prompt: Prompt, sections: Sequence[Section] = ()) -> str:
    """The kind of piece, in a word."""
    if sections or prompt.is_blank:
        return 'tune'
    return 'version' if prompt.redrawn else 'continuation'


def _all_bars(prompt: Prompt, sections: Sequence[Section]) -> str:
    """The label of the files with all bars."""
    if sections or prompt.is_blank:
        return 'The tune'
    return 'All bars' if prompt.redrawn else 'With the prompt'


def _instrument(prompt: Prompt) -> str:
    """A note on an instrument for which the page has no sound of its own, else ''. None for program
    0, which prompts without an instrument have too.
    """
    sound, is_own = page_sound(prompt.program)
    if is_own or not prompt.program:
        return ''
    return (
        f'Instrument: {INSTRUMENTS[prompt.program]}, for which this page has no sound of its own:'
        f' it plays \u201c{sound}\u201d; the files name the instrument.'
    )


def shade(weight: float) -> float:
    """The opacity of a step with an attention weight; also in looks.js."""
    return SHADE * weight**0.5
