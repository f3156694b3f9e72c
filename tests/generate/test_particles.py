"""Particles: pieces follow the model given the wishes, weighed against every possible piece of a
tiny vocabulary; a particle takes along all that its reader and constraints remember.
"""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate.compose import compose
from symmusic.generate.control import RepeatRow, Repeats
from symmusic.generate.draw import Conditions
from symmusic.generate.guide import fit_pitches, guided, with_pitches
from symmusic.generate.host_reader import HostReader
from symmusic.generate.masks import DRAWN, FREE, ROOM, Cadence, Wishes, make_masks, with_room
from symmusic.generate.particles import Particles, Weights, chosen, resampled, systematic, traced
from symmusic.generate.readers import make_reader
from symmusic.generate.sample import Rule, sample
from symmusic.model.ensemble import Ensemble
from symmusic.model.groups import picked
from symmusic.score.bar import bar_of
from tests.generate import test_guide as tiny
from tests.generate import test_sample as networks
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner, random_params

NUM, MANY, NUM_STEPS, FOUR = 2000, 48, tiny.NUM_STEPS, bar_of('4/4')
SOME = np.array([FREE, 60, FREE, FREE, 61, FREE])  # the rhythm and notes that are wished for


@flax.struct.dataclass
class LastReader:
    """A model that goes by the place in the bar and the last token."""

    chances_PVV: jax.Array
    bars: tuple = flax.struct.field(pytree_node=False, default=(3,))

    def init(self, prompt_BT, positions_BT, num_steps):
        return jnp.zeros(len(prompt_BT)), None

    def read(self, carry, token_B, position_B, row):
        return carry, jnp.log(self.chances_PVV[(position_B + 1) % 3, token_B]), None

    def take(self, carry, of_BP):
        return picked(carry, of_BP)


def made_up_chances():
    """[P, V, V] of classes after each class."""
    return np.random.default_rng(3).dirichlet([0.6] * 4, size=(3, 4)) * 0.96 + 0.01


def drawn_by(num, masks, chances, resamples=True, temperature=1.0):
    particles = Particles(masks.rows.counts, np.full(NUM_STEPS, resamples), num)
    return sample(
        LastReader(jnp.asarray(chances, jnp.float32)),
        np.broadcast_to(tiny.PROMPT, (NUM * num, 3)).astype(np.int32),
        np.broadcast_to(np.arange(3), (NUM * num, 3)),
        jax.random.split(jax.random.key(2), NUM),
        Rule(temperature),
        [masks],
        num_steps=NUM_STEPS,
        particles=particles,
    ).tokens_BN


def conditional(masks, chances):
    """[B] the probability of each piece under the model, given that the masks let it through."""
    weight, before_B = tiny.are_allowed(masks).astype(float), np.full(len(tiny.ALL), 1)
    for step, token_B in enumerate(tiny.ALL.T):
        if masks.rows.counts[step]:
            weight *= chances[step % 3, before_B, token_B]
        before_B = token_B
    return weight / weight.sum()


CASES = {
    'pitches': (Wishes(pitches=(60, 61, 60)), None),
    'rhythm': (Wishes(rhythm=SOME), None),
    'notes per bar, kept': (
        Wishes(max_notes_per_bar=1),
        np.array([DRAWN, DRAWN, DRAWN, DRAWN, 3, 0]),
    ),
}


@pytest.mark.parametrize(
    'name',
    ['pitches', *(pytest.param(name, marks=pytest.mark.slow) for name in list(CASES)[1:])],
)
def test_pieces_are_those_of_the_model_given_the_wishes(name):
    """With many particles, whether they are drawn anew or not; not with one. The weights are at the
    temperature.
    """
    masks, chances = tiny.masks_for(*CASES[name]), made_up_chances()
    expected = conditional(masks, chances)
    for resamples in (True, False):
        assert tiny.surprise(drawn_by(MANY, masks, chances, resamples), expected) > 1e-3
    assert tiny.surprise(drawn_by(1, masks, chances), expected) < 1e-6
    warm = chances**0.5 / (chances**0.5).sum(axis=-1, keepdims=True)
    found = drawn_by(MANY, masks, chances, temperature=2.0)
    assert tiny.surprise(found, conditional(masks, warm)) > 1e-3


@pytest.mark.slow
def test_guidance_does_not_change_what_is_drawn():
    """A small model that is wrong, and wrong chances of the given pitches."""
    masks, chances = tiny.masks_for(*CASES['pitches']), made_up_chances()
    guidance = guided(masks, tiny.made_up_chances(seed=5))
    wrong = with_pitches(guidance, np.array([-1.0, -1.5, -0.2, 0.0]))
    expected = conditional(masks, chances)
    assert tiny.surprise(drawn_by(8 * MANY, wrong, chances), expected) > 1e-3
    assert tiny.surprise(drawn_by(1, wrong, chances), expected) < 1e-6


