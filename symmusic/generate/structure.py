"""Whole tunes in sections: what is drawn, what repeats it, and how each section closes.

Of 'AABA' these are drawn: A; the last bar of its second time, which closes; B. The last A repeats
the second. Where a pickup leads into the tune, it also leads back to the first section.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from symmusic.config.fields import default
from symmusic.errors import UserError
from symmusic.generate.control import RepeatRow, Repeats
from symmusic.generate.masks import DRAWN, REPEATED, STATED, Cadence
from symmusic.generate.prompt import Prompt, stated_at
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import StepNote
from symmusic.score.layout import Section

MOST_BARS = 1024
CONTRAST_BARS = 2  # at the start of a new section, in which it differs from earlier ones
EXCLUDED = ('regenerate', 'fixed', 'pitches')  # fields that ask for other bars or notes
TONIC, FIFTH, ANY = 'tonic', 'fifth', ''


@dataclasses.dataclass(frozen=True)
class Structure:
    """A whole tune of T steps, the first `num_given` of which are the prompt's.

    Attributes:
      text: a letter for each section.
      sections: as they are played, in bars from the prompt's first.
      closings: of each section, on the `TONIC`, on the `FIFTH` or on `ANY` note.
      sources_T: the step that each step repeats, the first of all that are alike; its own where it
        repeats none.
      stated: the steps at which a note starts or ends, or silence is stated, so that sections and
        endings do not depend on what is played before them.
      num_given: steps of the prompt.
      num_begun: those of them after its pickup.
      spans: the steps of each drawn closing, and its place among `closings`.
    """

    text: str
    sections: tuple[Section, ...]
    closings: tuple[str, ...]
    sources_T: np.ndarray
    stated: frozenset[int]
    num_given: int
    num_begun: int
    spans: tuple[tuple[int, int, int], ...]

    @property
    def num_drawn(self) -> int:
        """Steps after the prompt, repeated ones included."""
        return len(self.sources_T) - self.num_given

    def cadences(self, tonic: int, fifth: int) -> tuple[Cadence, ...]:
        """The cadences, in steps after the prompt, on these pitch classes."""
        classes = {TONIC: tonic, FIFTH: fifth}
        return tuple(
            Cadence(begin - self.num_given, end - self.num_given, classes[self.closings[place]])
            for begin, end, place in self.spans
            if self.closings[place] != ANY
        )

    def kept(self, prompt: Prompt) -> np.ndarray:
        """[N] for `make_masks`: what of the steps after the prompt is known."""
        steps = np.arange(self.num_given, len(self.sources_T))
        sources = self.sources_T[self.num_given :]
        kept_N = np.where(np.isin(steps, list(self.stated)), STATED, DRAWN)
        kept_N[sources < steps] = REPEATED
        is_given_N = sources < self.num_given
        kept_N[is_given_N] = prompt.tokens[sources[is_given_N]]
        return kept_N.astype(np.int16)

    def repeats(self, prompt: Prompt, vocabulary: Vocabulary) -> Repeats:
        """The steps that repeat others, and the first bars of new sections, which have no note in
        common with the same places of earlier ones.
        """
        steps, given = np.arange(len(self.sources_T)), self.num_given
        sources_T = np.where(
            (self.sources_T < steps) & (self.sources_T >= given), self.sources_T, -1
        )
        firsts: dict[str, int] = {}
        for section in self.sections:
            firsts.setdefault(section.label, section.first * prompt.bar.steps)
        unlike_TK = np.full((len(steps), len(firsts) - 1), -1)
        num = min(CONTRAST_BARS, self.sections[0].num_bars - 1) * prompt.bar.steps
        begins = list(firsts.values())
        for place, begin in enumerate(begins):
            for column, other in enumerate(begins[:place]):
                unlike_TK[begin : begin + num, column] = np.arange(other, other + num)
        rows = RepeatRow(sources_T[given:].astype(np.int32), unlike_TK[given:].astype(np.int32))
        is_onset_V = vocabulary.decode(np.arange(vocabulary.num_classes)) >= 0
        return Repeats(rows, prompt.tokens[:given].astype(np.int32), is_onset_V)

    def as_json(self) -> dict:
        """As in samples.json; bars count from the first full one, 1."""
        lead = self.sections[0].first
        return {
            'structure': self.text,
            'sections': [
                {
                    'label': section.label,
                    'first_bar': section.first - lead + 1,
                    'num_bars': section.num_bars,
                    'closing': closing or None,
                }
                for section, closing in zip(self.sections, self.closings, strict=True)
            ],
        }


def plan_structure(settings: ConfigDict, prompt: Prompt) -> Structure:
    """The structure that `config.sample` asks for, after `prompt`, which starts the first section.

    Raises:
      UserError: the prompt does not fit in a section, or another field asks for other bars.
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
    back = prompt.pickup if prompt.pickup <= bar_steps - prompt.bar.cadence_steps else 0
    sources_T = np.arange(lead + len(text) * num_bars * bar_steps)
    bodies, ends, spans = {}, {}, []
    stated = {lead - prompt.pickup}
    for place, section in enumerate(sections):
        begin, end = section.first * bar_steps, (section.first + num_bars) * bar_steps
        last = end - bar_steps
        body = bodies.setdefault(section.label, begin)
        sources_T[begin:last] = np.arange(body, body + last - begin)
        leads = back if text[place + 1 : place + 2] == text[0] else 0
        own = ends.setdefault((section.label, closings[place], leads), last)
        sources_T[last:end] = np.arange(own, own + bar_steps)
        stated |= {begin, last}
        if own == last >= num_given:
            stated.add(end - leads)
            sources_T[end - leads : end] = np.arange(lead - leads, lead)
            spans.append((last, end - leads, place))
    sources_T = sources_T[sources_T]  # a lead-back in a repeated ending is the pickup itself
    is_drawn_T = (sources_T == np.arange(len(sources_T))) & (sources_T >= num_given)
    if not is_drawn_T.any():
        raise UserError(
            f'config.sample.structure = {text!r}: the prompt is the whole section; nothing is left'
            ' to draw'
        )
    return Structure(
        text,
        sections,
        closings,
        sources_T,
        frozenset(stated),
        num_given,
        num_given - lead if num_given else 0,
        tuple(spans),
    )


