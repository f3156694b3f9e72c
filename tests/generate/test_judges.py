"""Judges: tunes in another key than asked for, and sections that are the same."""

import dataclasses

import numpy as np
import pytest

from symmusic.generate.judges import OtherKey, SameSections, judges_of
from symmusic.melody.events import NO_EVENT
from symmusic.score.key import Key
from tests.generate.test_structure import planned
from tests.generate.toy import VOCABULARY, make_prompt

SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0)


def melody(tonic, scale=SCALE):
    """A note every four steps."""
    events = np.full(4 * len(scale), NO_EVENT, np.int8)
    events[::4] = np.array(scale) + tonic
    return events


@pytest.mark.parametrize('tonic', [0, 5, 10])
def test_another_key_is_not_wanted(tonic):
    """D major is read two semitones lower."""
    judge = OtherKey(Key.of(tonic), -tonic)
    minor = melody(57, (0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0))
    events = [melody(60), melody(65), minor, np.full(8, NO_EVENT, np.int8)]
    assert judge(events).tolist() == [False, True, True, True]
    assert OtherKey(Key(0, 'minor'), 0)([minor]).tolist() == [False]


def test_sections_of_mostly_the_same_bars_are_not_wanted():
    """Sections of four bars after a prompt of one; bar n of a tune holds the pitch n."""
    prompt = make_prompt()
    structure = planned('AABC', prompt, bars_per_section=4)
    judge = SameSections(structure, prompt, VOCABULARY)
    own = np.flatnonzero(structure.sources_T == np.arange(len(structure.sources_T)))
    own = own[own >= 16]

    def judged(bars):
        """The own bars are 1, 2, 3 of A, its other ending 7, and the four each of B and C."""
        return bool(judge([np.repeat(np.array(bars, np.int8), 16)])[0])

    assert len(own) == 12 * 16
    assert not judged([1, 2, 3, 7, 11, 12, 13, 14, 21, 22, 23, 24])
    assert not judged([1, 2, 3, 7, 1, 2, 13, 14, 1, 12, 23, 24])  # half of the bars
    assert judged([1, 2, 3, 7, 1, 2, 3, 14, 21, 22, 23, 24])
    assert judged([1, 2, 3, 7, 11, 12, 13, 14, 1, 12, 13, 24])


def test_only_what_applies_is_judged():
    prompt = make_prompt()
    assert judges_of(prompt, None, VOCABULARY) == []
    assert len(judges_of(prompt, planned('AB', prompt), VOCABULARY)) == 1
    blank = dataclasses.replace(prompt, events=prompt.events[:0])
    assert len(judges_of(blank, None, VOCABULARY)) == 1
    locrian = dataclasses.replace(blank, key=Key(0, 'locrian'))
    assert judges_of(locrian, None, VOCABULARY) == []  # no locrian piece is detected as such
