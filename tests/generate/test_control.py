"""Control: for any model the masks allow exactly what satisfies the wishes, and errors name the
wishes that contradict one another.
"""

import dataclasses
import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.errors import UserError
from symmusic.generate import masks as module
from symmusic.generate.compose import compose
from symmusic.generate.draw import Conditions, draw_continuations
from symmusic.generate.masks import DRAWN, FREE, Wishes, make_masks
from symmusic.melody.encodings import MelodyVocabulary, PianorollVocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events
from symmusic.score.bar import Bar, bar_of
from tests.generate.toy import (
    ARCHITECTURE,
    VOCABULARY,
    make_prompt,
    manner,
    params_for,
    random_params,
)
from tests.model.compiled import init_params

TINY = MelodyVocabulary(60, 61)  # no event, note off, C, C sharp
BAR, NUM_BARS = 3, 2  # a bar of three steps, so that every possible piece can be tried
THREE = Bar(BAR, groups=(0, 2), strong=(0, 2), cadence_steps=2)
FOUR = bar_of('4/4')
ALL = np.array(list(itertools.product(range(4), repeat=BAR * NUM_BARS)))  # [B, N] tokens
EVENTS = TINY.decode(ALL.ravel()).reshape(ALL.shape).astype(int)


@st.composite
def wishes(draw):
    """Some of them; small numbers, so that many can be met."""
    events = st.sampled_from([NO_EVENT, NOTE_OFF, 60, 61])
    some = st.one_of(st.just(FREE), events)
    least, most = draw(st.integers(0, 2)), draw(st.integers(0, 3))
    chosen = {
        'scale': draw(st.sampled_from([None, frozenset({0}), frozenset({0, 1})])),
        'highest': draw(st.sampled_from([127, 60])),
        'min_notes_per_bar': least,
        'max_notes_per_bar': max(least, most),
        'rests': draw(st.booleans()),
        'last': draw(st.sampled_from([None, 0, 1])),
        'rest': draw(st.sampled_from([None, 0, 1])),
        'rhythm': np.array(draw(st.lists(some, min_size=2, max_size=6))),
        'pitches': tuple(draw(st.lists(st.sampled_from([60, 61]), min_size=1, max_size=4))),
        'fixed': np.array(draw(st.lists(some, min_size=6, max_size=6))),
    }
    names = draw(st.sets(st.sampled_from(sorted(chosen)), min_size=1, max_size=4))
    return Wishes(**{name: chosen[name] for name in names})


def ends_on(tonic, rest, events, is_drawn):
    """Whether the note that starts last is the tonic, on a strong beat, and lasts two steps, with
    at most `rest` steps of silence after it.
    """
    steps = np.flatnonzero(is_drawn)
    onsets = [step for step in steps if events[step] >= 0]
    if not onsets:
        return False
    after = [events[step] for step in steps if step > onsets[-1]]
    length = 1 + (after.index(NOTE_OFF) if NOTE_OFF in after else len(after))
    if rest is not None and 1 + len(after) - length > rest:
        return False
    return events[onsets[-1]] % 12 == tonic and onsets[-1] % BAR in THREE.strong and length >= 2


def are_met(wish, kept, events, sounds):
    """Whether a piece satisfies the wishes as documented in `Wishes` and `make_masks`."""
    is_drawn = kept == DRAWN
    if (events != TINY.decode(np.maximum(kept, 0)))[~is_drawn].any():
        return False
    if wish.fixed is not None and ((events != wish.fixed)[is_drawn & (wish.fixed != FREE)].any()):
        return False
    notes = [int(event) for event in events[is_drawn] if event >= 0]
    for step in np.flatnonzero(is_drawn):
        event = events[step]
        sounds = event >= 0 if event != NO_EVENT else sounds
        if event >= 0 and (
            event > wish.highest or (wish.scale is not None and event % 12 not in wish.scale)
        ):
            return False
        if not wish.rests and not sounds:
            return False
        asked = FREE if wish.rhythm is None else wish.rhythm[step % len(wish.rhythm)]
        if asked != FREE and not (event == asked if asked < 0 else event >= 0):
            return False
    for first in range(0, len(events), BAR):
        bar = slice(first, first + BAR)
        begun = (events[bar][is_drawn[bar]] >= 0).sum()
        least = wish.min_notes_per_bar if is_drawn[bar].all() else 0
        if not least <= begun <= wish.max_notes_per_bar:
            return False
    if wish.pitches and tuple(notes) != wish.pitches:
        return False
    return wish.last is None or ends_on(wish.last, wish.rest, events, is_drawn)


