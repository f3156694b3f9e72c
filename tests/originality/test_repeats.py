"""The share of a piece that repeats other melodies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symmusic.melody.events import StepNote
from symmusic.originality.copies import find_longest_runs
from symmusic.originality.repeats import repeated_share


def melody(pitches, length=2):
    return [
        StepNote(length * step, length * (step + 1), pitch) for step, pitch in enumerate(pitches)
    ]


SCALE = melody([60, 62, 64, 65, 67])


@pytest.mark.parametrize(
    ('piece', 'share'),
    [
        (melody([60, 62, 64, 65, 67]), 1),
        (melody([67, 69, 71, 72, 74]), 1),  # in another key
        (melody([60, 62, 64, 65, 67], length=4), 0),  # in another rhythm
        (melody([60, 62, 64, 60, 62]), 3 / 5),
        (melody([72, 60, 62, 64, 60, 62, 64, 72]), 6 / 8),
        (melody([60, 62]), 0),
        ([], 0),
    ],
)
def test_known_shares_of_runs_of_three(piece, share):
    assert repeated_share(piece, [[], SCALE], 3) == share
    assert repeated_share(piece, [], 3) == 0


PITCHES = st.lists(st.sampled_from([60, 62, 64]), max_size=12)


@given(PITCHES, PITCHES, st.integers(2, 6))
def test_some_of_a_piece_is_repeated_just_if_its_longest_run_is_long_enough(one, other, num_notes):
    piece, known = melody(one), melody(other)
    share = repeated_share(piece, [known], num_notes)
    longest = find_longest_runs([piece], [known])[0].score
    assert (share > 0) == (longest >= num_notes)
    assert share * len(piece) >= longest * (longest >= num_notes) - 1e-9
    assert np.isclose(share * len(piece), round(share * len(piece)))
