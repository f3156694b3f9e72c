"""The `melody` encoding: exact in both directions, and pitches moved into its range."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.errors import UserError
from symmusic.melody.encodings import VOCABULARIES, vocabulary_from_json
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF

any_events = st.lists(st.integers(-2, 127), max_size=80)
vocabularies = st.tuples(st.integers(0, 127), st.integers(0, 127)).map(
    lambda ends: MelodyVocabulary(min(ends), max(ends))
)


def array(events):
    return np.array(events, np.int8)


def test_classes():
    vocabulary = MelodyVocabulary.fit([array([47, NO_EVENT]), array([NOTE_OFF, 93, 60])])
    assert vocabulary == MelodyVocabulary(47, 93)
    assert vocabulary.num_classes == 49  # of the thesis's sample
    assert vocabulary.class_names[:4] == ['no event', 'note off', '47', '48']
    assert (len(vocabulary.class_names), vocabulary.class_names[-1]) == (49, '93')


def test_tokens():
    vocabulary = MelodyVocabulary(60, 64)
    tokens = vocabulary.encode(array([60, NO_EVENT, NOTE_OFF, 64, 61]))
    assert tokens.tolist() == [2, 0, 1, 6, 3]
    assert tokens.dtype == np.uint8
    assert vocabulary.decode(tokens).tolist() == [60, -2, -1, 64, 61]
    assert vocabulary.decode(tokens).dtype == np.int8


@pytest.mark.parametrize('event', [59, 65, -3, 127, 0])
def test_encode_refuses_what_is_outside(event):
    with pytest.raises(ValueError, match=rf'event {event} is outside of the pitches 60\.\.64'):
        MelodyVocabulary(60, 64).encode(np.array([60, event]))


@pytest.mark.parametrize('token', [7, -1, 255])
def test_decode_refuses_what_is_no_class(token):
    with pytest.raises(ValueError, match=r'classes 0\.\.6'):
        MelodyVocabulary(60, 64).decode(np.array([0, token]))


def test_fit_needs_a_note():
    with pytest.raises(UserError, match='no note'):
        MelodyVocabulary.fit([array([NO_EVENT, NOTE_OFF])])


@hypothesis.given(any_events.filter(lambda events: max(events, default=-1) >= 0))
def test_encode_and_back(events):
    vocabulary = MelodyVocabulary.fit([array(events)])
    tokens = vocabulary.encode(array(events))
    assert tokens.max() < vocabulary.num_classes
    np.testing.assert_array_equal(vocabulary.decode(tokens), events)


@hypothesis.given(vocabularies, st.data())
def test_decode_and_back(vocabulary, data):
    tokens = np.array(
        data.draw(st.lists(st.integers(0, vocabulary.num_classes - 1), max_size=50)), np.uint8
    )
    np.testing.assert_array_equal(vocabulary.encode(vocabulary.decode(tokens)), tokens)


@hypothesis.given(
    st.lists(any_events, min_size=1, max_size=4).filter(lambda tunes: max(sum(tunes, [-1])) >= 0)
)
def test_fit_is_the_smallest(tunes):
    vocabulary = MelodyVocabulary.fit([array(tune) for tune in tunes])
    pitches = [event for tune in tunes for event in tune if event >= 0]
    assert (vocabulary.min_pitch, vocabulary.max_pitch) == (min(pitches), max(pitches))


def test_fit_range_moves_the_melody_as_a_whole():
    vocabulary = MelodyVocabulary(60, 83)
    moved, distance = vocabulary.fit_range(array([48, NO_EVENT, 55, NOTE_OFF]))
    assert (moved.tolist(), distance) == ([60, NO_EVENT, 67, NOTE_OFF], 12)
    moved, distance = vocabulary.fit_range(array([100, 96]))
    assert (moved.tolist(), distance) == ([76, 72], -24)


def test_fit_range_keeps_what_is_within():
    # Both ends belong to the range: the thesis, which drops the highest note by an octave, is wrong
    # here.
    moved, distance = MelodyVocabulary(60, 72).fit_range(array([72, 60, NO_EVENT]))
    assert (moved.tolist(), distance) == ([72, 60, NO_EVENT], 0)


def test_fit_range_moves_single_notes_where_it_must():
    moved, distance = MelodyVocabulary(60, 72).fit_range(array([55, 65, 80, NOTE_OFF]))
    assert (moved.tolist(), distance) == ([67, 65, 68, NOTE_OFF], 0)


def test_fit_range_of_no_notes():
    moved, distance = MelodyVocabulary(60, 72).fit_range(array([NO_EVENT, NOTE_OFF]))
    assert (moved.tolist(), distance) == ([NO_EVENT, NOTE_OFF], 0)
    assert MelodyVocabulary(60, 72).fit_range(array([]))[0].tolist() == []


def test_fit_range_names_a_pitch_without_an_octave():
    with pytest.raises(UserError, match=r'pitch 61 has no octave .* 60\.\.60'):
        MelodyVocabulary(60, 60).fit_range(array([60, 61]))


@hypothesis.given(vocabularies.filter(lambda vocabulary: vocabulary.num_classes >= 14), any_events)
def test_fit_range(vocabulary, events):
    """A range of an octave or more takes every melody; pitch classes and silences stay, and one
    distance keeps the intervals.
    """
    events = np.array(events, np.int16)
    moved, distance = vocabulary.fit_range(events)
    vocabulary.encode(moved)  # within
    np.testing.assert_array_equal(moved[events < 0], events[events < 0])
    differences = (moved - events)[events >= 0]
    assert not (differences % 12).any()
    if distance:
        assert (differences == distance).all()
    pitches = events[events >= 0]
    within = (pitches >= vocabulary.min_pitch) & (pitches <= vocabulary.max_pitch)
    if within.all():
        assert not differences.any()
    elif not distance:  # each on its own: those within stay
        assert not differences[within].any()
        low, high = pitches.min(), pitches.max()
        assert not any(
            vocabulary.min_pitch <= low + move <= high + move <= vocabulary.max_pitch
            for move in range(-132, 144, 12)
        )


@hypothesis.given(vocabularies)
def test_json(vocabulary):
    assert vocabulary_from_json(vocabulary.to_json()) == vocabulary
    assert type(vocabulary) is VOCABULARIES[vocabulary.to_json()['encoding']]


@pytest.mark.parametrize(
    'fields',
    [
        {},
        {'encoding': 'chords'},
        {'encoding': 'melody', 'min_pitch': 60},
        {'encoding': 'melody', 'min_pitch': 60, 'max_pitch': 59},
        {'encoding': 'melody', 'min_pitch': -1, 'max_pitch': 59},
        {'encoding': 'melody', 'min_pitch': 1, 'max_pitch': 128},
        {'encoding': 'melody', 'min_pitch': 'a', 'max_pitch': 60},
        {'encoding': 'melody', 'min_pitch': 1, 'max_pitch': 2, 'more': 3},
    ],
)
def test_damaged_json(fields):
    with pytest.raises(UserError, match=r'damaged vocabulary .* encodings are melody'):
        vocabulary_from_json(fields)
