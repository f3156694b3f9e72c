"""Endings: by hand, and of a whole evaluation's sets."""

import numpy as np
import pytest

from symmusic.measures.endings import ASPECTS, EndingsMeasure, describe_ending
from symmusic.measures.registry import Continued, Sets
from symmusic.melody.encodings import VOCABULARIES
from symmusic.melody.events import NO_EVENT, NOTE_OFF, StepNote
from symmusic.report.endings import endings_section
from symmusic.score.bar import bar_of
from symmusic.score.key import Key
from tests.corpus.tunes import random_tune
from tests.measures.grounds import ground
from tests.report.sections import as_text


@pytest.mark.parametrize(
    ('note', 'key', 'expected'),
    [
        (StepNote(24, 32, 67), Key.of(0), (1, 1, 1, 1)),  # the fifth, a half note, mid-bar
        (StepNote(16, 20, 69), Key.of(0), (0, 1, 1, 0)),
        (StepNote(16, 20, 69), Key.of(9, 'minor'), (1, 1, 1, 1)),
        (StepNote(16, 19, 60), Key.of(9, 'minor'), (1, 0, 1, 0)),  # the minor third, short
        (StepNote(20, 32, 61), Key.of(9, 'minor'), (0, 1, 0, 0)),  # the major third
    ],
)
def test_by_hand(note, key, expected):
    assert describe_ending([StepNote(0, 1, 50), note], key, bar_of('4/4')) == expected


def test_of_no_note():
    assert np.isnan(describe_ending([], Key.of(0), bar_of('4/4'))).all()


def test_sets_and_differences():
    """Every piece of the model ends on the tonic, no other one does; an empty piece counts for
    neither.
    """
    tunes = tuple(random_tune(seed, 160) for seed in range(12))
    at_hand = ground(tunes, np.arange(12) // 2, VOCABULARIES['melody'](48, 84), None)
    num = len(at_hand.music.prompts)
    end = np.full((num, 32), NO_EVENT, np.int8)
    end[:, 0] = 60
    real = end.copy()
    real[:, [1, 2]] = 61, NOTE_OFF
    end[0] = NO_EVENT
    made = Continued(end, 0, 1)
    sets = Sets(made, real, None, dict, 1, end, None, None, None, 'corrected')
    found = EndingsMeasure().measure(at_hand, sets, 0)
    values = {
        name: [cells[aspect].value for aspect in ASPECTS] for name, cells in found.sets.items()
    }
    prompts_in_c = values['model'][0]
    assert 0 < prompts_in_c <= 1  # C is the tonic's chord tone in most keys of these prompts
    assert values['model'][1:3] == [1, 1]
    assert values['real_continuations'][1:] == [0, 0, 0]
    assert found.differences['strong_beat'].value == 1
    text = as_text(endings_section(found, {'model': 'the model'}))
    assert '| the model |' in text
    assert '| the model minus real continuations |' in text
    assert EndingsMeasure().measure(at_hand, sets, 0) == found
