"""Likelihood by the length of the prompt, and calibration: bins by hand, and a toy model whose
answers are known.
"""

import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symmusic.config.protocol import base_config
from symmusic.generate.manner import settle
from symmusic.measures import contexts
from symmusic.measures.contexts import CONTEXTS, ContextMeasure, reliability
from symmusic.measures.given import NEW_BARS, cut_given
from tests.corpus.tunes import random_tune
from tests.generate.toy import ARCHITECTURE, VOCABULARY, params_for, random_params

EVEN = dict.fromkeys(range(VOCABULARY.num_classes), 1 / VOCABULARY.num_classes)


def ground(params, tunes, temperature=1.0, targets='all'):
    """The parts of a ground that the measure asks for; each tune is a family."""
    config = settle(base_config(), temperature)
    recipe = types.SimpleNamespace(targets=targets)
    card = types.SimpleNamespace(
        architecture=ARCHITECTURE,
        vocabulary=VOCABULARY,
        recipe=recipe,
        meters=('4/4',),
        steps_per_quarter=4,
    )
    return types.SimpleNamespace(
        config=config,
        model=types.SimpleNamespace(params=params, card=card),
        music=types.SimpleNamespace(meter='4/4'),
        held_out=tuple(tunes),
        families={tune.file: index for index, tune in enumerate(tunes)},
    )


def measured(*args, **changes):
    return ContextMeasure().measure(ground(*args, **changes), None, 0)


def test_bins_by_hand():
    """Two classes: sure of the first with 0.95 and right once of two, with 0.65 and right."""
    shares_KV = np.array([[0.95, 0.05], [0.05, 0.95], [0.65, 0.35]])
    found = reliability(np.log(shares_KV), np.array([0, 0, 0]))
    assert [each.share for each in found] == pytest.approx([1 / 3, 2 / 3])
    assert [each.confidence for each in found] == pytest.approx([0.65, 0.95])
    assert [each.accuracy for each in found] == [1.0, 0.5]


@given(st.integers(0, 1000), st.floats(0.3, 3))
def test_bins_share_all_predictions(seed, temperature):
    rng = np.random.default_rng(seed)
    logits_KV, labels_K = 3 * rng.standard_normal((50, 4)), rng.integers(0, 4, 50)
    found = reliability(logits_KV, labels_K, temperature)
    assert sum(each.share for each in found) == pytest.approx(1)
    right = (logits_KV.argmax(axis=1) == labels_K).mean()
    assert sum(each.share * each.accuracy for each in found) == pytest.approx(right)
    assert all(0.25 <= each.confidence <= 1 for each in found)
    assert_allclose(sorted(each.confidence for each in found), [each.confidence for each in found])


def test_a_model_that_knows_nothing_costs_the_same_after_any_prompt():
    """It is as uncertain as it is wrong: every class is as likely."""
    tunes = [random_tune(seed, 16 * 22) for seed in range(4)]
    found = measured(params_for(EVEN), tunes)
    even = np.log(VOCABULARY.num_classes)
    assert set(found.lengths) == set(CONTEXTS)
    for each in found.lengths.values():
        for cells in (each.by_prompt, each.by_tune):
            assert [cells.value, cells.low, cells.high] == pytest.approx([even] * 3, rel=1e-5)
    assert (found.num_families, found.num_steps) == (4, 4 * 3 * 16 * NEW_BARS)
    (sureness,) = found.sureness
    assert sureness.temperature == 1
    assert sureness.entropy.value == pytest.approx(sureness.cost.value, rel=1e-5)


def test_the_steps_are_the_same_for_all_lengths():
    tunes = [random_tune(seed, 16 * 22) for seed in range(2)]
    sets = [
        cut_given(tunes, VOCABULARY, num_bars, skipped=16 - num_bars, by_prompt=False)
        for num_bars in CONTEXTS
    ]
    for each, num_bars in zip(sets, CONTEXTS, strict=True):
        assert each.num_given == 16 * num_bars
        np.testing.assert_array_equal(
            each.tokens_NS[:, each.num_given :], sets[0].tokens_NS[:, sets[0].num_given :]
        )


def test_only_lengths_that_there_are():
    found = measured(random_params(0), [random_tune(seed, 16 * 9) for seed in range(3)])
    assert set(found.lengths) == {1, 4}
    assert found.note == ''
    none = measured(random_params(0), [random_tune(0, 16 * 3)])
    assert (none.lengths, none.sureness) == ({}, ())
    assert none.note
    assert measured(random_params(0), []).note


@pytest.mark.parametrize(('temperature', 'levels'), [(1.0, [1.0]), (1.4, [1.0, 1.4]), (0.0, [1.0])])
def test_calibration_is_told_at_the_temperature_of_sampling_too(temperature, levels):
    tunes = [random_tune(seed, 16 * 9) for seed in range(3)]
    found = measured(random_params(0), tunes, temperature)
    assert [level.temperature for level in found.sureness] == levels
    if len(levels) > 1:  # warmer: less sure
        assert found.sureness[1].entropy.value > found.sureness[0].entropy.value
    for level in found.sureness:
        gaps = [each.share * abs(each.confidence - each.accuracy) for each in level.bins]
        assert level.error == pytest.approx(sum(gaps))


def test_both_keys_cost_what_each_costs():
    """Those of the same key are predicted once: with prompts in the key of the tune and not."""
    tunes = [random_tune(seed, 16 * 22) for seed in range(6)]
    own = ground(random_params(0), tunes)
    for num_bars in CONTEXTS:
        both = [contexts._given(own, 16, num_bars, by_prompt) for by_prompt in (True, False)]
        is_same = (both[0].tokens_NS == both[1].tokens_NS).all(axis=1)
        assert num_bars > 1 or 0 < is_same.sum() < len(is_same)
        for found, each in zip(contexts._predict_both(own, *both), both, strict=True):
            for array, expected in zip(found, contexts._predict(own, each), strict=True):
                assert_allclose(array, expected, rtol=1e-5, atol=1e-6)
