"""A tune that starts from nothing: a metre and a key instead of a prompt."""

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.meters import find_index
from symmusic.errors import UserError
from symmusic.generate.prompt import Prompt
from symmusic.generate.scales import OF_PROMPT, key_of_scale
from symmusic.melody.encodings import MelodyVocabulary, Vocabulary
from symmusic.score.bar import SIXTEENTHS, bar_of
from symmusic.score.detection import transposition
from symmusic.score.key import Key, parse_key_name, parse_tonic, tonic_name
from symmusic.score.notes import DEFAULT_QPM

BLANK = 'none'  # `sample.prompt` that starts from nothing


def blank_prompt(
    settings: ConfigDict,
    vocabulary: Vocabulary,
    meters: tuple[str, ...],
    steps_per_quarter: int = SIXTEENTHS,
    bars_stated: str = '',
) -> Prompt:
    """A prompt without bars, in the metre and key of `config.sample`; the model reads one bar of
    padding in its place.

    Args:
      settings: `config.sample`.
      vocabulary: of the model.
      meters: the metres that the model knows.
      steps_per_quarter: its grid.
      bars_stated: how the user stated the bars to redraw, if not in the config.

    Raises:
      UserError: the model does not know the metre, the key cannot be read, or a field needs a
        prompt with bars.
    """
    if settings.regenerate:
        stated = bars_stated or f'config.sample.regenerate = {settings.regenerate!r}'
        raise UserError(
            f'{stated} with config.sample.prompt = {BLANK!r}: there are no bars to sample again;'
            ' config.sample.prompt must be a file'
        )
    meter = _meter(settings.meter, meters)
    key = key_of_start(settings)
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


def key_of_start(settings: ConfigDict) -> Key:
    """The key of a tune that starts from nothing, from `config.sample.key` and `scale`. A tonic
    without a mode, such as 'D', takes the mode of the scale.

    Raises:
      UserError: key or scale cannot be read, or their tonics or thirds differ.
    """
    key = read_key(settings.key) if settings.key else None
    if settings.scale in ('', OF_PROMPT):
        return key or Key(0)
    of_scale = key_of_scale(settings.scale)
    if key is None:
        return of_scale
    has_mode, why = parse_tonic(settings.key, '') is None, None
    if key.tonic != of_scale.tonic:
        why = f'their tonics differ; the scale must be on {tonic_name(key.place)}'
    elif has_mode and key.is_major != of_scale.is_major:
        why = 'one has a major third and the other a minor one; must be alike'
    if why:
        raise UserError(
            f'config.sample.scale = {settings.scale!r} with config.sample.key = {settings.key!r}:'
            f' {why}, or leave config.sample.key out'
        )
    return key if has_mode else of_scale


def in_mode(
    settings: ConfigDict, prompt: Prompt, vocabulary: Vocabulary
) -> tuple[ConfigDict, list[str]]:
    """`config.sample` for a tune that starts from nothing, and notices. If its key is neither major
    nor minor, the scale is set to that of the key: models only know major and minor keys.
    """
    is_plain = prompt.key.mode in ('major', 'minor')
    if (
        settings.scale
        or is_plain
        or not prompt.is_blank
        or not isinstance(vocabulary, MelodyVocabulary)
    ):
        return settings, []
    own = ConfigDict(settings.to_dict())
    own.scale = OF_PROMPT
    return own, [f'config.sample.key = {settings.key!r}: only notes of {prompt.key.name} are drawn']


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
