"""A start from nothing: a metre and a key in place of a prompt."""

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.meters import find_index
from symmusic.errors import UserError
from symmusic.generate.prompt import Prompt
from symmusic.generate.scales import OF_PROMPT, key_of_scale
from symmusic.melody.encodings import Vocabulary
from symmusic.score.bar import SIXTEENTHS, bar_of
from symmusic.score.detection import transposition
from symmusic.score.key import Key, parse_key_name
from symmusic.score.notes import DEFAULT_QPM

BLANK = 'none'  # `sample.prompt` that starts from nothing


def blank_prompt(
    settings: ConfigDict,
    vocabulary: Vocabulary,
    meters: tuple[str, ...],
    steps_per_quarter: int = SIXTEENTHS,
) -> Prompt:
    """The prompt without bars that `config.sample` asks for; the model reads a bar of padding.

    Args:
      settings: `config.sample`.
      vocabulary: of the model.
      meters: those that the model knows.
      steps_per_quarter: its grid.

    Raises:
      UserError: the model does not know the metre, the key cannot be read, or a field needs bars.
    """
    if settings.regenerate:
        raise UserError(
            f'config.sample.regenerate = {settings.regenerate!r} with config.sample.prompt ='
            f' {BLANK!r}: there are no bars to sample again; config.sample.prompt must be a file'
        )
    meter = _meter(settings.meter, meters)
    key = key_of_scale(settings.scale) if settings.scale not in ('', OF_PROMPT) else Key(0)
    key = read_key(settings.key) if settings.key else key
    return Prompt(
        name=BLANK,
        events=np.zeros(0, np.int8),
        tokens=np.full(bar_of(meter, steps_per_quarter).steps, vocabulary.padding, np.uint8),
        transposed_by=transposition(key),
        qpm=DEFAULT_QPM,
        key=key,
        meter=meter,
        steps_per_quarter=steps_per_quarter,
    )


def read_key(text: str) -> Key:
    """The key that `sample.key` names.

    Raises:
      UserError: it names none.
    """
    key = parse_key_name(text)
    if key is None:
        raise UserError(f"config.sample.key = {text!r}: must be a key such as 'D', 'Ebm' or 'Ador'")
    return key


def _meter(text: str, meters: tuple[str, ...]) -> str:
    is_any = 'all' in meters
    meter = text or ('4/4' if is_any else meters[0])
    if not is_any and find_index(meter, meters) is None:
        raise UserError(f'config.sample.meter = {text!r}: the model knows {", ".join(meters)}')
    return meter
