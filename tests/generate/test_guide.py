"""Guided draws: those of a model given its wishes, exactly where the small model is the model, and
never anything that the masks do not allow. Every possible piece of a tiny vocabulary is weighed.
"""

import itertools

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions
from symmusic.generate.guide import EVEN, fit, guided, is_distant, opened
from symmusic.generate.masks import DRAWN, FREE, Wishes, make_masks
from symmusic.generate.sample import Rule, sample
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.score.bar import Bar, bar_of
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner, params_for

TINY = MelodyVocabulary(60, 61)  # no event, note off, C, C sharp
THREE = Bar(3, groups=(0, 2), strong=(0, 2), cadence_steps=2)
NUM, NUM_STEPS = 20_000, 6  # pieces drawn, and steps of each
ALL = np.array(list(itertools.product(range(4), repeat=NUM_STEPS)), np.int32)  # [B, N] tokens
PROMPT = np.array([0, 0, 1], np.uint8)
FOUR = bar_of('4/4')


def made_up_chances(seed=0):
    """[P, S, V]; which of the two pitches a note has does not depend on where it starts."""
    kinds_PSK = np.random.default_rng(seed).dirichlet([2, 1, 2], size=(3, 2))
    return np.concatenate([kinds_PSK[..., :2], kinds_PSK[..., 2:] * [0.7, 0.3]], axis=-1)


@flax.struct.dataclass
class PlaceReader:
    """A model that goes by the place in the bar and by whether a note sounds."""

    chances_PSV: jax.Array
    bars: tuple = flax.struct.field(pytree_node=False, default=(3,))

    def init(self, prompt_BT, positions_BT, num_steps):
        return jnp.zeros(len(prompt_BT), jnp.int32), None

    def read(self, carry, token_B, position_B, row):
        sounds_B = jnp.where(token_B == 0, carry, (token_B > 1).astype(jnp.int32))
        logits_BV = jnp.log(self.chances_PSV[(position_B + 1) % 3, sounds_B])
        return sounds_B, logits_BV, None


def drawn(masks, chances, temperature=1.0, **how):
    return sample(
        PlaceReader(jnp.asarray(chances, jnp.float32)),
        np.broadcast_to(PROMPT, (NUM, 3)).astype(np.int32),
        np.broadcast_to(np.arange(3), (NUM, 3)),
        jax.random.split(jax.random.key(0), NUM),
        Rule(temperature),
        [masks],
        num_steps=NUM_STEPS,
        **how,
    )


def masks_for(wish, kept=None):
    return make_masks(wish, TINY, PROMPT, 0, 2, THREE, kept_N=kept)


def rows_of(masks):
    return [jax.tree.map(lambda leaf, at=at: leaf[at], masks.rows) for at in range(NUM_STEPS)]


def are_allowed(masks):
    """[B] which of all pieces the masks let through."""
    state, through = masks.init(len(ALL)), np.full(len(ALL), True)
    for row, token_B in zip(rows_of(masks), ALL.T, strict=True):
        allowed_BV = np.asarray(masks.allow(row, state, np.True_)[0])
        through &= allowed_BV[np.arange(len(ALL)), token_B]
        state = masks.advance(row, state, token_B)
    return through


def conditional(masks, chances):
    """[B] the probability of each piece, given that the masks let it through."""
    sounds, weight = np.zeros(len(ALL), int), are_allowed(masks).astype(float)
    for step, token_B in enumerate(ALL.T):
        if masks.rows.counts[step]:
            weight *= chances[step % 3, sounds, token_B]
        sounds = np.where(token_B == 0, sounds, token_B > 1)
    return weight / weight.sum()


def surprise(tokens_BN, expected):
    """The p-value of the chi-square test; pieces that are expected less than five times count as
    one.
    """
    numbers = np.asarray(tokens_BN) @ 4 ** np.arange(NUM_STEPS)[::-1]
    found, expected = np.bincount(numbers, minlength=len(ALL)), expected * len(tokens_BN)
    is_rare = expected < 5
    pairs = [
        *zip(found[~is_rare], expected[~is_rare], strict=True),
        (found[is_rare].sum(), expected[is_rare].sum()),
    ]
    statistic = sum((one - other) ** 2 / other for one, other in pairs if other > 0)
    return chi2.sf(statistic, len(pairs) - 1)


