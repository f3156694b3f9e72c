"""Real continuations: which they are, in which key, and that a model's logits of them are those of
the whole sequence.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symmusic.generate import given
from symmusic.generate.given import CHUNK, ROOM, continuation_logits
from symmusic.measures.given import calibrate_model, cut_given, predictions
from symmusic.melody.encodings import MelodyVocabulary
from symmusic.model.model import Architecture
from symmusic.training.card import Card
from tests.corpus.tunes import random_tune, tune
from tests.generate.toy import ARCHITECTURE, VOCABULARY, manner, params_for, random_params
from tests.model.compiled import apply_all, apply_last, init_params
from tests.training.toy import make_recipe

TUNES = [random_tune(seed, 16 * 10) for seed in range(3)]
FORMS = {'stateful': manner(memory_steps=200), 'window': manner(window_steps=20)}


CARD = Card(ARCHITECTURE, make_recipe(), VOCABULARY, {}, {})


def tokens_of(num, num_steps, seed=0):
    return np.random.default_rng(seed).integers(0, VOCABULARY.num_classes, (num, num_steps))


def test_every_place_is_found_once():
    given = cut_given(TUNES, VOCABULARY, 2, 3, by_prompt=False)
    assert given.files == tuple(each.file for each in TUNES for _ in range(6))
    assert given.num_given == 32
    for index in range(6):
        events = TUNES[0].phrases[0][16 * index : 16 * (index + 5)]
        assert_array_equal(VOCABULARY.decode(given.tokens_NS[index]), events)


@pytest.mark.parametrize('most', [1, 4, 18, 50])
def test_at_most_so_many_are_taken_from_all_over(most):
    every = cut_given(TUNES, VOCABULARY, 2, 3)
    some = cut_given(TUNES, VOCABULARY, 2, 3, most=most)
    assert len(some) == min(most, 18)
    rows = {each.tobytes() for each in every.tokens_NS}
    assert {each.tobytes() for each in some.tokens_NS} <= rows
    if 1 < most < 18:
        assert_array_equal(some.tokens_NS[[0, -1]], every.tokens_NS[[0, -1]])


def test_the_key_is_the_prompt_s():
    """A tune in C whose first bar is in D: read from that bar alone it is a tone lower."""
    wide = MelodyVocabulary(40, 90)
    in_d = [62, -2, 66, -2, 69, -2, 66, -2, 62, -2, 66, -2, 69, -2, 73, -2]
    in_c = [60, -2, 64, -2, 67, -2, 72, -2] * 2
    odd = [tune(in_d + in_c * 3)]
    given, oracle = (cut_given(odd, wide, 1, 1, by_prompt=each) for each in (True, False))
    assert_array_equal(wide.decode(oracle.tokens_NS[0]), in_d + in_c)
    moved = [event - 2 if event >= 0 else event for event in in_d + in_c]
    assert_array_equal(wide.decode(given.tokens_NS[0]), moved)
    assert_array_equal(given.tokens_NS[1:], oracle.tokens_NS[1:])


@pytest.mark.parametrize('num', [1, CHUNK + 1])
def test_logits_are_those_of_the_whole_sequence(num):
    tokens = tokens_of(num, 40)
    params = random_params(1)
    logits = continuation_logits(params, ARCHITECTURE, tokens, 16, FORMS['stateful'])
    positions = jnp.broadcast_to(jnp.arange(39) % 16, (num, 39))
    expected, _ = apply_all(params, jnp.asarray(tokens[:, :-1], jnp.int32), positions, ARCHITECTURE)
    assert logits.shape == (num, 24, VOCABULARY.num_classes)
    assert_allclose(logits, expected[:, 15:], atol=1e-4)


def test_one_program_reads_prompts_of_all_lengths():
    params, before = random_params(1), given._read._cache_size()
    for num_given in (1, 16, ROOM):
        tokens = tokens_of(2, num_given + 17)
        continuation_logits(params, ARCHITECTURE, tokens, num_given, FORMS['stateful'])
    assert given._read._cache_size() == before + 1


def test_a_model_that_reads_windows_reads_windows():
    both_ways = Architecture(
        VOCABULARY.num_classes, num_layers=1, num_cells=4, num_positions=16, bidirectional=True
    )
    params = init_params(jax.random.key(0), both_ways)
    tokens = tokens_of(2, 40)
    logits = continuation_logits(params, both_ways, tokens, 32, FORMS['window'])
    for step in (32, 39):
        window = jnp.asarray(tokens[:, step - 20 : step], jnp.int32)
        positions = jnp.broadcast_to(jnp.arange(step - 20, step) % 16, window.shape)
        expected, _ = apply_last(params, window, positions, both_ways)
        assert_allclose(logits[:, step - 32], expected, atol=1e-4)


def test_predictions_are_of_each_step_once():
    given = cut_given(TUNES, VOCABULARY, 2, 3)
    params = params_for({0: 0.5, 1: 0.25, 2: 0.25})
    logits_KV, labels_K, rows_K = predictions(params, ARCHITECTURE, given, FORMS['stateful'])
    assert_array_equal(labels_K, given.tokens_NS[:, 32:].ravel())
    assert_array_equal(rows_K, np.repeat(np.arange(18), 48))
    assert logits_KV.shape == (18 * 48, VOCABULARY.num_classes)


def test_without_a_long_tune_there_is_no_calibration():
    short = cut_given([random_tune(0, 64)], VOCABULARY)
    assert len(short) == 0
    assert calibrate_model(random_params(0), CARD, [random_tune(0, 64)], FORMS['stateful']) is None
    found = calibrate_model(random_params(0), CARD, TUNES, FORMS['stateful'])
    assert found.num_steps == 3 * 3 * 64


@pytest.mark.parametrize('form', FORMS)
def test_each_metre_is_read_from_its_own_bar_lines(form):
    """With 4/4 and 6/8 a prompt in 6/8 starts at place 16, and its bars have 12 steps."""
    both = dataclasses.replace(ARCHITECTURE, num_positions=16, bars=(16, 12), lookback=())
    card = dataclasses.replace(CARD, architecture=both, meters=('4/4', '6/8'))
    tunes = [*TUNES, dataclasses.replace(random_tune(7, 12 * 10), counted_in='6/8')]
    given = cut_given(tunes, VOCABULARY, 2, 3, meters=card.meters, meter=1)
    assert given.files == (tunes[-1].file,) * 6
    assert (given.position, given.num_given, given.tokens_NS.shape[1]) == (16, 24, 60)
    params = init_params(jax.random.key(0), both)
    logits_KV, labels_K, _ = predictions(params, both, given, FORMS[form])
    assert_array_equal(labels_K, given.tokens_NS[:, 24:].ravel())
    last = jnp.asarray(given.tokens_NS[:, 39:59], jnp.int32)
    places = jnp.broadcast_to(16 + jnp.arange(39, 59) % 12, last.shape)
    if form == 'window':
        expected, _ = apply_last(params, last, places, both)
        assert_allclose(logits_KV.reshape(6, 36, -1)[:, -1], expected, atol=1e-4)
    all_but_last = jnp.asarray(given.tokens_NS[:, :-1], jnp.int32)
    places = jnp.broadcast_to(16 + jnp.arange(59) % 12, all_but_last.shape)
    if form == 'stateful':
        expected, _ = apply_all(params, all_but_last, places, both)
        assert_allclose(logits_KV.reshape(6, 36, -1), expected[:, 23:], atol=1e-4)
    calibration = calibrate_model(params, card, tunes, FORMS[form])
    assert calibration.num_steps == 3 * 3 * 64 + 3 * 48