@st.composite
def kept_tokens(draw):
    """Some of the first bar, as before a pickup, or the whole last bar, or none."""
    kept = np.full(BAR * NUM_BARS, DRAWN)
    tokens = st.integers(0, 3)
    num_first, keeps_last = draw(st.integers(0, 2)), draw(st.booleans())
    kept[:num_first] = draw(st.lists(tokens, min_size=num_first, max_size=num_first))
    if keeps_last:
        kept[-BAR:] = draw(st.lists(tokens, min_size=BAR, max_size=BAR))
    return kept


NONE_KEPT = np.full(BAR * NUM_BARS, DRAWN)


def check_masks(wish, prompt, kept):
    """Exactly those of all possible pieces pass that satisfy the wishes."""
    prompt = np.array(prompt, np.uint8)
    sounds = bool(TINY.decode(prompt)[0] >= 0) and prompt[-1] != 1
    expected = np.array([are_met(wish, kept, events, sounds) for events in EVENTS])
    masks = module._try(wish, TINY, prompt, 0, THREE, kept)
    assert (masks is not None) == expected.any()
    if masks is None:
        return
    fixed = np.full(len(kept), FREE) if wish.fixed is None else wish.fixed
    np.testing.assert_array_equal(masks.rows.given, (kept != DRAWN) | (fixed != FREE))
    np.testing.assert_array_equal(masks.rows.counts, kept == DRAWN)
    state, through = masks.init(len(ALL)), np.full(len(ALL), True)
    rows = [jax.tree.map(lambda leaf, at=at: leaf[at], masks.rows) for at in range(ALL.shape[1])]
    for row, token_B in zip(rows, ALL.T, strict=True):
        allowed_BV = np.asarray(masks.allow(row, state, np.True_)[0])
        assert allowed_BV[through].any(axis=1).all()  # at least one class is always left
        through = through & allowed_BV[np.arange(len(ALL)), token_B]
        state = masks.advance(row, state, token_B)
    np.testing.assert_array_equal(through, expected)


CASES = (wishes(), st.sampled_from([[2, 0], [2, 1], [0]]), st.just(NONE_KEPT) | kept_tokens())


@given(*CASES)
@settings(deadline=None, max_examples=30)
def test_the_masks_allow_exactly_what_is_wished(wish, prompt, kept):
    check_masks(wish, prompt, kept)


@pytest.mark.slow
@given(*CASES)
@settings(deadline=None, max_examples=600)
def test_the_masks_allow_exactly_what_is_wished_in_many_cases(wish, prompt, kept):
    check_masks(wish, prompt, kept)


def drawn(wish, seed=0, num_bars=2, transposed_by=0, **how):
    prompt = make_prompt(transposed_by)
    masks = make_masks(wish, VOCABULARY, prompt.tokens, transposed_by, num_bars, FOUR)
    pieces = compose(
        random_params(seed),
        ARCHITECTURE,
        VOCABULARY,
        prompt,
        manner(num_bars=num_bars, **how),
        jax.random.key(seed),
        Conditions(masks),
    )
    return [piece.events.astype(int) for piece in pieces]


