"""Windows drawn at random, in equal shares."""

import pytest

from symmusic.corpus.draws import draw_shares, draw_windows
from symmusic.corpus.windows import cut_windows
from symmusic.melody.encodings.melody import MelodyVocabulary
from tests.corpus.tunes import random_tune

VOCABULARY = MelodyVocabulary(60, 72)


def test_draw_windows():
    windows = cut_windows([random_tune(1, 200)], VOCABULARY, 16, 1)
    assert (
        draw_windows(windows, 0, 5)
        is draw_windows(windows, 185, 5)
        is draw_windows(windows, 999, 5)
        is windows
    )
    drawn = draw_windows(windows, 20, 5)
    assert len(set(drawn.starts.tolist())) == 20
    assert (
        drawn.starts.tolist()
        == sorted(drawn.starts.tolist())
        == draw_windows(windows, 20, 5).starts.tolist()
    )
    assert set(drawn.starts.tolist()) <= set(windows.starts.tolist())
    assert drawn.starts.tolist() != draw_windows(windows, 20, 6).starts.tolist()


@pytest.mark.parametrize(
    ('max_num', 'nums'),
    [(0, [5, 5, 5]), (2, [1, 1, 1]), (3, [1, 1, 1]), (8, [2, 2, 2]), (99, [5, 5, 5])],
)
def test_shares_are_equal_and_none_is_empty(max_num, nums):
    """The shortest has five windows."""
    parts = [
        cut_windows([random_tune(seed, num + 15)], VOCABULARY, 16, 1)
        for seed, num in enumerate((9, 5, 30))
    ]
    assert [len(part) for part in parts] == [9, 5, 30]
    assert [len(part) for part in draw_shares(parts, max_num, 0)] == nums
