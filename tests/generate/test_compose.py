"""Pieces: what is read before them, drawing again, keys, transposing back to the prompt's key."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate import draw as module
from symmusic.generate.compose import compose
from symmusic.generate.pieces import Piece
from symmusic.generate.readers import StateReader
from symmusic.generate.sample import Drawn, sample
from symmusic.melody.events import NO_EVENT, NOTE_OFF, transpose_events
from tests.generate.toy import (
    ARCHITECTURE,
    VOCABULARY,
    make_prompt,
    manner,
    params_for,
    random_params,
)

RARE = {0: 0.9, 2: 0.06, 3: 0.04}  # 0.9 ** 16 = 19 % of the pieces of one bar are empty
EMPTY = {0: 0.7, 1: 0.3}
STUCK = {0: 0.5, 5: 0.5}


@pytest.fixture
def rounds(monkeypatch):
    """The keyword arguments and arrays of every call of `sample`."""
    calls = []

    def noted(*args, **kwargs):
        calls.append((args, kwargs))
        return sample(*args, **kwargs)

    monkeypatch.setattr(module, 'sample', noted)
    return calls


def pieces_of(probabilities, prompt=None, seed=0, **changes):
    return compose(
        params_for(probabilities),
        ARCHITECTURE,
        VOCABULARY,
        prompt or make_prompt(),
        manner(**changes),
        jax.random.key(seed),
    )


@pytest.mark.parametrize('reads_all', [True, False])
def test_the_prompt_is_read_whole_but_in_the_thesis_without_its_last_step(monkeypatch, reads_all):
    """In the thesis of a prompt of 64 steps 63 are read, 65 tokens drawn, 64 kept."""
    given, num_again = {}, 0 if reads_all else 1

    def fake(reader, prompt_BT, positions_BT, keys_B, rule, constraints, **how):
        given.update(
            how,
            window_steps=reader.window_steps,
            prompt=np.array(prompt_BT),
            positions=np.array(positions_BT),
        )
        tokens_BN = jnp.arange(3 * how['num_steps']).reshape(3, -1) % VOCABULARY.num_classes
        shares_BNV = jax.nn.one_hot(tokens_BN, VOCABULARY.num_classes)
        return Drawn(tokens_BN, -0.5 * tokens_BN, shares_BNV, None)

    monkeypatch.setattr(module, 'sample', fake)
    prompt = make_prompt(num_bars=4)
    pieces = compose(
        {},
        ARCHITECTURE,
        VOCABULARY,
        prompt,
        manner(num_samples=3, num_bars=4, window_steps=63, reads_all=reads_all),
        jax.random.key(0),
    )
    num_read, num_drawn = 64 - num_again, 64 + num_again
    assert (given['num_steps'], given['window_steps']) == (num_drawn, 63)
    assert_array_equal(given['prompt'], np.tile(prompt.tokens[:num_read], (3, 1)))
    assert_array_equal(given['positions'], np.tile(np.arange(num_read) % 16, (3, 1)))
    for index, piece in enumerate(pieces):
        expected = (np.arange(num_drawn) + num_drawn * index) % VOCABULARY.num_classes
        kept = expected[num_again:]
        assert_array_equal(piece.tokens, kept)
        assert_array_equal(piece.events, VOCABULARY.decode(kept))
        assert_array_equal(piece.probabilities.argmax(axis=1), kept)
        assert piece.log_probability == pytest.approx(-0.5 * kept.sum())
        assert_array_equal(piece.read, [*prompt.tokens[:num_read], *expected[:num_again]])


def test_the_first_step_follows_the_prompt_s_last():
    """A model that answers with the token before: each piece holds the prompt's last note on."""
    zeros = jax.tree.map(jnp.zeros_like, random_params(0))
    prompt = make_prompt()
    prompt = dataclasses.replace(prompt, tokens=np.append(prompt.tokens[:-1], np.uint8(9)))
    seen = []

    def echo(self, carry, token_B, position_B, row):
        seen.append(None)
        logits_BV = 50.0 * jax.nn.one_hot(token_B, VOCABULARY.num_classes)
        return carry, logits_BV, None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StateReader, 'read', echo)
        jax.clear_caches()
        pieces = compose(zeros, ARCHITECTURE, VOCABULARY, prompt, manner(), jax.random.key(0))
    jax.clear_caches()
    assert seen
    assert all((piece.tokens == 9).all() for piece in pieces)


