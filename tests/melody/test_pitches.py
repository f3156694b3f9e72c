"""The `pitches` encoding: one token for each note, of the pitches that occur."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.corpus.prepare import Settings, prepare_score
from symmusic.corpus.windows import count_windows, cut_windows, tune_indices
from symmusic.errors import UserError
from symmusic.melody.encodings import vocabulary_from_json
from symmusic.melody.encodings.pitches import NoteVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF
from symmusic.score.midi import parse_midi
from tests.corpus.tunes import random_tune
from tests.score.midi_bytes import melody

VOCABULARY = NoteVocabulary(60, 67, absent=(61, 63, 66))
some_events = st.lists(st.integers(-2, 127), max_size=60).map(lambda x: np.array(x, np.int8))


def test_by_hand():
    """The table of the module: C, C again, a rest, E."""
    events = np.array([60, NO_EVENT, 60, NO_EVENT, NOTE_OFF, NO_EVENT, 64, NO_EVENT], np.int8)
    fitted = NoteVocabulary.fit([events])
    assert fitted == NoteVocabulary(60, 64, absent=(61, 62, 63))
    assert (fitted.num_classes, fitted.padding, fitted.class_names) == (2, 2, ['60', '64'])
    tokens = fitted.encode(events)
    assert (tokens.tolist(), tokens.dtype) == ([0, 0, 1], np.uint8)
    assert fitted.decode(np.array([0, 2, 1])).tolist() == [60, NO_EVENT, 64]
    assert fitted.decode(tokens).dtype == np.int8


@hypothesis.given(some_events.filter(lambda events: (events >= 0).any()))
def test_the_pitches_come_back_in_order(events):
    vocabulary = NoteVocabulary.fit([events])
    pitches = events[events >= 0]
    assert vocabulary.pitches == sorted({*pitches.tolist()})
    tokens = vocabulary.encode(events)
    assert len(tokens) == vocabulary.num_tokens(events)
    assert vocabulary.decode(tokens).tolist() == pitches.tolist()
    assert vocabulary_from_json(vocabulary.to_json()) == vocabulary


@pytest.mark.parametrize('event', [59, 61, 66, 68, -3])
def test_an_absent_pitch_is_refused(event):
    with pytest.raises(ValueError, match=f'event {event} is outside of the pitches'):
        VOCABULARY.encode(np.array([60, event]))


@pytest.mark.parametrize('token', [-1, 6, 255])
def test_what_is_no_class_is_refused(token):
    with pytest.raises(ValueError, match=r'outside of the classes 0\.\.4'):
        VOCABULARY.decode(np.array([token]))


@pytest.mark.parametrize('absent', [[60], [67], [61, 90], 'a', 3])
def test_damaged_json(absent):
    fields = {'encoding': 'pitches', 'min_pitch': 60, 'max_pitch': 67, 'absent': absent}
    with pytest.raises(UserError, match='damaged vocabulary'):
        vocabulary_from_json(fields)


def test_a_prompt_is_moved_by_octaves_to_pitches_that_occur():
    moved, distance = VOCABULARY.fit_range(np.array([72, 76, NOTE_OFF]))
    assert (moved.tolist(), distance) == ([60, 64, NOTE_OFF], -12)
    wider = NoteVocabulary(48, 74, absent=(50, 62))
    moved, distance = wider.fit_range(np.array([62, 48]))  # 62 has an octave above alone
    assert (moved.tolist(), distance) == ([74, 60], 12)
    with pytest.raises(UserError, match='pitch 61 has no octave'):
        VOCABULARY.fit_range(np.array([60, 61]))


def test_windows_are_of_notes():
    tunes = [random_tune(seed, 40) for seed in range(3)]
    vocabulary = NoteVocabulary.fit([phrase for tune in tunes for phrase in tune.phrases])
    windows = cut_windows(tunes, vocabulary, 8, 4)
    nums = [count_windows(tune, 8, 4, True, NoteVocabulary) for tune in tunes]
    assert len(windows) == sum(nums)
    assert tune_indices(windows, tunes, vocabulary).tolist() == np.repeat(range(3), nums).tolist()
    pitches = tunes[0].phrases[0][tunes[0].phrases[0] >= 0]
    assert vocabulary.decode(windows.tokens()[1]).tolist() == pitches[4:12].tolist()


def test_a_tune_in_its_own_key():
    """Four notes of D major are in C major in the corpus."""
    data = melody((62, 4), (66, 4), (69, 4), (62, 4), (66, 8), (67, 4), (64, 4), (62, 16))
    tune = prepare_score(parse_midi(data), 'd.mid', Settings())
    assert tune.transposed_by != 0
    own = tune.in_own_key
    assert own.transposed_by == 0
    assert own.events[own.events >= 0].tolist() == [62, 66, 69, 62, 66, 67, 64, 62]
    np.testing.assert_array_equal(own.events < 0, tune.events < 0)
