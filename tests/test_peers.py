"""The comparison with a peer: both code the same melodies, and all of them is paid for."""

import ast
import collections
import pathlib
import sys
import types

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from benchmarks.peers import abc_tokens, compare, tune_ends
from symmusic.measures.likelihood import find_targets
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.events import NO_EVENT, StepNote, from_events, to_events
from tests.corpus.tunes import random_tune

FOLDER = pathlib.Path(__file__).resolve().parents[1] / 'benchmarks' / 'peers'


def written(events, bar_steps):
    """The tokens between the metre and the end."""
    first, *tokens, last = abc_tokens.to_tokens(np.array(events, np.int8), bar_steps, '2/4')
    assert (first, last) == ('M:2/4', '</s>')
    return ' '.join(tokens)


def test_lengths_are_in_eighths_and_one_eighth_has_no_token():
    notes = StepNote(5, 7, 60), StepNote(7, 8, 61), StepNote(8, 11, 72), StepNote(12, 16, 47)
    assert written(to_events(notes, 8), 8) == 'z 5/2 C ^C /2 | c 3/2 z /2 B,, 2'


def test_a_note_across_a_bar_line_is_tied():
    assert written(to_events([StepNote(0, 6, 86), StepNote(6, 18, 60)], 8), 8) == (
        "d' 3 C - | C 4 - | C"
    )


@pytest.mark.parametrize(
    ('bars', 'tokens'),
    [
        ('abcdabcd', '|: C 4 | D 4 | E 4 | F 4 :|'),
        ('abcdabcda', '|: C 4 | D 4 | E 4 | F 4 :| C 4'),
        ('abcdabceb', '|: C 4 | D 4 | E 4 |1 F 4 :|2 G 4 | D 4'),
        ('eabcdabcdaaaaaaaa', 'G 4 |: C 4 | D 4 | E 4 | F 4 :| |: C 4 | C 4 | C 4 | C 4 :|'),
        ('abcabc', 'C 4 | D 4 | E 4 | C 4 | D 4 | E 4'),
    ],
)
def test_bars_that_are_played_twice_are_written_once(bars, tokens):
    pitches = dict(zip('abcde', (60, 62, 64, 65, 67), strict=True))
    events = [event for bar in bars for event in (pitches[bar], *[NO_EVENT] * 7)]
    assert written(events, 8) == tokens


@hypothesis.given(
    st.lists(st.lists(st.sampled_from([-2, -1, 59, 60, 74]), min_size=6, max_size=6), min_size=3),
    st.lists(st.integers(0, 2), min_size=1, max_size=40),
    st.integers(1, 6),
)
def test_tokens_are_the_same_melody(bars, order, last):
    """Of three bars at most, so that repeats are frequent."""
    events = np.concatenate([bars[number] for number in order])[: 6 * len(order) - 6 + last]
    events = to_events(from_events(events), 6)
    hypothesis.assume(len(events))
    tokens = abc_tokens.to_tokens(events, 6, '3/8')
    np.testing.assert_array_equal(abc_tokens.to_events(tokens), events)


def test_every_pitch_and_length_has_a_token_of_its_own():
    assert len(abc_tokens.PITCHES) == len(abc_tokens.LENGTHS) == 128
    assert not abc_tokens.PITCHES.keys() & abc_tokens.LENGTHS.keys()


@pytest.mark.parametrize('tokens', ['', 'C </s>', 'M:2/4 C', 'M:2/4 C :| </s>', 'M:2/4 4 </s>'])
def test_other_tokens_are_no_tune(tokens):
    with pytest.raises(ValueError, match=r'a tune starts|without|expected'):
        abc_tokens.to_events(tokens.split())


def test_the_ends_of_tunes_have_probabilities_that_sum_to_one():
    ends = tune_ends.TuneEnds([('4/4', 256, 16), ('4/4', 250, 16), ('6/8', 96, 12)])
    steps = np.arange(1, 16 * tune_ends.MOST_BARS + 1)
    bits = np.array([ends.bits('4/4', int(step), 16) for step in steps])
    assert np.sum(2.0**-bits) == pytest.approx(1)
    assert steps[np.argmin(bits)] in (250, 256)
    assert ends.bits('3/4', 96, 12) == pytest.approx(
        -np.log2((1 + 4 / tune_ends.MOST_BARS) / 7 / 12)
    )
    with pytest.raises(ValueError, match='1025 bars'):
        ends.bits('4/4', 16 * tune_ends.MOST_BARS + 1, 16)


def test_the_last_bar_counts_its_own_steps():
    assert tune_ends.place_of_end(32, 16) == (2, 16)
    assert tune_ends.place_of_end(33, 16) == (3, 1)


@pytest.mark.parametrize('num_steps', [1, 15, 16, 17, 18, 40, 41])
def test_each_step_of_a_tune_is_paid_for_once(num_steps):
    """Windows of 17 steps, whole tunes among others that are longer and shorter."""
    vocabulary = MelodyVocabulary(60, 72)
    card = types.SimpleNamespace(
        config={'train': {'held_out_steps': 16}},
        vocabulary=vocabulary,
        meters=('4/4',),
        steps_per_quarter=4,
    )
    tunes = [random_tune(seed, length) for seed, length in enumerate((50, num_steps, 9))]
    windows = compare.whole_windows(tunes, card)
    targets = find_targets(windows, vocabulary, all_steps=True)
    places = (windows.starts[targets.rows] + targets.steps).tolist()
    assert set(collections.Counter(places).values()) == {1}
    expected, begin = {}, 0
    for tune in tunes:
        own = vocabulary.encode(tune.events)
        begin += windows.num_steps
        for step, token in enumerate(own):
            expected[begin + step] = int(token), step % 16
        begin += len(own)
    found = zip(targets.labels.tolist(), targets.positions.tolist(), strict=True)
    assert dict(zip(places, found, strict=True)) == expected


def test_the_peer_imports_nothing_of_symmusic():
    found = set()
    for node in ast.walk(ast.parse((FOLDER / 'folk_rnn.py').read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split('.')[0])
    assert found <= {*sys.stdlib_module_names, 'numpy', 'torch'}
