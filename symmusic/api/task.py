"""Reads and checks what `config.sample` asks for, before anything is drawn."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.api import copying
from symmusic.api.effects import without_effect
from symmusic.generate.blank import BLANK, blank_prompt, in_mode, read_key
from symmusic.generate.control import Masks
from symmusic.generate.given_section import lead_back
from symmusic.generate.in_rhythm import check_settings, read_rhythm
from symmusic.generate.masks import DRAWN, STATED, make_masks
from symmusic.generate.names import parse_bars, parse_instrument
from symmusic.generate.plan import Plan, plan_of_bars
from symmusic.generate.prompt import Prompt, around, stated_at
from symmusic.generate.prompt_files import read_prompt
from symmusic.generate.sections import plan_structure
from symmusic.generate.sound import find_font
from symmusic.generate.structure import Structure, state_sections
from symmusic.generate.wishes import as_stated, keep, read_wishes
from symmusic.melody.encodings import MelodyVocabulary, Vocabulary


@dataclasses.dataclass(frozen=True)
class Task:
    """What is to be drawn: `num_bars` bars with `prompt` around them; the first `num_new` steps are
    new. `masks` say what is allowed; None = anything.

    `known` are the tokens that an infilling model is given in advance, with blanks elsewhere; None
    = none. `given` are the events [num_new] that the user fixes among the new steps, `FREE`
    elsewhere. `structure` is the structure of a whole tune. `plan` holds the bars left, if they are
    known. `rhythm` are the events [num_new] whose notes take the pitches drawn by a model of notes.
    `notices` tell the user how the wishes were read.
    """

    prompt: Prompt
    num_bars: int
    num_new: int
    masks: Masks | None = None
    known: np.ndarray | None = None
    given: np.ndarray | None = None
    structure: Structure | None = None
    plan: Plan | None = None
    rhythm: np.ndarray | None = None
    notices: tuple[str, ...] = ()


def prepare(
    config: ConfigDict,
    vocabulary: Vocabulary,
    meters: Sequence[str],
    prompt: Prompt | None = None,
    bars_stated: str = '',
) -> Task:
    """Prepares a task: reads the wishes, and the prompt if none is passed. `meters` are the metres
    that the model knows. `bars_stated` is how the user named the bars to redraw, if not in the
    config; messages quote it.

    Raises:
      UserError: a file or a wish is invalid, or the wishes contradict one another.
    """
    settings = config.sample
    if not vocabulary.of_steps:
        check_settings(settings)
    copying.check(config, vocabulary)
    if settings.wav or settings.sound_font:
        find_font(settings.sound_font)
    if prompt is None:
        prompt = read_given(
            settings.prompt, settings, vocabulary, meters, config.data.steps_per_quarter
        )
    prompt, said_of_key = _in_key(prompt, settings.key)
    settings, said_of_mode = in_mode(settings, prompt, vocabulary)
    if settings.instrument:
        prompt = dataclasses.replace(prompt, program=parse_instrument(settings.instrument))
    if not vocabulary.of_steps:
        return _in_rhythm(settings, prompt, said_of_key)
    steps = _steps(config, vocabulary, prompt, bars_stated)
    notices = [*said_of_key, *said_of_mode, *without_effect(config.sample, steps.prompt)]
    return _in_steps(settings, steps, vocabulary, notices)


def _in_steps(
    settings: ConfigDict, steps: '_Steps', vocabulary: Vocabulary, others: Sequence[str]
) -> Task:
    """The task of a model of steps, with the notices of its wishes before the `others`."""
    prompt, kept, structure = steps.prompt, steps.kept, steps.structure
    wishes, notices = read_wishes(
        settings, prompt, steps.num_new, pickup=steps.pickup, structure=structure
    )
    num_bars = (steps.num_new if kept is None else len(kept)) // prompt.bar.steps
    masks = None
    if wishes.stated() or kept is not None:
        masks = make_masks(
            wishes,
            vocabulary,
            prompt.tokens,
            prompt.transposed_by,
            num_bars,
            prompt.bar,
            kept_N=kept,
            stated=as_stated(settings, wishes),
        ).replace(repeats=structure and structure.repeats(prompt, vocabulary))
    if structure is not None:
        notices += structure.notices
    notices += others
    return Task(
        prompt,
        num_bars,
        steps.num_new,
        masks,
        steps.known,
        wishes.fixed,
        structure,
        _plan(settings, prompt, num_bars, structure),
        notices=_new(notices, prompt),
    )


def _in_rhythm(settings: ConfigDict, prompt: Prompt, notices: Sequence[str]) -> Task:
    """The task of a model of notes."""
    rhythm, said = read_rhythm(settings, prompt)
    notices = [*said, *notices, *without_effect(settings, prompt)]
    return Task(
        prompt, settings.num_bars, len(rhythm), rhythm=rhythm, notices=_new(notices, prompt)
    )


def _new(notices: Iterable[str], prompt: Prompt) -> tuple[str, ...]:
    """The notices that the prompt does not have yet, without duplicates."""
    return tuple(each for each in dict.fromkeys(notices) if each not in prompt.notices)


def _plan(
    settings: ConfigDict, prompt: Prompt, num_bars: int, structure: Structure | None
) -> Plan | None:
    """The bars left in a tune that ends after `num_bars` new bars; None = unknown to the model."""
    if not settings.ends or settings.regenerate:
        return None
    bar_steps = prompt.bar.steps
    return plan_of_bars(
        len(prompt.events) // bar_steps + num_bars,
        bar_steps,
        [section.first for section in structure.sections] if structure else (),
        num_padding=len(prompt.tokens) - len(prompt.events),
    )


@dataclasses.dataclass(frozen=True)
class _Steps:
    """The steps to draw: the first `num_new` after `prompt` are new, `kept` is what `make_masks`
    keeps, `pickup` as in `templates`, `known` and `structure` as in `Task`.
    """

    prompt: Prompt
    num_new: int
    kept: np.ndarray | None = None
    pickup: int = 0
    known: np.ndarray | None = None
    structure: Structure | None = None


def _steps(config: ConfigDict, vocabulary: Vocabulary, prompt: Prompt, bars_stated: str) -> _Steps:
    settings = config.sample
    if settings.structure:
        structure = plan_structure(settings, prompt)
        prompt = state_sections(prompt, structure, vocabulary)
        kept = structure.kept(prompt, vocabulary)
        prompt = lead_back(prompt, structure.num_led)
        return _Steps(prompt, structure.num_drawn, kept, structure=structure)
    if settings.regenerate:
        return _redrawn(config, vocabulary, prompt, bars_stated)
    num_new = settings.num_bars * prompt.bar.steps
    if not (prompt.is_blank and isinstance(vocabulary, MelodyVocabulary)):
        return _Steps(prompt, num_new)
    kept = np.full(num_new, DRAWN)
    kept[0] = STATED  # a tune does not start with the silence before a pickup
    return _Steps(prompt, num_new, kept)


def _redrawn(
    config: ConfigDict, vocabulary: Vocabulary, prompt: Prompt, bars_stated: str
) -> _Steps:
    settings, bar_steps = config.sample, prompt.bar.steps
    num_given, known = len(prompt.events) // bar_steps, None
    first, end = parse_bars(settings.regenerate, num_given, prompt.first_bar, bars_stated)
    prompt = stated_at(prompt, end * bar_steps, vocabulary)
    num_new = (end - first) * bar_steps
    kept, pickup = keep(prompt, first, end), prompt.pickup if first == 0 else 0
    if config.train.targets == 'gap' and end < num_given:
        blanks = np.full(num_new, vocabulary.num_classes, np.uint8)
        known = np.concatenate([blanks, prompt.tokens[end * bar_steps :]])
    prompt = dataclasses.replace(
        around(prompt, first, end, vocabulary.padding), redrawn=settings.regenerate
    )
    return _Steps(prompt, num_new, kept, pickup, known)


def read_given(
    path: str,
    settings: ConfigDict,
    vocabulary: Vocabulary,
    meters: Sequence[str],
    steps_per_quarter: int,
    bars_stated: str = '',
) -> Prompt:
    """The prompt from a file, or the blank one; errors as in `read_prompt` and `blank_prompt`."""
    if path == BLANK:
        return blank_prompt(settings, vocabulary, meters, steps_per_quarter, bars_stated)
    return read_prompt(
        path,
        vocabulary,
        transpose=settings.transpose and vocabulary.of_steps,
        part=settings.part,
        tune=settings.tune,
        meters=meters,
        steps_per_quarter=steps_per_quarter,
    )


def _in_key(prompt: Prompt, text: str) -> tuple[Prompt, list[str]]:
    """The prompt in the key that `sample.key` states, with its notes unchanged, and a notice if its
    file states another.
    """
    if prompt.is_blank or not text:
        return prompt, []
    key = read_key(text)
    is_other = prompt.states_key and prompt.key != key
    notice = (
        f'config.sample.key = {text!r}: the prompt states {prompt.key.name}; its notes stay as they'
        f' are and are read as {key.name}'
    )
    return dataclasses.replace(prompt, key=key, states_key=True), [notice] * is_other