@pytest.mark.parametrize(
    'how', [{}, {'window_steps': 20}, {'temperature': 0.0}, {'top_k': 1, 'top_p': 0.5}], ids=str
)
def test_what_is_drawn_is_as_wished_in_the_prompt_s_key(how):
    scale = frozenset({2, 4, 6, 7, 9, 11, 1})  # D major; the model's key is 2 semitones lower
    wish = Wishes(
        scale=scale,
        lowest=62,
        highest=74,
        min_notes_per_bar=3,
        max_notes_per_bar=5,
        rests=False,
        last=2,
    )
    for events in drawn(wish, transposed_by=-2, **how):
        notes = events[events >= 0]
        assert set(notes % 12) <= scale
        assert 62 <= notes.min() <= notes.max() <= 74
        assert all(3 <= (bar >= 0).sum() <= 5 for bar in events.reshape(-1, 16))
        assert notes[-1] % 12 == 2
        assert NOTE_OFF not in events


@pytest.mark.parametrize('meter', ['4/4', '3/4', '6/8', '9/8'])
@pytest.mark.parametrize('rest', [0, 2])
def test_every_piece_ends_in_a_cadence(meter, rest):
    """Its last note is the tonic, starts on a strong beat and lasts a quarter, in compound metres
    a dotted one.
    """
    bar = bar_of(meter)
    architecture = dataclasses.replace(ARCHITECTURE, num_positions=bar.steps, bars=(bar.steps,))
    tokens = np.resize(make_prompt().tokens, bar.steps)
    prompt = dataclasses.replace(
        make_prompt(), tokens=tokens, events=VOCABULARY.decode(tokens), meter=meter
    )
    wish = Wishes(last=0, rest=rest)
    masks = make_masks(wish, VOCABULARY, prompt.tokens, 0, 2, bar)
    params = init_params(jax.random.key(1), architecture)
    how = manner(num_bars=2, num_samples=64)
    pieces = compose(
        params, architecture, VOCABULARY, prompt, how, jax.random.key(2), Conditions(masks)
    )
    for piece in pieces:
        last = from_events(piece.events)[-1]
        assert last.pitch % 12 == 0
        assert last.onset % bar.steps in bar.strong
        assert last.end - last.onset >= (6 if meter.endswith('8') else 4)
        assert last.end >= 2 * bar.steps - rest


def test_a_rhythm_and_pitches_are_kept():
    rhythm = np.array([60, NO_EVENT, NO_EVENT, NO_EVENT, 60, NO_EVENT, NOTE_OFF, NO_EVENT], int)
    for events in drawn(Wishes(rhythm=rhythm)):
        np.testing.assert_array_equal(np.sign(events + 1), np.sign(np.resize(rhythm, 32) + 1))
    pitches = (60, 72, 65, 65, 60)
    for events in drawn(Wishes(pitches=pitches)):
        assert tuple(events[events >= 0]) == pitches
    fixed = np.full(32, FREE)
    fixed[16:] = NO_EVENT
    fixed[20] = 61
    for events in drawn(Wishes(fixed=fixed, scale=frozenset({0, 1}))):
        np.testing.assert_array_equal(events[16:], fixed[16:])
        assert set(events[:16][events[:16] >= 0] % 12) <= {0, 1}


def test_wishes_do_not_apply_to_kept_bars():
    """Four notes a bar outside the scale, after a bar of at most two notes within it."""
    kept = np.full(32, DRAWN)
    kept[16:] = np.tile([3, 0, 5, 0], 4)
    wish = Wishes(scale=frozenset({0}), max_notes_per_bar=2, last=0, highest=61)
    prompt = make_prompt()
    masks = make_masks(wish, VOCABULARY, prompt.tokens, 0, 2, FOUR, kept_N=kept)
    how = (
        random_params(3),
        ARCHITECTURE,
        VOCABULARY,
        prompt,
        manner(num_bars=2),
        jax.random.key(3),
        Conditions(masks),
    )
    for piece in compose(*how):
        np.testing.assert_array_equal(piece.tokens[16:], kept[16:])
        new = piece.events[:16][piece.events[:16] >= 0]
        assert set(new.tolist()) == {60}
        assert len(new) <= 2
        np.testing.assert_array_equal(piece.is_drawn, np.arange(32) < 16)
        cut = piece.up_to(16)
        assert (len(cut.tokens), len(cut.events)) == (16, 16)
        assert cut.log_probability == piece.log_probability
        assert cut.log_probability == pytest.approx(piece.log_probabilities[:16].sum())
        assert piece.surprise == pytest.approx(-piece.log_probability / 16)


