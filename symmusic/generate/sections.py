"""The sections of a whole tune, as `config.sample.structure` asks for them after a prompt."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.fields import default
from symmusic.errors import UserError
from symmusic.generate.given_section import closes_on, has_room
from symmusic.generate.prompt import Prompt
from symmusic.generate.scales import name_tonic, parse_scale
from symmusic.generate.structure import ANY, FIFTH, TONIC, Structure
from symmusic.melody.events import StepNote
from symmusic.score.layout import Section
from symmusic.wording import count

MOST_BARS = 1024
# fields that contradict a structure, because they determine the bars or notes otherwise
EXCLUDED = ('regenerate', 'fixed', 'pitches')


def plan_structure(settings: ConfigDict, prompt: Prompt) -> Structure:
    """The structure that `config.sample` asks for; `prompt` is the start of its first section.

    Raises:
      UserError: the prompt does not fit in a section, or another field contradicts the structure.
    """
    text, num_bars, bar_steps = settings.structure, settings.bars_per_section, prompt.bar.steps
    lead = bar_steps if prompt.pickup else 0
    num_given = len(prompt.events)
    _check(settings, prompt, (num_given - lead) // bar_steps)
    sections = tuple(
        Section(label, lead // bar_steps + place * num_bars, num_bars)
        for place, label in enumerate(text)
    )
    inner = FIFTH if settings.half_cadences else ANY
    is_whole = num_given == lead + num_bars * bar_steps  # the first section is the prompt's
    closings = tuple(
        ANY if closing == FIFTH and is_whole and label == text[0] else closing
        for label, closing in zip(text, _closings(text, inner), strict=True)
    )
    given = _find_given(settings, prompt, closings) if is_whole else _Given()
    notices = given.notices
    wanted = [place for place in range(len(text)) if text[place + 1 : place + 2] == text[0]]
    if prompt.pickup and not all(_num_back(prompt, text, closings, place) for place in wanted):
        notices += (
            'the pickup leaves no room for a closing note, so it is not repeated before section'
            f' {text[0]} returns',
        )
    stands = text[-1] == text[0] and closings[-1] in given.closings
    num_short = 0 if stands or not _has_cadence(prompt) else prompt.pickup
    sources_T, stated, spans = _find_sources(prompt, sections, closings, given, num_short)
    structure = Structure(
        text,
        sections,
        closings,
        sources_T,
        frozenset(stated),
        num_given,
        num_given - lead if num_given else 0,
        tuple(spans),
        given.num_led if wanted[:1] == [0] else 0,
        num_short,
        notices,
    )
    if not len(structure.own_T):
        raise UserError(
            f'config.sample.structure = {text!r}: the prompt is the whole tune; nothing is left to'
            ' draw'
        )
    return structure


@dataclasses.dataclass(frozen=True)
class _Given:
    """How a prompt that is a whole section closes: the `closings` that its last bar satisfies, the
    number of steps at its end that its pickup takes when it leads back, and notices.
    """

    closings: tuple[str, ...] = ()
    num_led: int = 0
    notices: tuple[str, ...] = ()


def _find_given(settings: ConfigDict, prompt: Prompt, closings: Sequence[str]) -> _Given:
    text, notices = settings.structure, []
    num_led = prompt.pickup if 2 * text[0] in text else 0
    if num_led and not has_room(prompt, num_led):
        num_led = 0
        notices.append(
            "the prompt's last bar is full, so its pickup is not repeated before the section"
            ' returns'
        )
    may_close = (ANY,)
    if closes_on(prompt, parse_scale(settings.scale, prompt)[0]):
        may_close = (ANY, TONIC)
    elif (text[0], TONIC) in zip(text, closings, strict=True):
        notices.append(
            f'the prompt does not close on {name_tonic(settings.scale, prompt)}: where its section'
            ' closes, another last bar is drawn'
        )
    return _Given(may_close, num_led, tuple(notices))


def _num_back(prompt: Prompt, text: str, closings: Sequence[str], place: int) -> int:
    """The steps of the pickup that leads from a section back to the first one; 0 if another section
    follows or the pickup leaves no room for a cadence.
    """
    is_followed = text[place + 1 : place + 2] == text[0]
    return prompt.pickup if is_followed and (_has_cadence(prompt) or closings[place] == ANY) else 0


def _has_cadence(prompt: Prompt) -> bool:
    """Whether a bar that is shorter by the pickup has room for a cadence."""
    return prompt.pickup <= prompt.bar.steps - prompt.bar.cadence_steps


def _find_sources(
    prompt: Prompt,
    sections: Sequence[Section],
    closings: Sequence[str],
    given: _Given,
    num_short: int,
) -> tuple[np.ndarray, set[int], list[tuple[int, int, int]]]:
    """`sources_T`, `stated` and `spans` of `Structure`."""
    bar_steps, num_given = prompt.bar.steps, len(prompt.events)
    lead, text = sections[0].first * bar_steps, ''.join(section.label for section in sections)
    sources_T = np.arange((sections[-1].first + sections[-1].num_bars) * bar_steps)
    bodies, ends, spans = {}, {}, []
    stated = {lead - prompt.pickup}
    for place, section in enumerate(sections):
        begin, end = section.first * bar_steps, (section.first + section.num_bars) * bar_steps
        last = end - bar_steps
        body = bodies.setdefault(section.label, begin)
        sources_T[begin:last] = np.arange(body, body + last - begin)
        leads = _num_back(prompt, text, closings, place)
        stated |= {begin, last}
        if section.label == text[0] and closings[place] in given.closings:
            sources_T[last:end] = np.arange(num_given - bar_steps, num_given)
            if leads and given.num_led:
                stated.add(end - leads)
                if place:  # in the first section `given_section.lead_back` writes it
                    sources_T[end - leads : end] = np.arange(lead - leads, lead)
            continue
        short = num_short if section is sections[-1] else 0
        own = ends.setdefault((section.label, closings[place], leads, short), last)
        sources_T[last:end] = np.arange(own, own + bar_steps)
        if own == last >= num_given:
            stated.add(end - leads)
            sources_T[end - leads : end] = np.arange(lead - leads, lead)
            spans.append((last, end - leads - short, place))
    # a lead-back in a repeated ending is the pickup itself
    return sources_T[sources_T], stated, spans


def _closings(text: str, inner: str) -> tuple[str, ...]:
    """How each section closes: the last section of the tune, and the last of several equal ones in
    a row, on the tonic; all others as `inner` says.
    """
    found = []
    for place, label in enumerate(text):
        before, after = text[:place][-1:], text[place + 1 : place + 2]
        closes = not after or (before == label != after)
        found.append(TONIC if closes else inner)
    return tuple(found)


def _check(settings: ConfigDict, prompt: Prompt, num_given: int) -> None:
    text, num_bars = settings.structure, settings.bars_per_section
    named = f'config.sample.structure = {text!r}'
    for field in EXCLUDED:
        if settings[field]:
            raise UserError(
                f'{named} with config.sample.{field} = {settings[field]!r}: a structure makes a'
                ' whole new tune; leave out one of them'
            )
    if len(text) * num_bars > MOST_BARS:
        raise UserError(
            f'{named} with config.sample.bars_per_section = {num_bars}: the tune would have'
            f' {count(len(text) * num_bars, "bar")}; must have at most {MOST_BARS}'
        )
    if num_given > num_bars:
        raise UserError(
            f'{named} with config.sample.bars_per_section = {num_bars}: the prompt {prompt.name}'
            f' has {count(num_given, "bar")}; must have at most {num_bars}, as it starts the first'
            ' section'
        )
    num_all = len(text) * num_bars
    if settings.num_bars not in (num_all - num_given, default('sample.num_bars')):
        given = f', {num_given} of them given by the prompt' * (num_given > 0)
        raise UserError(
            f'{named} with config.sample.num_bars = {settings.num_bars}: the tune has'
            f' {count(num_all, "bar")}, {count(len(text), "section")} of {num_bars}{given}; leave'
            ' config.sample.num_bars out'
        )


def check_rhythm(settings: ConfigDict, notes: Sequence[StepNote], bar_steps: int) -> None:
    """Checks that the notes that give the rhythm fit in sections.

    Raises:
      UserError: the length of a section is not a multiple of their bars.
    """
    num_bars = max(-(-notes[-1].end // bar_steps), 1)
    if settings.bars_per_section % num_bars:
        raise UserError(
            f'config.sample.rhythm = {settings.rhythm!r} with config.sample.structure ='
            f' {settings.structure!r}: its {num_bars} bars do not fill sections of'
            f' config.sample.bars_per_section = {settings.bars_per_section} evenly'
        )
