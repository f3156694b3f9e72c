"""Bars between others, by a model that is given both sides: known bars do not change, the gap has
the model's own probability, wishes are met.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions
from symmusic.generate.masks import Wishes, make_masks
from symmusic.generate.prompt import around
from symmusic.generate.wishes import keep
from symmusic.model.model import Architecture, apply_all, init_params
from symmusic.score.bar import bar_of
from tests.generate.toy import VOCABULARY, make_prompt, manner

INFILLING = Architecture(
    VOCABULARY.num_classes,
    num_layers=2,
    num_cells=4,
    bidirectional=True,
    infilling=True,
    num_positions=16,
    lookback=(1, 16),
)
BLANK = VOCABULARY.num_classes
GAP = 16
FOUR = bar_of('4/4')


@functools.cache
def params():
    """Large enough for the right side to matter."""
    made = jax.jit(init_params, static_argnums=1)(jax.random.key(5), INFILLING)
    return jax.tree.map(lambda leaf: 2 * leaf, made)


read_all = jax.jit(apply_all, static_argnums=3)


def known_after_gap(seed=0, num_bars=2):
    """[N] a bar that is not known, and some that are."""
    tokens = np.random.default_rng(seed).integers(0, BLANK, num_bars * 16).astype(np.uint8)
    return np.concatenate([np.full(GAP, BLANK, np.uint8), tokens])


def fill(known, masks=None, prompt=None, **how):
    how = manner(**{'num_bars': len(known) // 16, 'max_redraws': 0} | how)
    return compose(
        params(),
        INFILLING,
        VOCABULARY,
        prompt or make_prompt(),
        how,
        jax.random.key(3),
        Conditions(masks, known=known),
    )


@pytest.mark.parametrize('how', [{}, {'temperature': 0.0}, {'top_k': 2}], ids=str)
def test_known_bars_do_not_change(how):
    known = known_after_gap()
    for piece in fill(known, **how):
        assert_array_equal(piece.tokens[GAP:], known[GAP:])
        assert (piece.log_probabilities[GAP:] == 0).all()
        assert (piece.log_probabilities[:GAP] < 0).all()
        assert piece.surprise == pytest.approx(-piece.log_probability / GAP)


def test_known_bars_need_not_be_drawn():
    known = known_after_gap()
    for whole, gap in zip(fill(known), fill(known, num_bars=1), strict=True):
        assert_array_equal(gap.tokens, whole.tokens[:GAP])
        assert_allclose(gap.log_probabilities, whole.log_probabilities[:GAP], atol=1e-5)


def test_the_gap_has_the_model_s_own_probability():
    """Step by step as if read at once, after a prompt longer than the gap and all that follows."""
    prompt, known = make_prompt(num_bars=5), known_after_gap()
    for piece in fill(known, prompt=prompt, keep_distributions=True):
        tokens = jnp.asarray(np.concatenate([piece.read, piece.tokens]), jnp.int32)[None]
        future = np.concatenate([np.full(len(prompt.tokens) - 1, BLANK), known])[None]
        positions = jnp.arange(tokens.shape[1] - 1)[None] % 16
        logits_BTV, _ = read_all(params(), tokens[:, :-1], positions, INFILLING, future_BT=future)
        logs_TV = np.asarray(jax.nn.log_softmax(logits_BTV))[0, len(prompt.tokens) - 1 :][:GAP]
        assert_allclose(
            piece.log_probabilities[:GAP], logs_TV[np.arange(GAP), piece.tokens[:GAP]], atol=1e-4
        )
        assert_allclose(piece.probabilities[:GAP], np.exp(logs_TV), atol=1e-5)


def test_the_right_side_changes_what_is_drawn():
    one, other, none = (
        fill(known, num_samples=8, keep_distributions=True)
        for known in (known_after_gap(0), known_after_gap(1), None_())
    )
    first = [pieces[0].probabilities[0] for pieces in (one, other, none)]
    assert not np.allclose(first[0], first[1], atol=1e-3)
    assert not np.allclose(first[0], first[2], atol=1e-3)


def None_():
    """Nothing known."""
    return np.full(GAP, BLANK, np.uint8)


def test_nothing_known_is_drawing_left_to_right():
    plain = compose(
        params(), INFILLING, VOCABULARY, make_prompt(), manner(max_redraws=0), jax.random.key(3)
    )
    for one, other in zip(plain, fill(None_()), strict=True):
        assert_array_equal(one.tokens, other.tokens)
        assert_allclose(one.log_probabilities, other.log_probabilities, atol=1e-5)


def test_wishes_hold_in_the_gap_and_the_rest_stays():
    prompt = make_prompt(num_bars=4)
    wishes = Wishes(
        scale=frozenset({0, 4, 7}), lowest=62, min_notes_per_bar=2, max_notes_per_bar=3, rests=False
    )
    kept, begin = keep(prompt, 1, 2), around(prompt, 1, 2, VOCABULARY.padding)
    masks = make_masks(wishes, VOCABULARY, begin.tokens, 0, 3, FOUR, kept_N=kept)
    known = np.concatenate([np.full(GAP, BLANK, np.uint8), prompt.tokens[32:]])
    for piece in fill(known, masks, begin, num_samples=6):
        new = piece.events[:GAP]
        assert_array_equal(piece.events[GAP:], prompt.events[32:])
        assert set(new[new >= 0] % 12) <= {0, 4, 7}
        assert (new[new >= 0] >= 62).all()
        assert 2 <= (new >= 0).sum() <= 3
