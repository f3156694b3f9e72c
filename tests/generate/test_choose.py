"""Which pieces of a set are alike, and choosing among candidates."""

import numpy as np
import pytest

from symmusic.generate.choose import Alike, fitting, ranked
from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions
from symmusic.generate.pieces import Piece
from symmusic.streams import Stream, random_key
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner, params_for


def piece(tokens, likely=0.0):
    tokens = np.array(tokens, np.uint8)
    logs = np.full(len(tokens), likely)
    return Piece(tokens, tokens.astype(np.int8), float(logs.sum()), 0, log_probabilities=logs)


def test_a_piece_is_alike_an_earlier_one():
    alike = Alike()
    events = [np.array(each, np.int8) for each in ([1, 2], [2, 1], [1, 2], [1], [2, 1], [1, 2])]
    assert alike(events).tolist() == [False, False, True, False, True, True]
    assert alike(events[:2]).tolist() == [False, False]
    assert alike.num_refused == 3


def test_pieces_that_are_alike_are_drawn_again_whatever_their_number():
    """Each of the few pieces of one note in a bar is drawn once; a piece does not depend on those
    after it.
    """

    def drawn(num, **changes):
        alike = Alike()
        pieces = compose(
            params_for({0: 0.9, 2: 0.06, 3: 0.04}),
            ARCHITECTURE,
            VOCABULARY,
            make_prompt(),
            manner(num_samples=num, max_redraws=30, **changes),
            random_key(0, Stream.SAMPLED_PIECES),
            Conditions(judges=[alike]),
        )
        return [each.tokens.tobytes() for each in pieces], pieces, alike

    contents, pieces, alike = drawn(24)
    assert len(set(contents)) == 24
    assert 0 < alike.num_refused <= sum(each.num_redraws for each in pieces)
    assert drawn(12)[0] == contents[:12]
    greedy, _, alike = drawn(3, temperature=0.0)
    assert len(set(greedy)) == 1
    assert alike.num_refused == 0


def test_originality_counts_what_is_copied():
    pieces = [piece([1], -1.0), piece([2], -2.0), piece([3], -3.0)]
    assert ranked(pieces, [9, 3, 3], 'likelihood') == [0, 1, 2]
    assert ranked(pieces, [9, 3, 3], 'originality') == [1, 2, 0]


@pytest.mark.parametrize('seed', range(3))
def test_fitting_candidates_differ_while_a_group_has_another(seed):
    same, other = piece([1, 5], -0.1), piece([2, 5], -9.0)
    rng = np.random.default_rng(seed)
    chosen = fitting([same, same, same, other, same, same], 3, 1, rng)
    assert [place // 2 for place in chosen] == [0, 1, 2]
    assert chosen[1] == 3  # the only one that is not the first's