SOME = np.array([FREE, FREE, FREE, FREE, 60, FREE])
KEPT = np.array([DRAWN, DRAWN, DRAWN, DRAWN, 3, 0])
CASES = {
    'pitches': (Wishes(pitches=(60, 61, 60)), None),
    'notes per bar': (Wishes(min_notes_per_bar=1, max_notes_per_bar=2), None),
    'cadence of few notes': (Wishes(last=1, max_notes_per_bar=1, rests=False), None),
    'all': (Wishes(pitches=(61, 60), last=0, min_notes_per_bar=1), None),
    'pitches and a given note': (Wishes(pitches=(60, 61, 60), fixed=SOME), None),
    'kept': (Wishes(last=0, min_notes_per_bar=1), KEPT),
}


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_the_draws_are_the_model_s_own_given_the_wishes(case):
    wish, kept = case
    masks, chances = masks_for(wish, kept), made_up_chances()
    expected = conditional(masks, chances)
    found = drawn(guided(masks, chances), chances).tokens_BN
    assert surprise(found, expected) > 1e-3
    numbers = np.asarray(found) @ 4 ** np.arange(NUM_STEPS)[::-1]
    assert (expected[numbers] > 0).all()


def test_masks_alone_are_far_from_that():
    for name in ('notes per bar', 'cadence of few notes'):
        masks, chances = masks_for(*CASES[name]), made_up_chances()
        no_worth = np.zeros(masks.rows.kinds_JCESK.shape, np.float32)
        alone = masks.replace(rows=masks.rows.replace(worth_JCESK=no_worth))
        assert surprise(drawn(alone, chances).tokens_BN, conditional(masks, chances)) < 1e-9


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
@pytest.mark.parametrize('seed', range(2))
def test_whatever_the_small_model_what_may_be_drawn_is_the_same(case, seed):
    """Even if the model believes hardly anything possible, no weight is infinite."""
    masks = masks_for(*case)
    wrong = np.random.default_rng(seed).dirichlet([0.01] * 4, size=(3, 2))
    found = guided(masks, wrong)
    np.testing.assert_array_equal(are_allowed(found), are_allowed(masks))
    assert np.isfinite(found.rows.worth_JCESK).all()


def test_the_temperature_belongs_to_the_model_that_is_guided():
    """Chances at temperature 2, and draws at it: the pieces of that model given the wishes."""
    masks, chances = masks_for(*CASES['pitches']), made_up_chances()
    warm = chances**0.5 / (chances**0.5).sum(axis=-1, keepdims=True)
    found = drawn(guided(masks, warm), chances, temperature=2.0).tokens_BN
    assert surprise(found, conditional(masks, warm)) > 1e-3


def test_the_small_model_of_free_draws_is_the_model():
    masks, chances = masks_for(*CASES['pitches']), made_up_chances()
    free = drawn(opened(masks), chances, keep=True)
    even = (1 - EVEN) * chances + EVEN / 4
    known = fit(masks, np.asarray(free.tokens_BN), np.asarray(free.probabilities_BNV))
    np.testing.assert_allclose(known, even, atol=2e-3)
    counted = fit(masks, np.asarray(free.tokens_BN), None)
    np.testing.assert_allclose(counted, even, atol=0.03)
    nothing = fit(masks, np.zeros((0, NUM_STEPS), int), None)
    np.testing.assert_allclose(nothing, 0.25)


@pytest.mark.parametrize(
    ('wish', 'is_guided'),
    [
        (Wishes(scale=frozenset({0}), lowest=60, highest=61, rests=False), False),
        (Wishes(rhythm=np.array([60, FREE]), fixed=SOME), False),
        (Wishes(pitches=(60,)), True),
        (Wishes(min_notes_per_bar=1), True),
        (Wishes(last=0), True),
    ],
)
def test_only_wishes_that_bind_distant_steps_are_guided(wish, is_guided):
    assert is_distant(masks_for(wish)) == is_guided


def test_given_notes_are_spread_over_the_piece():
    """Eight notes in 32 steps of a model that starts a note at any step: at their places' mean, not
    at the start of the piece. A piece does not depend on those drawn beside it.
    """
    wish = Wishes(pitches=(60, 62, 64, 60, 62, 64, 60, 62))
    prompt = make_prompt()
    masks = make_masks(wish, VOCABULARY, prompt.tokens, 0, 2, FOUR)

    def pieces(num, **how):
        return compose(
            params_for({0: 0.4, 2: 0.2, 4: 0.2, 6: 0.2}),
            ARCHITECTURE,
            VOCABULARY,
            prompt,
            manner(num_bars=2, num_samples=num, **how),
            jax.random.key(0),
            Conditions(masks),
        )

    found = pieces(64)
    onsets = np.array([np.flatnonzero(piece.events >= 0) for piece in found])
    assert onsets.shape == (64, 8)
    np.testing.assert_allclose(onsets.mean(axis=0), (np.arange(8) + 1) * 33 / 9 - 1, atol=1.5)
    for one, other in zip(pieces(5), found, strict=False):
        np.testing.assert_array_equal(one.tokens, other.tokens)
    greedy = pieces(64, temperature=0.0)[0]
    assert greedy.events[greedy.events >= 0].tolist() == list(wish.pitches)
