"""The features of each step by hand, and against one step at a time."""

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
from symmusic.measures.counting.contexts import describe as describe_steps
from symmusic.melody.encodings import VOCABULARIES
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


def reference(tokens, position):
    """The features before the last step of one sequence, by a loop."""
    *before, _ = VOCABULARY.decode(np.array(tokens)).tolist()
    now = len(before)
    onsets = [step for step, event in enumerate(before) if event >= 0][::-1]
    found = {
        'position': (position + now) % 16,
        'since': min(now - onsets[0], 17) if onsets else 17,
        'ended': int(-1 in before[onsets[0] if onsets else 0 :]),
    }
    for k in range(1, 8):
        found[f'note {k}'] = before[onsets[k - 1]] if len(onsets) >= k else NO_NOTE
    for k in range(1, 7):
        found[f'gap {k}'] = min(onsets[k - 1] - onsets[k], 17) if len(onsets) > k else 0
    for lag in LAGS:
        steps = 16 * lag
        run = 0
        while now - 1 - run - steps >= 0 and tokens[now - 1 - run] == tokens[now - 1 - run - steps]:
            run += 1
        found[f'token {lag}'] = tokens[now - steps] if now >= steps else -1
        found[f'agreement {lag}'] = min(int(run).bit_length(), 7)
        found[f'agrees {lag}'] = int(run >= 8)
    return found


@given(pieces, st.integers(0, 15))
def test_features_are_the_reference_s(sequences, position):
    features = describe(join(sequences, VOCABULARY, [position] * len(sequences)))
    for sequence, end in zip(sequences, np.cumsum([len(each) for each in sequences]), strict=True):
        assert {name: values[end - 1] for name, values in features.items()} == reference(
            sequence.tolist(), position
        )


@given(pieces, st.data())
def test_a_step_knows_nothing_of_what_follows(sequences, data):
    """Nor of other sequences."""
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


@pytest.mark.parametrize('encoding', VOCABULARIES)
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
