"""Windows that occur elsewhere, token for token."""

import hypothesis
from hypothesis import strategies as st

from symmusic.corpus.duplicates import without_copies, without_seen
from symmusic.corpus.windows import cut_windows
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import random_tune, tune

VOCABULARY = MelodyVocabulary(60, 72)


def test_without_copies():
    train = cut_windows([tune([60, 61, 62, 63, 60, 61])], VOCABULARY, 2, 1)
    held_out = cut_windows([tune([61, 62, 64, 60, 61]), tune([72])], VOCABULARY, 2, 1)
    assert without_copies(held_out, train).tokens().tolist() == [[4, 6], [6, 2], [0, 14]]
    nothing = cut_windows([], VOCABULARY, 2, 1)
    assert len(without_copies(nothing, train)) == 0
    assert len(without_copies(held_out, nothing)) == len(held_out)


@hypothesis.given(st.integers(0, 60), st.integers(1, 4))
def test_without_copies_keeps_what_is_new(num_steps, window_steps):
    train = cut_windows([random_tune(1, 40)], VOCABULARY, window_steps, 1)
    held_out = cut_windows([random_tune(2, num_steps)], VOCABULARY, window_steps, 1)
    seen = set(map(tuple, train.tokens().tolist()))
    expected = [tokens for tokens in held_out.tokens().tolist() if tuple(tokens) not in seen]
    assert without_copies(held_out, train).tokens().tolist() == expected


@hypothesis.given(st.integers(0, 60), st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))
def test_without_seen_compares_every_place(num_steps, window_steps, hop, other_hop):
    """What stands at any place of the other stream is left out, padding included."""
    train = cut_windows([random_tune(1, 40), random_tune(3, 3)], VOCABULARY, window_steps, hop)
    held_out = cut_windows([random_tune(2, num_steps)], VOCABULARY, window_steps, other_hop)
    stream = train.stream.tobytes()
    expected = [tokens for tokens in held_out.tokens().tolist() if stream.find(bytes(tokens)) < 0]
    assert without_seen(held_out, train.stream).tokens().tolist() == expected
    assert len(without_seen(held_out, train.stream[:0])) == len(held_out)
