"""The features of each step by hand, and compared with a loop over steps."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from symmusic.measures.counting.contexts import (
    CHAIN,
    LAGS,
    NO_NOTE,
    REPEATS,
    code,
    join,
)
from symmusic.measures.counting.contexts import find_features as describe_steps
from symmusic.melody.encodings import OF_STEPS, VOCABULARIES
from symmusic.melody.encodings.melody import MelodyVocabulary

VOCABULARY = MelodyVocabulary(60, 72)


def describe(stream):
    """The features of every step."""
    return describe_steps(stream, np.arange(len(stream.tokens)))


pieces = st.lists(
    st.lists(st.sampled_from([-2, -2, -1, 60, 62]), min_size=1, max_size=60).map(
        lambda events: VOCABULARY.encode(np.array(events))
    ),
    min_size=1,
    max_size=4,
)


def notes_before(events, now, num):
    onsets = [step for step in range(now) if events[step] >= 0][::-1]
    found = {
        'since': min(now - onsets[0], 17) if onsets else 17,
        'ended': int(-1 in events[onsets[0] if onsets else 0 : now]),
    }
    for k in range(1, num + 1):
        found[f'note {k}'] = events[onsets[k - 1]] if len(onsets) >= k else NO_NOTE
    for k in range(1, num):
        found[f'gap {k}'] = min(onsets[k - 1] - onsets[k], 17) if len(onsets) > k else 0
    return found


def recalled(events, now):
    """The latest earlier step with the same three notes before it; None without one."""
    own = notes_before(events, now, 3)
    same = [step for step in range(now) if notes_before(events, step, 3) == own]
    return same[-1] if same and own['note 3'] != NO_NOTE else None


def reference(tokens, position):
    """The features before the last step of one sequence, by a loop."""
    events = VOCABULARY.decode(np.array(tokens)).tolist()
    now = len(events) - 1
    found = {'position': (position + now) % 16, **notes_before(events, now, 7)}
    for lag in LAGS:
        steps = 16 * lag
        run = 0
        while now - 1 - run - steps >= 0 and tokens[now - 1 - run] == tokens[now - 1 - run - steps]:
            run += 1
        found[f'token {lag}'] = tokens[now - steps] if now >= steps else -1
        found[f'agreement {lag}'] = min(int(run).bit_length(), 7)
        found[f'agrees {lag}'] = int(run >= 8)
    place, run = recalled(events, now), 0
    while place is not None and recalled(events, now - run - 1) == place - run - 1:
        run += 1
    found['token recall'] = -1 if place is None else tokens[place]
    found['agreement recall'] = 0 if place is None else min((run + 1).bit_length(), 7)
    return found


@given(pieces, st.integers(0, 15))
def test_features_are_the_reference_s(sequences, position):
    features = describe(join(sequences, VOCABULARY, [position] * len(sequences)))
    for sequence, end in zip(sequences, np.cumsum([len(each) for each in sequences]), strict=True):
        assert {name: values[end - 1] for name, values in features.items()} == reference(
            sequence.tolist(), position
        )


@given(pieces, st.data())
def test_a_step_does_not_depend_on_what_follows(sequences, data):
    """Nor on other sequences."""
    cut = data.draw(st.integers(1, len(sequences[0])))
    whole = describe(join(sequences, VOCABULARY))
    alone = describe(join([sequences[0][:cut]], VOCABULARY))
    for name, values in alone.items():
        assert_array_equal(values, whole[name][:cut])


@given(pieces)
def test_some_steps_have_the_features_that_all_have(sequences):
    stream = join(sequences, VOCABULARY)
    steps = np.arange(len(stream.tokens))[::-3]
    for name, values in describe_steps(stream, steps).items():
        assert_array_equal(values, describe(stream)[name][steps])


def test_three_notes_that_came_before_by_hand():
    """C D E G, then C D E a beat late: G is recalled, from the third note on: two steps."""
    events = [60, -2, 62, -2, 64, -2, 67, -2, -2, -2, 60, -2, 62, -2, 64, -2, 69]
    stream = join([VOCABULARY.encode(np.array(events))], VOCABULARY)
    found = describe(stream)
    assert VOCABULARY.decode(found['token recall'][[15, 16]]).tolist() == [-2, 67]
    assert found['agreement recall'][14:].tolist() == [0, 1, 2]
    assert (found['token recall'][:15] == -1).all()


def test_a_repeated_bar_by_hand():
    """Two bars of C, three sixteenths, D, and the third's first five steps: agreement 1 and 2."""
    bar = [60, -2, -2, 62] + [-2] * 12
    found = describe(join([VOCABULARY.encode(np.array(bar * 2 + bar[:3] + [64]))], VOCABULARY))
    last = {name: values[-1] for name, values in found.items()}
    assert (last['note 1'], last['note 2'], last['note 3']) == (60, 62, 60)
    assert (last['since'], last['gap 1'], last['gap 2']) == (3, 13, 3)
    assert VOCABULARY.decode([last['token 1'], last['token 2']]).tolist() == [62, 62]
    assert (last['agreement 1'], last['agreement 2']) == (5, 2)  # 19 steps, 3 steps
    assert (last['agrees 1'], last['agrees 2'], last['token 4']) == (1, 0, -1)


@pytest.mark.parametrize('encoding', OF_STEPS)
def test_onsets_are_the_encoding_s(encoding):
    """A held note is one note in every encoding."""
    vocabulary = VOCABULARIES[encoding](60, 72)
    events = np.array([60, -2, -1, -2, 62, -2, -2, -2, 64, -2, -2, -2])
    found = describe(join([vocabulary.encode(events)], vocabulary))
    assert [found[f'note {k}'][-1] for k in range(1, 5)] == [64, 62, 60, NO_NOTE]
    assert (found['since'][-1], found['gap 1'][-1]) == (3, 4)


def test_codes_are_equal_where_all_features_are():
    rng = np.random.default_rng(0)
    features = {name: rng.integers(-1, 3, 4000) for name in ('a', 'b', 'c')}
    rows = np.stack(list(features.values()), axis=1)
    codes = code(features, ('a', 'b', 'c'))
    assert len(np.unique(codes)) == len(np.unique(rows, axis=0)) == 64
    assert len(np.unique(code(features, ('a', 'b')))) == 16
    assert len(np.unique(code(features, ()))) == 1


def test_every_context_names_features():
    names = set(describe(join([VOCABULARY.encode(np.array([60]))], VOCABULARY)))
    for context in (*CHAIN, *REPEATS):
        assert set(context) <= names
        assert len(set(context)) == len(context)
    for shorter, longer in itertools.pairwise(CHAIN):
        assert set(shorter) < set(longer)