def test_empty_pieces_are_drawn_again_and_counted(rounds):
    first = pieces_of(RARE, num_samples=64, max_redraws=0)
    assert len(rounds) == 1
    num_empty = sum(piece.is_empty for piece in first)
    assert 3 < num_empty < 30
    assert all(piece.num_redraws == 0 for piece in first)
    rounds.clear()
    final = pieces_of(RARE, num_samples=64, max_redraws=10)
    assert not any(piece.is_empty for piece in final)
    assert len(rounds) == 1 + max(piece.num_redraws for piece in final) > 2
    for before, after in zip(first, final, strict=True):
        assert before.is_empty == (after.num_redraws > 0)
        if not before.is_empty:  # others do not change
            assert_array_equal(after.tokens, before.tokens)
            assert after.log_probability == before.log_probability
    once = pieces_of(RARE, num_samples=64, max_redraws=1)
    assert [piece.num_redraws for piece in once] == [min(piece.num_redraws, 1) for piece in final]
    assert [piece.is_empty for piece in once] == [piece.num_redraws > 1 for piece in final]


@pytest.mark.parametrize('max_redraws', [0, 1, 3])
def test_at_most_max_redraws_rounds(rounds, max_redraws):
    pieces = pieces_of(EMPTY, max_redraws=max_redraws)
    assert [(piece.num_redraws, piece.is_empty) for piece in pieces] == [(max_redraws, True)] * 4
    assert len(rounds) == 1 + max_redraws
    # each round has its own keys
    assert len({jax.random.key_data(args[3]).tobytes() for args, _ in rounds}) == len(rounds)


def test_a_piece_drawn_again_is_another(rounds):
    tokens = [pieces_of(EMPTY, max_redraws=num)[0].tokens.tolist() for num in (0, 1, 2)]
    assert len(set(map(tuple, tokens))) == 3


def test_greedy_is_never_drawn_again(rounds):
    pieces = pieces_of(EMPTY, temperature=0.0, redraw_stuck=True)
    assert [(piece.num_redraws, piece.is_empty) for piece in pieces] == [(0, True)] * 4
    assert len(rounds) == 1


def test_stuck_pieces_are_drawn_again_on_request(rounds):
    assert [piece.num_redraws for piece in pieces_of(STUCK, max_redraws=2)] == [0] * 4
    assert [piece.num_redraws for piece in pieces_of(STUCK, max_redraws=2, redraw_stuck=True)] == [
        2
    ] * 4
    two_pitches = pieces_of({0: 0.4, 5: 0.55, 7: 0.05}, num_samples=32, redraw_stuck=True)
    assert any(piece.num_redraws for piece in two_pitches)
    assert all(len(set(piece.events[piece.events >= 0].tolist())) == 2 for piece in two_pitches)


@pytest.mark.parametrize('probabilities', [None, RARE], ids=['model', 'with_redraws'])
def test_piece_n_is_the_same_whatever_num_samples_is(probabilities):
    params = random_params(1) if probabilities is None else params_for(probabilities)
    few, many = (
        compose(
            params,
            ARCHITECTURE,
            VOCABULARY,
            make_prompt(),
            manner(num_samples=num),
            jax.random.key(5),
        )
        for num in (4, 8)
    )
    for one, other in zip(few, many, strict=False):
        assert_array_equal(one.tokens, other.tokens)
        assert one.num_redraws == other.num_redraws
        assert_allclose(one.log_probability, other.log_probability, rtol=1e-5)
    assert len({piece.tokens.tobytes() for piece in many}) == 8


