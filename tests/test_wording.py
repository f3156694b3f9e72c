"""Counts in messages."""

import pytest

from symmusic.wording import count


@pytest.mark.parametrize(
    ('num', 'what', 'words'),
    [
        (0, 'tune', '0 tunes'),
        (1, 'tune', '1 tune'),
        (2, 'tune', '2 tunes'),
        (1, 'tune family', '1 tune family'),
        (8, 'tune family', '8 tune families'),
        (3, 'copy', '3 copies'),
        (2, 'key', '2 keys'),
        (2, 'class', '2 classes'),
    ],
)
def test_a_count_is_singular_or_plural(num, what, words):
    assert count(num, what) == words
