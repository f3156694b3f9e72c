"""Piano rolls: what each form keeps, what it loses, and the properties that every encoding has."""

import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from symmusic.config.fields import FIELDS
from symmusic.melody.encodings import VOCABULARIES, vocabulary_from_json
from symmusic.melody.encodings.pianoroll import FaithfulPianorollVocabulary, PianorollVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, StepNote, from_events, to_events

ROLL, FAITHFUL = PianorollVocabulary(60, 64), FaithfulPianorollVocabulary(60, 64)
SILENCE, BLANK = 0, 5
encodings = st.sampled_from(list(VOCABULARIES.values()))
events_strategy = st.lists(
    st.sampled_from([NO_EVENT, NO_EVENT, NOTE_OFF, 60, 61, 62, 63, 64]), max_size=40
).map(lambda x: np.array(x, np.int8))


@st.composite
def melodies(draw):
    """Consecutive notes, with or without silence between them, from one of steps 0 to 3 on."""
    step, notes = draw(st.integers(0, 3)), []
    for _ in range(draw(st.integers(1, 12))):
        length = draw(st.integers(1, 5))
        notes.append(StepNote(step, step + length, draw(st.integers(60, 64))))
        step += length + draw(st.integers(0, 3))
    return notes


def matrix(notes, faithful):
    """A roll [T, 128] filled note by note, as a program with a piano roll does it; in the faithful
    form in whole beats.
    """
    num_steps = notes[-1].end
    roll = np.zeros((num_steps + (-num_steps % 4 if faithful else 0), 128), bool)
    for note in notes:
        if faithful and note.onset and roll[note.onset - 1, note.pitch]:
            roll[note.onset - 1, note.pitch] = False
        roll[note.onset : note.end, note.pitch] = True
    return roll


@hypothesis.given(melodies())
def test_tokens_are_the_rows_of_a_roll(notes):
    for vocabulary in (ROLL, FAITHFUL):
        rows = matrix(notes, vocabulary is FAITHFUL)
        expected = [
            int(np.argmax(row[60:65])) + vocabulary.first_pitch if row.any() else vocabulary.padding
            for row in rows
        ]
        assert vocabulary.encode(to_events(notes, 16)).tolist() == expected


def test_by_hand():
    """The table of the module: C held for two steps, struck again, a rest, E."""
    events = np.array([60, -2, 60, -2, -1, -2, 64, -2], np.int8)
    assert ROLL.encode(events).tolist() == [1, 1, 1, 1, 0, 0, 5, 5]
    assert FAITHFUL.encode(events).tolist() == [0, BLANK, 0, 0, BLANK, BLANK, 4, 4]
    assert ROLL.decode(ROLL.encode(events)).tolist() == [60, -2, -2, -2, -1, -2, 64, -2]
    assert FAITHFUL.decode(FAITHFUL.encode(events)).tolist() == [60, -1, 60, -2, -1, -2, 64, -2]
    assert (ROLL.num_classes, FAITHFUL.num_classes) == (6, 5)
    assert (ROLL.padding, FAITHFUL.padding) == (SILENCE, BLANK)
    assert ROLL.class_names == ['silence', '60', '61', '62', '63', '64']
    assert FAITHFUL.class_names == ['60', '61', '62', '63', '64']


def test_a_note_of_one_step_before_its_repetition_disappears_in_the_faithful_form_alone():
    events = np.array([60, 60, 60, -2], np.int8)
    assert FAITHFUL.encode(events).tolist() == [BLANK, BLANK, 0, 0]
    assert ROLL.encode(events).tolist() == [1, 1, 1, 1]


def test_the_faithful_form_has_whole_beats():
    assert FAITHFUL.encode(np.array([60, -2, -2, -2, 61], np.int8)).tolist() == [
        0,
        0,
        0,
        0,
        1,
        BLANK,
        BLANK,
        BLANK,
    ]


def repeats(notes):
    """Whether a note is struck again without a silence before it."""
    return any(
        left.end == right.onset and left.pitch == right.pitch
        for left, right in itertools.pairwise(notes)
    )


@hypothesis.given(melodies())
def test_a_roll_keeps_every_melody_without_repeated_notes_and_no_other(notes):
    """Rests are kept. A melody with repeated notes loses their onsets; every step sounds the
    same.
    """
    back = from_events(ROLL.decode(ROLL.encode(to_events(notes, 16))))
    assert (back == notes) is not repeats(notes)
    assert (matrix(back, False) == matrix(notes, False)).all()


@hypothesis.given(melodies())
def test_the_faithful_form_keeps_the_same_melodies_and_shortens_the_others(notes):
    back = from_events(FAITHFUL.decode(FAITHFUL.encode(to_events(notes, 16))))
    assert (back == notes) is not repeats(notes)
    lost = matrix(notes, False).sum() - matrix(back, False).sum()
    assert lost == sum(
        left.end == right.onset and left.pitch == right.pitch
        for left, right in itertools.pairwise(notes)
    )


@pytest.mark.parametrize('vocabulary', [ROLL, FAITHFUL])
def test_a_continuation_that_goes_on_sounding_is_held_over_the_seam(vocabulary):
    before = np.array([60, -2, -1, 62], np.int8)
    held, struck = (
        vocabulary.decode(np.array([2 + vocabulary.first_pitch] * 2)),
        vocabulary.decode(np.array([1 + vocabulary.first_pitch] * 2)),
    )
    assert held.tolist() == [62, -2]  # alone it starts a note
    assert vocabulary.join(before, held).tolist() == [60, -2, -1, 62, -2, -2]
    assert vocabulary.join(before, struck).tolist() == [60, -2, -1, 62, 61, -2]
    assert before.tolist() == [60, -2, -1, 62]