@flax.struct.dataclass
class Only:
    """A constraint: these classes alone; rows [N, R, V] or [N, 1, V]."""

    rows: jax.Array

    def init(self, num_pieces):
        return ()

    def allow(self, row, state, may_BV):
        return may_BV & row, state

    def weigh(self, row, state, logits_BV, temperature):
        return logits_BV

    def advance(self, row, state, token_B):
        return state


def predict(tokens_BT, positions_B):
    """Log probabilities that depend on all tokens."""
    seeds_B = (tokens_BT * np.arange(1, tokens_BT.shape[1] + 1)).sum(axis=1)
    logits_BV = np.sin(seeds_B[:, None] * np.arange(1, 8)) * 2
    return np.log(networks.softmax(logits_BV))


READERS = {
    'attention': (networks.ATTENTIVE, {}, 2),
    'lookback': (networks.BLANKS, {}, 1),
    'transformer': (networks.TRANSFORMER, {}, 1),
    'hybrid': (networks.HYBRID, {}, 2),
    'sliding': (networks.PLAIN, {'window_steps': 4}, 2),
    'window': (networks.BOTH_WAYS, {'window_steps': 4}, 1),
    'host': (None, {}, 0),
}


@pytest.mark.parametrize(
    'name',
    ['attention', *(pytest.param(name, marks=pytest.mark.slow) for name in list(READERS)[1:])],
)
def test_a_particle_takes_all_that_is_remembered_along(name):
    """What a piece was drawn from is what it is drawn from where it is the only one allowed."""
    architecture, how, num_networks = READERS[name]
    if architecture is None:
        reader = HostReader(predict, 7)
    else:
        params = [networks.random_params(architecture, seed) for seed in range(num_networks)]
        if num_networks > 1:
            params = [Ensemble(jax.tree.map(lambda *each: jnp.stack(each), *params))]
        reader = make_reader(params[0], architecture, 9, memory_steps=12, **how)
    allowed_NV = np.random.default_rng(0).random((9, 1, 7)) < 0.6
    nothing = RepeatRow(np.full(9, -1), np.full((9, 1), -1))
    history = Repeats(nothing, np.zeros(0, np.int32), np.full(7, True))

    def drawn(num, constraint, particles=None):
        prompts, positions = (
            np.repeat(each, num, axis=0) for each in (networks.PROMPT, networks.POSITIONS)
        )
        return sample(
            reader,
            prompts.astype(np.int32),
            positions,
            networks.keys(2),
            Rule(),
            [constraint, history],
            num_steps=9,
            keep_own=True,
            particles=particles,
        )

    particles = Particles(np.full(9, True), np.full(9, True), 6)
    found = drawn(6, Only(allowed_NV), particles)
    assert_array_equal(found.states[1][0], found.tokens_BN)
    forced = drawn(1, Only(np.arange(7) == np.asarray(found.tokens_BN).T[..., None]))
    assert_array_equal(forced.tokens_BN, found.tokens_BN)
    assert_allclose(found.log_probabilities_BN, forced.log_probabilities_BN, atol=2e-5)
    assert_allclose(found.own_BNV, forced.own_BNV, atol=1e-5)


@pytest.mark.parametrize('seed', range(2))
def test_systematic_draws_are_as_many_as_shares_say(seed):
    shares = np.random.default_rng(seed).dirichlet([0.3] * 16)
    draw = jax.jit(jax.vmap(systematic, (0, None)))
    keys = jax.random.split(jax.random.key(seed), 400)
    counts = np.array([np.bincount(of, minlength=16) for of in draw(keys, jnp.asarray(shares))])
    assert (counts >= np.floor(shares * 16 - 1e-4)).all()
    assert (counts <= np.ceil(shares * 16 + 1e-4)).all()
    assert_allclose(counts.mean(axis=0), 16 * shares, atol=0.1)
    assert_array_equal(draw(keys, jnp.eye(16)[seed]), seed)


def test_groups_are_drawn_anew_where_few_hold_most_of_the_weight():
    """Of two groups of four the second is one particle and three that do not count."""
    logs_R = jnp.array([0.0, 0.1, 0.2, 0.0, 0.0, -50.0, -50.0, -50.0])
    weights = Weights(networks.keys(2), logs_R, jnp.arange(8.0))
    particles = Particles(None, None, 4)
    rows = jnp.arange(8)
    after, rows_R, of_BP = resampled(particles, weights, True, rows, picked)
    assert_array_equal(of_BP, [[0, 1, 2, 3], [0, 0, 0, 0]])
    assert_array_equal(rows_R, [0, 1, 2, 3, 4, 4, 4, 4])
    assert_array_equal(after.worth_R, [0, 1, 2, 3, 4, 4, 4, 4])
    assert_allclose(after.logs_R, [0, 0.1, 0.2, 0, 0, 0, 0, 0], atol=1e-6)
    stays, rows_R, _ = resampled(particles, weights, False, rows, picked)
    assert_array_equal(rows_R, rows)
    assert_array_equal(stays.logs_R, logs_R)
    assert chosen(weights, 4)[1] == 0


