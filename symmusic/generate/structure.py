"""Whole tunes in sections: which steps are drawn, which repeat them, and how each section closes.

Of 'AABA', the steps drawn are A, the closing last bar of the second A, and B; the last A repeats
the second. If the tune has a pickup, it also leads back to the first section, and the tune's last
bar is shorter by it. If the prompt is the whole first section, its own last bar closes the section
if it can; otherwise another one is drawn, and a notice says so.
"""

import dataclasses

import numpy as np

from symmusic.generate.control import RepeatRow, Repeats
from symmusic.generate.masks import DRAWN, REPEATED, STATED, Cadence
from symmusic.generate.prompt import Prompt, stated_at
from symmusic.melody.encodings import Vocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.score.layout import Section

# at the start of a new section: its notes there must differ from those of earlier sections
CONTRAST_BARS = 2
TONIC, FIFTH, ANY = 'tonic', 'fifth', ''


@dataclasses.dataclass(frozen=True)
class Structure:
    """A whole tune of T steps, the first `num_given` of which are the prompt's.

    Attributes:
      text: a letter for each section.
      sections: the sections in the order of playing, in bars from the prompt's first bar.
      closings: how each section closes: on the `TONIC`, on the `FIFTH` or on `ANY` note.
      sources_T: the step that each step repeats (the first of all equal ones); its own index if it
        repeats none.
      stated: the steps at which a note starts or ends, or silence is stated, so that sections and
        endings do not depend on what is played before them.
      num_given: steps of the prompt.
      num_begun: those of the `num_given` steps that come after the pickup.
      spans: the steps of each drawn closing, and its index in `closings`.
      num_led: steps at the prompt's end that its pickup takes when it leads back.
      num_short: silent steps at the end of the tune, where its last bar is cut short for the
        pickup.
      notices: what was changed in a prompt that is a whole section.
    """

    text: str
    sections: tuple[Section, ...]
    closings: tuple[str, ...]
    sources_T: np.ndarray
    stated: frozenset[int]
    num_given: int
    num_begun: int
    spans: tuple[tuple[int, int, int], ...]
    num_led: int = 0
    num_short: int = 0
    notices: tuple[str, ...] = ()

    @property
    def own_T(self) -> np.ndarray:
        """The indices of the steps that are drawn rather than given or repeated."""
        steps = np.arange(len(self.sources_T))
        is_own_T = (self.sources_T == steps) & (steps >= self.num_given)
        return steps[is_own_T & (steps < len(steps) - self.num_short)]

    @property
    def num_drawn(self) -> int:
        """Steps after the prompt, repeated and silent ones included."""
        return len(self.sources_T) - self.num_given

    def cadences(self, tonic: int, fifth: int, rest: int | None = None) -> tuple[Cadence, ...]:
        """The cadences on these pitch classes, in steps after the prompt. At most `rest` steps of
        silence follow each (None: any number), and none if a pickup leads back.
        """
        classes, found = {TONIC: tonic, FIFTH: fifth}, []
        num_bars = self.sections[-1].first + self.sections[-1].num_bars
        bar_steps = len(self.sources_T) // num_bars
        for begin, end, place in self.spans:
            if self.closings[place] != ANY:
                most = rest if rest is None or end % bar_steps == 0 else 0
                steps = begin - self.num_given, end - self.num_given
                found.append(Cadence(*steps, classes[self.closings[place]], most))
        return tuple(found)

    def kept(self, prompt: Prompt, vocabulary: Vocabulary) -> np.ndarray:
        """`kept_N` of `make_masks`: what is known about the N steps after the prompt."""
        steps = np.arange(self.num_given, len(self.sources_T))
        sources = self.sources_T[self.num_given :]
        kept_N = np.where(np.isin(steps, list(self.stated)), STATED, DRAWN)
        kept_N[sources < steps] = REPEATED
        is_given_N = sources < self.num_given
        kept_N[is_given_N] = prompt.tokens[sources[is_given_N]]
        if self.num_short:
            silence = np.full(self.num_short, NO_EVENT)
            silence[0] = NOTE_OFF
            kept_N[-self.num_short :] = vocabulary.encode(silence)
        return kept_N.astype(np.int16)

    def repeats(self, prompt: Prompt, vocabulary: Vocabulary) -> Repeats:
        """The constraint that repeats steps, and that keeps the first bars of a new section from
        having a note in common with the same places of earlier sections.
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


def state_sections(prompt: Prompt, structure: Structure, vocabulary: Vocabulary) -> Prompt:
    """The prompt with all its `stated` steps stated."""
    for step in sorted(structure.stated):
        prompt = stated_at(prompt, step, vocabulary)
    return prompt
