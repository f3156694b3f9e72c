"""What fields of `config.sample` name: keys, scales, instruments, bars and files. Nothing here
imports JAX, so that a wrong name is reported at once.
"""

import re

from ml_collections import ConfigDict

from symmusic.errors import ScoreError, UserError
from symmusic.generate.blank import BLANK, key_of_start, read_key
from symmusic.generate.prompt_files import read_score
from symmusic.generate.scales import OF_PROMPT, read_scale
from symmusic.generate.sound import find_font
from symmusic.score.instruments import INSTRUMENTS
from symmusic.wording import nearest

FILES = ('prompt', 'rhythm', 'pitches', 'fixed')  # fields that name a file of music
ONE_OR_MORE = "must be one bar, such as '3', or a range, such as '3-4'"


def check_names(settings: ConfigDict) -> None:
    """Checks the fields that name a key, a scale, an instrument or bars, as far as their text alone
    says whether they can be met.

    Raises:
      UserError: the field, its value and what is allowed.
    """
    if settings.key:
        read_key(settings.key)
    if settings.scale not in ('', OF_PROMPT):
        read_scale(settings.scale)
    if settings.prompt == BLANK:
        key_of_start(settings)
    if settings.instrument:
        parse_instrument(settings.instrument)
    if settings.regenerate:
        read_bars(settings.regenerate)


def check_files(settings: ConfigDict) -> None:
    """Checks that the music files and the sound font that fields name exist and can be read.

    Raises:
      UserError: the field, its value and what is wrong with it.
    """
    for field in FILES:
        path = settings[field]
        if not path or (field == 'prompt' and path == BLANK):
            continue
        which = {'part': settings.part, 'tune': settings.tune} if field == 'prompt' else {}
        try:
            read_score(path, field, **which)
        except ScoreError as error:
            raise UserError(f'config.sample.{field} = {path}: {error}') from error
    if settings.wav or settings.sound_font:
        find_font(settings.sound_font)


def stated_bars(text: str) -> str:
    """The field that names bars, with its value, for messages."""
    return f'config.sample.regenerate = {text!r}'


def parse_bars(text: str, num_bars: int, first_bar: int = 1, stated: str = '') -> tuple[int, int]:
    """The first bar and the bar after the last of a range such as '3-4', as indices from 0 into a
    piece of `num_bars` bars whose first is numbered `first_bar`. `stated` is how the user stated
    the range, if not in the config; messages quote it.

    Raises:
      UserError: it is not a bar or a range, or the piece does not have these bars.
    """
    first, last = read_bars(text, stated)
    end = first_bar + num_bars
    if not first_bar <= first <= last < end:
        pickup = ' (bar 0 is its pickup)' * (first_bar == 0)
        has = f'bars {first_bar} to {end - 1}{pickup}' if num_bars > 1 else f'only bar {first_bar}'
        raise UserError(f'{stated or stated_bars(text)}: the prompt has {has}; {ONE_OR_MORE}')
    return first - first_bar, last - first_bar + 1


def read_bars(text: str, stated: str = '') -> tuple[int, int]:
    """The numbers of the first and last bar of a range such as '3-4'; `stated` as in `parse_bars`.

    Raises:
      UserError: it is not a bar or a range.
    """
    found = re.fullmatch(r'([0-9]{1,9})(?:-([0-9]{1,9}))?', text)
    if not found:
        raise UserError(f'{stated or stated_bars(text)}: {ONE_OR_MORE}')
    return int(found[1]), int(found[2] or found[1])


def parse_instrument(text: str) -> int:
    """The General MIDI number, from 0, of a named instrument."""
    if text.lower() not in INSTRUMENTS:
        raise UserError(
            f'config.sample.instrument = {text!r}: must be an instrument of General MIDI, such as'
            " 'violin', 'flute', 'fiddle' or 'church organ', or '' for the"
            f" prompt's{nearest(text.lower(), INSTRUMENTS)}"
        )
    return INSTRUMENTS.index(text.lower())
