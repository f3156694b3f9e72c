"""Keys of prompts: in whatever key a prompt stands, the model reads the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.generate.keys import find_distance, place
from symmusic.generate.prompt_text import make_prompt
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events

WIDE = MelodyVocabulary(40, 96)
IN_C = np.array([60, -2, 64, -2, 67, -2, 72, -2, 67, -2, 64, -2, 60, -2, 62, NOTE_OFF], np.int8)
EVENTS = st.lists(
    st.one_of(st.just(NO_EVENT), st.just(NOTE_OFF), st.integers(20, 110)), min_size=1, max_size=32
).map(lambda events: np.array(events, np.int8))


def moved(events, distance):
    return np.where(events >= 0, events + distance, events).astype(np.int8)


@given(st.integers(-30, 40))
def test_the_key_does_not_matter(distance):
    other = moved(IN_C, distance)
    found = place(other, find_distance(other, WIDE), WIDE)
    assert ((found - IN_C)[IN_C >= 0] % 12 == 0).all()
    assert len({int(each) for each in (found - IN_C)[IN_C >= 0]}) == 1


@given(EVENTS)
def test_a_prompt_is_read_as_from_a_file(events):
    """The distance is the one that `make_prompt` finds for the same notes."""
    notes = from_events(events)
    if not notes or max(note.pitch for note in notes) - min(note.pitch for note in notes) > 50:
        return
    prompt = make_prompt(
        [(note.onset / 4, (note.end - note.onset) / 4, note.pitch) for note in notes],
        WIDE,
        transpose=True,
    )
    assert find_distance(events, WIDE) == prompt.transposed_by


@given(EVENTS, st.integers(-60, 60), st.integers(30, 70), st.integers(0, 40))
def test_all_that_is_placed_has_a_class(events, distance, low, width):
    vocabulary = MelodyVocabulary(low, low + width)
    found = place(events, distance, vocabulary)
    vocabulary.encode(found)
    kept = (events >= 0) & (found >= 0)
    assert ((found.astype(int) - events - distance)[kept] % 12 == 0).all()
    assert_array_equal(found[events < 0], events[events < 0])
    if width >= 11:
        assert_array_equal(found >= 0, events >= 0)


@pytest.mark.parametrize('events', [[NO_EVENT] * 4, [NOTE_OFF, NO_EVENT]])
def test_silence_stays(events):
    assert find_distance(np.array(events, np.int8), WIDE) == 0


def test_without_an_octave_in_the_model_the_prompt_stays():
    assert find_distance(moved(IN_C, 1), MelodyVocabulary(60, 62)) == 0
