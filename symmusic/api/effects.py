"""Which fields of `config.sample` have no effect because of others."""

from collections.abc import Iterator

from ml_collections import ConfigDict

from symmusic.config.fields import default
from symmusic.generate.prompt import Prompt
from symmusic.generate.prompt_files import BUILT_IN
from symmusic.generate.scales import OF_PROMPT


def without_effect(settings: ConfigDict, prompt: Prompt) -> list[str]:
    """A notice of each field that has another value than its default, but no effect, and of a scale
    of no prompt.
    """
    notices = [
        f'config.sample.{one} = {settings[one]!r} has no effect with config.sample.{other} ='
        f' {settings[other]!r}'
        for one, other in _pairs(settings, prompt)
        if settings[one] != default(f'sample.{one}')
    ]
    if prompt.is_blank and settings.scale == OF_PROMPT:
        notices.append(
            f'config.sample.scale = {OF_PROMPT!r} with config.sample.prompt ='
            f' {settings.prompt!r}: the scale of {prompt.key.name}'
        )
    return notices


def _pairs(settings: ConfigDict, prompt: Prompt) -> Iterator[tuple[str, str]]:
    """Fields that have no effect, each with the one that makes it so."""
    if prompt.is_blank:
        for name in ('max_copied_from_prompt', 'transpose', 'tune', 'part'):
            yield name, 'prompt'
    else:
        yield 'meter', 'prompt'
        if prompt.name == BUILT_IN and not settings.prompt:
            yield 'tune', 'prompt'
            yield 'part', 'prompt'
        elif settings.prompt.lower().endswith('.abc'):
            yield 'part', 'prompt'
    if not settings.structure:
        yield 'bars_per_section', 'structure'
        yield 'half_cadences', 'structure'
    if settings.regenerate:
        yield 'num_bars', 'regenerate'
        yield 'ends', 'regenerate'
    if settings.num_candidates == 1:
        yield 'rank', 'num_candidates'
    if settings.max_redraws == 0:
        yield 'redraw_stuck', 'max_redraws'
        yield 'redraw_copies', 'max_redraws'
    if not settings.wav:
        yield 'sound_font', 'wav'