def test_what_a_particle_continues_is_traced():
    """Of one group of three: 2 comes from 0, which comes from 1."""
    drawn_NR = jnp.array([[10, 11, 12], [20, 21, 22], [30, 31, 32]])
    of_NBP = jnp.array([[[1, 1, 2]], [[2, 1, 0]], [[0, 1, 2]]])
    assert_array_equal(traced(drawn_NR, of_NBP, jnp.array([2]))[:, 0], [11, 20, 32])


def pieces_of(wish, kept=None, num_bars=2, **how):
    prompt = make_prompt()
    masks = make_masks(wish, VOCABULARY, prompt.tokens, 0, num_bars, FOUR, kept_N=kept)
    return compose(
        random_params(1),
        ARCHITECTURE,
        VOCABULARY,
        prompt,
        manner(num_bars=num_bars, **how),
        jax.random.key(0),
        Conditions(masks),
    )


KEPT = np.full(32, DRAWN)
KEPT[16:] = 3


def test_where_nothing_binds_no_particle_is_drawn():
    """The draws of one row each: with other wishes, with bars that are kept, and greedy ones."""
    for wish, kept, how in (
        (Wishes(scale=frozenset({0, 2, 4}), lowest=60), None, {}),
        (Wishes(), KEPT, {}),
        (Wishes(rhythm=np.resize([60, -2], 32)), None, {'temperature': 0.0}),
    ):
        for one, other in zip(
            pieces_of(wish, kept, **how), pieces_of(wish, kept, particles=8, **how), strict=True
        ):
            assert_array_equal(one.tokens, other.tokens)
            assert_array_equal(one.log_probabilities, other.log_probabilities)


@pytest.mark.parametrize(
    ('wish', 'binds'),
    [
        ({}, False),
        ({'scale': frozenset({0}), 'lowest': 60, 'highest': 72, 'rests': False}, False),
        ({'cadences': (Cadence(0, 16, 0),)}, False),
        ({'pitches': (60,)}, True),
        ({'rhythm': SOME}, True),
        ({'fixed': SOME}, True),
        ({'last': 0}, True),
        ({'min_notes_per_bar': 1}, True),
        ({'max_notes_per_bar': 3}, True),
        ({'pitches': (60,), 'rhythm': SOME}, True),
        ({'pitches': (60,), 'rhythm': np.array([60, -2])}, False),  # one piece meets it
    ],
)
def test_which_wishes_bind(wish, binds):
    assert Wishes(**wish).bind == binds


@pytest.mark.parametrize('kept', [None, KEPT], ids=['after', 'between'])
def test_a_wish_is_met_and_a_piece_depends_on_its_own_key(kept):
    wish = Wishes(pitches=(60, 62, 64, 67))
    found = pieces_of(wish, kept, particles=8, keep_distributions=True)
    for piece in found:
        drawn = piece.events if kept is None else piece.events[:16]
        assert drawn[drawn >= 0].tolist() == [60, 62, 64, 67]
        at = np.arange(32), piece.tokens
        assert (piece.probabilities[at] > 0).all()
    if kept is not None:
        assert_array_equal([piece.tokens[16:] for piece in found], np.full((4, 16), 3))
    assert any((one.tokens != found[0].tokens).any() for one in found)
    fewer = pieces_of(wish, kept, particles=8, num_samples=2)
    for one, other in zip(fewer, found, strict=False):
        assert_array_equal(one.tokens, other.tokens)


def test_the_chances_of_given_pitches():
    """Of all notes that could start: 0.2 of 0.5 and 0.3 of 0.5, then 0.1 of 0.4 and 0.3 of 0.4."""
    masks = tiny.masks_for(Wishes(pitches=(60, 61)))
    tokens_BN = np.array([[0, 2, 0, 0, 3, 0], [2, 0, 3, 0, 0, 0]])
    own_BNV = np.full((2, 6, 4), np.nan)
    own_BNV[:] = [0.4, 0.1, 0.2, 0.3]
    own_BNV[1] = [0.5, 0.1, 0.1, 0.3]
    expected = [np.log([0.4, 0.25]).mean(), np.log([0.6, 0.75]).mean(), 0]
    assert_allclose(fit_pitches(masks, tokens_BN, own_BNV), expected)
    roomy = with_room(masks)
    assert len(roomy.pitches_J) == ROOM
    assert_allclose(fit_pitches(roomy, tokens_BN, own_BNV), np.pad(expected, (0, ROOM - 3)))
    assert_array_equal(tiny.are_allowed(roomy), tiny.are_allowed(masks))
