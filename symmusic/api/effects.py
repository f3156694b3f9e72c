"""Which fields have no effect because of other fields, or because of the mode."""

from collections.abc import Collection, Iterable, Iterator

from ml_collections import ConfigDict

from symmusic.config.fields import default
from symmusic.generate.prompt import Prompt
from symmusic.generate.prompt_files import BUILT_IN
from symmusic.generate.scales import OF_PROMPT
from symmusic.wording import count

# fields of `config.sample` that an evaluation reads, and those that describe the user's own prompt
MEASURED = (
    'num_bars',
    'temperature',
    'top_k',
    'top_p',
    'form',
    'memory_steps',
    'max_redraws',
    'redraw_stuck',
    'replica',
)
OF_OWN_PROMPT = ('prompt', 'tune', 'part', 'transpose')


def without_effect(settings: ConfigDict, prompt: Prompt) -> list[str]:
    """A notice for each field that differs from its default but has no effect, and for the scale
    'prompt' without a prompt.
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
    """Pairs of fields of `config.sample`: one that has no effect, and the one that overrides it."""
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
    if settings.temperature == 0:
        yield 'particles', 'temperature'
    if settings.max_redraws == 0:
        yield 'redraw_stuck', 'max_redraws'
        yield 'redraw_copies', 'max_redraws'
    if not settings.wav:
        yield 'sound_font', 'wav'


def without_effect_on_evaluation(config: ConfigDict, given: Collection[str]) -> list[str]:
    """Notices about those `given` fields that an evaluation does not read."""
    notices = []
    own = [name for name in _of_sample(OF_OWN_PROMPT) if name in given]
    if own and config.evaluate.prompts == 'held_out':
        notices.append(
            f"{_listed(own)} without effect here: config.evaluate.prompts = 'fixed' continues"
            ' config.sample.prompt'
        )
    read = _of_sample([*MEASURED, *OF_OWN_PROMPT])
    others = [name for name in _of_sample(config.sample) if name in given and name not in read]
    if others:
        notices.append(f'{_listed(others)} without effect on an evaluation')
    if 'evaluate.num_bars' in given:
        notices.append(
            'config.evaluate.num_bars is without effect here: pieces and excerpts are of'
            f' config.sample.num_bars = {count(config.sample.num_bars, "bar")}'
        )
    return notices


def without_effect_on_sampling(given: Collection[str]) -> list[str]:
    """A notice about those `given` fields that only evaluations and studies read."""
    names = [name for name in given if name.startswith(('evaluate.', 'study.'))]
    return [f'{_listed(names)} without effect on sampling'] if names else []


def _of_sample(names: Iterable[str]) -> list[str]:
    return [f'sample.{name}' for name in names]


def _listed(names: Collection[str]) -> str:
    verb = 'is' if len(names) == 1 else 'are'
    return f'{", ".join(f"config.{name}" for name in names)} {verb}'
