"""The measures of a replica, on pieces whose values are known."""

import numpy as np
import pytest

from symmusic.experiment.measures import (
    MEASURES,
    OF_LIKELIHOOD,
    by_measure,
    index_originals,
    measure_pieces,
)
from symmusic.measures.scale import measure
from symmusic.score.bar import COMMON
from tests.corpus.tunes import random_tune

HOLD = -2


@pytest.fixture(scope='module')
def tunes():
    return [random_tune(seed, 160) for seed in range(6)]


def test_pieces_of_a_training_tune(tunes):
    """Copies of a tune: equal to the excerpts, and detected as copies."""
    excerpts = np.array(
        [tune.phrases[0][begin : begin + 64] for tune in tunes for begin in (0, 16)]
    )
    originals = index_originals(tunes)
    found = measure_pieces(
        excerpts, excerpts, [measure(excerpts, 'corrected')], originals, 'corrected', COMMON
    ).values
    assert {*found, *OF_LIKELIHOOD} == set(MEASURES)
    assert found['overall_oa'] == pytest.approx(1, abs=1e-6)
    assert found['overall_kld'] == pytest.approx(0, abs=1e-6)
    assert found['plagiarism'] > 0.5
    assert (found['unusable'], found['empty']) == (0, 0)
    assert found['note_count'] == pytest.approx((excerpts >= 0).sum(axis=1).mean())
    assert found['copied_run'] == pytest.approx(found['note_count'])
    assert found['repeated_bars'] == 1


def test_self_similarity_of_pieces_and_its_distance_from_real_ones(tunes):
    """Pieces that repeat their prompt of four bars, beside ones that do not."""
    prompts = np.array([tune.phrases[0][:64] for tune in tunes])
    real = np.array([tune.phrases[0][64:128] for tune in tunes])
    given = [measure(real, 'corrected')], index_originals(tunes), 'corrected', COMMON
    same = measure_pieces(prompts, prompts, *given, real)
    others = [measure_pieces(prompts, real, *given, each).values for each in (real, None)]
    assert same.values['self_similarity_4'] == 1
    assert same.values['self_similarity_8'] is None  # no onset has a step so long before it
    lags = [f'self_similarity_{lag}' for lag in (1, 2, 4)]
    assert same.values['self_similarity_distance'] == pytest.approx(
        np.mean([abs(same.values[name] - others[0][name]) for name in lags])
    )
    assert [each['self_similarity_distance'] for each in others] == [0, None]
    assert same.parts.keys() & {*lags, 'self_similarity_8'} == {*lags}


def test_two_draws_are_two_comparisons(tunes):
    excerpts = np.array(
        [tune.phrases[0][begin : begin + 64] for tune in tunes for begin in (0, 16)]
    )
    originals, halves = index_originals(tunes), np.split(excerpts, 2)
    references = [measure(half, 'corrected') for half in halves]
    found = measure_pieces(excerpts, excerpts, references, originals, 'corrected', COMMON).values
    assert found['overall_oa'] == pytest.approx(1, abs=1e-6)
    crossed = measure_pieces(
        excerpts, excerpts, references[::-1], originals, 'corrected', COMMON
    ).values
    assert crossed['overall_oa'] < 1


def test_pieces_without_notes(tunes):
    silent, excerpts = (
        np.full((4, 64), HOLD, np.int8),
        np.array([tune.phrases[0][:64] for tune in tunes]),
    )
    found = measure_pieces(
        silent, silent, [measure(excerpts, 'thesis')], index_originals(tunes), 'thesis', COMMON
    ).values
    assert (found['empty'], found['unusable'], found['note_count'], found['copied_run']) == (
        4,
        4,
        0,
        0,
    )
    assert [found[name] for name in ('overall_oa', 'oa_PC', 'plagiarism', 'repeated_bars')] == [
        None
    ] * 4


def test_by_measure():
    replicas = [dict.fromkeys(MEASURES, value) for value in (1.0, None)]
    assert by_measure(replicas)['plagiarism'] == [1.0, None]