@pytest.mark.parametrize('kind', [PianorollVocabulary, FaithfulPianorollVocabulary])
def test_the_lowest_pitch_of_all_is_ended_and_held_over_the_seam_too(kind):
    vocabulary, before = kind(0, 4), np.array([0, -2], np.int8)
    silent, held = (
        np.array([NO_EVENT, NO_EVENT], np.int8),
        vocabulary.decode(np.array([vocabulary.first_pitch] * 2)),
    )
    assert vocabulary.join(before, silent).tolist() == [0, -2, -1, -2]
    assert vocabulary.join(before, held).tolist() == [0, -2, -2, -2]
    assert vocabulary.join(before[:1], silent).tolist() == [0, -1, -2]
    assert vocabulary.join(before[:0], held).tolist() == [0, -2]


@hypothesis.given(st.booleans(), events_strategy, st.data())
def test_what_is_joined_sounds_as_prompt_and_continuation_do(faithful, before, data):
    """Step by step, also if the continuation starts with silence; only a note that continues over
    the seam has no onset there.
    """
    vocabulary = FAITHFUL if faithful else ROLL
    classes = st.sampled_from([*range(vocabulary.num_classes), vocabulary.padding])
    tokens = np.array(data.draw(st.lists(classes, min_size=1, max_size=12)), np.uint8)
    joined = vocabulary.join(before, vocabulary.decode(tokens))
    continued = [
        None if token == vocabulary.padding else token - vocabulary.first_pitch + 60
        for token in tokens.tolist()
    ]
    assert sounds(joined) == sounds(before) + continued
    struck = [note.onset for note in from_events(joined)]
    last = sounds(before)[-1] if len(before) else None
    assert (len(before) in struck) is (continued[0] is not None and continued[0] != last)
    assert joined[: len(before)].tolist() == before.tolist()


def sounds(events):
    """The pitch of each step, None where nothing sounds."""
    steps = [None] * len(events)
    for note in from_events(events):
        steps[note.onset : note.end] = [note.pitch] * (note.end - note.onset)
    return steps


def test_a_melody_s_continuation_has_its_own_onsets():
    melody = VOCABULARIES['melody'](60, 64)
    assert melody.join(np.array([62, -2], np.int8), np.array([62, -2], np.int8)).tolist() == [
        62,
        -2,
        62,
        -2,
    ]


def test_the_field_allows_the_existing_encodings():
    assert all(FIELDS['data.encoding'].rule(name) is None for name in VOCABULARIES)
    assert all(f"'{name}'" in FIELDS['data.encoding'].rule('x') for name in VOCABULARIES)
    assert FIELDS['data.encoding'].rule('x').count("'") == 2 * len(VOCABULARIES)


@hypothesis.given(encodings, events_strategy)
def test_tokens_are_classes_or_the_padding(encoding, events):
    vocabulary = encoding(58, 66)
    tokens = vocabulary.encode(events)
    assert tokens.dtype == np.uint8
    assert len(tokens) == encoding.num_tokens(events)
    assert (len(tokens) >= len(events)) or not encoding.of_steps
    assert all(
        token < vocabulary.num_classes or token == vocabulary.padding for token in tokens.tolist()
    )


@hypothesis.given(encodings, events_strategy)
def test_encoding_twice_loses_no_more_than_once(encoding, events):
    vocabulary = encoding(58, 66)
    tokens = vocabulary.encode(events)
    np.testing.assert_array_equal(vocabulary.encode(vocabulary.decode(tokens)), tokens)


@hypothesis.given(encodings, events_strategy, st.integers(-2, 2))
def test_transposing_music_moves_the_pitch_classes_alone(encoding, events, distance):
    vocabulary = encoding(58, 66)
    moved = np.where(events >= 0, events + distance, events).astype(np.int8)
    tokens = vocabulary.encode(events).astype(int)
    is_pitch = (tokens >= vocabulary.first_pitch) & (tokens < vocabulary.num_classes)
    assert (
        vocabulary.encode(moved).tolist() == np.where(is_pitch, tokens + distance, tokens).tolist()
    )


@hypothesis.given(encodings, st.integers(0, 127), st.integers(0, 127))
def test_a_vocabulary_and_its_json(encoding, one, other):
    vocabulary = encoding(min(one, other), max(one, other))
    assert vocabulary_from_json(vocabulary.to_json()) == vocabulary
    assert len(vocabulary.class_names) == vocabulary.num_classes
    assert vocabulary.class_names[vocabulary.first_pitch] == str(min(one, other))


@hypothesis.given(encodings, events_strategy.filter(lambda events: (events >= 0).any()))
def test_a_vocabulary_fits_its_corpus(encoding, events):
    vocabulary = encoding.fit([events])
    pitches = events[events >= 0]
    assert (vocabulary.min_pitch, vocabulary.max_pitch) == (pitches.min(), pitches.max())
    fitted, distance = vocabulary.fit_range(events)
    assert distance == 0
    assert fitted.tolist() == events.tolist()


@pytest.mark.parametrize('encoding', VOCABULARIES.values())
def test_what_is_outside_is_refused(encoding):
    with pytest.raises(ValueError, match='outside of the pitches'):
        encoding(60, 64).encode(np.array([65], np.int8))
    with pytest.raises(ValueError, match='outside of the classes'):
        encoding(60, 64).decode(np.array([9]))