@pytest.mark.parametrize('steps', [slice(BAR, None), slice(0, 2)])
def test_a_bar_that_is_kept_needs_no_notes(steps):
    """Whole, or in part as before a pickup; the drawn bar has its two."""
    kept = np.full(BAR * NUM_BARS, DRAWN)
    kept[steps] = 0
    check_masks(Wishes(min_notes_per_bar=2), [2, 0], kept)


def test_an_empty_gap_is_drawn_again_though_notes_follow():
    kept = np.full(32, DRAWN)
    kept[16:] = 3
    prompt = make_prompt()
    masks = make_masks(Wishes(highest=60), VOCABULARY, prompt.tokens, 0, 2, FOUR, kept_N=kept)
    rarely = params_for({0: 0.96, 2: 0.04})
    pieces = compose(
        rarely,
        ARCHITECTURE,
        VOCABULARY,
        prompt,
        manner(num_bars=2, num_samples=8, max_redraws=50),
        jax.random.key(0),
        Conditions(masks),
    )
    assert sum(piece.num_redraws for piece in pieces) > 0
    assert not any(piece.up_to(16).is_empty for piece in pieces)


def test_no_wish_is_plain_sampling():
    prompt = make_prompt()
    prompts = np.broadcast_to(prompt.tokens, (4, 16))
    masks = make_masks(Wishes(), VOCABULARY, prompt.tokens, 0, 1, FOUR)
    plain, masked = (
        draw_continuations(
            random_params(1),
            ARCHITECTURE,
            VOCABULARY,
            prompts,
            manner(),
            jax.random.key(3),
            Conditions(each),
        ).drawn
        for each in (None, masks)
    )
    np.testing.assert_array_equal(plain.tokens_BN, masked.tokens_BN)
    np.testing.assert_allclose(plain.log_probabilities_BN, masked.log_probabilities_BN, rtol=1e-6)


@pytest.mark.parametrize(
    ('wish', 'named', 'not_named'),
    [
        (
            {'scale': frozenset({1}), 'last': 0, 'lowest': 61},
            ['scale', 'last = 0'],
            ['lowest'],
        ),
        (
            {'lowest': 90, 'min_notes_per_bar': 1, 'rests': True},
            ['lowest = 90'],
            ['rests', 'min_notes_per_bar'],
        ),
        (
            {'lowest': 61, 'highest': 61, 'scale': frozenset({0, 2})},
            ['lowest = 61', 'highest = 61', 'scale'],
            [],
        ),
        (
            {'pitches': (60, 62), 'min_notes_per_bar': 2},
            ['pitches = (60, 62)', 'min_notes_per_bar = 2'],
            ['scale'],
        ),
        ({'pitches': (40,), 'highest': 70}, ['pitches = (40,)'], ['highest']),
        (
            {'rests': False, 'rhythm': np.array([NOTE_OFF])},
            ['rests = False', 'rhythm'],
            [],
        ),
    ],
)
def test_a_contradiction_names_its_wishes(wish, named, not_named):
    with pytest.raises(
        UserError,
        match=r'cannot be met in 2 bars after this prompt; the model has the pitches 60 to 79',
    ) as caught:
        make_masks(Wishes(**wish), VOCABULARY, make_prompt().tokens, 0, 2, FOUR)
    assert all(f'config.sample.{each}' in str(caught.value) for each in named)
    assert not any(each in str(caught.value) for each in not_named)


def test_other_encodings_cannot_be_controlled():
    with pytest.raises(
        UserError, match=r"config.sample.lowest = 3: only models of config.data.encoding = 'melody'"
    ):
        make_masks(Wishes(lowest=3), PianorollVocabulary(60, 70), np.zeros(4, np.uint8), 0, 1, FOUR)