def test_reproducible_by_seed():
    one, again, other = (pieces_of(RARE, seed=seed) for seed in (1, 1, 2))
    assert [piece.tokens.tolist() for piece in one] == [piece.tokens.tolist() for piece in again]
    assert [piece.tokens.tolist() for piece in one] != [piece.tokens.tolist() for piece in other]


@pytest.mark.parametrize('transposed_by', [-5, 0, 3, 6])
def test_pieces_are_in_the_prompt_s_key(transposed_by):
    for piece in pieces_of({0: 0.5, 1: 0.1, 2: 0.2, 9: 0.2}, make_prompt(transposed_by)):
        events = VOCABULARY.decode(piece.tokens).astype(int)
        assert_array_equal(piece.events, np.where(events >= 0, events - transposed_by, events))
        assert piece.events.dtype == np.int8


@given(
    events=st.lists(
        st.one_of(st.just(NO_EVENT), st.just(NOTE_OFF), st.integers(0, 127)),
        min_size=1,
        max_size=20,
    ),
    distance=st.integers(-60, 60),
)
def test_transposed_stays_within_midi_by_octaves(events, distance):
    moved = transpose_events(np.array(events, np.int8), distance).astype(int)
    for event, new in zip(events, moved, strict=True):
        if event < 0:
            assert new == event
        elif 0 <= event + distance <= 127:
            assert new == event + distance
        else:
            assert 0 <= new <= 127
            assert (new - event - distance) % 12 == 0


def test_distributions_are_kept_on_request():
    plain, kept = pieces_of(RARE)[0], pieces_of(RARE, keep_distributions=True)[0]
    assert plain.probabilities is None
    assert kept.weights is None  # no attention
    assert_array_equal(plain.tokens, kept.tokens)
    assert kept.probabilities.shape == (16, VOCABULARY.num_classes)
    assert_allclose(
        kept.probabilities[:, [0, 2, 3]], np.tile([0.9, 0.06, 0.04], (16, 1)), rtol=1e-4
    )


def test_kept_distributions_are_those_of_the_final_draw():
    """Of a piece drawn again, not of the empty one before it."""
    params = jax.tree.map(lambda leaf: 4 * leaf, random_params(1))
    params = {**params, 'head': {**params['head'], 'bias': params['head']['bias'].at[0].set(9.0)}}
    pieces = compose(
        params,
        ARCHITECTURE,
        VOCABULARY,
        make_prompt(),
        manner(num_samples=8, keep_distributions=True),
        jax.random.key(0),
    )
    assert any(piece.num_redraws for piece in pieces)
    for piece in pieces:
        drawn_from = piece.probabilities[np.arange(16), piece.tokens]
        assert_allclose(np.log(drawn_from).sum(), piece.log_probability, rtol=1e-3)


def test_the_first_steps_of_a_piece_are_a_piece():
    """With the values of the same steps, the same tokens before them, and the sum of the log
    probabilities of their drawn tokens.
    """
    whole = Piece(
        tokens=np.arange(6, dtype=np.uint8),
        events=np.array([60, -2, -1, 62, -2, 64], np.int8),
        log_probability=-21.0,
        num_redraws=2,
        probabilities=np.arange(12.0).reshape(6, 2),
        weights=np.arange(18.0).reshape(6, 3),
        read=np.arange(9, dtype=np.uint8),
        log_probabilities=-np.array([1.0, 2, 3, 4, 5, 6]),
        num_refused={'max_copied_run': 1},
        is_given=np.array([False, True, False, False, True, False]),
    )
    part = whole.up_to(4)
    for name in ('tokens', 'events', 'probabilities', 'weights', 'log_probabilities', 'is_given'):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:4])
    np.testing.assert_array_equal(part.read, whole.read)
    assert (part.log_probability, part.num_redraws) == (-8.0, 2)
    assert part.num_refused == {'max_copied_run': 1}
    assert part.surprise == pytest.approx(8 / 3)
    assert whole.up_to(6).log_probability == -14.0