def state_sections(prompt: Prompt, structure: Structure, vocabulary: Vocabulary) -> Prompt:
    """The prompt with all its `stated` steps stated."""
    for step in sorted(structure.stated):
        prompt = stated_at(prompt, step, vocabulary)
    return prompt


def _closings(text: str, inner: str) -> tuple[str, ...]:
    """How each section closes: the last of the tune and the last of several alike in a row on the
    tonic, others as `inner` says.
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
            f'{named} with config.sample.bars_per_section = {num_bars}: {len(text) * num_bars}'
            f' bars; at most {MOST_BARS}'
        )
    if num_given > num_bars:
        raise UserError(
            f'{named} with config.sample.bars_per_section = {num_bars}: the prompt {prompt.name}'
            f' has {num_given} bars; it starts the first section, so at most {num_bars}'
        )
    num_new = len(text) * num_bars - num_given
    if settings.num_bars not in (num_new, default('sample.num_bars')):
        raise UserError(
            f'{named} with config.sample.num_bars = {settings.num_bars}: {len(text)} sections of'
            f' {num_bars} bars have {num_new} new bars; leave config.sample.num_bars out'
        )


def check_rhythm(settings: ConfigDict, notes: Sequence[StepNote], bar_steps: int) -> None:
    """Checks that the notes that give the rhythm fit in sections.

    Raises:
      UserError: a section is no multiple of their bars.
    """
    num_bars = max(-(-notes[-1].end // bar_steps), 1)
    if settings.bars_per_section % num_bars:
        raise UserError(
            f'config.sample.rhythm = {settings.rhythm!r} with config.sample.structure ='
            f' {settings.structure!r}: it has {num_bars} bars, which do not divide'
            f' config.sample.bars_per_section = {settings.bars_per_section}'
        )
